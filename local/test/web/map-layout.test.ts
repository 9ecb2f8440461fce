import type { GraphService } from '../../web/src/api/wire-types';
import { mapGraphOf, neighboursOf } from '../../web/src/map/map-graph';
import { fitScale, layoutMap, layoutToFit, NODE_SIZES, nodeTowards } from '../../web/src/map/map-layout';

/** A graph of services by their calls, as GetServiceGraph gives it. */
function services(calls: Record<string, string[]>): GraphService[] {
  const names = [...new Set([...Object.keys(calls), ...Object.values(calls).flat()])];
  return names.map((name, index) => ({
    ReferenceId: index, Name: name, Type: 'AWS::Lambda', Edges: (calls[name] ?? []).map((callee) => ({ ReferenceId: names.indexOf(callee) })),
  }));
}

/** Every pair of nodes whose spaces overlap. */
function overlaps({ nodes, density }: ReturnType<typeof layoutMap>): [string, string][] {
  const { width, height } = NODE_SIZES[density];
  const placed = [...nodes];
  return placed.flatMap(([a, first], index) => placed.slice(index + 1)
    .filter(([, second]) => Math.abs(first.x - second.x) < width - 0.5 && Math.abs(first.y - second.y) < height - 0.5)
    .map(([b]): [string, string] => [a, b]));
}

/** All that arrow keys lead to from the first node. */
function reachable(nodes: ReturnType<typeof layoutMap>['nodes']): string[] {
  const reached = new Set([...nodes.keys()].slice(0, 1));
  for (const key of reached) {
    for (const arrow of ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown']) {
      const next = nodeTowards(nodes, key, arrow);
      if (next !== undefined) reached.add(next);
    }
  }
  return [...reached].sort();
}

describe('graph', () => {
  test('two nodes of one name and different types are two', () => {
    const graph = mapGraphOf([
      { ReferenceId: 0, Name: 'f', Type: 'AWS::Lambda', Edges: [{ ReferenceId: 1, SummaryStatistics: { OkCount: 2, TotalCount: 2, TotalResponseTime: 0.5 } }] },
      { ReferenceId: 1, Name: 'f', Type: 'AWS::Lambda::Function', Edges: [] },
    ]);
    expect(graph.nodes.map(({ key }) => key)).toEqual(['AWS::Lambda/f', 'AWS::Lambda::Function/f']);
    expect(graph.edges).toMatchObject([{ from: 'AWS::Lambda/f', to: 'AWS::Lambda::Function/f', averageMs: 250, counts: { ok: 2, total: 2 } }]);
  });

  test('services of one name in two accounts stay apart, and a client is called so', () => {
    const graph = mapGraphOf([
      { ReferenceId: 3, Name: 'f', Type: 'AWS::Lambda', AccountId: '1' }, { ReferenceId: 4, Name: 'f', Type: 'AWS::Lambda', AccountId: '2' },
      { ReferenceId: 5, Name: 'f', Type: 'client', Edges: [{ ReferenceId: 4 }, { ReferenceId: 99 }] },
    ]);
    expect(new Set(graph.nodes.map(({ key }) => key)).size).toBe(3);
    expect(graph.nodes[2]).toMatchObject({ name: 'Client', isClient: true });
    expect(graph.edges).toHaveLength(1);
    expect(graph.edges[0].to).toBe(graph.nodes[1].key);
  });

  test('knows who is next to whom', () => {
    const graph = mapGraphOf(services({ a: ['b'], b: ['c'], c: [] }));
    expect([...neighboursOf(graph, 'AWS::Lambda/b')].sort()).toEqual(['AWS::Lambda/a', 'AWS::Lambda/b', 'AWS::Lambda/c']);
    expect([...neighboursOf(graph, 'AWS::Lambda/a')].sort()).toEqual(['AWS::Lambda/a', 'AWS::Lambda/b']);
  });
});

