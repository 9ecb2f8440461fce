// The encoder of the official definitions: what a real exporter sends.
import * as root from '@opentelemetry/otlp-transformer/build/src/generated/root';
import { readDaemonMessage } from '../../../src/xray/wire/daemon-message';
import type { SegmentDocument } from '../../../src/xray/wire/segment-document';

type Attribute = string | number | boolean | string[];

const TRACE = '6553f100aabbccddeeff001122334455';
const T0_NANOS = 1_700_000_000_000_000_000n;

function value(attribute: Attribute): object {
  if (typeof attribute === 'string') return { stringValue: attribute };
  if (typeof attribute === 'boolean') return { boolValue: attribute };
  if (Array.isArray(attribute)) return { arrayValue: { values: attribute.map(value) } };
  return Number.isInteger(attribute) ? { intValue: attribute } : { doubleValue: attribute };
}

function attributes(of: Record<string, Attribute>): object[] {
  return Object.entries(of).map(([key, attribute]) => ({ key, value: value(attribute) }));
}

interface Span {
  id?: string; parent?: string; name?: string; kind?: number; attributes?: Record<string, Attribute>; ms?: number; status?: object;
  events?: object[]; links?: object[];
}

function packet(spans: Span[], resource: Record<string, Attribute> = { 'service.name': 'shop' }, prefix = 'T1S'): Buffer {
  const type = (root as never as { opentelemetry: any }).opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
  const request = {
    resourceSpans: [{
      resource: { attributes: attributes(resource) },
      scopeSpans: [{
        spans: spans.map((span) => ({
          traceId: Buffer.from(TRACE, 'hex'),
          spanId: Buffer.from(span.id ?? '00000000000000a1', 'hex'),
          ...(span.parent === undefined ? {} : { parentSpanId: Buffer.from(span.parent, 'hex') }),
          name: span.name ?? 'span name',
          kind: span.kind ?? 1,
          startTimeUnixNano: String(T0_NANOS + 1_000_000n),
          endTimeUnixNano: String(T0_NANOS + 1_000_000n + BigInt(span.ms ?? 250) * 1_000_000n),
          attributes: attributes(span.attributes ?? {}),
          status: span.status,
          events: span.events,
          links: span.links,
        })),
      }],
    }],
  };
  const bytes: Uint8Array = type.encode(type.fromObject(request)).finish();
  return Buffer.from(`{"format":"json","version":1}\n${prefix}${Buffer.from(bytes).toString('base64')}`);
}

function documentOf(span: Span, resource?: Record<string, Attribute>): SegmentDocument {
  const { accepted, refused } = readDaemonMessage(packet([span], resource));
  expect(refused).toEqual([]);
  expect(accepted).toHaveLength(1);
  return accepted[0].document;
}

