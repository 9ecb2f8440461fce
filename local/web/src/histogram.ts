import { scaleLog } from 'd3-scale';
import { COUNTED, StatusCounts } from './status';

/** One response time in milliseconds with how often it was seen and what became of it. */
export interface Sample {
  readonly ms: number;
  readonly count: number;
  readonly status: keyof StatusCounts;
}

/** One bar: response times from `fromMs` on, and below `toMs`. */
export interface Bin extends StatusCounts {
  readonly fromMs: number;
  readonly toMs: number;
  readonly total: number;
}

/** Ends of the bins within each power of ten: even steps on a logarithmic axis, in numbers that can be read. */
const STEPS = [1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8];
const LEAST_BINS = 12;
/** Nothing below is told apart: clocks in traces are good to about that. */
const SMALLEST_MS = 0.1;

/**
 * Distribution of response times on a logarithmic axis, since one cold start would press all warm calls into a single linear bar.
 * The bins reach from the fastest to the slowest sample without a gap; empty without samples.
 */
export function histogramOf(samples: readonly Sample[]): Bin[] {
  const known = samples.filter(({ ms, count }) => Number.isFinite(ms) && ms >= 0 && count > 0);
  if (known.length === 0) return [];
  const slowest = Math.max(SMALLEST_MS, ...known.map(({ ms }) => ms));
  const fastest = Math.max(SMALLEST_MS, Math.min(...known.map(({ ms }) => ms)));
  const limits = limitsBetween(fastest, slowest);
  const bins = limits.slice(0, -1).map((fromMs, index) => ({ fromMs, toMs: limits[index + 1], ok: 0, error: 0, throttle: 0, fault: 0, total: 0 }));
  for (const { ms, count, status } of known) {
    const index = bins.findIndex(({ toMs }) => ms < toMs);
    const bin = bins[index < 0 ? bins.length - 1 : index];
    bin[status] += count;
    bin.total += count;
  }
  return bins;
}

function limitsBetween(fastest: number, slowest: number): number[] {
  const limits: number[] = [];
  for (let power = Math.floor(Math.log10(fastest)) - 1; limits.length === 0 || limits[limits.length - STEPS.length] <= slowest; power += 1) {
    for (const step of STEPS) limits.push(Number((step * 10 ** power).toPrecision(3)));
  }
  const first = limits.filter((limit) => limit <= fastest).length - 1;
  const last = limits.findIndex((limit) => limit > slowest);
  // A single bar says nothing about where it stands: some empty ones on each side.
  const missing = Math.max(0, LEAST_BINS - (last - first));
  return limits.slice(Math.max(0, first - Math.ceil(missing / 2)), last + 1 + Math.ceil(missing / 2));
}

export interface Axis {
  readonly ticks: readonly { readonly ms: number; readonly position: number }[];
  position(ms: number): number;
}

/** Places on the axis, 0 to 1, for the response times that are written under it. */
export function axisOf(bins: readonly Bin[]): Axis {
  if (bins.length === 0) return { position: () => 0, ticks: [] };
  const scale = scaleLog().domain([bins[0].fromMs, bins[bins.length - 1].toMs]).range([0, 1]);
  const powers = Math.log10(bins[bins.length - 1].toMs / bins[0].fromMs);
  const digits = powers < 1.2 ? [1, 2, 3, 5] : powers < 3 ? [1, 3] : [1];
  const ticks = bins.map(({ fromMs }) => ({ ms: fromMs, position: scale(fromMs) }))
    .filter(({ ms, position }) => digits.includes(leadingDigits(ms)) && position > 0.02 && position < 0.96);
  return { position: (ms) => Math.min(1, Math.max(0, scale(Math.max(ms, bins[0].fromMs)))), ticks };
}

/** 300 and 0.3 are 3, 15 is 1.5. */
function leadingDigits(value: number): number {
  return Number((value / 10 ** Math.floor(Math.log10(value) + 1e-9)).toPrecision(3));
}

/** The response time that a share of the samples, 0 to 1, does not exceed; undefined without samples. */
export function percentileOf(samples: readonly Pick<Sample, 'ms' | 'count'>[], share: number): number | undefined {
  const sorted = [...samples].filter(({ count }) => count > 0).sort((a, b) => a.ms - b.ms);
  const total = sorted.reduce((sum, { count }) => sum + count, 0);
  let seen = 0;
  for (const { ms, count } of sorted) {
    seen += count;
    if (seen >= share * total) return ms;
  }
  return undefined;
}

/** The parts of a bar or ring, the best first, as shares of `total` with where each begins. */
export function sharesOf(counts: StatusCounts): { status: typeof COUNTED[number]; start: number; share: number }[] {
  const total = COUNTED.reduce((sum, status) => sum + counts[status], 0);
  let start = 0;
  return COUNTED.flatMap((status) => {
    if (counts[status] === 0) return [];
    const part = { status, start, share: counts[status] / total };
    start += part.share;
    return [part];
  });
}
