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

/** Counts by duration. A step is a millisecond below a second, and three digits above, so that years of traffic stay a short list. */
export class Histogram {
  private readonly short = new Float64Array(SHORT_MS + 1);
  private readonly long = new Map<number, number>();

  add(durationMs: number): void {
    if (durationMs <= SHORT_MS) {
      this.short[Math.max(0, Math.round(durationMs))] += 1;
    } else {
      const ms = roundTo3Digits(durationMs);
      this.long.set(ms, (this.long.get(ms) ?? 0) + 1);
    }
  }

  entries(): HistogramEntry[] {
    const entries: HistogramEntry[] = [];
    this.short.forEach((count, ms) => {
      if (count > 0) entries.push({ Value: ms / 1000, Count: count });
    });
    for (const [ms, count] of [...this.long].sort(([a], [b]) => a - b)) entries.push({ Value: ms / 1000, Count: count });
    return entries;
  }
}

function roundTo3Digits(ms: number): number {
  const step = 10 ** (Math.floor(Math.log10(ms)) - 2);
  return Math.round(ms / step) * step;
}