describe('layout', () => {
  const fan = mapGraphOf(services({ client: ['topic'], topic: ['ts', 'py', 'go'], ts: ['table'], py: ['table'], go: ['table'] }));

  test('callers stand left of those they call, or above', () => {
    for (const [direction, axis] of [['LR', 'x'], ['TB', 'y']] as const) {
      const { nodes } = layoutMap(fan, direction);
      for (const { from, to } of fan.edges) expect(nodes.get(to)![axis]).toBeGreaterThan(nodes.get(from)![axis]);
    }
  });

  test.each([3, 24, 25, 100])('%i services overlap nowhere and every call is drawn', (count) => {
    const calls = Object.fromEntries(Array.from({ length: count - 1 }, (_, index) => [`s${index}`, [`s${index + 1 + (index % 7)}`, `s${(index * 3) % count}`]]));
    const graph = mapGraphOf(services(calls));
    const layout = layoutMap(graph, 'LR');
    expect(overlaps(layout)).toEqual([]);
    expect(layout.edges.size).toBe(new Set(graph.edges.map(({ key }) => key)).size);
    for (const { points } of layout.edges.values()) expect(points.every(({ x, y }) => Number.isFinite(x) && Number.isFinite(y))).toBe(true);
  });

  test.each(['full', 'medium', 'compact'] as const)('circles of calls are drawn, and a service that calls itself has a bow over its circle (%s)', (density) => {
    const layout = layoutMap(mapGraphOf(services({ a: ['b', 'a'], b: ['c'], c: ['a'], d: ['a'] })), 'LR', density);
    expect(layout.edges.size).toBe(5);
    expect(overlaps(layout)).toEqual([]);
    const { x, y } = layout.nodes.get('AWS::Lambda/a')!;
    const { points, label } = layout.edges.get('AWS::Lambda/a > AWS::Lambda/a')!;
    const { radius, loop } = NODE_SIZES[density];
    for (const point of points) {
      expect(Math.abs(point.x - x)).toBeLessThan(radius);
      expect(point.y).toBeLessThan(y);
      expect(point.y).toBeGreaterThan(y - radius - loop);
    }
    expect(label.x).toBe(x);
    expect(label.y).toBeLessThan(Math.min(...points.map((point) => point.y)));
  });

  test('what nothing connects stands in columns that suit the space, and can be walked to', () => {
    const apart = mapGraphOf(services(Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`a${index}`, [`b${index}`]]))));
    const space = { width: 1600, height: 850 };
    const layout = layoutToFit(apart, space);
    expect(fitScale(layout, space)).toBeGreaterThan(fitScale(layoutMap(apart, 'LR', 'full', { width: 1, height: 100 }), space) * 1.5);
    expect(overlaps(layout)).toEqual([]);
    expect(reachable(layout.nodes)).toEqual([...layout.nodes.keys()].sort());
    const reversed = { nodes: [...apart.nodes].reverse(), edges: [...apart.edges].reverse() };
    expect([...layoutToFit(reversed, space).nodes].sort()).toEqual([...layout.nodes].sort());
  });

  test('does not depend on the order in which the API names services', () => {
    const reversed = { nodes: [...fan.nodes].reverse(), edges: [...fan.edges].reverse() };
    expect([...layoutMap(reversed, 'LR').nodes].sort()).toEqual([...layoutMap(fan, 'LR').nodes].sort());
  });

  test('a line is level where its text stands, above and below it, and never turns round', () => {
    const there = mapGraphOf(services({ a: ['b'], b: ['c', 'a'], c: ['a'] }));
    for (const { points, label } of [...layoutMap(fan, 'LR').edges.values(), ...layoutMap(there, 'LR').edges.values()]) {
      const onwards = Math.sign(points[points.length - 1].x - points[0].x);
      for (let index = 1; index < points.length; index += 1) expect((points[index].x - points[index - 1].x) * onwards).toBeGreaterThan(-5);
      const level = points.filter(({ y }) => y === label.y).map(({ x }) => Math.round(x - label.x));
      expect(level.filter((x) => Math.abs(x) <= 14)).toEqual([-14, 0, 14].map((x) => x * onwards + 0));
    }
  });

  test('runs from top to bottom where the page is narrow', () => {
    expect(layoutToFit(fan, { width: 1600, height: 850 }).direction).toBe('LR');
    expect(layoutToFit(fan, { width: 390, height: 700 }).direction).toBe('TB');
    expect(fitScale({ width: 100, height: 100 }, { width: 5000, height: 5000 })).toBe(1.2);
  });

  test('arrow keys walk to the nearest node in their direction', () => {
    const { nodes } = layoutMap(fan, 'LR');
    expect(nodeTowards(nodes, 'AWS::Lambda/client', 'ArrowRight')).toBe('AWS::Lambda/topic');
    expect(nodeTowards(nodes, 'AWS::Lambda/client', 'ArrowLeft')).toBeUndefined();
    const [top, middle] = ['ts', 'py', 'go'].map((name) => `AWS::Lambda/${name}`).sort((a, b) => nodes.get(a)!.y - nodes.get(b)!.y);
    expect(nodeTowards(nodes, top, 'ArrowDown')).toBe(middle);
    expect(nodeTowards(nodes, middle, 'ArrowUp')).toBe(top);
    expect(nodeTowards(nodes, top, 'Enter')).toBeUndefined();
    expect(nodeTowards(nodes, 'nobody', 'ArrowUp')).toBeUndefined();
  });

  test('every node can be reached by arrow keys', () => {
    const { nodes } = layoutMap(fan, 'LR');
    expect(reachable(nodes)).toEqual([...nodes.keys()].sort());
  });
});
