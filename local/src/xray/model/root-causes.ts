import { CompiledTrace } from './compiled-trace';
import { ServiceCatalog } from './service-catalog';
import { serviceOf } from './service-identity';
import type { TraceEntry } from './trace';
import { traceOf } from './trace-of-documents';
import { ServiceId, serviceIdOf } from './trace-summary';
import { isObject } from '../wire/segment-document';

/** An entity on the way to a root cause: the segment of a service, or a subsegment in it. */
export interface RootCauseEntity {
  Name: string;
  Remote: boolean;
  /** Faults and errors only. */
  Exceptions?: { Name?: string; Message?: string }[];
  /** Response time only: share of the root segment's time, 0 to 1. */
  Coverage?: number;
}

export interface RootCauseService extends ServiceId {
  EntityPath: RootCauseEntity[];
  Inferred: boolean;
}

export interface RootCause {
  /** From the first service that failed to the one where it began. */
  Services: RootCauseService[];
  /** Whether the client got to feel it. */
  ClientImpacting: boolean;
}

export interface RootCauses {
  FaultRootCauses: RootCause[];
  ErrorRootCauses: RootCause[];
  ResponseTimeRootCauses: RootCause[];
}

/** One entity with its place in the trace. */
interface Node {
  entry: TraceEntry;
  service: ServiceId;
  inferred: boolean;
  parent: Node | undefined;
  children: Node[];
}

/** A child counts as what made its parent slow from this share of the parent's time on. */
const DOMINANT_SHARE = 0.5;
const MAX_CAUSES = 20;

/**
 * Where faults and errors of a trace began, and what took the time. A failing entity without a failing one below it is a root cause; its
 * path leads to it from the first failing entity above. Time is followed from the root segment down to the longest part, as long as one
 * part takes at least half. The service documents the shape and not the rule; this rule gives the documented examples.
 */
export function rootCausesOf(compiled: CompiledTrace, catalog: ServiceCatalog): RootCauses {
  const roots = nodesOf(compiled, catalog);
  return {
    FaultRootCauses: failureCauses(roots, (entry) => entry.fault),
    ErrorRootCauses: failureCauses(roots, (entry) => entry.error && !entry.fault),
    ResponseTimeRootCauses: responseTimeCauses(roots),
  };
}

function nodesOf(compiled: CompiledTrace, catalog: ServiceCatalog): Node[] {
  const byId = new Map<string, Node>();
  const tops: Node[] = [];
  const trace = traceOf(compiled);
  trace.segments.forEach((segment, index) => {
    const document = compiled.segments[index];
    const account = isObject(document.aws) && typeof document.aws.account_id === 'string' ? document.aws.account_id : undefined;
    const service = serviceIdOf(catalog.intern(serviceOf(document), document.name, account));
    tops.push(nodeOf(segment, service, segment.inferred, undefined, byId));
  });
  const roots: Node[] = [];
  const parents = parentsOf(tops, byId);
  for (const top of tops) {
    const parent = parents.get(top);
    if (parent === undefined) {
      roots.push(top);
    } else {
      top.parent = parent;
      parent.children.push(top);
    }
  }
  return roots;
}

/** The node that each segment hangs below. A circle of segments is open at the first of them in the list. */
function parentsOf(tops: Node[], byId: Map<string, Node>): Map<Node, Node> {
  const parents = new Map<Node, Node>();
  for (const top of tops) {
    const parent = top.entry.parentId === undefined ? undefined : byId.get(top.entry.parentId);
    if (parent !== undefined) parents.set(top, parent);
  }
  const order = new Map(tops.map((top, index) => [top, index]));
  const settled = new Set<Node>();
  for (const top of tops) {
    const path = new Set<Node>();
    let current: Node | undefined = top;
    while (current !== undefined && !settled.has(current) && !path.has(current)) {
      path.add(current);
      current = segmentAbove(parents.get(current));
    }
    if (current !== undefined && path.has(current)) {
      const walked = [...path];
      const circle = walked.slice(walked.indexOf(current));
      parents.delete(circle.reduce((first, node) => (order.get(node)! < order.get(first)! ? node : first)));
    }
    for (const node of path) settled.add(node);
  }
  return parents;
}

