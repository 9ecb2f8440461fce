import { Graph, layout } from '@dagrejs/dagre';
import type { MapGraph } from './map-graph';

/** Space of one node in pixels: the circle, and the text under it. */
export interface NodeSize {
  readonly width: number;
  readonly height: number;
  readonly radius: number;
}

export type Density = 'full' | 'medium' | 'compact';

/** Few services are shown with all their figures; of many, names must stay legible when all are in view: there they stand beside the circle. */
export const NODE_SIZES: Record<Density, NodeSize> = {
  full: { width: 168, height: 122, radius: 30 },
  medium: { width: 150, height: 84, radius: 19 },
  compact: { width: 176, height: 30, radius: 11 },
};
const COMPACT_FROM = 25;
/** Of a name beside its circle, on average and in pixels. */
const LETTER_WIDTH = 7;
/** Enlarged further, three nodes would look like a poster. */
const MAX_SCALE = 1.2;
/** Space kept free for the text of an edge. */
const EDGE_LABEL = { width: 64, height: 28 };

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface MapLayout {
  readonly direction: 'LR' | 'TB';
  readonly density: Density;
  readonly width: number;
  readonly height: number;
  /** Centre of the circle, by key of the node. */
  readonly nodes: ReadonlyMap<string, Point>;
  /** By key of the edge: its course from rim to rim, and the middle of its text. */
  readonly edges: ReadonlyMap<string, { readonly points: readonly Point[]; readonly label: Point }>;
}

/** Left to right, as X-Ray draws it, unless the map is much larger from top to bottom in the space there is. */
export function layoutToFit(graph: MapGraph, space: { width: number; height: number }, density: Density = densityFor(graph)): MapLayout {
  const across = layoutMap(graph, 'LR', density);
  const scale = fitScale(across, space);
  if (density === 'compact') return across;
  if (scale >= 0.75 || space.width >= space.height * 1.4) return across;
  const down = layoutMap(graph, 'TB', density);
  return fitScale(down, space) > scale * 1.15 ? down : across;
}

/** The scale at which a layout fits into a space; never enlarged by much. */
export function fitScale({ width, height }: { width: number; height: number }, space: { width: number; height: number }): number {
  return Math.min(MAX_SCALE, space.width / Math.max(1, width), space.height / Math.max(1, height));
}

/**
 * Places of nodes and edges, callers before those they call. The same graph always gives the same picture, whatever the order of its parts,
 * so that a live map keeps still.
 */
export function layoutMap(graph: MapGraph, direction: 'LR' | 'TB', density: Density = densityFor(graph)): MapLayout {
  const size = NODE_SIZES[density];
  const dagre = new Graph({ multigraph: true });
  dagre.setGraph({
    rankdir: direction, marginx: 12, marginy: 12,
    nodesep: density === 'compact' ? 6 : direction === 'LR' ? 14 : 8,
    ranksep: density === 'compact' ? 60 : direction === 'LR' ? 30 : 16,
  });
  dagre.setDefaultEdgeLabel(() => ({}));
  for (const { key } of [...graph.nodes].sort(byKey)) dagre.setNode(key, { width: size.width, height: size.height });
  for (const { key, from, to } of [...graph.edges].sort(byKey)) {
    dagre.setEdge(from, to, density === 'compact' ? {} : { ...EDGE_LABEL, labelpos: 'c' }, key);
  }
  layout(dagre);
  const nodes = new Map<string, Point>();
  for (const key of dagre.nodes()) {
    const { x, y } = dagre.node(key) as Point;
    nodes.set(key, density === 'compact' ? { x: x - size.width / 2 + size.radius + 2, y } : { x, y: y - circleOffset(size) });
  }
  const names = new Map(graph.nodes.map(({ key, name }) => [key, name]));
  const clients = new Set(graph.nodes.filter(({ isClient }) => isClient).map(({ key }) => key));
  const edges = new Map<string, { points: Point[]; label: Point }>();
  for (const edge of dagre.edges()) {
    const placed = dagre.edge(edge) as { points: Point[]; x?: number; y?: number };
    // The picture goes from circle to circle: what dagre runs between the middles of spaces lies higher by as much as the circles do.
    const lift = direction === 'LR' && density !== 'compact' ? circleOffset(size) : 0;
    const raised = placed.points.map(({ x, y }) => ({ x, y: y - lift }));
    const [from, to] = [nodes.get(edge.v)!, nodes.get(edge.w)!];
    const points = density === 'compact' ? compactCourse(raised, from, to, size, names.get(edge.v) ?? '') : course(raised, from, to, size, direction, clients.has(edge.v));
    const middle = points[Math.floor(points.length / 2)];
    edges.set(edge.name!, { points, label: { x: placed.x ?? middle.x, y: placed.y === undefined ? middle.y : placed.y - lift } });
  }
  const { width = 0, height = 0 } = dagre.graph() as { width?: number; height?: number };
  return { direction, density, width, height, nodes, edges };
}

