import { createSocket, Socket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutTraceSegmentsCommand, type PutTraceSegmentsCommandOutput, type XRayClient } from '@aws-sdk/client-xray';
import { startXray, Xray } from '../../../src/xray';
import { datagram, hexId, randomTraceId, sampleTrace, T0, traceId } from '../sample-trace';
import { eventually, startWithClient, stopAll } from '../xray-client';

let sockets: Socket[] = [];
const folders: string[] = [];

/** Sends datagrams one after the other, each when the one before has left. */
async function send(xray: Xray, ...datagrams: Buffer[]): Promise<void> {
  const socket = createSocket('udp4');
  sockets.push(socket);
  for (const bytes of datagrams) {
    await new Promise<void>((resolve, reject) => {
      socket.send(bytes, xray.udpPort, '127.0.0.1', (error) => (error === null ? resolve() : reject(error)));
    });
  }
}

afterEach(async () => {
  sockets.splice(0).forEach((socket) => socket.close());
  await stopAll();
  folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true }));
});

test('takes documents over UDP and shows them as a trace', async () => {
  const { xray } = await startWithClient();
  await send(xray, ...sampleTrace().map(datagram));
  await eventually('four documents', () => xray.health().accepted === 4);
  expect(xray.store.batchGetTraces([traceId(1)]).Traces[0].Segments).toHaveLength(4);
  expect(xray.health()).toMatchObject({ datagrams: 4, refused: {}, dropped: 0, traces: 1 });
});

test('counts a bad datagram with its reason, tells it once, and goes on', async () => {
  const lines: string[] = [];
  const { xray } = await startWithClient({ log: (line) => lines.push(line) });
  const [good] = sampleTrace();
  await send(
    xray, Buffer.from('hello'), datagram('{'), datagram('{'), datagram({ ...good, id: 'x' }), datagram({ ...good, end_time: 1 }), Buffer.alloc(65_507, 0x20),
    datagram(good),
  );
  await eventually('the good one', () => xray.health().accepted === 1);
  expect(xray.health()).toMatchObject({ datagrams: 7, refused: { MissingHeader: 2, ParseError: 2, InvalidId: 1, InvalidEndTime: 1 } });
  expect(xray.health().lastRefusals.map(({ code }) => code)).toEqual(['MissingHeader', 'InvalidEndTime', 'InvalidId', 'ParseError', 'ParseError', 'MissingHeader']);
  expect(lines.filter((line) => line.includes('ParseError'))).toHaveLength(1);
  const health = await (await fetch(`${xray.url}/local/health`)).json();
  expect(health).toMatchObject({ status: 'ok', datagrams: 7, refused: { ParseError: 2 } });
});

test('a document nested without end harms nothing, nor does a journal that holds one', async () => {
  const journalDir = mkdtempSync(join(tmpdir(), 'nested-'));
  folders.push(journalDir);
  const [good] = sampleTrace();
  const deep = datagram(JSON.stringify(good).replace('}', `,"metadata":{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}}`));
  const { xray } = await startWithClient({ journalDir });
  await send(xray, deep, datagram(good));
  await eventually('both', () => xray.health().datagrams === 2);
  expect(xray.health()).toMatchObject({ accepted: 1, refused: { NestedTooDeep: 1 } });
  await stopAll();
  const { xray: second } = await startWithClient({ journalDir });
  expect(second.store.batchGetTraces([traceId(1)]).Traces).toHaveLength(1);
});

test('what was sent cannot write to the terminal', async () => {
  const lines: string[] = [];
  const { xray } = await startWithClient({ log: (line) => lines.push(line) });
  await send(xray, datagram({ ...sampleTrace()[0], id: '\u001b[2J\nready' }));
  await eventually('its refusal', () => xray.health().refused.InvalidId === 1);
  expect(lines.filter((line) => line.includes('InvalidId'))).toEqual([expect.stringContaining("got '\\u001b[2J\\u000aready'")]);
});

test('answers on TCP what SDKs ask of a daemon, on the number of the UDP port', async () => {
  const { xray } = await startWithClient();
  const rules = await fetch(`http://127.0.0.1:${xray.udpPort}/GetSamplingRules`, { method: 'POST' });
  expect(await rules.json()).toMatchObject({ SamplingRuleRecords: [{ SamplingRule: { RuleName: 'Default' } }] });
  const targets = await fetch(`http://127.0.0.1:${xray.udpPort}/SamplingTargets`, {
    method: 'POST',
    body: JSON.stringify({ SamplingStatisticsDocuments: [{ RuleName: 'Default', ClientID: 'A', Timestamp: 1, RequestCount: 1, SampledCount: 1 }] }),
  });
  expect(await targets.json()).toMatchObject({ SamplingTargetDocuments: [{ RuleName: 'Default', ReservoirQuota: 1 }] });
});

