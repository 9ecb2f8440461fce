import { originOfCall } from './service-identity';
import type { SegmentDocument, SubsegmentDocument } from '../wire/segment-document';

/** Everything known of one trace, joined, as `BatchGetTraces` gives it. */
export interface CompiledTrace {
  id: string;
  /**
   * Segments with their subsegments nested, by start time; then the inferred segments; then subsegments whose parent never came (still
   * with `type`, `parent_id`), so that nothing that was accepted is out of sight.
   */
  segments: SegmentDocument[];
  /** Ids of the subsegments in `segments` that have no parent there. */
  orphans: Set<string>;
  /** Ids of the documents at which a circle of parents was cut open. */
  cycles: Set<string>;
}

/** Nested deeper than this, a chain of subsegments continues as an orphan: no SDK makes one, and walking it would exhaust the stack. */
const MAX_DEPTH = 200;

/** One (sub)segment while documents are joined. */
interface Part {
  document: SubsegmentDocument;
  isSubsegment: boolean;
  parentId: string | undefined;
  children: Part[];
  placed: boolean;
}

/**
 * Joins the documents of one trace, in whatever order they came: subsegments sent by themselves go under their parent, a complete
 * document replaces the one in progress, a repeated one counts once; calls of services that sent no segment become inferred segments.
 */
export function compileTrace(id: string, documents: readonly SegmentDocument[]): CompiledTrace {
  const parts = new Map<string, Part>();
  for (const document of documents) collect(parts, withoutEmpty(document), document.type === 'subsegment', document.parent_id);
  const tops = nest(parts);
  const cycles = cutCycles(parts, tops);
  const segments: SegmentDocument[] = [];
  const orphans: SegmentDocument[] = [];
  const calls = new Map<string, SubsegmentDocument>();
  for (const part of tops) (part.isSubsegment ? orphans : segments).push(assemble(part, id, calls));
  const answered = new Set(segments.map((segment) => segment.parent_id));
  const inferred = [...calls].filter(([callId]) => !answered.has(callId)).map(([, call]) => inferredSegment(id, call));
  return {
    id,
    segments: [...segments.sort(byStart), ...inferred.sort(byStart), ...orphans.sort(byStart)],
    orphans: new Set(orphans.map((orphan) => orphan.id)),
    cycles,
  };
}

function collect(parts: Map<string, Part>, document: SubsegmentDocument, isSubsegment: boolean, parentId: string | undefined): void {
  const known = parts.get(document.id);
  if (known === undefined) {
    parts.set(document.id, { document, isSubsegment, parentId: parentId || undefined, children: [], placed: false });
  } else {
    if (replaces(document, known.document)) known.document = document;
    known.isSubsegment &&= isSubsegment;
    known.parentId ||= parentId;
  }
  // All embedded subsegments count, also those that only the replaced version of a document carried.
  for (const child of document.subsegments ?? []) collect(parts, withoutEmpty(child), true, document.id);
}

/** Some senders write null, or empty text, where others leave out what decides about place and end of a document. */
function withoutEmpty<Document extends SubsegmentDocument>(document: Document): Document {
  const { end_time: end, parent_id: parent, type } = document;
  if (end !== null && parent !== null && parent !== '' && type !== null) return document;
  const copy = { ...document };
  if (end === null) delete copy.end_time;
  if (!parent) delete copy.parent_id;
  if (type === null) delete copy.type;
  return copy;
}

/** Whether `next` says more than `known` about the same (sub)segment; must not depend on the order of arrival alone. */
function replaces(next: SubsegmentDocument, known: SubsegmentDocument): boolean {
  const nextEnd = next.end_time ?? -1;
  const knownEnd = known.end_time ?? -1;
  return nextEnd > knownEnd || (nextEnd === knownEnd && Object.keys(next).length >= Object.keys(known).length);
}

/** Puts every subsegment under its parent; returns what stands at the top: segments, and subsegments without a known parent. */
function nest(parts: Map<string, Part>): Part[] {
  const tops: Part[] = [];
  for (const part of parts.values()) {
    const parent = part.isSubsegment && part.parentId !== undefined ? parts.get(part.parentId) : undefined;
    if (parent === undefined) tops.push(part);
    else parent.children.push(part);
  }
  return tops;
}

