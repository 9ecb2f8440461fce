import { ERROR, FAULT, THROTTLE } from './failure';
import { IN_PROGRESS } from './trace-facts';

/** As the API gives them. `Value` in seconds. */
export interface HistogramEntry {
  Value: number;
  Count: number;
}

export interface SummaryStatistics {
  OkCount: number;
  ErrorStatistics: { ThrottleCount: number; OtherCount: number; TotalCount: number };
  FaultStatistics: { OtherCount: number; TotalCount: number };
  TotalCount: number;
  /** Seconds. */
  TotalResponseTime: number;
}

/** Counts of calls with their response times. A call counts once: as fault, else throttle, else error, else ok. */
export class CallStatistics {
  private ok = 0;
  private faults = 0;
  private throttles = 0;
  private errors = 0;
  private totalMs = 0;
  private readonly responseTimes = new Histogram();

  get count(): number {
    return this.ok + this.faults + this.throttles + this.errors;
  }

  /** A call that is still in progress has no result and no time yet, so it does not count. */
  add(flags: number, durationMs: number): void {
    if ((flags & IN_PROGRESS) !== 0) return;
    if ((flags & FAULT) !== 0) this.faults += 1;
    else if ((flags & THROTTLE) !== 0) this.throttles += 1;
    else if ((flags & ERROR) !== 0) this.errors += 1;
    else this.ok += 1;
    this.totalMs += durationMs;
    this.responseTimes.add(durationMs);
  }

  summary(): SummaryStatistics {
    return {
      OkCount: this.ok,
      ErrorStatistics: { ThrottleCount: this.throttles, OtherCount: this.errors, TotalCount: this.throttles + this.errors },
      FaultStatistics: { OtherCount: this.faults, TotalCount: this.faults },
      TotalCount: this.count,
      TotalResponseTime: Math.round(this.totalMs * 1000) / 1e6,
    };
  }

  histogram(): HistogramEntry[] {
    return this.responseTimes.entries();
  }
}

const SHORT_MS = 1000;
/** From so many different durations below a second on, a list with a place for each is quicker, and not much larger. */
const MANY = 64;

/** Counts by duration. A step is a millisecond below a second, and three digits above, so that years of traffic stay a short list. */
export class Histogram {
  /** By milliseconds. A map can have thousands of services, most of them called a few times, and each has histograms. */
  private readonly counts = new Map<number, number>();
  private short: Float64Array | undefined;

  add(durationMs: number): void {
    const ms = durationMs > SHORT_MS ? roundTo3Digits(durationMs) : Math.max(0, Math.round(durationMs));
    if (this.short !== undefined && ms <= SHORT_MS) {
      this.short[ms] += 1;
      return;
    }
    this.counts.set(ms, (this.counts.get(ms) ?? 0) + 1);
    if (this.short === undefined && this.counts.size > MANY) this.spread();
  }

  entries(): HistogramEntry[] {
    const entries: HistogramEntry[] = [];
    this.short?.forEach((count, ms) => {
      if (count > 0) entries.push({ Value: ms / 1000, Count: count });
    });
    for (const [ms, count] of [...this.counts].sort(([a], [b]) => a - b)) entries.push({ Value: ms / 1000, Count: count });
    return entries;
  }

  /** Moves the counts below a second into a list. */
  private spread(): void {
    const short = new Float64Array(SHORT_MS + 1);
    for (const [ms, count] of this.counts) {
      if (ms > SHORT_MS) continue;
      short[ms] = count;
      this.counts.delete(ms);
    }
    this.short = short;
  }
}

function roundTo3Digits(ms: number): number {
  const step = 10 ** (Math.floor(Math.log10(ms)) - 2);
  return Math.round(ms / step) * step;
}
