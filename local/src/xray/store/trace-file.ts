import { isObject, MAX_DOCUMENT_BYTES, refusalOfNesting } from '../wire/segment-document';

/** A file that holds no traces; the message says what is wrong with it. */
export class TraceFileError extends Error {}

/**
 * The segment documents in a file of traces, as JSON texts. Takes what `BatchGetTraces` answers and what `--report` and the export write
 * (`{"Traces":[{"Id","Segments":[{"Id","Document"}]}]}`), one such trace, a list of documents, one document, or one document a line.
 * Inferred segments are left out: they are made anew from the calls. A segment that has become larger than a document may be, since its
 * subsegments were joined to it, is taken apart again. Fails with a TraceFileError on anything else.
 */
export function documentsOfFile(text: string): string[] {
  const whole = parse(text);
  if (whole !== undefined) return documentsOf(whole);
  const lines = text.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  return lines.flatMap((line, index) => {
    const value = parse(line);
    if (!isObject(value)) throw new TraceFileError(`the file is neither JSON nor JSON lines: line ${index + 1} is no JSON object`);
    // A recorded datagram has the daemon's header on a line of its own.
    return value.format === 'json' && value.version === 1 ? [] : documentsOf(value);
  });
}

function documentsOf(value: unknown): string[] {
  if (typeof value === 'string') return documentsOf(parse(value));
  if (Array.isArray(value)) return value.flatMap(documentsOf);
  if (!isObject(value)) throw new TraceFileError(`expected traces or segment documents, got ${value === undefined ? 'text that is no JSON' : JSON.stringify(value)}`);
  if (Array.isArray(value.Traces)) return documentsOf(value.Traces);
  if (Array.isArray(value.Segments)) return value.Segments.flatMap((segment) => documentsOf(isObject(segment) ? segment.Document : segment));
  return value.inferred === true ? [] : textsOf(value);
}

/** A document as text, or in pieces: itself, and its subsegments as documents of their own. */
function textsOf(document: Record<string, unknown>): string[] {
  const text = JSON.stringify(document);
  const { subsegments, ...rest } = document;
  if (!Array.isArray(subsegments) || Buffer.byteLength(text) <= MAX_DOCUMENT_BYTES) return [text];
  const { trace_id: traceId, id } = document;
  return [
    JSON.stringify(rest),
    ...subsegments.flatMap((one: unknown) => (
      isObject(one) ? textsOf({ ...one, trace_id: traceId, parent_id: id, type: 'subsegment' }) : [JSON.stringify(one)]
    )),
  ];
}

function parse(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // the caller tells what it expected
  }
  const refusal = refusalOfNesting(value);
  if (refusal !== undefined) throw new TraceFileError(`the file cannot be read: ${refusal.message}`);
  return value;
}
