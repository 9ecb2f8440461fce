import type { Trace } from '../xray/model/trace';
import { traceTree, type TraceTreeNode } from '../xray/model/trace-tree';

/** A trace without what differs from run to run, for snapshots. */
export interface NormalizedSegment {
  name: string;
  origin?: string;
  namespace?: string;
  /** `fault`, `throttle` or `error`; absent when all went well. */
  outcome?: string;
  http?: Record<string, unknown>;
  aws?: Record<string, unknown>;
  sql?: Record<string, unknown>;
  annotations?: Record<string, unknown>;
  metadata?: Record<string, unknown>;
  exceptions?: { type?: string; message?: string }[];
  children?: NormalizedSegment[];
}

export interface NormalizeOptions {
  /** More replacements in every text, in order, after the built-in ones: `[/incoming-\w+/, '<bucket>']`. */
  readonly replace?: readonly (readonly [RegExp, string])[];
  /** Keep what depends on a cold start: `Initialization`, `Restore`, `Overhead`. @default false */
  readonly keepLambdaPhases?: boolean;
}

/** Not the same in two runs, or told by the environment. */
const VOLATILE_KEYS = new Set([
  'request_id', 'id_2', 'id', 'retries', 'content_length', 'user_agent', 'client_ip', 'account_id', 'sdk_version', 'version', 'runtime_version',
  'working_directory', 'paths', 'cloudwatch_logs', 'pid', 'hostname', 'instance_id', 'container_id',
]);
const LAMBDA_PHASES = new Set(['Initialization', 'Init', 'Restore', 'Overhead']);

/** Applied to every text, in this order: long forms first. */
const REPLACEMENTS: readonly (readonly [RegExp, string])[] = [
  [/\b1-[0-9a-f]{8}-[0-9a-f]{24}\b/gi, '<trace id>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<uuid>'],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?/g, '<time>'],
  [/\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b|\[::1\](?::\d+)?|\blocalhost(?::\d+)?\b/g, '<host>'],
  [/\b[0-9a-f]{16}(?:[0-9a-f]{16})?\b/gi, '<id>'],
  [/(arn:aws[\w-]*:[\w-]+:)[\w-]*:\d{12}:/g, '$1<region>:<account>:'],
  [/\b\d{12}\b/g, '<account>'],
  [/\bv?\d+\.\d+\.\d+(?:[-+][\w.]+)?\b/g, '<version>'],
];

/**
 * A trace as a value that is the same in every run of the same code: ids, times, hosts and versions replaced, the order of siblings
 * decided by what they are and not by when they ran. Compare it as a snapshot: `expect(normalizeTrace(trace)).toMatchSnapshot()`.
 */
export function normalizeTrace(trace: Trace, options: NormalizeOptions = {}): NormalizedSegment[] {
  return normalizeAll(traceTree(trace), options);
}

function normalizeAll(nodes: readonly TraceTreeNode[], options: NormalizeOptions): NormalizedSegment[] {
  return nodes.filter(({ entry }) => options.keepLambdaPhases === true || entry.kind === 'segment' || !LAMBDA_PHASES.has(entry.name))
    .map((node) => normalize(node, options))
    .map((segment) => ({ segment, key: JSON.stringify(segment) }))
    .sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)))
    .map(({ segment }) => segment);
}

function normalize({ entry, children }: TraceTreeNode, options: NormalizeOptions): NormalizedSegment {
  const clean = (value: unknown): unknown => cleaned(value, options);
  const outcome = entry.fault ? 'fault' : entry.throttle ? 'throttle' : entry.error ? 'error' : undefined;
  const below = normalizeAll(children, options);
  const http = entry.http === undefined ? {} : { method: entry.http.method, url: entry.http.url, status: entry.http.status };
  const segment: NormalizedSegment = {
    name: clean(entry.name) as string,
    origin: entry.origin,
    namespace: entry.namespace,
    outcome,
    http: clean(http) as Record<string, unknown>,
    aws: clean(entry.aws) as Record<string, unknown>,
    sql: clean(entry.sql ?? {}) as Record<string, unknown>,
    annotations: clean(entry.annotations) as Record<string, unknown>,
    metadata: clean(entry.metadata) as Record<string, unknown>,
    exceptions: entry.exceptions.map(({ type, message }) => clean({ type, message }) as { type?: string; message?: string }),
    children: below,
  };
  return Object.fromEntries(Object.entries(segment).filter(([, value]) => !isEmpty(value))) as unknown as NormalizedSegment;
}

function cleaned(value: unknown, options: NormalizeOptions): unknown {
  if (typeof value === 'string') {
    return [...REPLACEMENTS, ...options.replace ?? []].reduce((text, [pattern, replacement]) => text.replace(pattern, replacement), value);
  }
  if (Array.isArray(value)) return value.map((item) => cleaned(item, options));
  if (typeof value !== 'object' || value === null) return value;
  const keys = Object.keys(value).filter((key) => !VOLATILE_KEYS.has(key)).sort();
  return Object.fromEntries(keys.map((key) => [key, cleaned((value as Record<string, unknown>)[key], options)]).filter(([, item]) => !isEmpty(item)));
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}
