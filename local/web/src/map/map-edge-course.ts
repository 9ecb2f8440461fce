import type { NodeSize } from './node-size';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The course of an edge from rim to rim, and the middle of its text. */
export interface MapEdgeCourse {
  readonly points: readonly Point[];
  readonly label: Point;
}

/** Of a line's points about the middle of its text, in pixels. */
const LEVEL = [-28, -14, 0, 14, 28];
/** Of a name beside its circle, on average and in pixels. */
const LETTER_WIDTH = 7;

/** Level where the text stands, which is written above and below the line. */
export function flattened(points: readonly Point[], labelX: number | undefined, direction: 'LR' | 'TB'): Point[] {
  if (direction === 'TB' || labelX === undefined) return [...points];
  const onwards = points[points.length - 1].x < points[0].x ? -1 : 1;
  return points.flatMap((point) => (Math.abs(point.x - labelX) < 0.5 ? LEVEL.map((dx) => ({ x: point.x + dx * onwards, y: point.y })) : [point]));
}

/** From rim to rim; left and right of a node it runs straight, so that it does not cross the text below one. */
export function course(points: Point[], from: Point, to: Point, size: NodeSize, direction: 'LR' | 'TB', isFromClient: boolean): Point[] {
  const inner = points.slice(1, -1);
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

/** Over the circle of a service that calls itself, its text above. */
export function bow({ x, y }: Point, { radius, loop }: NodeSize): MapEdgeCourse {
  const [foot, head] = [radius * 0.87, radius + loop * 0.55];
  return {
    points: [
      { x: x - radius * 0.5, y: y - foot - 3 }, { x: x - radius * 0.9, y: y - head }, { x: x + radius * 0.9, y: y - head },
      { x: x + radius * 0.5, y: y - foot - 6 },
    ],
    label: { x, y: y - head - 18 },
  };
}

/** From behind the name to the circle. */
export function compactCourse(points: Point[], from: Point, to: Point, { width, radius }: NodeSize, name: string): Point[] {
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