/** Subsegments that only hang on one another are reached from no top: opens each such circle at its earliest member. */
function cutCycles(parts: Map<string, Part>, tops: Part[]): Set<string> {
  const cycles = new Set<string>();
  // Placing a top can add to `tops`, which for...of visits too.
  for (const top of tops) place(top, tops);
  const lost = [...parts.values()].filter((part) => !part.placed)
    .sort((a, b) => byStart(a.document, b.document) || (a.document.id < b.document.id ? -1 : 1));
  for (const part of lost) {
    if (part.placed) continue;
    const start = circleMember(part, parts);
    const parent = parts.get(start.parentId!)!;
    parent.children = parent.children.filter((child) => child !== start);
    cycles.add(start.document.id);
    const from = tops.push(start) - 1;
    for (let index = from; index < tops.length; index += 1) place(tops[index], tops);
  }
  return cycles;
}

/** From a part that hangs below a circle, the earliest member of the circle itself. */
function circleMember(part: Part, parts: Map<string, Part>): Part {
  const seen = new Set<Part>();
  let current = part;
  while (!seen.has(current)) {
    seen.add(current);
    current = parts.get(current.parentId!)!;
  }
  let earliest = current;
  for (let next = parts.get(current.parentId!)!; next !== current; next = parts.get(next.parentId!)!) {
    if (byStart(next.document, earliest.document) < 0) earliest = next;
  }
  return earliest;
}

function place(top: Part, tops: Part[]): void {
  let level = [top];
  for (let depth = 0; level.length > 0; depth += 1) {
    const next: Part[] = [];
    for (const part of level) {
      part.placed = true;
      if (depth < MAX_DEPTH) {
        for (const child of part.children) next.push(child);
      } else {
        for (const child of part.children.splice(0)) tops.push(child);
      }
    }
    level = next;
  }
}

/** The document of a top with everything below it nested; notes the calls of other services on the way. */
function assemble(top: Part, traceId: string, calls: Map<string, SubsegmentDocument>): SegmentDocument {
  const { subsegments: _, ...fields } = top.document;
  if (top.isSubsegment) noteCall(top.document, calls);
  return { ...fields, trace_id: traceId, ...nested(top, calls) } as SegmentDocument;
}

function nested(part: Part, calls: Map<string, SubsegmentDocument>): { subsegments?: SubsegmentDocument[] } {
  if (part.children.length === 0) return {};
  const subsegments = part.children.sort((a, b) => byStart(a.document, b.document)).map((child) => {
    noteCall(child.document, calls);
    // As the service gives them: what only a lone document needs is dropped when it is nested.
    const { subsegments: _, type: _type, trace_id: _traceId, parent_id: _parentId, ...fields } = child.document;
    return { ...fields, ...nested(child, calls) };
  });
  return { subsegments };
}

function noteCall(document: SubsegmentDocument, calls: Map<string, SubsegmentDocument>): void {
  if (document.namespace === 'aws' || document.namespace === 'remote') calls.set(document.id, document);
}

/** The segment that the called service would have sent, seen from the caller: same times, same result. */
function inferredSegment(traceId: string, call: SubsegmentDocument): SegmentDocument {
  const origin = originOfCall(call);
  const { name, start_time: start, end_time: end, in_progress: inProgress, http, aws, sql, error, throttle, fault, cause } = call;
  const segment: Partial<SegmentDocument> = {
    id: inferredId(traceId, call.id),
    name, start_time: start, end_time: end, in_progress: inProgress, parent_id: call.id, inferred: true,
    http, aws, sql, error, throttle, fault, cause, trace_id: traceId, origin,
  };
  for (const key of Object.keys(segment) as (keyof SegmentDocument)[]) if (segment[key] === undefined) delete segment[key];
  return segment as SegmentDocument;
}

/** An id for an inferred segment, the same each time: FNV-1a in two lanes. */
function inferredId(traceId: string, callId: string): string {
  let high = 0x811c9dc5;
  let low = 0xcbf29ce4;
  for (const text of [callId, traceId]) {
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      high = Math.imul(high ^ code, 0x01000193);
      low = Math.imul(low ^ code ^ (high >>> 24), 0x01000193);
    }
  }
  return (high >>> 0).toString(16).padStart(8, '0') + (low >>> 0).toString(16).padStart(8, '0');
}

function byStart(a: SubsegmentDocument, b: SubsegmentDocument): number {
  return a.start_time - b.start_time;
}
