import { callTree, type ServiceCall } from './call-tree';
import { serviceName } from './service-name';
import { criticalPath } from '../xray/model/critical-path';
import { formatTraceTree, resourceOf } from '../xray/model/format-trace-tree';
import { tableOf } from '../xray/model/service-identity';
import type { Trace, TraceEntry } from '../xray/model/trace';
import { callsOf, repeatedCalls } from '../xray/model/trace-calls';
import { walk } from '../xray/model/trace-of-documents';

/** What a check found. `message` is made only when it is shown. */
export interface CheckResult {
  readonly pass: boolean;
  /** Of a failure: what was expected, what was found, and the tree. Of a success: the same for a negated check. */
  readonly message: () => string;
}

/** A service by its name (`xraystarter-ts`), its type (`AWS::SNS`), both (`xraystarter-ts AWS::Lambda`), or a pattern of both. */
export type ServicePattern = string | RegExp;

export interface SubsegmentPattern {
  readonly name?: string | RegExp;
  /** Operation of an AWS service, such as `PutItem`. */
  readonly operation?: string;
  /** What the call works on: a table, bucket, queue, topic or function by its name. */
  readonly resource?: string | RegExp;
  /** Table of a DynamoDB call: the same as `resource`, said more clearly. */
  readonly table?: string | RegExp;
  readonly url?: string | RegExp;
  /** HTTP status. */
  readonly status?: number;
  /** Service in whose segment it lies. */
  readonly in?: ServicePattern;
  readonly annotations?: Readonly<Record<string, unknown>>;
  readonly fault?: boolean;
  readonly error?: boolean;
}

/** All that a pattern may say; what is misspelt would hold for everything. */
const PATTERN_KEYS: Record<keyof SubsegmentPattern, true> = {
  name: true, operation: true, resource: true, table: true, url: true, status: true, in: true, annotations: true, fault: true, error: true,
};

/** Whether one request went from service to service along `path`, each called by the one before it. Throws a TypeError on an empty path. */
export function passesThrough(trace: Trace, path: readonly ServicePattern[]): CheckResult {
  if (path.length === 0) throw new TypeError("expected the services of the path, such as 'AWS::SNS', 'AWS::Lambda'; got none");
  const calls = callTree(trace);
  const starts = calls.flatMap(function all(call: ServiceCall): ServiceCall[] {
    return [call, ...call.calls.flatMap(all)];
  });
  const pass = starts.some((call) => follows(call, path, 0));
  return result(trace, pass, `to pass through ${path.map(String).join(' -> ')}`, () => ['the paths', ...pathsOf(calls)]);
}

function follows(call: ServiceCall, path: readonly ServicePattern[], index: number): boolean {
  if (!fitsService(call, path[index])) return false;
  return index === path.length - 1 || call.calls.some((next) => follows(next, path, index + 1));
}

function pathsOf(calls: readonly ServiceCall[], before = ''): string[] {
  const paths = calls.flatMap((call) => {
    const here = `${before}${serviceName(call)}`;
    return call.calls.length === 0 ? [here] : pathsOf(call.calls, `${here} -> `);
  });
  return [...new Set(paths)];
}

/** Whether there is a subsegment with all that the pattern says. Throws a TypeError on a pattern that says nothing, or something unknown. */
export function hasSubsegment(trace: Trace, pattern: SubsegmentPattern): CheckResult {
  checkPattern(pattern);
  const found: string[] = [];
  let pass = false;
  for (const segment of trace.segments) {
    if (segment.inferred) continue;
    const isIn = pattern.in === undefined || fitsService({ name: segment.name, type: segment.origin }, pattern.in);
    walk(segment.kind === 'segment' ? segment.subsegments : [segment], (entry) => {
      found.push(`${describeSubsegment(entry)}, in ${serviceName({ name: segment.name, type: segment.origin })}`);
      pass ||= isIn && fitsSubsegment(entry, pattern);
    });
  }
  return result(trace, pass, `to have a subsegment with ${describePattern(pattern)}`, () => ['the subsegments', ...found]);
}

function checkPattern(pattern: SubsegmentPattern): void {
  const known = Object.keys(PATTERN_KEYS).join(', ');
  const given = Object.keys(pattern).filter((key) => pattern[key as keyof SubsegmentPattern] !== undefined);
  const unknown = given.find((key) => !Object.hasOwn(PATTERN_KEYS, key));
  if (unknown !== undefined) throw new TypeError(`a subsegment has no '${unknown}'; a pattern may have: ${known}`);
  if (given.length === 0) throw new TypeError(`expected a pattern with one or more of: ${known}; got an empty one`);
}