/** As much as can be read when all is in view. */
function densityFor({ nodes }: MapGraph): Density {
  return nodes.length >= COMPACT_FROM ? 'compact' : 'full';
}

/** From the centre of a node's space up to that of its circle. */
function circleOffset({ height, radius }: NodeSize): number {
  return height / 2 - radius - 6;
}

/** From rim to rim; left and right of a node it runs straight, so that it does not cross the text below one. */
function course(points: Point[], from: Point, to: Point, size: NodeSize, direction: 'LR' | 'TB', isFromClient: boolean): Point[] {
  const inner = points.slice(1, -1);
  if (from === to) return inner.length < 2 ? points : [rim(from, inner[0], size), ...inner, rim(to, inner[inner.length - 1], size, 6)];
  if (direction === 'LR' && from.x < to.x) {
    const half = size.width / 2 - 8;
    return [
      { x: from.x + size.radius + 3, y: from.y }, { x: from.x + half, y: from.y }, ...inner,
      { x: to.x - half, y: to.y }, { x: to.x - size.radius - 6, y: to.y },
    ];
  }
  // Below its text; a client has but one line.
  const below = isFromClient ? size.radius + 24 : size.height - size.radius - 8;
  const start = direction === 'TB' && to.y > from.y ? { x: from.x, y: from.y + below } : rim(from, inner[0] ?? to, size);
  return [start, ...inner, rim(to, inner[inner.length - 1] ?? start, size, 6)];
}

/** From behind the name to the circle. */
function compactCourse(points: Point[], from: Point, to: Point, { width, radius }: NodeSize, name: string): Point[] {
  const end = from.x + width - radius - 2;
  const start = { x: Math.min(end, from.x + radius + 16 + name.length * LETTER_WIDTH), y: from.y };
  if (to.x <= from.x) return [start, ...points.slice(1, -1), { x: to.x - radius - 5, y: to.y }];
  return [start, { x: end + 8, y: from.y }, ...points.slice(1, -1), { x: to.x - radius - 14, y: to.y }, { x: to.x - radius - 5, y: to.y }];
}

/** The point on a circle's rim towards another point, `gap` pixels outside. */
function rim(centre: Point, towards: Point, { radius }: NodeSize, gap = 3): Point {
  const dx = towards.x - centre.x;
  const dy = towards.y - centre.y;
  const distance = Math.hypot(dx, dy) || 1;
  return { x: centre.x + (dx / distance) * (radius + gap), y: centre.y + (dy / distance) * (radius + gap) };
}

function byKey(a: { key: string }, b: { key: string }): number {
  return a.key < b.key ? -1 : Number(a.key > b.key);
}

/** The nearest node in the direction of an arrow key, so that the map can be walked; undefined at its end. */
export function nodeTowards(nodes: ReadonlyMap<string, Point>, from: string, arrow: string): string | undefined {
  const start = nodes.get(from);
  const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[arrow];
  if (start === undefined || direction === undefined) return undefined;
  let best: { key: string; cost: number } | undefined;
  for (const [key, point] of nodes) {
    const along = (point.x - start.x) * direction[0] + (point.y - start.y) * direction[1];
    const aside = Math.abs((point.x - start.x) * direction[1]) + Math.abs((point.y - start.y) * direction[0]);
    if (along <= 1 || aside > along * 3) continue;
    const cost = along + aside * 2;
    if (best === undefined || cost < best.cost) best = { key, cost };
  }
  return best?.key;
}
