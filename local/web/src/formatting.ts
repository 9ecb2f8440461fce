/** Numbers and times as the page writes them. Durations come in milliseconds. */

/** `0.42 ms`, `12.3 ms`, `123 ms`, `1.23 s`, `2 min 5 s`; a dash for what is not known. */
export function formatDuration(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return '–';
  const size = Math.abs(ms);
  if (size === 0) return '0 ms';
  if (size < 0.995) return `${ms.toFixed(2)} ms`;
  if (size < 99.95) return `${ms.toFixed(1)} ms`;
  if (size < 999.5) return `${Math.round(ms)} ms`;
  if (size < 59_995) return `${(ms / 1000).toFixed(size < 9_995 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.trunc(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.trunc(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

/** `7`, `1,234`, `12.3k`, `4.5M`. */
export function formatCount(count: number): string {
  if (count < 10_000) return count.toLocaleString('en-US');
  if (count < 999_950) return `${trimmed(count / 1000, 1)}k`;
  return `${trimmed(count / 1e6, 1)}M`;
}

/** `512 B`, `1.5 KiB`, `20 MiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${trimmed(value, unit === 0 ? 0 : 1)} ${units[unit]}`;
}

/** A share from 0 to 1: `0 %`, `< 1 %`, `12 %`. Never 0 or 100 for what is not exactly that. */
export function formatShare(share: number): string {
  if (share > 0 && share < 0.01) return '< 1 %';
  if (share < 1 && share > 0.99) return '> 99 %';
  return `${Math.round(share * 100)} %`;
}

/** Local time of day with milliseconds: `14:03:07.215`. */
export function formatTimeOfDay(epochMs: number): string {
  const date = new Date(epochMs);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
}

/** Local date and time: `2026-03-09 14:03:07.215`. */
export function formatDateTime(epochMs: number): string {
  const date = new Date(epochMs);
  if (Number.isNaN(date.getTime())) return '–';
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${formatTimeOfDay(epochMs)}`;
}

/** How long ago: `just now`, `42 s ago`, `5 min ago`, `3 h ago`, `2 d ago`. */
export function formatAge(epochMs: number, nowMs: number): string {
  const seconds = Math.round((nowMs - epochMs) / 1000);
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** Keeps both ends of a long name, since names of one app often share their beginning: `xraystarter-inc…1hx8j3qf51d0x`. */
export function shorten(text: string, length: number): string {
  if (text.length <= length) return text;
  const tail = Math.floor((length - 1) / 2);
  return `${text.slice(0, length - 1 - tail)}…${tail > 0 ? text.slice(-tail) : ''}`;
}

/** The hash of CDK's logical id and the tail of CloudFormation's physical id, in a name that nobody chose. */
const GENERATED_TAIL = /(?:[0-9A-F]{8})?-(?=[0-9A-Za-z]*\d)[0-9A-Za-z]{12,13}$/;

/** A service's name: what was generated goes first, since it tells people least: `xraystarter-Uploads…`. */
export function shortenName(name: string, length: number): string {
  if (name.length <= length) return name;
  const chosen = name.replace(GENERATED_TAIL, '');
  return chosen.length < name.length && chosen !== '' ? `${shorten(chosen, length - 1)}…` : shorten(name, length);
}

/** `1 trace`, `2 traces`. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : nouns}`;
}

function trimmed(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.0+$/, '');
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
