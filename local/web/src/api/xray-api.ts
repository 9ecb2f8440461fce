import type { TraceReport } from '../../../src/xray/model/trace-of-documents';
import type { TimeRange } from '../time-range';
import { limitsOf } from '../time-range';
import type { GraphService, Group, Health, ServiceGraphPage, TraceSummariesPage, TraceSummary, WireTrace } from './wire-types';
import type { TraceLogs } from '../../../src/function-logs/trace-logs';

/** A request that the API refused, or that did not reach it; the message is for people. */
export class ApiError extends Error {
  constructor(message: string, readonly type: string, readonly status: number) {
    super(message);
  }
}

/** Summaries of one page of the API. */
export const PAGE_SIZE = 100;

export interface FoundTraces {
  readonly summaries: readonly TraceSummary[];
  /** False when there are more. */
  readonly isComplete: boolean;
  /** All traces in the range, whatever the filter. */
  readonly scanned: number;
}

/** The newest traces in a range that fit a filter expression, at most `limit`; `show` gets them as they come. */
export async function traceSummaries(
  range: TimeRange, filter: string | undefined, limit: number, signal: AbortSignal, show: (part: FoundTraces) => void = () => undefined,
): Promise<FoundTraces> {
  const { fromMs, toMs } = limitsOf(range, Date.now());
  const summaries: TraceSummary[] = [];
  let scanned = 0;
  let nextToken: string | undefined;
  do {
    const page: TraceSummariesPage = await post('TraceSummaries', {
      StartTime: fromMs / 1000, EndTime: toMs / 1000, TimeRangeType: 'Event', ...(filter === undefined ? {} : { FilterExpression: filter }), NextToken: nextToken,
    }, signal);
    summaries.push(...page.TraceSummaries ?? []);
    scanned = Math.max(scanned, page.TracesProcessedCount ?? 0);
    nextToken = page.NextToken;
    show({ summaries: [...summaries], isComplete: nextToken === undefined, scanned });
  } while (nextToken !== undefined && summaries.length < limit);
  return { summaries, isComplete: nextToken === undefined, scanned };
}

/** A trace with all its documents; undefined when X-Ray does not have it. */
export async function traceById(id: string, signal: AbortSignal): Promise<TraceReport | undefined> {
  const answer = await post<{ Traces?: WireTrace[] }>('Traces', { TraceIds: [id] }, signal);
  const trace = answer.Traces?.find(({ Id }) => Id === id);
  return trace === undefined ? undefined : { ...trace, Segments: trace.Segments ?? [] };
}

export async function serviceGraph(range: TimeRange, group: string | undefined, signal: AbortSignal): Promise<GraphService[]> {
  const { fromMs, toMs } = limitsOf(range, Date.now());
  return allServices('ServiceGraph', { StartTime: fromMs / 1000, EndTime: toMs / 1000, ...(group === undefined ? {} : { GroupName: group }) }, signal);
}

export async function traceGraph(id: string, signal: AbortSignal): Promise<GraphService[]> {
  return allServices('TraceGraph', { TraceIds: [id] }, signal);
}

export async function groups(signal: AbortSignal): Promise<Group[]> {
  return (await post<{ Groups?: Group[] }>('Groups', {}, signal)).Groups ?? [];
}

export async function health(signal: AbortSignal): Promise<Health> {
  return request<Health>('local/health', { signal });
}

/** Log lines of the functions of a trace. */
export async function traceLogs(id: string, signal: AbortSignal): Promise<TraceLogs> {
  return request<TraceLogs>(`local/logs?traceId=${encodeURIComponent(id)}`, { signal });
}

async function allServices(operation: string, input: object, signal: AbortSignal): Promise<GraphService[]> {
  const services: GraphService[] = [];
  let nextToken: string | undefined;
  do {
    const page: ServiceGraphPage = await post(operation, { ...input, NextToken: nextToken }, signal);
    services.push(...page.Services ?? []);
    nextToken = page.NextToken;
  } while (nextToken !== undefined);
  return services;
}

function post<Output>(operation: string, input: object, signal: AbortSignal): Promise<Output> {
  return request<Output>(operation, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(input), signal });
}

/** The service's errors are JSON with `message`, and the type in a header; addresses are relative, so that the page works below any path. */
async function request<Output>(path: string, init: RequestInit): Promise<Output> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    throw new ApiError(`The local X-Ray at ${location.host} does not answer; is it still running?`, 'Unreachable', 0);
  }
  const text = await response.text();
  const body = parsed(text);
  if (!response.ok || body === undefined) {
    const { message, Message } = (body ?? {}) as { message?: string; Message?: string };
    throw new ApiError(message ?? Message ?? `${path.split('?')[0]} was answered with status ${response.status}: ${text.slice(0, 200)}`,
      response.headers.get('x-amzn-errortype') ?? 'Unknown', response.status);
  }
  return body as Output;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
