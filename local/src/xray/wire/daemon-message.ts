import { documentsOfOtlp } from './otlp/otlp-documents';
import { decodeTraceRequest, type TraceRequest } from './otlp/trace-request';
import { isObject, MAX_DOCUMENT_BYTES, MAX_SPAN_BYTES, mayBeNestedTooDeep, Refusal, refusalOf, refusalOfNesting, SegmentDocument } from './segment-document';

/** One good document, parsed and as the bytes it came in (compact JSON). */
export interface AcceptedDocument {
  document: SegmentDocument;
  json: Buffer;
  /** False for a span that OpenTelemetry sends although it was not sampled (`T1U`). */
  isSampled: boolean;
}

/** What one datagram held. A datagram with several OTLP spans can hold both good and bad ones. */
export interface DaemonMessage {
  accepted: AcceptedDocument[];
  refused: Refusal[];
}

const NEWLINE = 0x0a;
/** What every SDK sends; the Java one writes it with blanks. Compared first, since it saves parsing the header. */
const COMMON_HEADER = Buffer.from('{"format":"json","version":1}');

/**
 * Reads one datagram of the X-Ray daemon's protocol: a header line, and then either one segment document as JSON
 * (the X-Ray SDKs) or `T1S` (sampled) or `T1U` (unsampled) and the base64 of an OTLP trace request (OpenTelemetry).
 * Never throws: whatever is wrong becomes a refusal with its reason.
 *
 * @param maxBytes of a segment document
 */
export function readDaemonMessage(datagram: Buffer, maxBytes?: number): DaemonMessage {
  const newline = datagram.indexOf(NEWLINE);
  if (newline < 0) {
    return refused('MissingHeader', `the datagram of ${datagram.length} bytes has no header line {"format":"json","version":1}`);
  }
  const header = datagram.subarray(0, newline);
  if (!header.equals(COMMON_HEADER) && !isHeader(header)) {
    return refused('InvalidHeader', 'the first line is not the header {"format":"json","version":1}');
  }
  const body = datagram.subarray(newline + 1);
  if (body.length === 0) return refused('MissingBody', 'nothing follows the header line');
  // 'T1S' or 'T1U': a JSON document cannot begin with a T.
  if (body[0] === 0x54) return readOtlp(body);
  return readSegmentDocument(body, maxBytes);
}

/** Reads one segment document from its JSON, as a datagram's body or an element of PutTraceSegments carries it. */
export function readSegmentDocument(json: Buffer, maxBytes = MAX_DOCUMENT_BYTES): DaemonMessage {
  if (json.length > maxBytes) {
    return refused('DocumentTooLarge', `a segment document has at most ${maxBytes} bytes, got ${json.length}`);
  }
  let document: unknown;
  try {
    document = JSON.parse(json.toString());
  } catch (error) {
    return refused('ParseError', `the document is not JSON: ${messageWithoutPayload(error)}`);
  }
  const refusal = refusalOf(document) ?? (mayBeNestedTooDeep(json) ? refusalOfNesting(document) : undefined);
  if (refusal) return { accepted: [], refused: [refusal] };
  return { accepted: [{ document: document as SegmentDocument, json, isSampled: true }], refused: [] };
}

function readOtlp(body: Buffer): DaemonMessage {
  const prefix = body.toString('latin1', 0, 3);
  if (prefix !== 'T1S' && prefix !== 'T1U') return refused('InvalidOtlp', `the body must begin with T1S, T1U or {, got '${prefix}'`);
  let request: TraceRequest;
  try {
    request = decodeTraceRequest(bytesOfBase64(body.toString('latin1', 3).trim()));
  } catch (error) {
    return refused('InvalidOtlp', `the body is not base64 of an OTLP trace request: ${messageWithoutPayload(error)}`);
  }
  const message = readTraceRequest(request, prefix === 'T1S');
  if (message.accepted.length + message.refused.length === 0) return refused('InvalidOtlp', 'the OTLP trace request holds no span');
  return message;
}

/** One document for each span of an OTLP trace request, or the reason why it has none. */
export function readTraceRequest(request: TraceRequest, isSampled: boolean): DaemonMessage {
  const message: DaemonMessage = { accepted: [], refused: [] };
  for (const document of documentsOfOtlp(request)) {
    const json = Buffer.from(JSON.stringify(document));
    const refusal = refusalOf(document) ?? refusalOfNesting(document) ?? (json.length <= MAX_SPAN_BYTES ? undefined : {
      code: 'DocumentTooLarge' as const, message: `a span has at most ${MAX_SPAN_BYTES} bytes, got ${json.length}`, id: document.id,
    });
    if (refusal) message.refused.push(refusal);
    else message.accepted.push({ document, json, isSampled });
  }
  return message;
}

/** Buffer.from skips what is not base64, and what is left would be read as something else. */
function bytesOfBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== Math.floor(text.replace(/=+$/, '').length * 3 / 4)) throw new Error('it holds characters that are not base64');
  return bytes;
}

function isHeader(header: Buffer): boolean {
  try {
    const parsed: unknown = JSON.parse(header.toString());
    return isObject(parsed) && parsed.format === 'json' && parsed.version === 1;
  } catch {
    return false; // the caller counts it as InvalidHeader
  }
}

function refused(code: Refusal['code'], message: string): DaemonMessage {
  return { accepted: [], refused: [{ code, message }] };
}

/** JSON.parse quotes a piece of its input in its message; documents may hold personal data, which must not reach a log. */
export function messageWithoutPayload(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/, ?\.{0,3}".*$/s, '').replace(/^Unexpected token .+? in JSON/, 'unexpected token in JSON');
}