test('tells with one sentence which port is in use', async () => {
  const { xray } = await startWithClient();
  await expect(startXray({ udpPort: xray.udpPort, httpPort: 0 })).rejects
    .toThrow(`UDP port ${xray.udpPort} on 127.0.0.1 is in use, probably by another X-Ray daemon; set CDK_TRACED_XRAY_PORT or --xray-port to another one`);
  await expect(startXray({ udpPort: 0, httpPort: xray.httpPort })).rejects
    .toThrow(`TCP port ${xray.httpPort} on 127.0.0.1, meant for the X-Ray API, is in use; set CDK_TRACED_WEB_PORT or --web-port to another one`);
});

test('frees its ports', async () => {
  const first = await startXray({ udpPort: 0, httpPort: 0 });
  await first.close();
  const second = await startXray({ udpPort: first.udpPort, httpPort: first.httpPort });
  expect([second.udpPort, second.httpPort]).toEqual([first.udpPort, first.httpPort]);
  await second.close();
});

test('tells listeners of new and changed traces as server-sent events', async () => {
  const { xray } = await startWithClient();
  let text = '';
  const stream = request(`${xray.url}/local/events`, (response) => {
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => { text += chunk; });
  });
  stream.on('error', () => undefined); // it is cut off below
  stream.end();
  await eventually('the stream', () => text.includes('retry'));
  const [call, ...others] = sampleTrace();
  await send(xray, datagram(call));
  await eventually('the first event', () => text.includes(`event: traces\ndata: {"created":["${traceId(1)}"],"updated":[],"removed":[]}`));
  await send(xray, ...others.map(datagram));
  await eventually('the second event', () => text.includes(`data: {"created":[],"updated":["${traceId(1)}"],"removed":[]}`));
  stream.destroy();
});

test('a listener that does not read is let go, so that nothing piles up', async () => {
  const { xray } = await startWithClient();
  const socket = connect(xray.httpPort, '127.0.0.1');
  socket.on('error', () => undefined); // it is cut off below
  socket.pause();
  socket.write('GET /local/events HTTP/1.1\r\nhost: localhost\r\n\r\n');
  await eventually('the listener', () => xray.store.listenerCount('trace') === 1);
  await eventually('its end', () => {
    for (let index = 0; index < 100_000; index += 1) xray.store.emit('trace', traceId(index), true);
    return xray.store.listenerCount('trace') === 0;
  });
  socket.destroy();
});

test('documents in progress are shown and then completed', async () => {
  const { xray } = await startWithClient();
  const open = { trace_id: traceId(1), id: hexId(1), name: 'slow', start_time: T0, in_progress: true };
  await send(xray, datagram(open));
  await eventually('the open one', () => xray.health().accepted === 1);
  expect(xray.store.trace(traceId(1))).toMatchObject({ isPartial: true, segments: [{ inProgress: true }] });
  await send(xray, datagram({ ...open, in_progress: undefined, end_time: T0 + 1 }));
  await eventually('the complete one', () => xray.health().accepted === 2);
  expect(xray.store.trace(traceId(1))).toMatchObject({ isPartial: false, durationMs: 1000, segments: [{ inProgress: false }] });
});

describe('a document that AWS would not index', () => {
  const document = (): string => JSON.stringify({
    trace_id: randomTraceId(Math.floor(Date.now() / 1000)), id: hexId(1), name: 'shop', start_time: Date.now() / 1000, end_time: Date.now() / 1000 + 1,
    annotations: { 'order id': 1 },
  });
  const put = async (client: XRayClient): Promise<PutTraceSegmentsCommandOutput> => (
    client.send(new PutTraceSegmentsCommand({ TraceSegmentDocuments: [document()] }))
  );

  test('is taken, counted and told of once', async () => {
    const said: string[] = [];
    const { xray, client } = await startWithClient({ log: line => said.push(line) });
    expect([(await put(client)).UnprocessedTraceSegments, (await put(client)).UnprocessedTraceSegments]).toEqual([[], []]);
    expect(xray.health()).toMatchObject({ accepted: 2, refused: {}, deviations: { UnindexedAnnotationKey: 2 } });
    expect(xray.health().lastDeviations).toHaveLength(2);
    expect(said).toEqual([expect.stringMatching(/^took a trace document, but AWS differs: .*'order id'.*\(UnindexedAnnotationKey;/)]);
  });

  test('is refused in strict mode', async () => {
    const { xray, client } = await startWithClient({ strict: true });
    expect((await put(client)).UnprocessedTraceSegments).toMatchObject([{ ErrorCode: 'UnindexedAnnotationKey' }]);
    expect(xray.health()).toMatchObject({ accepted: 0, refused: { UnindexedAnnotationKey: 1 }, deviations: {} });
  });

  test('a segment that calls itself inferred is refused: X-Ray makes these', async () => {
    const { client } = await startWithClient();
    const inferred = JSON.stringify({ ...JSON.parse(document()), inferred: true });
    expect((await client.send(new PutTraceSegmentsCommand({ TraceSegmentDocuments: [inferred] }))).UnprocessedTraceSegments)
      .toMatchObject([{ ErrorCode: 'InferredSegment' }]);
  });
});
