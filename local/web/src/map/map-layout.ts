import { Graph, layout } from '@dagrejs/dagre';
import { bow, compactCourse, course, flattened, MapEdgeCourse, Point } from './map-edge-course';
import type { MapGraph } from './map-graph';
import { connectedParts, pack } from './map-packing';
import type { NodeSize } from './node-size';

export type Density = 'full' | 'medium' | 'compact';

/** Few services are shown with all their figures; of many, names must stay legible when all are in view: there they stand beside the circle. */
export const NODE_SIZES: Record<Density, NodeSize> = {
  full: { width: 168, height: 122, radius: 30, loop: 58 },
  medium: { width: 150, height: 84, radius: 19, loop: 44 },
  compact: { width: 176, height: 30, radius: 11, loop: 14 },
};
const COMPACT_FROM = 25;
/** Enlarged further, three nodes would look like a poster. */
const MAX_SCALE = 1.2;
/** Shown smaller than that at first, nobody could read the names: rather a part of the map, to be moved about. */
export const LEGIBLE_SCALES: Record<Density, number> = { full: 0.6, medium: 0.65, compact: 0.45 };
/** Space kept free for the text of an edge. */
const EDGE_LABEL = { width: 64, height: 28 };
const MARGIN = 12;
/** Between parts of the map that nothing connects. */
const GAP = 16;

export interface MapLayout {
  readonly direction: 'LR' | 'TB';
  readonly density: Density;
  readonly width: number;
  readonly height: number;
  /** Centre of the circle, by key of the node. */
  readonly nodes: ReadonlyMap<string, Point>;
  /** By key of the edge. */
  readonly edges: ReadonlyMap<string, MapEdgeCourse>;
}

/** Left to right, as X-Ray draws it, unless the map is much larger from top to bottom in the space there is. */
export function layoutToFit(graph: MapGraph, space: { width: number; height: number }, density: Density = densityFor(graph)): MapLayout {
  const across = layoutMap(graph, 'LR', density, space);
  const scale = fitScale(across, space);
  if (density === 'compact') return across;
  if (scale >= 0.75 || space.width >= space.height * 1.4) return across;
  const down = layoutMap(graph, 'TB', density, space);
  return fitScale(down, space) > scale * 1.15 ? down : across;
}

/** The scale at which a layout fits into a space; never enlarged by much. */
export function fitScale({ width, height }: { width: number; height: number }, space: { width: number; height: number }): number {
  return Math.min(MAX_SCALE, space.width / Math.max(1, width), space.height / Math.max(1, height));
}

/**
 * Places of nodes and edges, callers before those they call; parts that nothing connects stand in columns that suit the space. The same
 * graph always gives the same picture, whatever the order of its parts, so that a live map keeps still.
 */
export function layoutMap(
  graph: MapGraph, direction: 'LR' | 'TB', density: Density = densityFor(graph), space: { width: number; height: number } = { width: 16, height: 9 },
): MapLayout {
  const whole = pack(connectedParts(graph).map((part) => layoutPart(part, direction, density)), GAP, (size) => (
    // Without the limit of fitScale: a space of unknown size has a shape all the same.
    Math.min(space.width / Math.max(1, size.width), space.height / Math.max(1, size.height))
  ));
  const nodes = new Map<string, Point>();
  const edges = new Map<string, MapEdgeCourse>();
  for (const { piece, left, top } of whole.placed) {
    const moved = ({ x, y }: Point): Point => ({ x: x + left + MARGIN, y: y + top + MARGIN });
    for (const [key, point] of piece.nodes) nodes.set(key, moved(point));
    for (const [key, { points, label }] of piece.edges) edges.set(key, { points: points.map(moved), label: moved(label) });
  }
  return { direction, density, width: whole.width + 2 * MARGIN, height: whole.height + 2 * MARGIN, nodes, edges };
}

type Part = Pick<MapLayout, 'width' | 'height' | 'nodes' | 'edges'>;

function layoutPart(graph: MapGraph, direction: 'LR' | 'TB', density: Density): Part {
  const size = NODE_SIZES[density];
  const dagre = new Graph({ multigraph: true });
  dagre.setGraph({
    rankdir: direction,
    nodesep: density === 'compact' ? 6 : direction === 'LR' ? 14 : 8,
    ranksep: density === 'compact' ? 60 : direction === 'LR' ? 42 : 16,
  });
  dagre.setDefaultEdgeLabel(() => ({}));
  const isLoop = ({ from, to }: { from: string; to: string }): boolean => from === to;
  const loops = graph.edges.filter(isLoop);
  for (const { key } of [...graph.nodes].sort(byKey)) {
    const room = loops.some(({ from }) => from === key) ? 2 * size.loop : 0;
    dagre.setNode(key, { width: size.width, height: size.height + room });
  }
  for (const { key, from, to } of graph.edges.filter((edge) => !isLoop(edge)).sort(byKey)) {
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
  const edges = new Map<string, MapEdgeCourse>(loops.map(({ key, from }) => [key, bow(nodes.get(from)!, size)]));
  for (const edge of dagre.edges()) {
    const placed = dagre.edge(edge) as { points: Point[]; x?: number; y?: number };
    // The picture goes from circle to circle: what dagre runs between the middles of spaces lies higher by as much as the circles do.
    const lift = direction === 'LR' && density !== 'compact' ? circleOffset(size) : 0;
    const raised = placed.points.map(({ x, y }) => ({ x, y: y - lift }));
    const [from, to] = [nodes.get(edge.v)!, nodes.get(edge.w)!];
    const points = density === 'compact' ? compactCourse(raised, from, to, size, names.get(edge.v) ?? '') : course(flattened(raised, placed.x, direction), from, to, size, direction, clients.has(edge.v));
    const middle = points[Math.floor(points.length / 2)];
    edges.set(edge.name!, { points, label: { x: placed.x ?? middle.x, y: placed.y === undefined ? middle.y : placed.y - lift } });
  }
  const { width = 0, height = 0 } = dagre.graph() as { width?: number; height?: number };
  return { width, height, nodes, edges };
}

/** As much as can be read when all is in view. */
function densityFor({ nodes }: MapGraph): Density {
  return nodes.length >= COMPACT_FROM ? 'compact' : 'full';
}

/** From the centre of a node's space up to that of its circle. */
function circleOffset({ height, radius }: NodeSize): number {
  return height / 2 - radius - 6;
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
