import { createServer, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TraceReader } from '../../src/assertions';
import type { Xray } from '../../src/xray';
import { randomTraceId, sampleTrace } from '../xray/sample-trace';
import { startWithClient, stopAll } from '../xray/xray-client';

afterEach(stopAll);

async function put(xray: Xray, documents: object[]): Promise<void> {
  const body = JSON.stringify({ TraceSegmentDocuments: documents.map((document) => JSON.stringify(document)) });
  expect((await fetch(`${xray.url}/TraceSegments`, { method: 'POST', body })).status).toBe(200);
}

const seconds = (): number => Date.now() / 1000;

test('reads the traces of this run, not those of an earlier one', async () => {
  const { xray } = await startWithClient();
  await put(xray, sampleTrace({ trace: randomTraceId(seconds() - 600), start: seconds() - 600 }));
  const reader = new TraceReader(xray.url);
  expect(await reader.traces()).toEqual([]);
  const id = randomTraceId(seconds());
  await put(xray, sampleTrace({ trace: id, start: seconds() }));
  expect((await reader.traces()).map((trace) => trace.id)).toEqual([id]);
  expect(await new TraceReader(xray.url).traces({ since: new Date(0) })).toHaveLength(2);
});

test('finds by id, annotation and filter expression', async () => {
  const { xray } = await startWithClient();
  const reader = new TraceReader(xray.url);
  const [good, bad] = [randomTraceId(seconds()), randomTraceId(seconds())];
  await put(xray, [...sampleTrace({ trace: good, start: seconds() }), ...sampleTrace({ trace: bad, start: seconds(), fault: true })]);
  const ids = async (query: Parameters<TraceReader['traces']>[0]): Promise<string[]> => (await reader.traces(query)).map((trace) => trace.id);
  expect(await ids({ id: good })).toEqual([good]);
  expect(await ids({ filter: 'service() { fault }' })).toEqual([bad]);
  expect((await ids({ annotations: { attempt: 1 } })).sort()).toEqual([good, bad].sort());
  expect(await ids({ annotations: { attempt: 2 } })).toEqual([]);
  expect(await ids({ annotations: { attempt: 1 }, filter: 'ok OR !service() { fault }', id: good })).toEqual([good]);
});

test('waits until a trace has all that is needed', async () => {
  const { xray } = await startWithClient();
  const id = randomTraceId(seconds());
  const [call, ...segments] = sampleTrace({ trace: id, start: seconds() });
  await put(xray, [call]);
  const waiting = new TraceReader(xray.url).waitForTrace({ id });
  setTimeout(() => void put(xray, segments), 300);
  expect((await waiting).segments).toHaveLength(4);
  const reader = new TraceReader(xray.url, new Date(0));
  await expect(reader.waitForTraces(2, {}, { timeoutMs: 200 })).rejects.toThrow(/^waited 0\.2 seconds for 2 traces to be complete; 1 came, of which 1 did:/);
});

test('fails after the bound with what there is, and how to look by hand', async () => {
  const { xray } = await startWithClient();
  const id = randomTraceId(seconds());
  await put(xray, sampleTrace({ trace: id, start: seconds() }));
  const error = await new TraceReader(xray.url).waitForTrace({ annotations: { key: 'a b' } }, { timeoutMs: 100 }).catch((caught: Error) => caught);
  expect((error as Error).message).toMatch(/^waited 0\.1 seconds for a trace with annotation\[key\] = "a b" to be complete; none came; there is 1 other trace:/);
  expect((error as Error).message).toContain(`${id}  20`);
  expect((error as Error).message).toContain('└─ incoming AWS::SNS');
  expect((error as Error).message).toMatch(/To look by hand: aws xray get-trace-summaries --endpoint-url http:\/\/127\.0\.0\.1:\d+ --start-time \d+ --end-time \d+ --filter-expression 'annotation/);
});

test('tells a wrong filter and a missing X-Ray', async () => {
  const { xray } = await startWithClient();
  await expect(new TraceReader(xray.url).traces({ filter: 'nonsense' })).rejects.toThrow(/^the filter expression is wrong at position 1/);
  await stopAll();
  await expect(new TraceReader(xray.url).traces()).rejects.toThrow(`there is no X-Ray API at ${xray.url}; start it with 'npm start', or give its address`);
});

test('finds annotations with any key', async () => {
  const { xray } = await startWithClient();
  const id = randomTraceId(seconds());
  const annotations = { 'order.id': 7, 'a b': 'x "y" \\', 'aws:canary]': true };
  await put(xray, [{ trace_id: id, id: '00000000000000a1', name: 'shop', start_time: seconds(), end_time: seconds(), annotations }]);
  const reader = new TraceReader(xray.url);
  for (const [key, value] of Object.entries(annotations)) expect(await reader.traces({ annotations: { [key]: value } })).toHaveLength(1);
});

describe('whatever answers, a wait has an end', () => {
  let server: Server;
  const listen = async (answer: (response: import('node:http').ServerResponse) => void): Promise<string> => {
    server = createServer((_, response) => answer(response));
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  afterEach(() => new Promise((resolve) => {
    server.closeAllConnections();
    server.close(resolve);
  }));

  test('a server that is silent', async () => {
    const url = await listen(() => undefined);
    await expect(new TraceReader(url).waitForTrace({}, { timeoutMs: 1 })).rejects.toThrow(`the X-Ray API at ${url} did not answer TraceSummaries in time`);
  });

  test('a server of something else', async () => {
    const url = await listen((response) => response.end('<!doctype html>'));
    await expect(new TraceReader(url).waitForTrace({})).rejects.toThrow(`${url}/TraceSummaries is no X-Ray API: it answered with status 200: <!doctype html>`);
  });
});

test.each([[{ timeoutMs: NaN }], [{ timeoutMs: Infinity }], [{ timeoutMs: -1 }]])('the bound %p is refused', async (options) => {
  await expect(new TraceReader('http://127.0.0.1:1').waitForTrace({}, options)).rejects.toThrow(/^timeoutMs must be a number of milliseconds, got/);
});
