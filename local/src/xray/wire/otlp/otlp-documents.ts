import type { SegmentDocument } from '../segment-document';
import { Attributes } from './attributes';
import { awsOf } from './aws-block';
import { causeOf } from './cause-block';
import { httpOf } from './http-block';
import { sqlOf } from './sql-block';
import type { OtlpSpan, TraceRequest } from './trace-request';

const SERVER = 2;
const CLIENT = 3;
const PRODUCER = 4;

/** Characters X-Ray does not take in a name. */
const INVALID_IN_NAME = /[^ 0-9\p{L}_.:/%&#=+\\\-@]/gu;
const MAX_NAME_LENGTH = 200;

/** The segment documents of an OTLP trace request, one a span, by X-Ray's rules. */
export function documentsOfOtlp({ resourceSpans }: TraceRequest): SegmentDocument[] {
  const documents: SegmentDocument[] = [];
  for (const { resource, scopeSpans } of resourceSpans ?? []) {
    for (const { spans } of scopeSpans ?? []) {
      for (const span of spans ?? []) documents.push(documentOf(span, new Attributes(resource?.attributes)));
    }
  }
  return documents;
}

/**
 * One span as X-Ray takes it: a SERVER span or a span without parent is a segment, every other one a subsegment; an attribute is an
 * annotation when the list `aws.xray.annotations` names it, and metadata otherwise.
 * Source: the AWS X-Ray migration guide, and the exporter of the OpenTelemetry Collector (awsxrayexporter), which AWS maintains.
 */
function documentOf(span: OtlpSpan, resource: Attributes): SegmentDocument {
  const attributes = new Attributes(span.attributes);
  const parentId = hex(span.parentSpanId);
  const isSegment = span.kind === SERVER || parentId === undefined;
  const namespace = isSegment ? undefined : namespaceOf(span, attributes);
  const document: SegmentDocument = {
    id: hex(span.spanId) ?? '',
    trace_id: traceIdOf(span.traceId),
    name: nameOf(span, attributes, resource, isSegment),
    start_time: seconds(span.startTimeUnixNano),
    // A span is sent when it has ended; one without an end would never end.
    end_time: seconds(span.endTimeUnixNano),
    ...(parentId === undefined ? {} : { parent_id: parentId }),
    ...(isSegment ? {} : { type: 'subsegment' }),
    ...(namespace === undefined ? {} : { namespace }),
  };
  const user = attributes.text('enduser.id', 'user.id');
  const origin = isSegment ? originOf(resource) : undefined;
  const version = isSegment ? resource.text('service.version') : undefined;
  const failure = causeOf(span, attributes, resource);
  const links = (span.links ?? []).map((link) => ({ trace_id: traceIdOf(link.traceId), id: hex(link.spanId) ?? '' }));
  return Object.assign(document, failure, withoutUndefined({
    user,
    origin,
    service: version === undefined ? undefined : { version },
    http: httpOf(span, attributes),
    sql: sqlOf(span, attributes),
    aws: awsOf(attributes, resource, isSegment),
    links: links.length === 0 ? undefined : links,
  }), rest(attributes, resource, isSegment));
}

function nameOf(span: OtlpSpan, attributes: Attributes, resource: Attributes, isSegment: boolean): string {
  const remote = span.kind === SERVER ? undefined : attributes.text('aws.remote.service');
  const local = isSegment ? attributes.text('aws.local.service') : undefined;
  const awsService = awsServiceOf(attributes);
  const database = databaseNameOf(attributes);
  const name = local
    ?? (remote === undefined ? undefined : remote.replace(/^(AWS\.SDK\.|AWS::)/, ''))
    ?? attributes.text('peer.service')
    ?? awsService
    ?? database
    ?? (isSegment ? resource.text('service.name') : undefined)
    ?? (span.kind === CLIENT || span.kind === PRODUCER ? hostOf(attributes) : undefined)
    ?? span.name ?? '';
  const clean = name.replace(INVALID_IN_NAME, '').slice(0, MAX_NAME_LENGTH);
  return clean === '' ? 'span' : clean;
}

/** `DynamoDB` and the like: X-Ray names a call of an AWS service by the service, not by the operation. */
function awsServiceOf(attributes: Attributes): string | undefined {
  const service = attributes.text('aws.service');
  if (service !== undefined) return service;
  const system = attributes.peek('rpc.system') ?? attributes.peek('rpc.system.name');
  return system === 'aws-api' || system === 'aws.api' ? attributes.text('rpc.service') : undefined;
}

function databaseNameOf(attributes: Attributes): string | undefined {
  const system = attributes.peek('db.system') ?? attributes.peek('db.system.name');
  const name = attributes.peek('db.name') ?? attributes.peek('db.namespace');
  if (system === 'dynamodb' || typeof name !== 'string' || name === '') return undefined;
  const host = attributes.peek('server.address') ?? attributes.peek('net.peer.name');
  return typeof host === 'string' && host !== '' ? `${name}@${host}` : name;
}

function hostOf(attributes: Attributes): string | undefined {
  const url = attributes.peek('url.full') ?? attributes.peek('http.url');
  if (typeof url === 'string' && URL.canParse(url)) return new URL(url).hostname;
  const host = attributes.peek('http.host') ?? attributes.peek('server.address') ?? attributes.peek('net.peer.name');
  return typeof host === 'string' && host !== '' ? host : undefined;
}

function namespaceOf(span: OtlpSpan, attributes: Attributes): string | undefined {
  const system = attributes.text('rpc.system', 'rpc.system.name');
  if (system === 'aws-api' || system === 'aws.api' || attributes.peek('aws.service') !== undefined) return 'aws';
  return span.kind === CLIENT || (span.kind === PRODUCER && attributes.peek('aws.remote.service') !== undefined) ? 'remote' : undefined;
}

function originOf(resource: Attributes): string | undefined {
  const provider = resource.peek('cloud.provider');
  if (provider !== undefined && provider !== 'aws') return undefined;
  switch (resource.peek('cloud.platform')) {
    case 'aws_ec2': return 'AWS::EC2::Instance';
    case 'aws_ecs': return ecsOriginOf(resource.peek('aws.ecs.launchtype'));
    case 'aws_eks': return 'AWS::EKS::Container';
    case 'aws_elastic_beanstalk': return 'AWS::ElasticBeanstalk::Environment';
    case 'aws_app_runner': return 'AWS::AppRunner::Service';
    case 'aws_lambda': return 'AWS::Lambda::Function';
    default: return undefined;
  }
}

function ecsOriginOf(launchType: unknown): string {
  if (launchType === 'ec2') return 'AWS::ECS::EC2';
  return launchType === 'fargate' ? 'AWS::ECS::Fargate' : 'AWS::ECS::Container';
}

/** What no block has taken: annotations by name, everything else metadata; the resource only once, on the segment. */
function rest(attributes: Attributes, resource: Attributes, isSegment: boolean): Pick<SegmentDocument, 'annotations' | 'metadata'> {
  const annotated = new Set(attributes.list('aws.xray.annotations'));
  const annotations: Record<string, string | number | boolean> = {};
  const metadata: Record<string, unknown> = {};
  const place = (key: string, value: unknown, used: boolean): void => {
    if (annotated.has(key) && (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')) {
      annotations[key.replace(/[^0-9A-Za-z.]/g, '_')] = value;
    } else if (!used && value !== undefined) {
      metadata[key] = value;
    }
  };
  for (const [key, value] of attributes.entries()) place(key, value, attributes.isUsed(key));
  if (isSegment) for (const [key, value] of resource.entries()) place(`otel.resource.${key}`, value, false);
  return withoutUndefined({
    annotations: Object.keys(annotations).length === 0 ? undefined : annotations,
    metadata: Object.keys(metadata).length === 0 ? undefined : { default: metadata },
  });
}

/** W3C's 32 hexadecimal digits in X-Ray's form, whose first 8 are seconds. */
function traceIdOf(bytes: Uint8Array | undefined): string {
  const text = hex(bytes) ?? '';
  return `1-${text.slice(0, 8)}-${text.slice(8)}`;
}

function hex(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined || bytes.length === 0 || bytes.every((byte) => byte === 0) ? undefined : Buffer.from(bytes).toString('hex');
}

/** Nanoseconds as text to seconds: first to whole microseconds, which a double holds exactly. */
export function seconds(nanoseconds: string | undefined): number {
  return nanoseconds === undefined ? NaN : Number(BigInt(nanoseconds) / 1000n) / 1e6;
}

export function withoutUndefined<T extends object>(fields: T): { [K in keyof T]: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]: NonNullable<T[K]> };
}
