import { resourceOf } from './format-trace-tree';
import { awsServiceName } from './service-identity';
import type { Trace, TraceEntry } from './trace';

/** A call of another service or of a database, as its caller recorded it. */
export interface TraceCall {
  readonly entry: TraceEntry;
  /** The service that made it. */
  readonly segment: TraceEntry;
  /** What was being done: the (sub)segment right above. */
  readonly parent: TraceEntry;
}

/** The same call again and again in one place. */
export interface RepeatedCall {
  readonly caller: string;
  readonly call: string;
  readonly count: number;
}

/** All calls of a trace, in no order. */
export function callsOf(trace: Trace): TraceCall[] {
  const calls: TraceCall[] = [];
  const visit = (segment: TraceEntry, parent: TraceEntry): void => {
    for (const entry of parent.subsegments) {
      if (isCall(entry)) calls.push({ entry, segment, parent });
      visit(segment, entry);
    }
  };
  for (const segment of trace.segments) if (!segment.inferred) visit(segment, segment);
  return calls;
}

function isCall({ namespace, sql }: TraceEntry): boolean {
  return namespace === 'aws' || namespace === 'remote' || sql !== undefined;
}

export function repeatedCalls(trace: Trace): RepeatedCall[] {
  const counts = new Map<string, { caller: string; call: string; count: number }>();
  for (const { entry, segment, parent } of callsOf(trace)) {
    const call = describeCall(entry);
    const key = `${parent.id} ${call}`;
    const caller = parent === segment ? segment.name : `${parent.name} of ${segment.name}`;
    counts.set(key, { caller, call, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  return [...counts.values()].sort((a, b) => b.count - a.count);
}

/** `DynamoDB GetItem orders`, `GET https://example.com/items/*`: alike for calls that differ in nothing but numbers and ids of a path. */
export function describeCall(entry: TraceEntry): string {
  const { operation } = entry.aws;
  if (entry.namespace === 'aws') return [awsServiceName(entry.name), operation, resourceOf(entry)].filter((part) => typeof part === 'string').join(' ');
  if (entry.http?.url === undefined) return entry.name;
  return [entry.http.method?.toUpperCase(), pathPattern(entry.http.url)].filter(Boolean).join(' ');
}

/** A URL without query, in which what names one thing of many is `*`. */
export function pathPattern(url: string): string {
  return url.replace(/[?#].*$/s, '').replace(/(?<=[^/]\/)(?=[^/]*\d)[\w.~%-]+(?=\/|$)/g, '*');
}
