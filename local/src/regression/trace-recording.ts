import type { Trace, TraceEntry } from '../xray/model/trace';
import { callsOf, describeCall, pathPattern } from '../xray/model/trace-calls';
import { walk } from '../xray/model/trace-of-documents';

/** What traces of the same code have in common, as numbers: written to a file, and compared with that of another version. */
export interface TraceRecording {
  readonly version: 1;
  /** By what began the traces: a request's method and path, or the first service. */
  readonly entries: Readonly<Record<string, EntryRecording>>;
}

/** The traces that began in the same way, each a run. Every list has one number for each run. */
export interface EntryRecording {
  readonly runs: number;
  /** How often a service made a call, or called another service: `shop -> DynamoDB GetItem orders`. */
  readonly calls: Readonly<Record<string, readonly number[]>>;
  /** How often a call was tried again by its client. */
  readonly retries: Readonly<Record<string, readonly number[]>>;
  /** How often a service's trace was only linked to that of another: `shop -> worker`. */
  readonly links: Readonly<Record<string, readonly number[]>>;
  /** Faults and errors of services and calls: `fault of shop`. */
  readonly failures: Readonly<Record<string, readonly number[]>>;
  /** Milliseconds that a service took, or a call altogether. */
  readonly times: Readonly<Record<string, readonly number[]>>;
}

type Counts = Map<string, number>;

interface Run {
  readonly calls: Counts;
  readonly retries: Counts;
  readonly links: Counts;
  readonly failures: Counts;
  readonly times: Counts;
}

const KINDS = ['calls', 'retries', 'links', 'failures', 'times'] as const;

/** Names that a deployment makes up: `Shop-OrdersA1B2C3D4-1XYZ9ABCDEFG`. */
const GENERATED = /[0-9A-F]{8}(?:-[0-9A-Za-z]{8,13})?$/;

/** Traces that are joined by a link belong to the entry of the one that is linked to. */
export function recordTraces(traces: readonly Trace[]): TraceRecording {
  const byId = new Map(traces.map((trace) => [trace.id, trace]));
  const groups = new Map<string, Run[]>();
  for (const trace of [...traces].sort((a, b) => a.startMs - b.startMs)) {
    const entry = entryOf(trace);
    if (entry !== undefined) groups.set(entry, [...groups.get(entry) ?? [], runOf(trace, byId)]);
  }
  return { version: 1, entries: Object.fromEntries([...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([entry, runs]) => [entry, joined(runs)])) };
}

function entryOf(trace: Trace): string | undefined {
  const real = trace.segments.filter(({ kind, inferred }) => kind === 'segment' && !inferred);
  const ids = new Set<string>();
  walk(real, ({ id }) => ids.add(id));
  const first = real.find(({ parentId }) => parentId === undefined || !ids.has(parentId));
  if (first === undefined) return undefined;
  const { http } = first;
  return http?.url === undefined ? nameOf(first) : `${http.method ?? 'GET'} ${pathPattern(http.url).replace(/^[a-z]+:\/\/[^/]*/, '') || '/'}`;
}

function runOf(trace: Trace, byId: ReadonlyMap<string, Trace>): Run {
  const run: Run = { calls: new Map(), retries: new Map(), links: new Map(), failures: new Map(), times: new Map() };
  const add = (kind: keyof Run, key: string, amount: number): void => {
    if (amount > 0) run[kind].set(key, (run[kind].get(key) ?? 0) + amount);
  };
  const owners = new Map<string, TraceEntry>();
  for (const segment of trace.segments) walk([segment], (entry) => owners.set(entry.id, segment));
  for (const segment of trace.segments) {
    if (segment.inferred || segment.kind !== 'segment') continue;
    const name = nameOf(segment);
    add('times', name, (segment.endMs ?? segment.startMs) - segment.startMs);
    add('failures', `${outcomeOf(segment)} of ${name}`, segment.fault || segment.error ? 1 : 0);
    const caller = segment.parentId === undefined ? undefined : owners.get(segment.parentId);
    if (caller !== undefined && nameOf(caller) !== name) add('calls', `${nameOf(caller)} -> ${name}`, 1);
    for (const { traceId, segmentId } of segment.links) {
      const linked = linkedSegment(byId.get(traceId), segmentId);
      // Lambda's own trace of what is continued here is no loss.
      if (linked !== undefined && nameOf(linked) !== name) add('links', `${nameOf(linked)} -> ${name}`, 1);
    }
  }
  for (const { entry, segment } of callsOf(trace)) {
    const call = `${nameOf(segment)} -> ${describeCall(entry).replace(GENERATED, '')}`;
    add('calls', call, 1);
    add('times', call, (entry.endMs ?? entry.startMs) - entry.startMs);
    add('failures', `${outcomeOf(entry)} of ${call}`, entry.fault || entry.error || entry.throttle ? 1 : 0);
    add('retries', call, typeof entry.aws.retries === 'number' ? entry.aws.retries : 0);
  }
  return run;
}

function linkedSegment(trace: Trace | undefined, id: string): TraceEntry | undefined {
  return trace?.segments.find((segment) => {
    let isIn = false;
    walk([segment], (entry) => { isIn ||= entry.id === id; });
    return isIn;
  });
}

function outcomeOf({ fault, throttle }: TraceEntry): string {
  return fault ? 'fault' : throttle ? 'throttle' : 'error';
}

/** Lambda's two segments of a function are one service. */
function nameOf({ name, origin }: TraceEntry): string {
  const own = name.replace(GENERATED, '');
  return origin === undefined || origin.startsWith('AWS::Lambda') ? own : `${own} ${origin.replace(/^AWS::/, '')}`;
}

function joined(runs: readonly Run[]): EntryRecording {
  const rows = (kind: keyof Run): Record<string, number[]> => {
    const keys = [...new Set(runs.flatMap((run) => [...run[kind].keys()]))].sort();
    return Object.fromEntries(keys.map((key) => [key, runs.map((run) => Math.round((run[kind].get(key) ?? 0) * 10) / 10)]));
  };
  const all = Object.fromEntries(KINDS.map((kind) => [kind, rows(kind)])) as Record<(typeof KINDS)[number], Record<string, number[]>>;
  return { runs: runs.length, ...all };
}