describe('an OTLP packet', () => {
  test('gives one document for each span, and tells sampled from unsampled', () => {
    const spans = [{ kind: 2 }, { id: '00000000000000a2', parent: '00000000000000a1', kind: 3 }];
    expect(readDaemonMessage(packet(spans)).accepted.map((one) => one.isSampled)).toEqual([true, true]);
    expect(readDaemonMessage(packet(spans, {}, 'T1U')).accepted.map((one) => one.isSampled)).toEqual([false, false]);
  });

  test('maps a SERVER span to a segment named by its service', () => {
    expect(documentOf({ kind: 2, parent: '00000000000000ff' })).toEqual({
      id: '00000000000000a1', trace_id: '1-6553f100-aabbccddeeff001122334455', parent_id: '00000000000000ff', name: 'shop',
      start_time: 1700000000.001, end_time: 1700000000.251,
      metadata: { default: { 'otel.resource.service.name': 'shop' } },
    });
  });

  test('maps a root span of any kind to a segment, every other span to a subsegment', () => {
    expect(documentOf({ kind: 1 })).not.toHaveProperty('type');
    expect(documentOf({ kind: 1, parent: '00000000000000ff', name: 'work' })).toMatchObject({ type: 'subsegment', name: 'work', parent_id: '00000000000000ff' });
    expect(documentOf({ kind: 1, parent: '00000000000000ff' })).not.toHaveProperty('namespace');
  });

  test('maps a call of an AWS service', () => {
    expect(documentOf({
      kind: 3, parent: '00000000000000ff', name: 'DynamoDB.PutItem',
      attributes: {
        'rpc.system': 'aws-api', 'rpc.service': 'DynamoDB', 'rpc.method': 'PutItem', 'aws.region': 'eu-west-1', 'aws.request_id': 'R1',
        'aws.dynamodb.table_names': ['items'], 'http.response.status_code': 200, 'db.system': 'dynamodb',
      },
    })).toMatchObject({
      name: 'DynamoDB', namespace: 'aws', type: 'subsegment',
      aws: { operation: 'PutItem', region: 'eu-west-1', request_id: 'R1', table_name: 'items' },
      http: { response: { status: 200 } },
    });
  });

  test.each<[string, Record<string, Attribute>]>([
    ['the stable conventions', { 'http.request.method': 'GET', 'url.full': 'https://api.example.com/v2?q=1', 'http.response.status_code': 404, 'user_agent.original': 'curl' }],
    ['the old conventions', { 'http.method': 'GET', 'http.url': 'https://api.example.com/v2?q=1', 'http.status_code': 404, 'http.user_agent': 'curl' }],
    ['the parts of the address', { 'http.request.method': 'GET', 'url.scheme': 'https', 'server.address': 'api.example.com', 'url.path': '/v2', 'url.query': 'q=1', 'http.response.status_code': 404, 'user_agent.original': 'curl' }],
  ])('maps an HTTP call by %s', (_, of) => {
    expect(documentOf({ kind: 3, parent: '00000000000000ff', name: 'GET', attributes: of })).toMatchObject({
      name: 'api.example.com', namespace: 'remote', error: true,
      http: { request: { method: 'GET', url: 'https://api.example.com/v2?q=1', user_agent: 'curl' }, response: { status: 404 } },
    });
  });

  test('maps the client of a SERVER span', () => {
    expect(documentOf({ kind: 2, attributes: { 'http.request.method': 'GET', 'client.address': '10.0.0.1' } }).http?.request)
      .toMatchObject({ client_ip: '10.0.0.1', x_forwarded_for: true });
  });

  test('maps an SQL query', () => {
    expect(documentOf({
      kind: 3, parent: '00000000000000ff', name: 'SELECT items',
      attributes: { 'db.system': 'postgresql', 'db.name': 'orders', 'server.address': 'db.example.com', 'db.statement': 'SELECT ?', 'db.user': 'app' },
    })).toMatchObject({
      name: 'orders@db.example.com', namespace: 'remote',
      sql: { database_type: 'postgresql', sanitized_query: 'SELECT ?', user: 'app', connection_string: 'db.example.com/orders' },
    });
  });

  test('makes annotations of what aws.xray.annotations names, and metadata of the rest', () => {
    const document = documentOf({
      kind: 1, parent: '00000000000000ff',
      attributes: { 'aws.xray.annotations': ['tenant', 'order.size', 'paid'], 'tenant': 'acme', 'order.size': 3, 'paid': true, 'note': 'free' },
    });
    expect(document.annotations).toEqual({ 'tenant': 'acme', 'order.size': 3, 'paid': true });
    expect(document.metadata).toEqual({ default: { note: 'free' } });
  });

  test.each([
    [{ 'http.response.status_code': 500 }, {}, { fault: true }],
    [{ 'http.response.status_code': 429 }, {}, { error: true, throttle: true }],
    [{ 'http.response.status_code': 404 }, { code: 2 }, { error: true }],
    [{}, { code: 2, message: 'broken' }, { fault: true, cause: { exceptions: [{ message: 'broken' }] } }],
  ])('maps the outcome of %j with status %j', (of, status, expected) => {
    expect(documentOf({ kind: 2, attributes: of as Record<string, Attribute>, status })).toMatchObject(expected);
  });

  test('maps exceptions with their stack, the same each time', () => {
    const span = {
      kind: 1, parent: '00000000000000ff', status: { code: 2 },
      events: [{
        name: 'exception', attributes: attributes({
          'exception.type': 'TypeError', 'exception.message': 'x is not a function',
          'exception.stacktrace': 'TypeError: x is not a function\n    at handler (/var/task/index.js:3:9)\n    at /var/task/b.js:7:1',
        }),
      }],
    };
    const resource = { 'telemetry.sdk.language': 'nodejs' };
    const document = documentOf(span, resource);
    expect(document.cause).toMatchObject({
      exceptions: [{
        type: 'TypeError', message: 'x is not a function', remote: false,
        stack: [{ path: '/var/task/index.js', line: 3, label: 'handler' }, { path: '/var/task/b.js', line: 7 }],
      }],
    });
    expect(documentOf(span, resource)).toEqual(document);
  });

  test('maps links and keeps integers that do not fit a number', () => {
    const document = documentOf({
      kind: 5, links: [{ traceId: Buffer.from(TRACE, 'hex'), spanId: Buffer.from('00000000000000b1', 'hex') }],
    });
    expect(document.links).toEqual([{ trace_id: '1-6553f100-aabbccddeeff001122334455', id: '00000000000000b1' }]);
  });

  test('tells where the code ran', () => {
    const resource = { 'service.name': 'fn', 'cloud.provider': 'aws', 'cloud.platform': 'aws_lambda', 'telemetry.sdk.name': 'opentelemetry', 'telemetry.sdk.language': 'nodejs', 'telemetry.sdk.version': '2.0' };
    expect(documentOf({ kind: 2 }, resource)).toMatchObject({
      name: 'fn', origin: 'AWS::Lambda::Function', aws: { xray: { sdk: 'opentelemetry for nodejs', sdk_version: '2.0' } },
    });
  });

  test('refuses a span whose ids are missing and keeps the others', () => {
    const { accepted, refused } = readDaemonMessage(packet([{ id: '0000000000000000' }, { id: '00000000000000a2' }]));
    expect(accepted.map(({ document }) => document.id)).toEqual(['00000000000000a2']);
    expect(refused.map(({ code }) => code)).toEqual(['MissingId']);
  });
  test('refuses a span whose attributes are nested without end', () => {
    let nested: unknown = 'x';
    for (let depth = 0; depth < 1000; depth += 1) nested = [nested];
    expect(readDaemonMessage(packet([{ attributes: { nested: nested as string[] } }])).refused).toMatchObject([{ code: 'NestedTooDeep', id: '00000000000000a1' }]);
  });

  test('reads a stack trace of any language, also of one that is named as what every object has', () => {
    const events = [{ name: 'exception', attributes: attributes({ 'exception.type': 'E', 'exception.stacktrace': 'at x' }) }];
    expect(documentOf({ events }, { 'telemetry.sdk.language': 'constructor' }).cause).toMatchObject({ exceptions: [{ type: 'E' }] });
  });
});
