import type { ApiContext } from '../api/operation';
import { ApiError } from '../api-error';
import type { CatalogService } from '../model/service-catalog';
import { GraphService, LinkSource, ServiceGraph } from '../model/service-graph';
import { serviceOf } from '../model/service-identity';
import type { TraceStore } from '../store/trace-store';
import type { SegmentDocument, SubsegmentDocument } from '../wire/segment-document';

export interface ServiceGraphQuery {
  /** Milliseconds since the epoch. */
  readonly startMs: number;
  readonly endMs: number;
  readonly GroupName?: string;
  readonly GroupARN?: string;
}

/** As `GetServiceGraph` answers: the graph of all traces with anything in the time range, of a group if one is named. */
export async function serviceGraph({ store, filters }: ApiContext, query: ServiceGraphQuery): Promise<{
  StartTime: number; EndTime: number; Services: GraphService[]; ContainsOldGroupVersions: boolean;
}> {
  if (query.endMs < query.startMs) throw new ApiError('StartTime must not lie after EndTime');
  const isInGroup = filters.ofGroup(query);
  const graph = new ServiceGraph(store.catalog, linkSourceOf(store));
  await store.eachFacts((facts) => {
    if (facts.startMs < query.endMs && facts.endMs >= query.startMs && isInGroup(facts)) graph.add(facts);
  });
  return { StartTime: query.startMs / 1000, EndTime: query.endMs / 1000, Services: graph.services(), ContainsOldGroupVersions: false };
}

/** As `GetTraceGraph` answers. */
export function traceGraph({ store }: ApiContext, traceIds: readonly string[]): { Services: GraphService[] } {
  const graph = new ServiceGraph(store.catalog, linkSourceOf(store));
  for (const id of new Set(traceIds)) {
    const facts = store.factsById(id);
    if (facts !== undefined) graph.add(facts);
  }
  return { Services: graph.services() };
}

/** Looks a linked segment up in its own trace. A link names the caller's subsegment; the service it called is where the edge starts. */
function linkSourceOf(store: TraceStore): LinkSource {
  const known = new Map<string, { service: CatalogService; endMs: number } | undefined>();
  return (traceId, segmentId) => {
    const key = `${traceId}/${segmentId}`;
    if (!known.has(key)) known.set(key, findLinked(store, traceId, segmentId));
    return known.get(key);
  };
}

function findLinked(store: TraceStore, traceId: string, segmentId: string): { service: CatalogService; endMs: number } | undefined {
  const segments = store.compiled(traceId)?.segments ?? [];
  const segment = segments.find((one) => one.parent_id === segmentId) ?? segments.find((one) => one.id === segmentId || contains(one, segmentId));
  if (segment === undefined) return undefined;
  const service = store.catalog.services.find((one) => {
    const { name, type } = serviceOf(segment);
    return one.name === name && one.type === type;
  });
  return service === undefined ? undefined : { service, endMs: endOf(segment) };
}

function endOf(segment: SegmentDocument): number {
  return (segment.end_time ?? segment.start_time) * 1000;
}

function contains(document: SubsegmentDocument, id: string): boolean {
  return (document.subsegments ?? []).some((subsegment) => subsegment.id === id || contains(subsegment, id));
}