/** The segment that a node lies in: itself, or the one its subsegment is nested in. Called before segments are joined. */
function segmentAbove(node: Node | undefined): Node | undefined {
  let top = node;
  while (top?.parent !== undefined) top = top.parent;
  return top;
}

function nodeOf(entry: TraceEntry, service: ServiceId, inferred: boolean, parent: Node | undefined, byId: Map<string, Node>): Node {
  const node: Node = { entry, service, inferred, parent, children: [] };
  byId.set(entry.id, node);
  node.children = entry.subsegments.map((subsegment) => nodeOf(subsegment, service, inferred, node, byId));
  return node;
}

function failureCauses(roots: Node[], failed: (entry: TraceEntry) => boolean): RootCause[] {
  const causes: RootCause[] = [];
  /** Nodes below which something failed. */
  const above = new Set<Node>();
  for (const node of childrenFirst(roots)) {
    const fails = failed(node.entry);
    if (fails && !above.has(node) && causes.length < MAX_CAUSES) causes.push(causeOf(node, failed));
    if (node.parent !== undefined && (fails || above.has(node))) above.add(node.parent);
  }
  return causes;
}

/** All nodes, each after those below it. Without recursion: segments can call one another in chains of any length. */
function childrenFirst(roots: Node[]): Node[] {
  const nodes: Node[] = [];
  const waiting = [...roots];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    nodes.push(node);
    for (const child of node.children) waiting.push(child);
  }
  return nodes.reverse();
}

function causeOf(leaf: Node, failed: (entry: TraceEntry) => boolean): RootCause {
  const path = [leaf];
  for (let above = leaf.parent; above !== undefined && failed(above.entry); above = above.parent) path.push(above);
  path.reverse();
  const first = path[0];
  // A path begins with the segment of its first service, also when the failure was caught within it.
  const head = first.entry.kind === 'segment' ? [] : [segmentOf(first)];
  const client = [...head, ...path].some((node) => node.parent === undefined && failed(node.entry));
  return {
    Services: servicesOf([...head, ...path], (node) => ({
      Exceptions: node.entry.exceptions.map(({ type, message }) => ({
        ...(type === undefined ? {} : { Name: type }), ...(message === undefined ? {} : { Message: message }),
      })),
    })),
    ClientImpacting: client,
  };
}

function segmentOf(node: Node): Node {
  let top = node;
  while (top.parent !== undefined && top.parent.service === node.service && top.entry.kind !== 'segment') top = top.parent;
  return top;
}

function responseTimeCauses(roots: Node[]): RootCause[] {
  const root = roots.find(({ entry }) => entry.kind === 'segment' && !entry.inferred && entry.endMs !== undefined);
  if (root === undefined) return [];
  const total = durationOf(root);
  const path = [root];
  for (let node: Node | undefined = root; node !== undefined;) {
    const enough: number = durationOf(node) * DOMINANT_SHARE;
    const next: Node | undefined = node.children.filter((child) => durationOf(child) >= enough && durationOf(child) > 0)
      .sort((a, b) => durationOf(b) - durationOf(a))[0];
    if (next !== undefined) path.push(next);
    node = next;
  }
  return [{
    Services: servicesOf(path, (node) => ({ Coverage: total === 0 ? 1 : Math.min(1, Math.round((durationOf(node) / total) * 1000) / 1000) })),
    ClientImpacting: true,
  }];
}

function durationOf({ entry }: Node): number {
  return entry.endMs === undefined ? 0 : entry.endMs - entry.startMs;
}

function servicesOf(path: Node[], facts: (node: Node) => Partial<RootCauseEntity>): RootCauseService[] {
  const services: RootCauseService[] = [];
  let current: ServiceId | undefined;
  for (const node of path) {
    if (node.service !== current) {
      services.push({ ...node.service, EntityPath: [], Inferred: node.inferred });
      current = node.service;
    }
    services[services.length - 1].EntityPath.push({ Name: node.entry.name, Remote: node.entry.namespace === 'remote', ...facts(node) });
  }
  return services;
}
