import { formatDateTime } from './formatting';

/** A span of time: up to now and going along with it (`length` in seconds), everything, or fixed (milliseconds since 1970). */
export type TimeRange =
  | { readonly kind: 'last'; readonly seconds: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'fixed'; readonly fromMs: number; readonly toMs: number };

/** The ranges that are offered, by the name they have in an address. */
export const RANGES = [
  { key: '5m', seconds: 300, label: 'Last 5 minutes' },
  { key: '15m', seconds: 900, label: 'Last 15 minutes' },
  { key: '1h', seconds: 3600, label: 'Last hour' },
  { key: '6h', seconds: 6 * 3600, label: 'Last 6 hours' },
  { key: '24h', seconds: 24 * 3600, label: 'Last 24 hours' },
] as const;

export const DEFAULT_RANGE: TimeRange = { kind: 'last', seconds: 3600 };

/** Clocks differ, and a trace's id may name a second that has only begun. */
const AHEAD_MS = 60_000;

/** The limits of a range at a moment, in milliseconds since 1970. */
export function limitsOf(range: TimeRange, nowMs: number): { fromMs: number; toMs: number } {
  switch (range.kind) {
    case 'last': return { fromMs: nowMs - range.seconds * 1000, toMs: nowMs + AHEAD_MS };
    case 'all': return { fromMs: 0, toMs: nowMs + 24 * 3600_000 };
    case 'fixed': return { fromMs: range.fromMs, toMs: range.toMs };
  }
}

/** As it stands in an address: `1h`, `all`, `1700000000000-1700003600000`. */
export function rangeToText(range: TimeRange): string {
  if (range.kind === 'all') return 'all';
  if (range.kind === 'fixed') return `${range.fromMs}-${range.toMs}`;
  return RANGES.find(({ seconds }) => seconds === range.seconds)?.key ?? `${range.seconds}s`;
}

/** The range of an address; undefined for anything that is none. */
export function rangeFromText(text: string): TimeRange | undefined {
  if (text === 'all') return { kind: 'all' };
  const offered = RANGES.find(({ key }) => key === text);
  if (offered !== undefined) return { kind: 'last', seconds: offered.seconds };
  const last = /^(\d{1,9})s$/.exec(text);
  if (last !== null && Number(last[1]) > 0) return { kind: 'last', seconds: Number(last[1]) };
  const fixed = /^(\d{1,15})-(\d{1,15})$/.exec(text);
  if (fixed !== null && Number(fixed[1]) < Number(fixed[2])) return { kind: 'fixed', fromMs: Number(fixed[1]), toMs: Number(fixed[2]) };
  return undefined;
}

/** `Last hour`, `All time`, `2026-03-09 09:15:00 – 09:20:00`. */
export function describeRange(range: TimeRange): string {
  if (range.kind === 'all') return 'All time';
  if (range.kind === 'last') return RANGES.find(({ seconds }) => seconds === range.seconds)?.label ?? `Last ${range.seconds} s`;
  const [from, to] = [range.fromMs, range.toMs].map((ms) => formatDateTime(ms).replace(/\.\d+$/, ''));
  const day = from.slice(0, from.indexOf(' ') + 1);
  return `${from} – ${to.startsWith(day) ? to.slice(day.length) : to}`;
}
