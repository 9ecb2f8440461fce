import { formatTraceTree } from '../xray/model/format-trace-tree';
import type { Trace } from '../xray/model/trace';
import { traceOfReport, type TraceReport } from '../xray/model/trace-of-documents';

/** Which traces: all conditions that are given must hold. */
export interface TraceQuery {
  readonly id?: string;
  /** Annotations that the trace must have, on any segment or subsegment. */
  readonly annotations?: Readonly<Record<string, string | number | boolean>>;
  /** A filter expression of X-Ray, such as `service("shop") { fault }`. */
  readonly filter?: string;
  /** Traces that began at this time or later. @default - when the reader was made: the traces of this run */
  readonly since?: Date;
}

export interface WaitOptions {
  /** Longest wait in milliseconds, 0 or more. @default 30,000 */
  readonly timeoutMs?: number;
  /**
   * Whether the trace has all that the test needs: segments of one trace come one after the other.
   * @default - nothing in it is in progress and every parent has come
   */
  readonly until?: (trace: Trace) => boolean;
  /** What `until` waits for, in words, for the message when it does not come: 'reach all three functions'. @default 'be complete' */
  readonly what?: string;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const INTERVAL_MS = 100;
/** The last look is given so long, also when the wait is over meanwhile. */
const LEAST_READ_MS = 1000;
const SHOWN_TRACES = 3;
/** X-Ray takes so many ids at once. */
const BATCH = 5;
/** Clocks of the parts of a local cloud are one clock, but a trace id carries whole seconds. */
const CLOCK_SLACK_MS = 2000;

/** Reads traces over the X-Ray API, by default those that began after the reader was made: the traces of a test run. */
export class TraceReader {
  /**
   * @param endpoint address of an X-Ray API that asks for no signature, such as the local one's `http://127.0.0.1:2080`
   */
  constructor(private readonly endpoint: string, private readonly madeAt: Date = new Date()) {}

  /** The traces that fit, oldest first. */
  async traces(query: TraceQuery = {}): Promise<Trace[]> {
    return this.read(query, DEFAULT_TIMEOUT_MS);
  }

  private async read(query: TraceQuery, timeoutMs: number): Promise<Trace[]> {
    const end = Date.now() + timeoutMs;
    const ids = query.id !== undefined && query.filter === undefined && query.annotations === undefined ? [query.id] : await this.ids(query, end);
    const reports: TraceReport[] = [];
    for (let start = 0; start < ids.length; start += BATCH) {
      const { Traces: batch } = await this.call<{ Traces: TraceReport[] }>('Traces', { TraceIds: ids.slice(start, start + BATCH) }, end);
      reports.push(...batch);
    }
    return reports.map(traceOfReport).sort((a, b) => a.startMs - b.startMs);
  }

  /** The first trace that fits, as soon as `until` holds for it; fails after the timeout with the traces that there are. */
  async waitForTrace(query: TraceQuery, options: WaitOptions = {}): Promise<Trace> {
    const [trace] = await this.waitForTraces(1, query, options);
    return trace;
  }

  /** As many traces as wanted, oldest first, as soon as `until` holds for each. */
  async waitForTraces(count: number, query: TraceQuery, options: WaitOptions = {}): Promise<Trace[]> {
    const until = options.until ?? ((trace: Trace) => !trace.isPartial);
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    if (!Number.isFinite(timeoutMs) || timeoutMs < 0) throw new TypeError(`timeoutMs must be a number of milliseconds, got ${String(timeoutMs)}`);
    if (!Number.isInteger(count) || count < 1) throw new TypeError(`expected how many traces to wait for, 1 or more; got ${String(count)}`);
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const traces = await this.read(query, Math.max(LEAST_READ_MS, deadline - Date.now()));
      const ready = traces.filter(until);
      if (ready.length >= count) return ready.slice(0, count);
      if (Date.now() > deadline) throw new Error(await this.timeoutMessage(count, query, options, traces, ready.length));
      await new Promise((resolve) => { setTimeout(resolve, INTERVAL_MS); });
    }
  }

