import { Prices } from './prices';
import { PredictedMap } from '../map/predicted-map';
import { Stop } from '../map/stop';

export interface Traffic {
  /** Requests a month, of all places at which traces begin together. */
  readonly requests: number;
  /** By label or name of such a place; what is not named shares the rest evenly. */
  readonly byPlace?: Readonly<Record<string, number>>;
  /** Bytes of a span. */
  readonly spanBytes: number;
  /** Traces that are read or scanned in a month. */
  readonly reads: number;
  /** Percentage of spans that Transaction Search makes summaries of. */
  readonly indexingPercentage: number;
}

export interface PlaceCost {
  readonly place: string;
  readonly requests: number;
  /** Of these, by the first request of each second and 5 % of the others. */
  readonly traces: number;
  /** Spans of a request, from the predicted map. */
  readonly spans: number;
}

export interface CostEstimate {
  readonly places: readonly PlaceCost[];
  readonly traces: number;
  readonly spans: number;
  readonly gigabytes: number;
  /** USD a month. */
  readonly xray: number;
  /** USD a month, with every request as spans. */
  readonly transactionSearch: number;
  /** USD a month, with the sampled requests only. */
  readonly transactionSearchSampled: number;
  /** Traces a month from which on the same requests, sampled alike, cost less by Transaction Search; undefined when they never do. */
  readonly breakEvenTraces: number | undefined;
}

const SECONDS_A_MONTH = 30 * 24 * 3600;
const RESERVOIR = 1;
const RATE = 0.05;

/** What X-Ray and Transaction Search cost for a traffic that is spread evenly over the month. */
export function estimateCost(map: PredictedMap, traffic: Traffic, prices: Prices): CostEstimate {
  const places = beginnings(map);
  const given = (stop: Stop) => traffic.byPlace?.[stop.label] ?? traffic.byPlace?.[stop.name.text];
  const rest = places.filter(stop => given(stop) === undefined);
  const restRequests = Math.max(0, traffic.requests - places.reduce((sum, stop) => sum + (given(stop) ?? 0), 0));
  const costs = places.map(stop => {
    const requests = given(stop) ?? restRequests / Math.max(1, rest.length);
    return { place: stop.label, requests, traces: sampled(requests), spans: spansBehind(map, stop) };
  });
  const traces = costs.reduce((sum, cost) => sum + cost.traces, 0);
  const spans = costs.reduce((sum, cost) => sum + cost.requests * cost.spans, 0);
  const sampledSpans = costs.reduce((sum, cost) => sum + cost.traces * cost.spans, 0);
  const read = Math.max(0, traffic.reads - prices.freeTracesRead) / 1e6 * prices.tracesReadPerMillion;
  const ofSpans = (count: number) => count * traffic.spanBytes / 1e9 * prices.spansPerGigabyte
    + count * Math.max(0, traffic.indexingPercentage - prices.freeIndexingPercentage) / 100 / 1e6 * prices.spansIndexedPerMillion;
  const aTrace = traces === 0 ? 0 : ofSpans(sampledSpans) / traces;
  const recorded = prices.tracesRecordedPerMillion / 1e6;
  return {
    places: costs, traces, spans, gigabytes: spans * traffic.spanBytes / 1e9,
    xray: Math.max(0, traces - prices.freeTracesRecorded) * recorded + read,
    transactionSearch: ofSpans(spans), transactionSearchSampled: ofSpans(sampledSpans),
    // (traces - free) * recorded = traces * aTrace
    breakEvenTraces: aTrace < recorded && traces > 0 ? prices.freeTracesRecorded * recorded / (recorded - aTrace) : undefined,
  };
}

/** Lambda's decision, for a month of even traffic. */
export function sampled(requests: number, reservoir = RESERVOIR, rate = RATE): number {
  const first = Math.min(requests, reservoir * SECONDS_A_MONTH);
  return first + (requests - first) * rate;
}

/** Parts that send segments, and that nothing traced calls; APIs are there for clients, whoever else calls them. */
function beginnings(map: PredictedMap): Stop[] {
  return map.stops.all.filter(stop => stop.isTraced && !stop.isOfTool && !stop.fn?.isEdge
    && (stop.fn !== undefined || map.edgesFrom(stop).length > 0) && (stop.type === 'AWS::ApiGateway::Stage' || !isCalled(map, stop)));
}

function isCalled(map: PredictedMap, stop: Stop): boolean {
  const seen = new Set<Stop>();
  const visit = (at: Stop): boolean => !seen.has(at) && Boolean(seen.add(at)) && map.edgesInto(at).some(({ from, kind }) => kind === 'continues' && (from.isTraced || visit(from)));
  return visit(stop);
}

/** A span for each part, two for a function, one for each call; a part that is called on several ways counts once. */
function spansBehind(map: PredictedMap, start: Stop): number {
  const seen = new Set<Stop>();
  const visit = (stop: Stop): number => {
    if (seen.has(stop)) return 0;
    seen.add(stop);
    const own = stop.fn ? 2 : 1;
    return (stop.isTraced ? own : 1) + map.edgesFrom(stop).filter(({ kind, reason }) => kind === 'continues' && !/^Lambda sends what became/.test(reason)).reduce((sum, { to }) => sum + visit(to), 0);
  };
  return visit(start);
}
