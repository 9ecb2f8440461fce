import { CompiledTrace, compileTrace } from './compiled-trace';
import { ERROR, failureOf, FAULT, THROTTLE } from './failure';
import type { HttpFacts, Trace, TraceEntry, TraceException } from './trace';
import { isObject, SegmentDocument, SubsegmentDocument } from '../wire/segment-document';

/** A trace as `BatchGetTraces` gives it, over the wire or from a file. */
export interface TraceReport {
  Id: string;
  /** Seconds. */
  Duration?: number;
  LimitExceeded?: boolean;
  Segments: { Id: string; Document: string }[];
}

/** The domain trace of an element of `BatchGetTraces`'s `Traces`; throws on a document that is not JSON. */
export function traceOfReport(report: { Id?: string; Segments?: { Document?: string }[] }): Trace {
  const documents = (report.Segments ?? []).map(({ Document }) => JSON.parse(Document ?? 'null') as SegmentDocument);
  const id = report.Id ?? documents[0]?.trace_id ?? '';
  // Compiled again, so that a report in which subsegments still lie apart comes out the same; inferred segments are made anew.
  return traceOf(compileTrace(id, documents.filter((document) => document.inferred !== true)));
}

/** The domain trace of compiled documents. Optional fields of the wrong type are left out: an SDK's slip must not hide a trace. */
export function traceOf(compiled: CompiledTrace): Trace {
  const segments = compiled.segments.map((document) => entryOf(document, compiled, true));
  let startMs = Infinity;
  let endMs = -Infinity;
  let unfinished = false;
  const ids = new Set<string>();
  walk(segments, (entry) => {
    ids.add(entry.id);
    startMs = Math.min(startMs, entry.startMs);
    endMs = Math.max(endMs, entry.endMs ?? entry.startMs);
    unfinished ||= entry.inProgress;
  });
  const real = segments.filter((segment) => segment.kind === 'segment' && !segment.inferred);
  // A caller that sends no segments (S3, or a browser) leaves a first segment whose parent never comes.
  const root = real.find((segment) => segment.parentId === undefined)
    ?? real.find((segment) => segment.parentId !== undefined && !ids.has(segment.parentId));
  const parentMissing = segments.some((segment) => segment.parentId !== undefined && !ids.has(segment.parentId));
  return {
    id: compiled.id,
    segments,
    startMs,
    endMs,
    durationMs: endMs - startMs,
    responseMs: root?.endMs === undefined ? undefined : root.endMs - root.startMs,
    isPartial: unfinished || parentMissing || compiled.orphans.size > 0 || root === undefined,
  };
}

/** Calls `visit` for every entry, parents before children. */
export function walk(entries: readonly TraceEntry[], visit: (entry: TraceEntry) => void): void {
  for (const entry of entries) {
    visit(entry);
    walk(entry.subsegments, visit);
  }
}

function entryOf(document: SubsegmentDocument, compiled: CompiledTrace, isTop: boolean): TraceEntry {
  const segment = document as SegmentDocument;
  const isSegment = isTop && document.type !== 'subsegment';
  const failure = failureOf(document);
  return {
    id: document.id,
    name: document.name,
    kind: isSegment ? 'segment' : 'subsegment',
    parentId: isTop ? text(document.parent_id) : undefined,
    origin: isSegment ? text(segment.origin) : undefined,
    namespace: text(document.namespace),
    inferred: isSegment && segment.inferred === true,
    orphan: compiled.orphans.has(document.id),
    cycle: compiled.cycles.has(document.id),
    inProgress: document.end_time === undefined || document.end_time === null,
    startMs: document.start_time * 1000,
    endMs: typeof document.end_time === 'number' ? document.end_time * 1000 : undefined,
    error: (failure & ERROR) !== 0,
    fault: (failure & FAULT) !== 0,
    throttle: (failure & THROTTLE) !== 0,
    http: httpOf(document.http),
    aws: isObject(document.aws) ? document.aws : {},
    sql: isObject(document.sql) ? document.sql : undefined,
    annotations: annotationsOf(document.annotations),
    metadata: isObject(document.metadata) ? document.metadata : {},
    exceptions: exceptionsOf(document.cause),
    user: text(segment.user),
    links: linksOf(segment.links),
    subsegments: (document.subsegments ?? []).map((subsegment) => entryOf(subsegment, compiled, false)),
  };
}

export function httpOf(http: unknown): HttpFacts | undefined {
  if (!isObject(http)) return undefined;
  const request = isObject(http.request) ? http.request : {};
  const response = isObject(http.response) ? http.response : {};
  return {
    method: text(request.method),
    url: text(request.url),
    userAgent: text(request.user_agent),
    clientIp: text(request.client_ip),
    status: number(response.status),
    contentLength: number(response.content_length),
    traced: request.traced === true,
  };
}

export function annotationsOf(annotations: unknown): Record<string, string | number | boolean> {
  if (!isObject(annotations)) return {};
  // Defined, not assigned: a key may be called `__proto__`.
  return Object.fromEntries(Object.entries(annotations).filter((entry): entry is [string, string | number | boolean] => (
    typeof entry[1] === 'string' || typeof entry[1] === 'number' || typeof entry[1] === 'boolean'
  )));
}

export function exceptionsOf(cause: unknown): TraceException[] {
  if (!isObject(cause) || !Array.isArray(cause.exceptions)) return [];
  return cause.exceptions.filter(isObject).map((exception) => ({
    id: text(exception.id),
    type: text(exception.type),
    message: text(exception.message),
    remote: exception.remote === true,
    stack: (Array.isArray(exception.stack) ? exception.stack : []).filter(isObject)
      .map((frame) => ({ path: text(frame.path), line: number(frame.line), label: text(frame.label) })),
  }));
}

function linksOf(links: unknown): { traceId: string; segmentId: string }[] {
  if (!Array.isArray(links)) return [];
  return links.filter(isObject).flatMap((link) => {
    const traceId = text(link.trace_id);
    return traceId === undefined ? [] : [{ traceId, segmentId: text(link.id) ?? '' }];
  });
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
