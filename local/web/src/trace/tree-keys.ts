import type { TimelineRow } from './timeline-rows';

/** What a key does in the segments timeline: as in any tree ("Treegrid" of the ARIA Authoring Practices Guide). */
export type TreeMove =
  | { readonly kind: 'focus'; readonly id: string }
  | { readonly kind: 'collapse' | 'expand' | 'select'; readonly id: string };

/** `rows` are the visible ones, `id` the one with the focus. Undefined for a key that does nothing here. */
export function treeMove(key: string, rows: readonly TimelineRow[], id: string): TreeMove | undefined {
  const index = rows.findIndex((row) => row.id === id);
  if (index < 0) return rows.length === 0 ? undefined : { kind: 'focus', id: rows[0].id };
  const row = rows[index];
  const focus = (to: TimelineRow | undefined): TreeMove | undefined => (to === undefined ? undefined : { kind: 'focus', id: to.id });
  switch (key) {
    case 'ArrowDown': return focus(rows[index + 1]);
    case 'ArrowUp': return focus(rows[index - 1]);
    case 'Home': return focus(rows[0]);
    case 'End': return focus(rows[rows.length - 1]);
    case 'ArrowRight':
      if (row.hasChildren && !row.isExpanded) return { kind: 'expand', id };
      return row.isExpanded ? focus(rows[index + 1]) : undefined;
    case 'ArrowLeft':
      if (row.isExpanded) return { kind: 'collapse', id };
      return focus(rows.find((candidate) => candidate.id === row.parentId));
    case 'Enter':
    case ' ':
      return { kind: 'select', id };
    default:
      return undefined;
  }
}
