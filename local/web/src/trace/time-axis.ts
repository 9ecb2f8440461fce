import { scaleLinear } from 'd3-scale';

/** The part of a trace that the timeline shows, in milliseconds from its start. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Marks of the time axis with their places from 0 to 1; about `count` of them, at numbers that can be read. */
export function timeTicks({ fromMs, toMs }: TimeWindow, count: number): { ms: number; position: number; label: string }[] {
  if (!(toMs > fromMs)) return [{ ms: fromMs, position: 0, label: `${rounded(fromMs)} ms` }];
  const ticks = scaleLinear().domain([fromMs, toMs]).ticks(count);
  // One unit along the whole axis.
  const inSeconds = toMs >= 2000 && toMs - fromMs >= 200;
  return ticks.map((ms) => ({ ms, position: (ms - fromMs) / (toMs - fromMs), label: inSeconds ? `${rounded(ms / 1000)} s` : `${rounded(ms)} ms` }));
}

/** A window around a part of the trace with a little air on both sides; a part of no length gets a millisecond. */
export function windowAround(startMs: number, durationMs: number | undefined, totalMs: number): TimeWindow {
  const length = Math.max(durationMs ?? totalMs - startMs, 1);
  const air = length * 0.04;
  return { fromMs: Math.max(0, startMs - air), toMs: Math.min(Math.max(totalMs, startMs + 1), startMs + length + air) };
}

/** 0.30000000000000004 is 0.3. */
function rounded(value: number): string {
  return String(Number(value.toPrecision(6)));
}
