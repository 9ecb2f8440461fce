import { CallStatistics, Histogram, HistogramEntry, SummaryStatistics } from './call-statistics';
import type { CatalogService, ServiceCatalog } from './service-catalog';
import {
  CALLER, EDGE_END, EDGE_FLAGS, EDGE_START, END, FLAGS, INFERRED, IN_PROGRESS, LAST_END, ROOT, SERVICE, START, TraceFacts, VISIT_SIZE,
} from './trace-facts';

/** As `GetServiceGraph` gives them. Times in seconds since the epoch. */
export interface GraphService {
  ReferenceId: number;
  Name: string;
  Names: string[];
  Root?: boolean;
  AccountId: string;
  Type?: string;
  State: 'active' | 'unknown';
  StartTime: number;
  EndTime: number;
  Edges: GraphEdge[];
  SummaryStatistics?: SummaryStatistics;
  DurationHistogram?: HistogramEntry[];
  ResponseTimeHistogram?: HistogramEntry[];
}

export interface GraphEdge {
  ReferenceId: number;
  StartTime: number;
  EndTime: number;
  SummaryStatistics: SummaryStatistics;
  ResponseTimeHistogram: HistogramEntry[];
  Aliases: { Name: string; Names: string[]; Type: string }[];
  /** `link` between traces, as from a queue to the function that reads it. */
  EdgeType?: string;
  ReceivedEventAgeHistogram?: HistogramEntry[];
}

/** Finds the service that a link of another trace leads from, and when it was done with (milliseconds). */
export type LinkSource = (traceId: string, segmentId: string) => { service: CatalogService; endMs: number } | undefined;

export const CLIENT = 'client';
/** Key of the edges from a client to a service: services count from 0. */
const FROM_CLIENT = -1;

/** All visits and calls of one service. */
class Node {
  readonly statistics = new CallStatistics();
  readonly durations = new Histogram();
  startMs = Infinity;
  endMs = -Infinity;
  isRoot = false;
  isInferred = true;

  constructor(readonly service: CatalogService) {}
}

class EdgeData {
  readonly statistics = new CallStatistics();
  readonly eventAges = new Histogram();
  readonly aliases = new Set<string>();
  startMs = Infinity;
  endMs = -Infinity;

  constructor(readonly from: number, readonly to: number, readonly isLink: boolean) {}
}

/** Adds traces up to a service graph: a node for each service, and one for the clients of each service that clients call. */
export class ServiceGraph {
  private readonly nodes: (Node | undefined)[] = [];
  private readonly edges = new Map<number, EdgeData>();
  private readonly links = new Map<number, EdgeData>();
  private readonly linkedVisits: { facts: TraceFacts; visit: number; traceId: string; segmentId: string }[] = [];

  constructor(private readonly catalog: ServiceCatalog, private readonly linkSource: LinkSource) {}

  add(facts: TraceFacts): void {
    const { visits } = facts;
    for (let base = 0, visit = 0; base < visits.length; base += VISIT_SIZE, visit += 1) {
      const service = visits[base + SERVICE];
      const flags = visits[base + FLAGS];
      const start = visits[base + START];
      const end = visits[base + LAST_END];
      const node = this.nodes[service] ??= new Node(this.catalog.services[service]);
      node.statistics.add(flags, visits[base + END] - start);
      if ((flags & IN_PROGRESS) === 0) node.durations.add(end - start);
      if (start < node.startMs) node.startMs = start;
      if (end > node.endMs) node.endMs = end;
      if ((flags & ROOT) !== 0) node.isRoot = true;
      if ((flags & INFERRED) === 0) node.isInferred = false;
      const caller = visits[base + CALLER];
      const from = caller < 0 ? FROM_CLIENT : visits[caller * VISIT_SIZE + SERVICE];
      const edge = this.edge(this.edges, from, service, false);
      edge.statistics.add(visits[base + EDGE_FLAGS], visits[base + EDGE_END] - visits[base + EDGE_START]);
      if (start < edge.startMs) edge.startMs = start;
      if (end > edge.endMs) edge.endMs = end;
    }
    if (facts.details !== undefined) this.addDetails(facts);
  }