function fitsSubsegment(entry: TraceEntry, pattern: SubsegmentPattern): boolean {
  const resource = pattern.table ?? pattern.resource;
  return fits(entry.name, pattern.name)
    && fits(entry.aws.operation, pattern.operation)
    && (resource === undefined || fits(resourceOf(entry), resource))
    && fits(entry.http?.url, pattern.url)
    && (pattern.status === undefined || entry.http?.status === pattern.status)
    && (pattern.fault === undefined || entry.fault === pattern.fault)
    && (pattern.error === undefined || entry.error === pattern.error)
    && Object.entries(pattern.annotations ?? {}).every(([key, value]) => entry.annotations[key] === value);
}

/** In the words of a pattern that would fit. */
function describeSubsegment(entry: TraceEntry): string {
  const resource = resourceOf(entry);
  return describePattern({
    name: entry.name,
    operation: entry.aws.operation as string | undefined,
    ...(resource !== undefined && resource === tableOf(entry.aws) ? { table: resource } : { resource }),
    url: entry.http?.url,
    status: entry.http?.status,
    ...(Object.keys(entry.annotations).length === 0 ? {} : { annotations: entry.annotations }),
    ...(entry.fault ? { fault: true } : {}),
    ...(entry.error ? { error: true } : {}),
  });
}

