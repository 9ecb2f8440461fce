import type { Trace } from './trace';
import { describeCall } from './trace-calls';
import { traceTree, TraceTreeNode } from './trace-tree';

export interface CriticalPath {
  /** Of all steps together. */
  readonly milliseconds: number;
  /** What the end of the trace waited for, the longest first. */
  readonly steps: readonly { readonly what: string; readonly milliseconds: number }[];
}

/**
 * Goes back from the end: at each moment the work counts that ended last before it. A time in which nothing ran, as while a message was in a queue that records none, counts for nothing.
 */
export function criticalPath(trace: Trace): CriticalPath {
  const spent = new Map<string, number>();
  const add = (what: string, milliseconds: number): void => {
    if (milliseconds > 0) spent.set(what, (spent.get(what) ?? 0) + milliseconds);
  };
  const starts = new Map<TraceTreeNode, number>();
  const ends = new Map<TraceTreeNode, number>();
  const measure = (node: TraceTreeNode): void => {
    let [start, end] = [node.offsetMs, node.offsetMs + (node.durationMs ?? 0)];
    for (const child of node.children) {
      measure(child);
      start = Math.min(start, startOf(child));
      end = Math.max(end, endOf(child));
    }
    starts.set(node, start);
    ends.set(node, end);
  };
  const startOf = (node: TraceTreeNode): number => starts.get(node)!;
  const endOf = (node: TraceTreeNode): number => ends.get(node)!;
  /** Spends the time of the nodes from `until` back to `from`; gives where they were all before. */
  const walk = (nodes: readonly TraceTreeNode[], from: number, until: number, idle: (milliseconds: number) => void): void => {
    let cursor = until;
    for (;;) {
      const running = nodes.filter((node) => startOf(node) < cursor && endOf(node) > from);
      if (running.length === 0) break;
      // Of those that ran until here, the one that began first: others ran beside it.
      const last = running.reduce((a, b) => (Math.min(endOf(b), cursor) - Math.min(endOf(a), cursor) || startOf(a) - startOf(b)) > 0 ? b : a);
      const end = Math.min(endOf(last), cursor);
      const start = Math.max(startOf(last), from);
      idle(cursor - end);
      visit(last, start, end);
      cursor = start;
    }
    idle(cursor - from);
  };
  const visit = (node: TraceTreeNode, from: number, until: number): void => {
    const own = { from: Math.max(node.offsetMs, from), until: Math.min(node.offsetMs + (node.durationMs ?? 0), until) };
    let self = 0;
    walk(node.children, from, until, (milliseconds) => { self += milliseconds; });
    // What is no child's is the node's own, as far as it ran itself.
    add(describe(node), Math.min(self, Math.max(0, own.until - own.from)));
  };
  const roots = traceTree(trace);
  roots.forEach(measure);
  walk(roots, 0, Math.max(0, ...roots.map(endOf)), () => undefined);
  const steps = [...spent].map(([what, milliseconds]) => ({ what, milliseconds })).sort((a, b) => b.milliseconds - a.milliseconds);
  // Times are sums of seconds, exact to a fraction of a microsecond.
  return { milliseconds: Math.round(steps.reduce((sum, step) => sum + step.milliseconds, 0) * 10) / 10, steps };
}

function describe({ entry }: TraceTreeNode): string {
  return entry.kind === 'subsegment' ? describeCall(entry) : [entry.name, entry.origin].filter(Boolean).join(' ');
}
