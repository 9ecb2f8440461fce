import type { MapGraph } from './map-graph';

/** A part of the map that nothing connects to the rest, laid out by itself; pixels. */
export interface Piece {
  readonly width: number;
  readonly height: number;
}

export interface PlacedPiece<P extends Piece> {
  readonly piece: P;
  readonly left: number;
  readonly top: number;
}

/** The connected parts of a graph, the largest first; parts of one size in the order of their keys, so that a live map keeps still. */
export function connectedParts(graph: MapGraph): MapGraph[] {
  const near = new Map<string, string[]>(graph.nodes.map(({ key }) => [key, []]));
  for (const { from, to } of graph.edges) {
    near.get(from)?.push(to);
    near.get(to)?.push(from);
  }
  const partOf = new Map<string, number>();
  let count = 0;
  for (const start of [...near.keys()].sort()) {
    if (partOf.has(start)) continue;
    const open = [start];
    for (let key = open.pop(); key !== undefined; key = open.pop()) {
      if (partOf.has(key)) continue;
      partOf.set(key, count);
      open.push(...near.get(key) ?? []);
    }
    count += 1;
  }
  const parts = Array.from({ length: count }, (_, part): MapGraph => ({
    nodes: graph.nodes.filter(({ key }) => partOf.get(key) === part), edges: graph.edges.filter(({ from }) => partOf.get(from) === part),
  }));
  return parts.sort((a, b) => b.nodes.length - a.nodes.length); // stable: else in the order of their first keys
}

/**
 * Places pieces in as many columns as make the whole largest in a space: one app has many functions that have nothing to do with one
 * another, and a single column of them would be too small to read.
 */
export function pack<P extends Piece>(pieces: readonly P[], gap: number, scaleOf: (whole: Piece) => number): Piece & { placed: PlacedPiece<P>[] } {
  let best = inColumns(pieces, 1, gap);
  for (let columns = 2; columns <= pieces.length; columns += 1) {
    const candidate = inColumns(pieces, columns, gap);
    if (scaleOf(candidate) > scaleOf(best) * 1.02) best = candidate;
  }
  return best;
}

/** Each piece goes to the column that is shortest so far. */
function inColumns<P extends Piece>(pieces: readonly P[], count: number, gap: number): Piece & { placed: PlacedPiece<P>[] } {
  const columns = Array.from({ length: count }, () => ({ width: 0, height: 0, pieces: [] as { piece: P; top: number }[] }));
  for (const piece of pieces) {
    const column = columns.reduce((shortest, other) => (other.height < shortest.height ? other : shortest));
    column.pieces.push({ piece, top: column.height });
    column.height += piece.height + gap;
    column.width = Math.max(column.width, piece.width);
  }
  let left = 0;
  const placed = columns.flatMap((column) => {
    const here = left;
    left += column.width + gap;
    return column.pieces.map(({ piece, top }) => ({ piece, top, left: here }));
  });
  return { placed, width: Math.max(0, left - gap), height: Math.max(0, ...columns.map(({ height }) => height - gap)) };
}