function describePattern(pattern: SubsegmentPattern): string {
  return Object.entries(pattern).filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key} ${typeof value === 'object' && !(value instanceof RegExp) ? JSON.stringify(value) : String(value)}`).join(', ');
}

/** Whether any segment or subsegment has the annotation, with the value if one is given. */
export function hasAnnotation(trace: Trace, key: string, value?: string | number | boolean): CheckResult {
  const found: string[] = [];
  let pass = false;
  walk(trace.segments, (entry) => {
    for (const [name, of] of Object.entries(entry.annotations)) {
      found.push(`${name} = ${JSON.stringify(of)}, on ${entry.name}`);
      pass ||= name === key && (value === undefined || of === value);
    }
  });
  const wanted = value === undefined ? key : `${key} = ${JSON.stringify(value)}`;
  return result(trace, pass, `to have the annotation ${wanted}`, () => ['the annotations', ...found]);
}

/** Whether nothing in the trace ended with a fault (5xx), `errors` also with an error or a throttle (4xx). */
export function hasNoFault(trace: Trace, { errors = false }: { readonly errors?: boolean } = {}): CheckResult {
  const found: string[] = [];
  walk(trace.segments.filter((segment) => !segment.inferred), (entry) => {
    if (!entry.fault && !(errors && (entry.error || entry.throttle))) return;
    const [exception] = entry.exceptions;
    const kind = entry.fault ? 'fault' : entry.throttle ? 'throttle' : 'error';
    const cause = exception === undefined ? '' : `: ${[exception.type, exception.message].filter(Boolean).join(': ')}`;
    found.push(`${kind} in ${serviceName({ name: entry.name, type: entry.origin })}${cause}`);
  });
  return result(trace, found.length === 0, `to have no fault${errors ? ' and no error' : ''}`, () => found);
}

/** Whether the whole trace, or each segment of one service, took at most so many milliseconds. Throws a TypeError where that is no number. */
export function takesAtMost(trace: Trace, milliseconds: number, service?: ServicePattern): CheckResult {
  if (!Number.isFinite(milliseconds)) throw new TypeError(`expected a number of milliseconds, got ${String(milliseconds)}`);
  if (service === undefined) {
    return result(trace, trace.durationMs <= milliseconds, `to take at most ${milliseconds} ms`, () => [`${trace.durationMs.toFixed(1)} ms`]);
  }
  const segments = trace.segments.filter(({ name, origin }) => fitsService({ name, type: origin }, service));
  const pass = segments.length > 0 && segments.every(({ startMs, endMs }) => endMs !== undefined && endMs - startMs <= milliseconds);
  return result(trace, pass, `to spend at most ${milliseconds} ms in ${String(service)}`, () => (
    segments.length === 0 ? ['no segment of that service'] : segments.map(({ name, origin, startMs, endMs }) => (
      `${serviceName({ name, type: origin })}: ${endMs === undefined ? 'in progress' : `${(endMs - startMs).toFixed(1)} ms`}`
    ))
  ));
}

/** Whether the trace is one whole: one beginning, no parent missing, no circle, nothing still in progress. */
export function isConnected(trace: Trace): CheckResult {
  const found: string[] = [];
  const ids = new Set<string>();
  walk(trace.segments, (entry) => ids.add(entry.id));
  const roots = trace.segments.filter((segment) => !segment.inferred && segment.parentId === undefined);
  for (const segment of trace.segments) {
    if (segment.cycle) {found.push(`${segment.name} (${segment.id}) is in a circle of parents`);} else if (segment.parentId !== undefined && !ids.has(segment.parentId)) {
      found.push(`${segment.kind} ${segment.name} (${segment.id}) is an orphan: its parent ${segment.parentId} never came`);
    }
  }
  walk(trace.segments, (entry) => {
    if (entry.inProgress) found.push(`${entry.kind} ${entry.name} (${entry.id}) is in progress`);
  });
  if (roots.length !== 1) found.push(`${roots.length} beginnings${roots.length === 0 ? '' : `: ${roots.map(({ name }) => name).join(', ')}`}`);
  return result(trace, found.length === 0, 'to be connected', () => found);
}

/** Whether no service, while one thing was done, made the same call more than `atMost` times: the N+1 of a loop of reads. */
export function hasNoRepeatedCalls(trace: Trace, { atMost = 2 }: { readonly atMost?: number } = {}): CheckResult {
  const found = repeatedCalls(trace).filter(({ count }) => count > atMost);
  return result(trace, found.length === 0, `to have no call more than ${atMost} ${atMost === 1 ? 'time' : 'times'} in one place`, () => (
    found.map(({ caller, call, count }) => `${count} times ${call}, in ${caller}`)
  ));
}

/** What a trace may take: all that are given must hold. */
export interface TraceBudget {
  /** Calls of other services and of databases. */
  readonly calls?: number;
  /** Milliseconds in which something ran that the end of the trace waited for: its length without the time in which nothing ran, such as in queues. */
  readonly criticalPath?: number;
  /** Bytes of the responses of calls, as far as they are recorded. */
  readonly bytes?: number;
}

const BUDGET_KEYS: Record<keyof TraceBudget, true> = { calls: true, criticalPath: true, bytes: true };

/** Whether a trace takes no more than a budget. Throws a TypeError on a budget that says nothing, or something unknown. */
export function staysWithin(trace: Trace, budget: TraceBudget): CheckResult {
  const given = Object.entries(budget).filter(([, limit]) => limit !== undefined) as [keyof TraceBudget, number][];
  const wrong = given.find(([key, limit]) => !Object.hasOwn(BUDGET_KEYS, key) || !(limit >= 0));
  if (wrong !== undefined || given.length === 0) {
    throw new TypeError(`expected a budget with one or more of ${Object.keys(BUDGET_KEYS).join(', ')}, each a number of 0 or more; got ${JSON.stringify(budget)}`);
  }
  const path = criticalPath(trace);
  const calls = callsOf(trace);
  const bytes = calls.reduce((sum, { entry }) => sum + (entry.http?.contentLength ?? 0), 0);
  const spent = { calls: calls.length, criticalPath: path.milliseconds, bytes };
  const over = given.filter(([key, limit]) => spent[key] > limit);
  return result(trace, over.length === 0, `to stay within ${given.map(([key, limit]) => `${key} ${limit}`).join(', ')}`, () => [
    ...given.map(([key]) => `${key} ${spent[key]}`),
    ...over.some(([key]) => key === 'criticalPath') ? path.steps.slice(0, 5).map(({ what, milliseconds }) => `${Math.round(milliseconds)} ms in ${what}`) : [],
  ]);
}

/** Whether a service with a name and a type is the one that a pattern means. */
export function fitsService(service: { name: string; type?: string }, pattern: ServicePattern): boolean {
  if (pattern instanceof RegExp) return contains(serviceName(service), pattern);
  return pattern === service.name || pattern === service.type || pattern === serviceName(service);
}

function fits(value: unknown, pattern: string | RegExp | undefined): boolean {
  if (pattern === undefined) return true;
  return typeof value === 'string' && (typeof pattern === 'string' ? value === pattern : contains(value, pattern));
}

/** Unlike `test`, the same each time also for an expression with the flag `g`. */
function contains(text: string, pattern: RegExp): boolean {
  return text.search(pattern) >= 0;
}

function result(trace: Trace, pass: boolean, expectation: string, found: () => string[]): CheckResult {
  return {
    pass,
    message: () => {
      const lines = found();
      const seen = lines.length === 0 ? ['nothing of the kind'] : lines;
      return [
        `expected the trace ${pass ? 'not ' : ''}${expectation}`,
        'found:', ...seen.map((line) => `  ${line}`), '', formatTraceTree(trace),
      ].join('\n');
    },
  };
}
