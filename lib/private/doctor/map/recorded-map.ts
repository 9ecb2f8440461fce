import * as fs from 'fs';
import { ReadError } from '../template/read-error';
import { isObject, listOf, objectOf, Value } from '../template/template';

/** A node of a recorded map: nodes of one name and different types are different nodes. */
export interface RecordedNode {
  readonly name: string;
  /** Such as `AWS::Lambda`; empty for a service that says nothing about where it runs. */
  readonly type: string;
}

export interface RecordedEdge {
  readonly from: RecordedNode;
  readonly to: RecordedNode;
  readonly isLink: boolean;
}

/** What X-Ray has seen: without the nodes of clients. */
export interface RecordedMap {
  readonly nodes: readonly RecordedNode[];
  readonly edges: readonly RecordedEdge[];
}

const HOUR = 3600;
/** So far back X-Ray answers for a map at once. */
const LONGEST = 6 * HOUR;

/** Asks an X-Ray that wants no signature, such as the local one, or reads a file. */
export async function readRecordedMap(source: string, now = Date.now()): Promise<RecordedMap> {
  return /^https?:\/\//.test(source) ? recordedAt(source.replace(/\/$/, ''), now) : recordedIn(source);
}

async function recordedAt(address: string, now: number): Promise<RecordedMap> {
  const services: Value[] = [];
  let token: string | undefined;
  do {
    const body = JSON.stringify({ StartTime: Math.floor(now / 1000) - LONGEST, EndTime: Math.ceil(now / 1000) + 60, NextToken: token });
    let response: Response;
    try {
      response = await fetch(`${address}/ServiceGraph`, { method: 'POST', body, headers: { 'content-type': 'application/json' }, signal: AbortSignal.timeout(30_000) });
    } catch (error) {
      throw new ReadError(`no X-Ray answers at ${address} (${((error as Error).cause as Error | undefined)?.message ?? (error as Error).message}); start it with 'npm start' in cdk-traced-function, or give its address or a file of traces`);
    }
    const text = await response.text();
    const answer = parsed(text);
    if (!response.ok || !Array.isArray(objectOf(answer).Services)) throw new ReadError(`${address} is no X-Ray API: it answered with status ${response.status}: ${text.slice(0, 100)}`);
    services.push(...objectOf(answer).Services);
    token = objectOf(answer).NextToken;
  } while (token);
  return mapOfServices(services);
}

/** The output of `aws xray get-service-graph` or `batch-get-traces`, documents as a list or one a line. */
function recordedIn(file: string): RecordedMap {
  if (!fs.existsSync(file)) throw new ReadError(`there is no file '${file}' to compare with; give one, or the address of an X-Ray such as http://127.0.0.1:2080`);
  const text = fs.readFileSync(file, 'utf8');
  const whole = parsed(text);
  if (isObject(whole) && Array.isArray(whole.Services)) return mapOfServices(whole.Services);
  const values = whole === undefined ? text.split('\n').filter(line => line.trim() !== '').map(parsed) : listOf(isObject(whole) ? whole.Traces ?? whole.traces ?? whole.Segments ?? whole.segments ?? whole : whole);
  const documents = values.flatMap(documentsIn);
  if (documents.length === 0) throw new ReadError(`'${file}' holds no traces: it has to be the output of 'aws xray batch-get-traces' or 'get-service-graph', or segment documents`);
  return mapOfDocuments(documents);
}

function documentsIn(value: Value): Record<string, Value>[] {
  if (typeof value === 'string') return documentsIn(parsed(value));
  if (!isObject(value)) return [];
  const inner = value.Segments ?? value.segments ?? value.Document ?? value.document;
  if (inner !== undefined) return listOf(inner).flatMap(documentsIn);
  return typeof value.id === 'string' && typeof value.name === 'string' ? [value] : [];
}

