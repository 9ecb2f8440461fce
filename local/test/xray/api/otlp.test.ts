import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { deflateSync, gzipSync } from 'node:zlib';
import * as root from '@opentelemetry/otlp-transformer/build/src/generated/root';
import { startXray } from '../../../src/xray';
import { startWithClient, stopAll } from '../xray-client';

afterEach(stopAll);

const JSON_TYPE = 'application/json';
const PROTOBUF = 'application/x-protobuf';
const types = (root as never as { opentelemetry: any }).opentelemetry.proto.collector.trace.v1;

/** Hexadecimal digits of a W3C trace id: random, as OpenTelemetry makes them, so that the first digits are no time. */
const RANDOM = 'f1e2d3c4b5a697887766554433221100';
const NOW = BigInt(Date.now()) * 1_000_000n;

interface Span { traceId?: string; spanId?: string; attributes?: object[]; endTimeUnixNano?: string }

const span = (fields: Span = {}): object => ({
  traceId: RANDOM, spanId: '00000000000000a1', name: 'work', kind: 2, startTimeUnixNano: String(NOW), endTimeUnixNano: String(NOW + 5_000_000n), ...fields,
});
const request = (...spans: object[]): object => ({
  resourceSpans: [{ resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] }, scopeSpans: [{ spans }] }],
});

/** The same in protobuf, whose ids are bytes. */
function protobuf(...spans: object[]): Buffer {
  const base64 = (key: string, value: unknown): unknown => /[iI]d$/.test(key) ? Buffer.from(value as string, 'hex').toString('base64') : value;
  const bytes: object = JSON.parse(JSON.stringify(request(...spans)), base64);
  return Buffer.from(types.ExportTraceServiceRequest.encode(types.ExportTraceServiceRequest.fromObject(bytes)).finish());
}

async function send(
  url: string, body: string | Buffer, headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; body: Buffer }> {
  const response = await fetch(`${url}/v1/traces`, { method: 'POST', headers: { 'content-type': JSON_TYPE, ...headers }, body: body as BodyInit });
  return { status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()) };
}

const TRACE_ID = `1-${RANDOM.slice(0, 8)}-${RANDOM.slice(8)}`;

test.each<[string, string | Buffer, Record<string, string>]>([
  ['JSON', JSON.stringify(request(span())), { 'content-type': 'application/json; charset=utf-8' }],
  ['protobuf', protobuf(span()), { 'content-type': PROTOBUF }],
  ['JSON, gzip', gzipSync(JSON.stringify(request(span()))), { 'content-encoding': 'gzip' }],
  ['protobuf, deflate', deflateSync(protobuf(span())), { 'content-type': PROTOBUF, 'content-encoding': 'deflate' }],
])('spans in %s are taken, whatever the digits of their trace id', async (_, body, headers) => {
  const { xray } = await startWithClient();
  const answer = await send(xray.url, body, headers);
  const isProtobuf = headers['content-type'] === PROTOBUF;
  expect([answer.status, answer.headers.get('content-type')?.split(';')[0], answer.body.toString()])
    .toEqual([200, isProtobuf ? PROTOBUF : JSON_TYPE, isProtobuf ? '' : '{}']);
  const [trace] = xray.store.traces();
  expect([trace.id, trace.segments.map(({ name }) => name), Math.round(trace.startMs)]).toEqual([TRACE_ID, ['shop'], Number(NOW / 1_000_000n)]);
});

test('a trace with a random id is in the list of the time of its spans', async () => {
  const { xray } = await startWithClient();
  await send(xray.url, JSON.stringify(request(span())));
  const seconds = Number(NOW / 1_000_000_000n);
  const range = JSON.stringify({ StartTime: seconds - 60, EndTime: seconds + 60 });
  const response = await fetch(`${xray.url}/TraceSummaries`, { method: 'POST', body: range });
  expect(((await response.json()) as { TraceSummaries: { Id: string }[] }).TraceSummaries.map(({ Id: id }) => id)).toEqual([TRACE_ID]);
});

test('numbers, bytes and lists of attributes arrive', async () => {
  const { xray } = await startWithClient();
  const attributes = [
    { key: 'whole', value: { intValue: '42' } }, { key: 'plain', value: { intValue: 7 } }, { key: 'half', value: { doubleValue: 0.5 } },
    { key: 'yes', value: { boolValue: true } }, { key: 'list', value: { arrayValue: { values: [{ stringValue: 'a' }] } } },
    { key: 'traceId', value: { stringValue: 'not hexadecimal' } }, { key: 'unknown', value: { newKindOfValue: 1 } },
  ];
  expect((await send(xray.url, JSON.stringify(request(span({ attributes }))))).status).toBe(200);
  const [{ Segments: [{ Document: document }] }] = xray.store.batchGetTraces([TRACE_ID]).Traces;
  expect(JSON.parse(document).metadata.default).toMatchObject({ whole: 42, plain: 7, half: 0.5, yes: true, list: ['a'], traceId: 'not hexadecimal' });
});

test('spans that cannot be placed are told of, and the others taken', async () => {
  const { xray } = await startWithClient();
  const spans = [span(), span({ spanId: '' }), span({ spanId: '00000000000000a3', endTimeUnixNano: '1' })];
  const told = { rejectedSpans: '2', errorMessage: expect.stringMatching(/^MissingId: /) };
  expect(JSON.parse((await send(xray.url, JSON.stringify(request(...spans)))).body.toString())).toEqual({ partialSuccess: told });
  const { body } = await send(xray.url, protobuf(...spans), { 'content-type': PROTOBUF });
  const decoded = types.ExportTraceServiceResponse.decode(body);
  expect(types.ExportTraceServiceResponse.toObject(decoded, { longs: String })).toEqual({ partialSuccess: told });
  expect(xray.health().refused).toEqual({ MissingId: 2, InvalidEndTime: 2 });
});

