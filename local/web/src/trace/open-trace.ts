import { serviceOf } from '../../../src/xray/model/service-identity';
import type { HttpFacts, Trace, TraceEntry, TraceException } from '../../../src/xray/model/trace';
import { traceOf, TraceReport, walk } from '../../../src/xray/model/trace-of-documents';
import { traceTree, TraceTreeNode } from '../../../src/xray/model/trace-tree';
import type { SegmentDocument, SubsegmentDocument } from '../../../src/xray/wire/segment-document';
import { keyOfRef } from '../map/map-graph';
import type { ServiceRef } from '../routes';
import { Status, statusOf } from '../status';
import { isColdStart } from './timeline-rows';

/** An entry with the document that it came in. */
export interface OpenEntry {
  readonly entry: TraceEntry;
  readonly document: SubsegmentDocument | undefined;
  /** Of what it lies in, or hangs on; that may not have come. */
  readonly parentId: string | undefined;
  /** The segment it lies in; itself for a segment. */
  readonly segment: TraceEntry;
  /** The inferred segment that X-Ray made from this call. */
  readonly inferred: TraceEntry | undefined;
  /** What the called service is on the map, where X-Ray has inferred it. */
  readonly service: ServiceRef | undefined;
}

/** A trace with all that its view asks of it. */
export interface OpenTrace {
  readonly report: TraceReport;
  readonly trace: Trace;
  readonly tree: readonly TraceTreeNode[];
  /** By id. */
  readonly entries: ReadonlyMap<string, OpenEntry>;
  /** The first entry of each service on the map, by the map's key; an inferred one is shown by the call that it was made from. */
  readonly segmentsByService: ReadonlyMap<string, string>;
  readonly facts: {
    readonly root: TraceEntry | undefined;
    /** Of the response that the trace began with. */
    readonly status: Status;
    /** Services with a fault, error or throttle of their own, and the worst of it. */
    readonly failures: readonly { readonly service: string; readonly status: Status }[];
    readonly http: HttpFacts | undefined;
    /** Names of the functions that were started for this trace. */
    readonly coldStarts: readonly string[];
    readonly exceptions: number;
    /** Entries whose parent never came. */
    readonly orphans: number;
  };
}

/** Reads a trace of BatchGetTraces; throws on a document that is not JSON. */
export function openTrace(report: TraceReport): OpenTrace {
  const segments = report.Segments.map(({ Document }) => JSON.parse(Document) as SegmentDocument);
  // The API has joined the documents already: what is a subsegment at the top has no parent, or was cut out of a circle.
  const orphans = segments.filter(({ type }) => type === 'subsegment');
  const cycles = orphans.filter((orphan) => orphan.parent_id !== undefined && contains(orphan, orphan.parent_id));
  const trace = traceOf({ id: report.Id, segments, orphans: idsOf(orphans), cycles: idsOf(cycles) });
  const documents = new Map<string, SubsegmentDocument>();
  const segmentsByService = new Map<string, string>();
  const calledServices = new Map<string, ServiceRef>();
  for (const segment of segments) {
    note(segment, documents);
    const service = serviceOf(segment);
    if (segment.inferred === true && segment.parent_id !== undefined) calledServices.set(segment.parent_id, service);
    const key = keyOfRef(service);
    const shownBy = segment.inferred === true ? segment.parent_id : segment.id;
    if (shownBy !== undefined && !segmentsByService.has(key)) segmentsByService.set(key, shownBy);
  }
  const inferred = new Map(trace.segments.filter((segment) => segment.inferred).map((segment) => [segment.parentId, segment]));
  const entries = new Map<string, OpenEntry>();
  const parents = new Map<string, string>();
  for (const segment of trace.segments) {
    if (segment.inferred) continue;
    walk([segment], (entry) => {
      const parentId = entry.parentId ?? parents.get(entry.id);
      entries.set(entry.id, {
        entry, document: documents.get(entry.id), parentId, segment, inferred: inferred.get(entry.id), service: calledServices.get(entry.id),
      });
      for (const child of entry.subsegments) parents.set(child.id, entry.id);
    });
  }
  const tree = traceTree(trace);
  const real = trace.segments.filter((segment) => !segment.inferred);
  const root = tree.find(({ entry }) => entry.kind === 'segment')?.entry;
  return {
    report,
    trace,
    tree,
    entries,
    segmentsByService,
    facts: {
      root,
      status: root === undefined ? 'pending' : statusOf(root),
      failures: failuresOf([...entries.values()]),
      http: root?.http,
      coldStarts: [...new Set(real.filter(isColdStart).map(({ name }) => name))],
      exceptions: [...entries.values()].reduce((sum, { entry }) => sum + entry.exceptions.length, 0),
      orphans: real.filter(({ kind }) => kind === 'subsegment').length,
    },
  };
}

/** Exceptions of what lies below an entry, each with the entry that has it: why it failed, when it does not say so itself. */
export function exceptionsBelow({ tree }: OpenTrace, id: string): { entry: TraceEntry; exception: TraceException }[] {
  const found = new Map<string, { entry: TraceEntry; exception: TraceException }>();
  const visit = (nodes: readonly TraceTreeNode[], isBelow: boolean): void => {
    for (const { entry, children } of nodes) {
      // Callers repeat an exception under its id as it passes through them.
      if (isBelow) entry.exceptions.forEach((exception, index) => found.set(exception.id ?? `${entry.id} ${index}`, { entry, exception }));
      visit(children, isBelow || entry.id === id);
    }
  };
  visit(tree, false);
  return [...found.values()];
}

function note(document: SubsegmentDocument, documents: Map<string, SubsegmentDocument>): void {
  documents.set(document.id, document);
  for (const subsegment of document.subsegments ?? []) note(subsegment, documents);
}

function contains(document: SubsegmentDocument, id: string): boolean {
  return document.id === id || (document.subsegments ?? []).some((subsegment) => contains(subsegment, id));
}

function idsOf(documents: readonly SubsegmentDocument[]): Set<string> {
  return new Set(documents.map(({ id }) => id));
}

function failuresOf(entries: readonly OpenEntry[]): { service: string; status: Status }[] {
  const statuses = new Map<string, Set<Status>>();
  for (const { entry, segment } of entries) {
    if (entry.fault || entry.error || entry.throttle) statuses.set(segment.name, (statuses.get(segment.name) ?? new Set()).add(statusOf(entry)));
  }
  return [...statuses].map(([service, seen]) => ({ service, status: (['fault', 'throttle', 'error'] as const).find((status) => seen.has(status))! }));
}
