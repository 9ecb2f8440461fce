/**
 * d3 offers itself to CommonJS under this condition only.
 * @jest-environment-options {"customExportConditions": ["umd", "node", "node-addons"]}
 */
import { axisOf, histogramOf, percentileOf, sharesOf } from '../../web/src/histogram';
import { averageMs, countsOf, statusOf } from '../../web/src/status';

describe('histogram', () => {
  test('counts every sample once, from the fastest to the slowest without a gap', () => {
    const samples = [0, 0.05, 4, 4.2, 39, 100, 100, 12_345].map((ms) => ({ ms, count: 1, status: 'ok' as const }));
    const bins = histogramOf(samples);
    expect(bins.reduce((sum, { total }) => sum + total, 0)).toBe(samples.length);
    for (const [index, bin] of bins.entries()) if (index > 0) expect(bin.fromMs).toBe(bins[index - 1].toMs);
    for (const { ms } of samples.slice(2)) expect(bins.find(({ fromMs, toMs }) => ms >= fromMs && ms < toMs)?.total).toBeGreaterThan(0);
  });

  test('a sample at the limit of a bin lies in the bin that begins there', () => {
    const bin = histogramOf([{ ms: 10, count: 3, status: 'fault' }]).find(({ total }) => total > 0)!;
    expect(bin).toMatchObject({ fromMs: 10, toMs: 12.5, fault: 3, total: 3 });
  });

  test('without samples, or with none that is a time, there are no bins', () => {
    expect(histogramOf([])).toEqual([]);
    expect(histogramOf([{ ms: NaN, count: 1, status: 'ok' }, { ms: -1, count: 1, status: 'ok' }, { ms: 5, count: 0, status: 'ok' }])).toEqual([]);
    expect(axisOf([]).ticks).toEqual([]);
  });

  test('the axis has marks at numbers that can be read, in order', () => {
    const { ticks, position } = axisOf(histogramOf([{ ms: 3, count: 1, status: 'ok' }, { ms: 700, count: 1, status: 'ok' }]));
    expect(ticks.map(({ ms }) => ms)).toEqual([10, 30, 100, 300]);
    expect([...ticks].sort((a, b) => a.position - b.position)).toEqual(ticks);
    expect(position(1e9)).toBe(1);
  });

  test('percentiles weigh samples by their count', () => {
    const samples = [{ ms: 10, count: 98 }, { ms: 500, count: 1 }, { ms: 90, count: 1 }];
    expect(percentileOf(samples, 0.5)).toBe(10);
    expect(percentileOf(samples, 0.99)).toBe(90);
    expect(percentileOf(samples, 1)).toBe(500);
    expect(percentileOf([], 0.5)).toBeUndefined();
  });

  test('a ring begins with what is well, leaves nothing out and shows no empty part', () => {
    expect(sharesOf({ ok: 3, error: 0, throttle: 0, fault: 1 })).toEqual([{ status: 'ok', start: 0, share: 0.75 }, { status: 'fault', start: 0.75, share: 0.25 }]);
    expect(sharesOf({ ok: 0, error: 0, throttle: 0, fault: 0 })).toEqual([]);
  });
});

describe('statuses', () => {
  test('the worst is shown; a throttle is no plain error', () => {
    expect(statusOf({ fault: true, error: true })).toBe('fault');
    expect(statusOf({ error: true, throttle: true })).toBe('throttle');
    expect(statusOf({ inProgress: true })).toBe('pending');
    expect(statusOf({})).toBe('ok');
  });

  test('counts of a service come apart without counting a throttle twice', () => {
    const statistics = {
      OkCount: 5, ErrorStatistics: { ThrottleCount: 2, OtherCount: 1, TotalCount: 3 }, FaultStatistics: { OtherCount: 2, TotalCount: 2 },
      TotalCount: 10, TotalResponseTime: 2.5,
    };
    expect(countsOf(statistics)).toEqual({ ok: 5, error: 1, throttle: 2, fault: 2, total: 10 });
    expect(averageMs(statistics)).toBe(250);
    expect(averageMs(undefined)).toBeUndefined();
  });
});
