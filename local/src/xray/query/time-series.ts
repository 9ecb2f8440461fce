import type { ApiContext } from '../api/operation';
import { ApiError } from '../api-error';
import type { FilterExpression } from '../filter/filter-expression';
import { parseFilter } from '../filter/parse-filter';
import { selectorTest, visitFilter } from '../filter/trace-filter';
import { CallStatistics, HistogramEntry, SummaryStatistics } from '../model/call-statistics';
import { CALLER, EDGE_END, EDGE_FLAGS, EDGE_START, END, FLAGS, SERVICE, START, TraceFacts, VISIT_SIZE } from '../model/trace-facts';

export interface TimeSeriesQuery {
  /** Milliseconds since the epoch. */
  readonly startMs: number;
  readonly endMs: number;
  readonly GroupName?: string;
  readonly GroupARN?: string;
  /** `service(...)`, `edge(...)` or `id(...)`; without it, all edges. */
  readonly entitySelector?: string;
  /** Length of an interval in seconds, 60 or 300. */
  readonly period?: number;
}

/** One interval; `Timestamp` in seconds since the epoch. */
export interface TimeSeriesPoint {
  Timestamp: number;
  EdgeSummaryStatistics?: SummaryStatistics;
  ServiceSummaryStatistics?: SummaryStatistics;
  ResponseTimeHistogram: HistogramEntry[];
}

const DEFAULT_PERIOD = 60;
const MAX_POINTS = 1440;

type Selector = { of: 'service' | 'edge'; matches: (facts: TraceFacts, visit: number) => boolean };

/** As `GetTimeSeriesServiceStatistics` answers: one point for each interval, also for those in which nothing happened. */
export async function timeSeries(
  context: ApiContext, query: TimeSeriesQuery,
): Promise<{ TimeSeriesServiceStatistics: TimeSeriesPoint[]; ContainsOldGroupVersions: boolean }> {
  const periodMs = (query.period ?? DEFAULT_PERIOD) * 1000;
  if (periodMs !== 60_000 && periodMs !== 300_000) throw new ApiError(`Period must be 60 or 300 seconds, got ${query.period}`);
  const first = Math.floor(query.startMs / periodMs) * periodMs;
  const count = Math.ceil((query.endMs - first) / periodMs);
  if (query.endMs < query.startMs) throw new ApiError('StartTime must not lie after EndTime');
  if (count > MAX_POINTS) throw new ApiError(`the time range has ${count} intervals of ${periodMs / 1000} seconds; at most ${MAX_POINTS} are given`);
  const selector = selectorOf(context, query.entitySelector);
  const isInGroup = context.filters.ofGroup(query);
  const points = Array.from({ length: count }, () => new CallStatistics());
  const [startAt, endAt, flagsAt] = selector.of === 'service' ? [START, END, FLAGS] : [EDGE_START, EDGE_END, EDGE_FLAGS];
  await context.store.eachFacts((facts) => {
    if (facts.startMs >= query.endMs || facts.endMs < query.startMs || !isInGroup(facts)) return;
    for (let base = 0, visit = 0; base < facts.visits.length; base += VISIT_SIZE, visit += 1) {
      const start = facts.visits[base + startAt];
      if (start < query.startMs || start >= query.endMs || !selector.matches(facts, visit)) continue;
      points[Math.floor((start - first) / periodMs)].add(facts.visits[base + flagsAt], facts.visits[base + endAt] - start);
    }
  });
  return {
    TimeSeriesServiceStatistics: points.map((statistics, index) => ({
      Timestamp: (first + index * periodMs) / 1000,
      [selector.of === 'service' ? 'ServiceSummaryStatistics' : 'EdgeSummaryStatistics']: statistics.summary(),
      ResponseTimeHistogram: statistics.histogram(),
    })),
    ContainsOldGroupVersions: false,
  };
}

function selectorOf({ filters }: ApiContext, text: string | undefined): Selector {
  if (text === undefined || text.trim() === '') return { of: 'edge', matches: () => true };
  const filterContext = filters.context();
  const expression = parseSelector(text);
  const block = expression.filter === undefined ? () => true : visitFilter(expression.filter, expression.kind, filterContext);
  if (expression.kind === 'service') {
    const matches = selectorTest(expression.id, filterContext);
    return { of: 'service', matches: (facts, visit) => matches(facts.visits[visit * VISIT_SIZE + SERVICE]) && block(facts, visit) };
  }
  const from = selectorTest(expression.source, filterContext);
  const to = selectorTest(expression.destination, filterContext);
  return {
    of: 'edge',
    matches: (facts, visit) => {
      const caller = facts.visits[visit * VISIT_SIZE + CALLER];
      return caller >= 0 && to(facts.visits[visit * VISIT_SIZE + SERVICE]) && from(facts.visits[caller * VISIT_SIZE + SERVICE])
        && block(facts, visit);
    },
  };
}

function parseSelector(text: string): Extract<FilterExpression, { kind: 'service' | 'edge' }> {
  // `id(...)` by itself is a service named by it.
  const expression = parseFilter(/^\s*id\s*\(/i.test(text) ? `service(${text})` : text);
  if (expression.kind === 'service' || expression.kind === 'edge') return expression;
  throw new ApiError('EntitySelectorExpression must be one service(...), edge(...) or id(...)');
}
