import type { EntryRecording, TraceRecording } from './trace-recording';

/** What is worse, or no longer as it was. */
export interface Difference {
  /** What began the traces. */
  readonly entry: string;
  readonly kind: 'entry-lost' | 'entry-new' | 'call-lost' | 'call-new' | 'calls-more' | 'retries-more' | 'link-for-parent' | 'failure-new' | 'slower';
  /** One sentence. */
  readonly sentence: string;
}

export interface CompareOptions {
  /** How many times slower the median of the runs may become. @default 1.5 */
  readonly factor?: number;
}

const DEFAULT_FACTOR = 1.5;
/** With fewer runs of either side, times say nothing. */
const FEWEST_RUNS = 5;
/** A shorter difference is noise of clocks, whatever its factor. */
const LEAST_MS = 5;

/** What has changed from one recording to the other, in the order of entries; nothing when the code makes the same calls as before. */
export function compareRecordings(before: TraceRecording, after: TraceRecording, options: CompareOptions = {}): Difference[] {
  const { factor = DEFAULT_FACTOR } = options;
  if (!(factor > 1)) throw new TypeError(`the factor has to be more than 1, got ${factor}`);
  const linked = Object.values(after.entries).flatMap(({ links }) => Object.keys(links));
  const entries = [...new Set([...Object.keys(before.entries), ...Object.keys(after.entries)])].sort();
  return entries.flatMap((entry) => {
    const [old, now] = [before.entries[entry], after.entries[entry]];
    if (now === undefined) return [{ entry, kind: 'entry-lost', sentence: `Nothing begins with ${entry} any more, or it is not traced.` } as const];
    if (old === undefined) return [{ entry, kind: 'entry-new', sentence: `${entry} is new, and nothing to compare it with is recorded.` } as const];
    return compareEntry(old, now, linked, factor).map((difference) => ({ entry, ...difference }));
  });
}

function compareEntry(old: EntryRecording, now: EntryRecording, linked: readonly string[], factor: number): Omit<Difference, 'entry'>[] {
  const found: Omit<Difference, 'entry'>[] = [];
  for (const key of keysOf(old.calls, now.calls)) {
    const [was, is] = [old.calls[key] ?? [], now.calls[key] ?? []];
    const [caller, callee] = sides(key);
    if (is.every((count) => count === 0) && was.length > 0 && was.every((count) => count > 0)) {
      const linkedTo = linked.find((link) => sides(link)[1] === callee);
      found.push(linkedTo === undefined ? { kind: 'call-lost', sentence: `${caller} no longer calls ${callee}, or not in its trace.` } : {
        kind: 'link-for-parent', sentence: `${callee} is no longer part of the trace of ${sides(linkedTo)[0]}, but only linked to it: the trace header is lost on the way.`,
      });
    } else if (was.every((count) => count === 0) && is.some((count) => count > 0)) {
      found.push({ kind: 'call-new', sentence: `${caller} now calls ${callee}, ${times(Math.max(...is))} a request.` });
    } else if (isMore(was, is)) {
      found.push({ kind: 'calls-more', sentence: `${caller} calls ${callee} ${range(is)} a request, before ${range(was)}.` });
    }
  }
  for (const key of keysOf(now.retries)) {
    if (isMore(old.retries[key], now.retries[key])) {
      const [caller, callee] = sides(key);
      found.push({ kind: 'retries-more', sentence: `${caller} tries ${callee} again ${range(now.retries[key])} a request, before ${range(old.retries[key] ?? [0])}.` });
    }
  }
  for (const key of keysOf(now.failures)) {
    if ((old.failures[key] ?? []).every((count) => count === 0) && now.failures[key].some((count) => count > 0)) {
      const [outcome, what] = key.split(/ of (.*)/s);
      const failed = now.failures[key].filter((count) => count > 0).length;
      found.push({ kind: 'failure-new', sentence: `${what.replace(' -> ', ' calling ')} ends with ${outcome === 'error' ? 'an' : 'a'} ${outcome} in ${failed} of ${now.runs} requests, before in none.` });
    }
  }
  for (const key of keysOf(old.times)) {
    const [was, is] = [old.times[key], now.times[key] ?? []];
    if (is.length < FEWEST_RUNS || was.length < FEWEST_RUNS || median(was) === 0) continue;
    const slower = median(is) / median(was);
    // Not where the runs of one side reach into those of the other.
    if (slower >= factor && median(is) - median(was) >= LEAST_MS && quantile(is, 0.25) > quantile(was, 0.75)) {
      found.push({ kind: 'slower', sentence: `${key.replace(' -> ', ' calling ')} takes ${ms(median(is))}, before ${ms(median(was))}: ${slower.toFixed(1)} times as long, more than ${factor}.` });
    }
  }
  return found;
}

/** In every run more than in any before. */
function isMore(was: readonly number[] = [], is: readonly number[] = []): boolean {
  return is.length > 0 && Math.min(...is) > Math.max(0, ...was);
}

function keysOf(...rows: Readonly<Record<string, readonly number[]>>[]): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))].sort();
}

function sides(key: string): [string, string] {
  const at = key.indexOf(' -> ');
  return [key.slice(0, at), key.slice(at + 4)];
}

function range(counts: readonly number[]): string {
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  return least === most ? times(most) : `${least} to ${most} times`;
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}

function ms(value: number): string {
  return `${value >= 100 ? Math.round(value) : value.toFixed(1)} ms`;
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