  private async ids(query: TraceQuery, end: number): Promise<string[]> {
    const since = query.since ?? this.madeAt;
    if (Number.isNaN(since.getTime())) throw new TypeError('since is not a valid date');
    const body: Record<string, unknown> = {
      StartTime: Math.floor((since.getTime() - CLOCK_SLACK_MS) / 1000),
      EndTime: Math.ceil(Date.now() / 1000) + 3600,
      TimeRangeType: 'Event',
      FilterExpression: filterOf(query),
    };
    const ids: string[] = [];
    do {
      const page = await this.call<{ TraceSummaries: { Id: string; StartTime: number }[]; NextToken?: string }>('TraceSummaries', body, end);
      ids.push(...page.TraceSummaries.filter(({ Id: id, StartTime: start }) => (
        start * 1000 >= since.getTime() - CLOCK_SLACK_MS && (query.id === undefined || id === query.id)
      )).map(({ Id: id }) => id));
      body.NextToken = page.NextToken;
    } while (body.NextToken !== undefined);
    return ids;
  }

  /** Fails when there is no answer at `end`, in milliseconds since 1970. */
  private async call<Output>(path: string, body: object, end: number): Promise<Output> {
    const url = `${this.endpoint.replace(/\/$/, '')}/${path}`;
    let response: Response;
    let text: string;
    try {
      const signal = AbortSignal.timeout(Math.max(1, end - Date.now()));
      response = await fetch(url, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' }, signal });
      text = await response.text();
    } catch (error) {
      if ((error as Error).name === 'TimeoutError') throw new Error(`the X-Ray API at ${this.endpoint} did not answer ${path} in time`, { cause: error });
      throw new Error(`there is no X-Ray API at ${this.endpoint}; start it with 'npm start', or give its address`, { cause: error });
    }
    const answer = parsed(text);
    if (!response.ok || answer === undefined) {
      const { message, Message = message } = (answer ?? {}) as { message?: string; Message?: string };
      throw new Error(Message ?? `${url} is no X-Ray API: it answered with status ${response.status}: ${text.slice(0, 100)}`);
    }
    return answer as Output;
  }

  private async timeoutMessage(count: number, query: TraceQuery, options: WaitOptions, fitting: Trace[], ready: number): Promise<string> {
    const seconds = (options.timeoutMs ?? DEFAULT_TIMEOUT_MS) / 1000;
    const wanted = `${count === 1 ? 'a trace' : `${count} traces`}${describe(query)}`;
    const shown = fitting.length > 0 ? fitting : await this.traces({ since: query.since });
    const what = options.what ?? (options.until === undefined ? 'be complete' : 'fulfil the condition');
    const others = `${shown.length} other ${shown.length === 1 ? 'trace' : 'traces'}`;
    const state = fitting.length > 0 ? `${fitting.length} came, of which ${ready} did:` : `none came; there ${shown.length === 1 ? 'is' : 'are'} ${others}:`;
    return [
      `waited ${seconds} seconds for ${wanted} to ${what}; ${state}`,
      ...shown.slice(-SHOWN_TRACES).map(formatTraceTree),
      `To look by hand: aws xray get-trace-summaries --endpoint-url ${this.endpoint} --start-time ${Math.floor((query.since ?? this.madeAt).getTime() / 1000)}`
      + ` --end-time ${Math.ceil(Date.now() / 1000)}${filterOf(query) === undefined ? '' : ` --filter-expression '${filterOf(query)}'`}`,
    ].join('\n\n');
  }
}

/** An object, or undefined for anything else. */
function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The query as a filter expression; annotations in the form that takes any key. */
function filterOf({ filter, annotations }: TraceQuery): string | undefined {
  const terms = Object.entries(annotations ?? {}).map(([key, value]) => `annotation[${/^[\w.:-]+$/.test(key) ? key : JSON.stringify(key)}] = ${JSON.stringify(value)}`);
  if (filter !== undefined) terms.unshift(terms.length === 0 ? filter : `(${filter})`);
  return terms.length === 0 ? undefined : terms.join(' AND ');
}

function describe(query: TraceQuery): string {
  const filter = filterOf(query);
  return `${query.id === undefined ? '' : ` ${query.id}`}${filter === undefined ? '' : ` with ${filter}`}`;
}
