import { createHash } from 'node:crypto';
import type { ApiContext } from '../api/operation';
import { ApiError } from '../api-error';
import { RootCauses, rootCausesOf } from '../model/root-causes';
import { START, TraceFacts, VISIT_SIZE } from '../model/trace-facts';
import { summaryOf, traceTimeMs, TraceSummary } from '../model/trace-summary';

export interface TraceSummaryQuery {
  /** Milliseconds since the epoch, start included, end not. */
  readonly startMs: number;
  readonly endMs: number;
  /**
   * What must lie in the range: `TraceId` the time in the trace's id, `Event` anything of the trace, `Service` the start of a segment.
   */
  readonly timeRangeType: 'TraceId' | 'Event' | 'Service';
  readonly filterExpression?: string;
  /** Share of the traces to return, 0 to 1. */
  readonly samplingRate?: number;
  readonly nextToken?: string;
}

const PAGE_SIZE = 100;

/** As `GetTraceSummaries` answers: the newest traces first, a page at a time. */
export async function traceSummaries({ store, filters }: ApiContext, query: TraceSummaryQuery): Promise<{
  TraceSummaries: (TraceSummary & RootCauses)[]; ApproximateTime: number; TracesProcessedCount: number; NextToken?: string;
}> {
  if (query.endMs < query.startMs) throw new ApiError('StartTime must not lie after EndTime');
  const filter = filters.of(query.filterExpression);
  const after = query.nextToken === undefined ? undefined : readToken(query);
  let processed = 0;
  const found = new Newest(PAGE_SIZE + 1);
  await store.eachFacts((facts) => {
    if (matchedTimeMs(facts, query) === undefined) return;
    processed += 1;
    if (after !== undefined && byNewest(facts, after) <= 0) return;
    if (query.samplingRate !== undefined && shareOf(facts.id) >= query.samplingRate) return;
    if (found.takes(facts) && filter(facts)) found.add(facts);
  });
  const sorted = found.sorted();
  const page = sorted.slice(0, PAGE_SIZE);
  return {
    // One may have gone for newer ones meanwhile.
    TraceSummaries: page.filter(({ id }) => store.has(id)).map((facts) => ({
      ...summaryOf(facts, store.catalog, store.revision(facts.id)),
      ...rootCausesOf(store.compiled(facts.id)!, store.catalog),
      ...(query.timeRangeType === 'TraceId' ? {} : { MatchedEventTime: Math.round(matchedTimeMs(facts, query)! * 1000) / 1e6 }),
    })),
    ApproximateTime: Math.floor(query.startMs / 1000),
    TracesProcessedCount: processed,
    ...(sorted.length > PAGE_SIZE ? { NextToken: tokenOf(page[PAGE_SIZE - 1], query) } : {}),
  };
}

/** The newest so many of any number of traces: a page is a few of them, and to sort all of them for each page takes long. */
class Newest {
  private kept: TraceFacts[] = [];
  private isCut = false;

  constructor(private readonly count: number) {}

  /** Whether a trace can be among them, as far as is known. */
  takes(facts: TraceFacts): boolean {
    return !this.isCut || byNewest(facts, this.kept[this.count - 1]) < 0;
  }

  add(facts: TraceFacts): void {
    this.kept.push(facts);
    if (this.kept.length < this.count * 2) return;
    this.kept = this.sorted();
    this.isCut = true;
  }

  sorted(): TraceFacts[] {
    return this.kept.sort(byNewest).slice(0, this.count);
  }
}

/** The time by which a trace lies in the range, in milliseconds; undefined when it does not. */
export function matchedTimeMs(facts: TraceFacts, { startMs, endMs, timeRangeType }: TraceSummaryQuery): number | undefined {
  if (timeRangeType === 'TraceId') {
    const time = traceTimeMs(facts);
    return time >= Math.floor(startMs / 1000) * 1000 && time < endMs ? time : undefined;
  }
  if (timeRangeType === 'Event') return facts.startMs < endMs && facts.endMs >= startMs ? Math.max(facts.startMs, startMs) : undefined;
  for (let base = 0; base < facts.visits.length; base += VISIT_SIZE) {
    const time = facts.visits[base + START];
    if (time >= startMs && time < endMs) return time;
  }
  return undefined;
}

function byNewest(a: { startMs: number; id: string }, b: { startMs: number; id: string }): number {
  return b.startMs - a.startMs || (a.id < b.id ? -1 : Number(a.id > b.id));
}

/** A page ends at a trace, not at a number: traces that come meanwhile shift nothing. */
function tokenOf({ startMs, id }: TraceFacts, query: TraceSummaryQuery): string {
  return Buffer.from(JSON.stringify({ startMs, id, query: digest(query) })).toString('base64url');
}

function readToken(query: TraceSummaryQuery): { startMs: number; id: string } {
  try {
    const token = JSON.parse(Buffer.from(query.nextToken!, 'base64url').toString()) as { startMs: number; id: string; query: string };
    if (typeof token.startMs === 'number' && typeof token.id === 'string' && token.query === digest(query)) return token;
  } catch {
    // not a token of ours: told below
  }
  throw new ApiError('NextToken is not one that this request was given before');
}

function digest({ nextToken: _, ...query }: TraceSummaryQuery): string {
  return createHash('sha256').update(JSON.stringify(query)).digest('base64url').slice(0, 12);
}

/** A number from 0 to 1 that is always the same for a trace, from the random part of its id. */
function shareOf(id: string): number {
  return parseInt(id.slice(-8), 16) / 2 ** 32;
}