  /** The nodes: clients first, then services by their first start. */
  services(): GraphService[] {
    this.addLinks();
    const clients = [...this.edges.values()].filter(({ from }) => from === FROM_CLIENT).sort((a, b) => a.startMs - b.startMs);
    const nodes = this.nodes.filter((node): node is Node => node !== undefined).sort((a, b) => a.startMs - b.startMs);
    const references = new Map(nodes.map((node, index) => [node.service.index, clients.length + index]));
    const outgoing = new Map<number, GraphEdge[]>();
    for (const edge of [...this.edges.values(), ...this.links.values()]) {
      if (edge.from === FROM_CLIENT) continue;
      const list = outgoing.get(edge.from) ?? [];
      list.push(edgeOf(edge, references.get(edge.to)!));
      outgoing.set(edge.from, list);
    }
    return [
      ...clients.map((edge, index) => clientOf(edge, index, this.catalog.services[edge.to], references.get(edge.to)!)),
      ...nodes.map((node) => serviceOf(node, references.get(node.service.index)!, outgoing.get(node.service.index) ?? [])),
    ];
  }

  private addDetails(facts: TraceFacts): void {
    for (const [visit, detail] of facts.details!.entries()) {
      if (detail?.alias === undefined && detail?.links === undefined) continue;
      const { alias, links } = detail;
      const base = visit * VISIT_SIZE;
      const service = facts.visits[base + SERVICE];
      if (alias !== undefined) {
        const caller = facts.visits[base + CALLER];
        this.edge(this.edges, facts.visits[caller * VISIT_SIZE + SERVICE], service, false).aliases.add(alias);
      }
      for (const { traceId, segmentId } of links ?? []) this.linkedVisits.push({ facts, visit, traceId, segmentId });
    }
  }

  /** Only when all traces are in: a link may lead from a trace that was added later. */
  private addLinks(): void {
    for (const { facts, visit, traceId, segmentId } of this.linkedVisits.splice(0)) {
      const source = this.linkSource(traceId, segmentId);
      // The other trace may lie outside the time range, or be gone: then there is no node to draw the edge from.
      if (source === undefined || this.nodes[source.service.index] === undefined) continue;
      const base = visit * VISIT_SIZE;
      const edge = this.edge(this.links, source.service.index, facts.visits[base + SERVICE], true);
      const start = facts.visits[base + START];
      edge.statistics.add(facts.visits[base + FLAGS], facts.visits[base + END] - start);
      edge.eventAges.add(Math.max(0, start - source.endMs));
      edge.startMs = Math.min(edge.startMs, start);
      edge.endMs = Math.max(edge.endMs, facts.visits[base + LAST_END]);
    }
  }

  private edge(edges: Map<number, EdgeData>, from: number, to: number, isLink: boolean): EdgeData {
    const key = (from + 1) * 0x100000 + to;
    let edge = edges.get(key);
    if (edge === undefined) {
      edge = new EdgeData(from, to, isLink);
      edges.set(key, edge);
    }
    return edge;
  }
}

function edgeOf(edge: EdgeData, reference: number): GraphEdge {
  return {
    ReferenceId: reference,
    StartTime: seconds(edge.startMs),
    EndTime: seconds(edge.endMs),
    SummaryStatistics: edge.statistics.summary(),
    ResponseTimeHistogram: edge.statistics.histogram(),
    Aliases: [...edge.aliases].map((name) => ({ Name: name, Names: [name], Type: 'remote' })),
    ...(edge.isLink ? { EdgeType: 'link', ReceivedEventAgeHistogram: edge.eventAges.entries() } : {}),
  };
}

function clientOf(edge: EdgeData, reference: number, { name, names, accountId }: CatalogService, target: number): GraphService {
  return {
    ReferenceId: reference,
    Name: name,
    Names: [...names],
    AccountId: accountId,
    Type: CLIENT,
    State: 'unknown',
    StartTime: seconds(edge.startMs),
    EndTime: seconds(edge.endMs),
    Edges: [edgeOf(edge, target)],
  };
}

function serviceOf(node: Node, reference: number, edges: GraphEdge[]): GraphService {
  const { name, names, accountId, type } = node.service;
  return {
    ReferenceId: reference,
    Name: name,
    Names: [...names],
    ...(node.isRoot ? { Root: true } : {}),
    AccountId: accountId,
    ...(type === undefined ? {} : { Type: type }),
    State: node.isInferred ? 'unknown' : 'active',
    StartTime: seconds(node.startMs),
    EndTime: seconds(node.endMs),
    Edges: edges,
    SummaryStatistics: node.statistics.summary(),
    DurationHistogram: node.durations.entries(),
    ResponseTimeHistogram: node.statistics.histogram(),
  };
}

/** Whole seconds, as the service rounds a node's times. */
function seconds(ms: number): number {
  return Math.floor(ms / 1000);
}
