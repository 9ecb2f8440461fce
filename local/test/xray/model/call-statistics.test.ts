import { Histogram } from '../../../src/xray/model/call-statistics';

function histogramOf(durations: readonly number[]): Histogram {
  const histogram = new Histogram();
  durations.forEach((duration) => histogram.add(duration));
  return histogram;
}

test('counts by milliseconds below a second and by three digits above, in order', () => {
  expect(histogramOf([1234, 5, 5.4, 1000, 0, 1231, 90_000, -1]).entries()).toEqual([
    { Value: 0, Count: 2 }, { Value: 0.005, Count: 2 }, { Value: 1, Count: 1 }, { Value: 1.23, Count: 2 }, { Value: 90, Count: 1 },
  ]);
});

test('counts the same however many durations there are', () => {
  const durations = Array.from({ length: 5000 }, (_, index) => (index * 7919) % 2500);
  const expected = new Map<number, number>();
  for (const duration of durations) {
    const ms = duration > 1000 ? Math.round(duration / 10) * 10 : duration;
    expected.set(ms, (expected.get(ms) ?? 0) + 1);
  }
  const sorted = [...expected].sort(([a], [b]) => a - b);
  expect(histogramOf(durations).entries()).toEqual(sorted.map(([ms, count]) => ({ Value: ms / 1000, Count: count })));
});

test('takes little memory while it has counted little', () => {
  const before = process.memoryUsage().arrayBuffers;
  const histograms = Array.from({ length: 10_000 }, () => histogramOf([1, 50, 900]));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000); // a list for each would be 80 MB
  expect(histograms[9999].entries()).toHaveLength(3);
});