test.each<[string, string | Buffer, Record<string, string>, number, RegExp]>([
  ['no JSON', '{"resourceSpans":', {}, 400, /no OTLP trace request/],
  ['a list', '[]', {}, 400, /no JSON object/],
  ['ids that are not hexadecimal', JSON.stringify(request(span({ traceId: 'xyz' }))), {}, 400, /traceId is not hexadecimal/],
  ['no protobuf', Buffer.from('\xff\xff\xff', 'latin1'), { 'content-type': PROTOBUF }, 400, /no OTLP trace request/],
  ['text', 'x', { 'content-type': 'text/plain' }, 415, /application\/x-protobuf or application\/json, got the content type 'text\/plain'/],
  ['no gzip', 'x', { 'content-encoding': 'gzip' }, 400, /the body is not gzip/],
  ['another encoding', 'x', { 'content-encoding': 'zstd' }, 415, /must be gzip or deflate, got 'zstd'/],
])('%s is refused with its reason', async (_, body, headers, status, message) => {
  const { xray } = await startWithClient();
  const answer = await send(xray.url, body, headers);
  expect(answer.status).toBe(status);
  const text = answer.body.toString();
  expect(text).toMatch(message);
  expect(text).not.toContain('xyz'); // a payload may hold personal data
});

test('a page of this machine may send; one from elsewhere, and a name that leads here, may not', async () => {
  const { xray } = await startWithClient();
  const origin = 'http://localhost:3000';
  const preflight = await fetch(`${xray.url}/v1/traces`, {
    method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type,traceparent' },
  });
  expect([preflight.status, preflight.headers.get('access-control-allow-origin'), preflight.headers.get('access-control-allow-headers')])
    .toEqual([204, origin, 'content-type,traceparent']);
  const body = JSON.stringify(request(span()));
  const taken = await send(xray.url, body, { origin, 'sec-fetch-site': 'cross-site' });
  expect([taken.status, taken.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
  for (const foreign of ['https://example.com', 'http://localhost.example.com', 'null']) {
    const { status, headers } = await send(xray.url, body, { origin: foreign });
    expect([foreign, status, headers.get('access-control-allow-origin')]).toEqual([foreign, 403, null]);
  }
  expect((await fetch(`${xray.url}/TraceSummaries`, { method: 'POST', headers: { origin }, body: '{}' })).status).toBe(403);
});

test('what was taken survives a restart, spans above 64 KB too', async () => {
  const journalDir = mkdtempSync(join(tmpdir(), 'otlp-'));
  try {
    const { xray } = await startWithClient({ journalDir });
    const long = { key: 'long', value: { stringValue: 'x'.repeat(100_000) } };
    expect((await send(xray.url, JSON.stringify(request(span({ attributes: [long] }))))).body.toString()).toBe('{}');
    const tooLong = span({ spanId: '00000000000000a2', attributes: [{ key: 'long', value: { stringValue: 'x'.repeat(300_000) } }] });
    expect((await send(xray.url, JSON.stringify(request(tooLong)))).body.toString()).toMatch(/DocumentTooLarge/);
    await stopAll();
    const again = await startWithClient({ journalDir });
    expect(again.xray.store.traces().map(({ id }) => id)).toEqual([TRACE_ID]);
  } finally {
    await stopAll();
    rmSync(journalDir, { recursive: true, force: true });
  }
});

test('a receiver that has the usual port already is left alone, and told of', async () => {
  const other = createServer();
  await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  const said: string[] = [];
  const xray = await startXray({ udpPort: 0, httpPort: 0, otlpPort: port, log: line => said.push(line) });
  try {
    expect([xray.otlpPort, said]).toEqual([undefined, [
      `TCP port ${port} on 127.0.0.1, meant for OTLP, is in use; set CDK_TRACED_OTLP_PORT or --otlp-port to another one. Programs can send OTLP to ${xray.url} instead`,
    ]]);
  } finally {
    await xray.close();
    other.close();
  }
});

test.each(['http', 'proto'])("OpenTelemetry's own exporter (%s) needs nothing but the address", async exporter => {
  const xray = await startXray({ udpPort: 0, httpPort: 0, otlpPort: 0 });
  try {
    const program = `
      const { BasicTracerProvider, SimpleSpanProcessor } = require('@opentelemetry/sdk-trace-base');
      const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-${exporter}');
      const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new OTLPTraceExporter())] });
      const span = provider.getTracer('test').startSpan('checkout', { kind: 1, attributes: { items: 3 } });
      span.recordException(new RangeError('too many'));
      span.end();
      console.log(span.spanContext().traceId);
      provider.shutdown();`;
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', program], {
      cwd: __dirname, env: { ...process.env, OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${xray.otlpPort}` },
    });
    const id = stdout.trim();
    const [trace] = xray.store.traces();
    expect(trace.id).toBe(`1-${id.slice(0, 8)}-${id.slice(8)}`);
    const [{ Segments: [{ Document: document }] }] = xray.store.batchGetTraces([trace.id]).Traces;
    expect(JSON.parse(document)).toMatchObject({ metadata: { default: { items: 3 } }, cause: { exceptions: [{ type: 'RangeError', message: 'too many' }] } });
  } finally {
    await xray.close();
  }
});
