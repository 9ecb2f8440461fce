import { printable } from './printable';
import { tableOf } from './service-identity';
import type { Trace, TraceEntry } from './trace';
import { traceTree, TraceTreeNode } from './trace-tree';

interface Row {
  left: string;
  offset: string;
  duration: string;
  marks: string;
}

/**
 * A trace as text, like the timeline of X-Ray's console: one line an entry with its start from the beginning of the trace and its
 * duration, both in milliseconds, and what went wrong. Without a trailing newline.
 */
export function formatTraceTree(trace: Trace): string {
  const rows: Row[] = [];
  const roots = traceTree(trace);
  roots.forEach((root, index) => addRows(root, '', index === roots.length - 1, rows));
  // No spread into Math.max: a trace can have more rows than a call takes arguments.
  const longest = (texts: (row: Row) => string): number => rows.reduce((width, row) => Math.max(width, texts(row).length), 0);
  const width = longest((row) => row.left);
  const offsetWidth = longest((row) => row.offset);
  const durationWidth = longest((row) => row.duration);
  const lines = rows.map(({ left, offset, duration, marks }) => (
    `${left.padEnd(width)}  ${offset.padStart(offsetWidth)}  ${duration.padStart(durationWidth)}${marks === '' ? '' : `  ${marks}`}`
  ));
  const response = trace.responseMs === undefined ? '' : `, response ${milliseconds(trace.responseMs)}`;
  const began = Number.isFinite(trace.startMs) ? `  ${new Date(trace.startMs).toISOString()}  duration ${milliseconds(trace.durationMs)}${response}` : '  empty';
  return [`${trace.id}${began}${trace.isPartial ? ', incomplete' : ''}`, ...lines].join('\n');
}

function addRows(node: TraceTreeNode, indent: string, isLast: boolean, rows: Row[]): void {
  rows.push({
    left: `${indent}${isLast ? '└─ ' : '├─ '}${printable(titleOf(node.entry))}`,
    offset: `+${milliseconds(node.offsetMs)}`,
    duration: node.durationMs === undefined ? '' : milliseconds(node.durationMs),
    marks: printable(marksOf(node.entry).join(', ')),
  });
  const below = `${indent}${isLast ? '   ' : '│  '}`;
  node.children.forEach((child, index) => addRows(child, below, index === node.children.length - 1, rows));
}

/** `xraystarter-ts AWS::Lambda`, `DynamoDB PutItem items`, `GET https://...`. */
function titleOf(entry: TraceEntry): string {
  const parts = [entry.name];
  if (entry.origin !== undefined) parts.push(entry.origin);
  if (entry.kind === 'subsegment') {
    const { operation } = entry.aws;
    if (typeof operation === 'string') parts.push(operation);
    const resource = resourceOf(entry);
    if (resource !== undefined) parts.push(resource);
    if (entry.namespace === 'remote' && entry.http !== undefined) parts.push([entry.http.method, entry.http.url].filter(Boolean).join(' '));
  }
  return parts.filter((part) => part !== '').join(' ');
}

/** What a call worked on: the table, bucket, queue, topic or function. */
export function resourceOf(entry: TraceEntry): string | undefined {
  const { aws } = entry;
  if (entry.namespace !== 'aws') return undefined;
  const first = [aws.bucket_name, aws.queue_url, aws.topic_arn, aws.function_name].find((value) => typeof value === 'string' && value !== '');
  return tableOf(aws) ?? (first as string | undefined)?.split(/[:/]/).pop();
}

function marksOf(entry: TraceEntry): string[] {
  const marks: string[] = [];
  if (entry.fault) marks.push('FAULT');
  if (entry.throttle) marks.push('THROTTLE');
  if (entry.error && !entry.throttle) marks.push('ERROR');
  if (entry.http?.status !== undefined && (entry.http.status >= 400 || entry.namespace === 'remote')) marks.push(`HTTP ${entry.http.status}`);
  if (entry.inProgress) marks.push('in progress');
  if (entry.orphan && !entry.cycle) marks.push(`orphan: parent ${entry.parentId} never came`);
  if (entry.cycle) marks.push(`circle of parents, cut at ${entry.parentId}`);
  const exception = entry.exceptions[0];
  if (exception !== undefined) marks.push([exception.type, exception.message?.split('\n')[0].slice(0, 120)].filter(Boolean).join(': '));
  return marks;
}

function milliseconds(value: number): string {
  return `${value < 99.95 ? value.toFixed(1) : Math.round(value).toString()} ms`;
}
