import type { GraphEdge, GraphService, HistogramEntry } from '../api/wire-types';
import type { ServiceRef } from '../routes';
import { averageMs, countsOf, StatusCounts } from '../status';

/** A node of the trace map; nodes with one name and different types are different nodes. */
export interface MapNode {
  readonly key: string;
  readonly ref: ServiceRef;
  readonly name: string;
  /** Undefined for a service that says nothing about where it runs. */
  readonly type: string | undefined;
  readonly accountId: string | undefined;
  readonly isClient: boolean;
  readonly counts: StatusCounts & { readonly total: number };
  readonly averageMs: number | undefined;
  readonly histogram: readonly HistogramEntry[];
}

export interface MapEdge {
  readonly key: string;
  readonly from: string;
  readonly to: string;
  /** A connection between two traces, such as that over a queue. */
  readonly isLink: boolean;
  readonly counts: StatusCounts & { readonly total: number };
  readonly averageMs: number | undefined;
  readonly histogram: readonly HistogramEntry[];
}

export interface MapGraph {
  readonly nodes: readonly MapNode[];
  readonly edges: readonly MapEdge[];
}

/** The graph of a GetServiceGraph or GetTraceGraph answer. An edge to a service that is not in it is left out. */
export function mapGraphOf(services: readonly GraphService[]): MapGraph {
  const nodes = new Map<number, MapNode>();
  const keys = new Set<string>();
  for (const [index, service] of services.entries()) {
    const node = nodeOf(service);
    // Two accounts may hold a service of one name; the number keeps them apart.
    const key = keys.has(node.key) ? `${node.key}#${index}` : node.key;
    keys.add(key);
    nodes.set(service.ReferenceId ?? index, { ...node, key });
  }
  const edges = services.flatMap((service, index) => {
    const from = nodes.get(service.ReferenceId ?? index)!;
    return (service.Edges ?? []).flatMap((edge) => {
      const to = nodes.get(edge.ReferenceId ?? -1);
      return to === undefined ? [] : [edgeOf(edge, from, to)];
    });
  });
  return { nodes: [...nodes.values()], edges };
}

export function keyOfRef({ name, type }: ServiceRef): string {
  return `${type ?? ''}/${name}`;
}

function nodeOf(service: GraphService): MapNode {
  const { Name: name = 'unknown', Type: type } = service;
  const ref = type === undefined ? { name } : { name, type };
  return {
    key: keyOfRef(ref),
    ref,
    name: type === 'client' ? 'Client' : name,
    type,
    accountId: service.AccountId,
    isClient: type === 'client',
    counts: countsOf(service.SummaryStatistics),
    averageMs: averageMs(service.SummaryStatistics),
    histogram: service.ResponseTimeHistogram ?? [],
  };
}

function edgeOf(edge: GraphEdge, from: MapNode, to: MapNode): MapEdge {
  return {
    key: `${from.key} > ${to.key}`,
    from: from.key,
    to: to.key,
    isLink: edge.EdgeType === 'link',
    counts: countsOf(edge.SummaryStatistics),
    averageMs: averageMs(edge.SummaryStatistics),
    histogram: edge.ResponseTimeHistogram ?? [],
  };
}

/** A node, its callers and those it calls. */
export function neighboursOf(graph: MapGraph, key: string): Set<string> {
  const near = new Set([key]);
  for (const { from, to } of graph.edges) {
    if (from === key) near.add(to);
    if (to === key) near.add(from);
  }
  return near;
}
