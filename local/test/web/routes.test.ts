import { addressOf, Route, routeOf } from '../../web/src/routes';
import { DEFAULT_RANGE, limitsOf, rangeFromText, rangeToText } from '../../web/src/time-range';

const range = DEFAULT_RANGE;

describe('routes', () => {
  const routes: [string, Route][] = [
    ['#/map', { view: 'map', range }],
    ['#/map?node=AWS%3A%3ALambda%2Fxraystarter-ts', { view: 'map', range, node: { name: 'xraystarter-ts', type: 'AWS::Lambda' } }],
    ['#/map?node=%2Fa%2Fb&to=remote%2Fexample.com&range=all',
      { view: 'map', range: { kind: 'all' }, node: { name: 'a/b' }, edgeTo: { name: 'example.com', type: 'remote' } }],
    ['#/map?group=slow&range=15m', { view: 'map', range: { kind: 'last', seconds: 900 }, group: 'slow' }],
    ['#/traces', { view: 'traces', range }],
    ['#/traces?filter=service%28%22a+%26+b%22%29+%7B+fault+%7D', { view: 'traces', range, filter: 'service("a & b") { fault }' }],
    ['#/traces/1-58406520-a006649127e371903a2de979', { view: 'trace', range, id: '1-58406520-a006649127e371903a2de979' }],
    ['#/traces/1-58406520-a006649127e371903a2de979?segment=6b55dcc497934f1a&range=1700000000000-1700000001000',
      {
        view: 'trace', range: { kind: 'fixed', fromMs: 1700000000000, toMs: 1700000001000 },
        id: '1-58406520-a006649127e371903a2de979', segment: '6b55dcc497934f1a',
      }],
    ['#/collector', { view: 'collector', range }],
  ];

  test.each(routes)('%s is read and written alike', (address, route) => {
    expect(routeOf(address)).toEqual(route);
    expect(addressOf(route)).toBe(address);
  });

  test('an empty address is the map', () => {
    expect(routeOf('')).toEqual({ view: 'map', range });
    expect(routeOf('#/')).toEqual({ view: 'map', range });
  });

  test('a path that nothing answers to is said so, with the path', () => {
    expect(routeOf('#/maps/of/treasure')).toMatchObject({ view: 'unknown', path: 'maps/of/treasure' });
  });

  test.each(['#/traces/%E0%A4%A', '#/map?node=nothing', '#/map?range=-5', '#/traces?range=2-1&filter=%20'])('%s does no harm', (address) => {
    expect(['map', 'traces', 'trace']).toContain(routeOf(address).view);
    expect(routeOf(address).range).toEqual(range);
  });
});

describe('time ranges', () => {
  test.each(['5m', '1h', '24h', 'all', '90s', '1000-2000'])('%s is read and written alike', (text) => {
    expect(rangeToText(rangeFromText(text)!)).toBe(text);
  });

  test.each(['', '0s', 'yesterday', '2000-1000', '1000-1000', '-1-5', '1e3-2e3', '99999999999s'])("'%s' is no range", (text) => {
    expect(rangeFromText(text)).toBeUndefined();
  });

  test('a range up to now goes along with the clock and reaches a little ahead', () => {
    expect(limitsOf({ kind: 'last', seconds: 60 }, 1_000_000)).toEqual({ fromMs: 940_000, toMs: 1_060_000 });
  });
});