function parsed(text: string): Value {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** As GetServiceGraph gives them. */
export function mapOfServices(services: readonly Value[]): RecordedMap {
  const nodes = new Map<unknown, RecordedNode>();
  for (const service of services) {
    if (service.Type !== 'client') nodes.set(service.ReferenceId, { name: String(service.Name ?? ''), type: String(service.Type ?? '') });
  }
  const edges = services.flatMap(service => {
    const from = nodes.get(service.ReferenceId);
    return from === undefined ? [] : listOf(service.Edges).flatMap(edge => {
      const to = nodes.get(edge.ReferenceId);
      return to === undefined ? [] : [{ from, to, isLink: edge.EdgeType === 'link' }];
    });
  });
  return { nodes: [...nodes.values()], edges };
}

/** Joins documents as X-Ray does: a segment hangs below the segment or subsegment that its `parent_id` names; what is called and sends nothing is inferred. */
export function mapOfDocuments(documents: readonly Record<string, Value>[]): RecordedMap {
  const nodes = new Map<string, RecordedNode>();
  const edges = new Map<string, RecordedEdge>();
  const keep = (node: RecordedNode): RecordedNode => {
    const key = `${node.type}/${node.name}`;
    return nodes.get(key) ?? nodes.set(key, node).get(key)!;
  };
  const join = (from: RecordedNode, to: RecordedNode, isLink = false) => edges.set(`${from.type}/${from.name} > ${to.type}/${to.name} ${isLink}`, { from, to, isLink });
  const owners = new Map<string, RecordedNode>();
  const isCalled = new Set(documents.map(({ trace_id: trace, parent_id: parent }) => `${trace} ${parent}`));
  const roots = documents.filter(({ type }) => type !== 'subsegment');
  const visit = (part: Record<string, Value>, trace: unknown, owner: RecordedNode): void => {
    owners.set(`${trace} ${part.id}`, owner);
    listOf(part.subsegments).filter(isObject).forEach(child => visit(child, trace, owner));
  };
  for (const document of roots) visit(document, document.trace_id, keep(serviceOf(document)));
  // Subsegments that were sent by themselves belong to the segment of their parent, which may be one of them.
  let waiting = documents.filter(({ type }) => type === 'subsegment');
  for (let before = -1; waiting.length !== before;) {
    before = waiting.length;
    waiting = waiting.filter(document => {
      const owner = owners.get(`${document.trace_id} ${document.parent_id}`);
      if (owner) visit(document, document.trace_id, owner);
      return !owner;
    });
  }
  for (const document of documents) {
    const owner = owners.get(`${document.trace_id} ${document.id}`);
    const parent = owners.get(`${document.trace_id} ${document.parent_id}`);
    if (owner && parent && document.type !== 'subsegment') join(parent, owner);
    for (const link of listOf(document.links)) {
      const source = owners.get(`${link.trace_id} ${link.id}`);
      if (owner && source) join(source, owner, true);
    }
    for (const part of owner ? callsIn(document, document.type === 'subsegment') : []) {
      if (!isCalled.has(`${document.trace_id} ${part.id}`)) join(owner!, keep(inferredOf(part)));
    }
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

function callsIn(part: Record<string, Value>, isSubsegment: boolean): Record<string, Value>[] {
  const isCall = isSubsegment && (part.namespace === 'aws' || part.namespace === 'remote');
  return [...isCall ? [part] : [], ...listOf(part.subsegments).filter(isObject).flatMap(child => callsIn(child, true))];
}

function serviceOf({ name, origin, inferred, aws }: Record<string, Value>): RecordedNode {
  const type = String(origin ?? '');
  return inferred === true ? { name: resourceIn(objectOf(aws)) ?? String(name), type: type || 'remote' } : { name: String(name), type };
}

function inferredOf({ name, namespace, aws, sql }: Record<string, Value>): RecordedNode {
  if (namespace !== 'aws') return { name: String(name), type: sql === undefined ? 'remote' : 'Database::SQL' };
  const values = objectOf(aws);
  const resource = resourceIn(values);
  const type = values.table_name !== undefined || listOf(values.resource_names).length === 1 && /dynamo/i.test(name) ? 'AWS::DynamoDB::Table' : values.bucket_name !== undefined ? 'AWS::S3::Bucket' : values.queue_url !== undefined ? 'AWS::SQS::Queue' : `AWS::${name}`;
  return { name: resource ?? String(name), type };
}

function resourceIn(aws: Record<string, Value>): string | undefined {
  const name = aws.table_name ?? (listOf(aws.resource_names).length === 1 ? aws.resource_names[0] : undefined) ?? aws.bucket_name ?? (typeof aws.queue_url === 'string' ? aws.queue_url.split('/').pop() : undefined) ?? aws.function_name;
  return typeof name === 'string' ? name : undefined;
}
