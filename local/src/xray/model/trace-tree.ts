import type { Trace, TraceEntry } from './trace';
import { walk } from './trace-of-documents';

/** One row of the timeline: an entry with what X-Ray's console shows below it. */
export interface TraceTreeNode {
  readonly entry: TraceEntry;
  /** From the start of the trace, in milliseconds. */
  readonly offsetMs: number;
  /** Undefined while in progress. */
  readonly durationMs: number | undefined;
  readonly children: readonly TraceTreeNode[];
}

/** Subsegments that Lambda itself adds to a function segment; everything else there is the function's own. */
const LAMBDA_PHASES = new Set(['Initialization', 'Init', 'Restore', 'Invocation', 'Overhead']);

/** Segments that call one another in a longer chain begin a new row at the left: no page is as wide, and no stack as deep, as a chain can be. */
const MAX_DEPTH = 100;

/**
 * The rows of a trace as X-Ray's console draws them. A segment stands below the (sub)segment it names as parent; what a function's SDK
 * recorded stands below `Invocation`, although its `parent_id` is the function segment. Inferred segments are left out: they repeat the
 * call that they were made from. Every other entry appears exactly once, whatever its parent.
 */
export function traceTree(trace: Trace): TraceTreeNode[] {
  const ids = new Set<string>();
  walk(trace.segments, (entry) => ids.add(entry.id));
  const byParent = new Map<string, TraceEntry[]>();
  const roots: TraceEntry[] = [];
  for (const segment of trace.segments) {
    if (segment.inferred) continue;
    const parentId = segment.parentId;
    if (segment.kind === 'subsegment' || parentId === undefined || !ids.has(parentId)) {
      roots.push(segment);
    } else {
      const siblings = byParent.get(parentId) ?? [];
      siblings.push(segment);
      byParent.set(parentId, siblings);
    }
  }
  const placed = new Set<TraceEntry>();
  const nodes = roots.map((root) => nodeOf(root, 0, trace, byParent, placed));
  // Segments that are one another's parents hang on no root.
  for (const segment of trace.segments) {
    if (!segment.inferred && !placed.has(segment)) nodes.push(nodeOf(segment, 0, trace, byParent, placed));
  }
  return nodes.sort(byOffset);
}

function nodeOf(
  entry: TraceEntry, depth: number, trace: Trace, byParent: Map<string, TraceEntry[]>, placed: Set<TraceEntry>,
): TraceTreeNode {
  placed.add(entry);
  const downstream = depth < MAX_DEPTH ? (byParent.get(entry.id) ?? []).filter((segment) => !placed.has(segment)) : [];
  const children = [...entry.subsegments, ...downstream].map((child) => nodeOf(child, depth + 1, trace, byParent, placed));
  children.sort(byOffset);
  return {
    entry,
    offsetMs: entry.startMs - trace.startMs,
    durationMs: entry.endMs === undefined ? undefined : entry.endMs - entry.startMs,
    children: entry.origin === 'AWS::Lambda::Function' ? underInvocation(children) : children,
  };
}

function underInvocation(children: TraceTreeNode[]): TraceTreeNode[] {
  const invocation = children.find((child) => child.entry.name === 'Invocation' && child.entry.kind === 'subsegment');
  if (invocation === undefined) return children;
  const own = children.filter((child) => child !== invocation && (child.entry.kind === 'segment' || !LAMBDA_PHASES.has(child.entry.name)));
  // Clocks of Lambda and of the SDK differ by a little; what began before the invocation by more than that ran while initializing.
  const inside = new Set(own.filter((child) => child.offsetMs >= invocation.offsetMs - 5));
  const merged = { ...invocation, children: [...invocation.children, ...inside].sort(byOffset) };
  return children.filter((child) => !inside.has(child)).map((child) => (child === invocation ? merged : child));
}

function byOffset(a: TraceTreeNode, b: TraceTreeNode): number {
  return a.offsetMs - b.offsetMs;
}
