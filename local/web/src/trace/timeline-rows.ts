import type { TraceEntry } from '../../../src/xray/model/trace';
import type { TraceTreeNode } from '../../../src/xray/model/trace-tree';
import { Status, statusOf } from '../status';
import type { TimeWindow } from './time-axis';

/** What Lambda was doing, or waiting for, in a subsegment of its own. */
export type Phase = 'dwell' | 'attempt' | 'initialization' | 'invocation' | 'overhead';

/** One line of the segments timeline. Times in milliseconds from the start of the trace. */
export interface TimelineRow {
  readonly id: string;
  readonly entry: TraceEntry;
  /** 0 for what stands at the top. */
  readonly depth: number;
  /** Place among the entries with the same parent, from 1, and their number: what a screen reader says of a tree. */
  readonly position: number;
  readonly siblings: number;
  readonly parentId: string | undefined;
  readonly hasChildren: boolean;
  readonly isExpanded: boolean;
  readonly startMs: number;
  /** Undefined while in progress. */
  readonly durationMs: number | undefined;
  readonly status: Status;
  readonly phase: Phase | undefined;
  /** A function segment whose environment was started for this request. */
  readonly isColdStart: boolean;
}

/** The rows that are visible while the rows in `collapsed` hide what is below them, parents before children. */
export function timelineRows(tree: readonly TraceTreeNode[], collapsed: ReadonlySet<string>): TimelineRow[] {
  const rows: TimelineRow[] = [];
  const add = (nodes: readonly TraceTreeNode[], depth: number, parent: TraceEntry | undefined): void => {
    nodes.forEach((node, index) => {
      const { entry, children } = node;
      const isExpanded = children.length > 0 && !collapsed.has(entry.id);
      rows.push({
        id: entry.id,
        entry,
        depth,
        position: index + 1,
        siblings: nodes.length,
        parentId: parent?.id,
        hasChildren: children.length > 0,
        isExpanded,
        startMs: node.offsetMs,
        durationMs: node.durationMs,
        status: statusOf(entry),
        phase: phaseOf(entry, parent),
        isColdStart: isColdStart(entry),
      });
      if (isExpanded) add(children, depth + 1, entry);
    });
  };
  add(tree, 0, undefined);
  return rows;
}

/** Lambda's own subsegments are known by their names, and only where Lambda puts them: a user may call theirs the same. */
function phaseOf(entry: TraceEntry, parent: TraceEntry | undefined): Phase | undefined {
  if (entry.kind !== 'subsegment') return undefined;
  if (parent?.origin === 'AWS::Lambda') {
    if (entry.name === 'Dwell Time') return 'dwell';
    if (/^Attempt( #\d+)?$/.test(entry.name)) return 'attempt';
  }
  if (parent?.origin === 'AWS::Lambda::Function') {
    if (isInitialization(entry)) return 'initialization';
    if (entry.name === 'Invocation') return 'invocation';
    if (entry.name === 'Overhead') return 'overhead';
  }
  return undefined;
}

export function isColdStart(entry: TraceEntry): boolean {
  return entry.origin === 'AWS::Lambda::Function' && entry.subsegments.some(isInitialization);
}

/** `Initialization` until 2025, `Init` since; `Restore` is that of SnapStart. */
function isInitialization({ name }: TraceEntry): boolean {
  return name === 'Initialization' || name === 'Init' || name === 'Restore';
}

/** Every entry that can be collapsed. */
export function collapsibleIds(tree: readonly TraceTreeNode[]): string[] {
  return tree.flatMap(({ entry, children }) => (children.length === 0 ? [] : [entry.id, ...collapsibleIds(children)]));
}

/** Ids of everything above an entry, the nearest last; empty for what stands at the top or is not there. */
export function pathTo(tree: readonly TraceTreeNode[], id: string): string[] {
  for (const { entry, children } of tree) {
    if (entry.id === id) return [];
    const below = children.some((child) => child.entry.id === id) ? [] : pathTo(children, id);
    if (below.length > 0 || children.some((child) => child.entry.id === id)) return [entry.id, ...below];
  }
  return [];
}

/** Where a bar lies on the shown part of the time axis, from 0 to 1; undefined outside of it. An entry in progress reaches to the end. */
export function barOf({ startMs, durationMs }: Pick<TimelineRow, 'startMs' | 'durationMs'>, { fromMs, toMs }: TimeWindow): { left: number; width: number } | undefined {
  if (toMs <= fromMs) return { left: 0, width: 1 };
  const left = (startMs - fromMs) / (toMs - fromMs);
  const right = durationMs === undefined ? 1 : (startMs + durationMs - fromMs) / (toMs - fromMs);
  if (left > 1 || right < 0) return undefined;
  const shown = Math.max(0, left);
  return { left: shown, width: Math.max(0, Math.min(1, right) - shown) };
}
