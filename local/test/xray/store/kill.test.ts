import { ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { datagram, hexId, T0, traceId } from '../sample-trace';
import { eventually, startWithClient, stopAll } from '../xray-client';

let directory: string;
let child: ChildProcess | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kill-'));
});

afterEach(async () => {
  child?.kill('SIGKILL');
  await stopAll();
  rmSync(directory, { recursive: true });
});

async function start(): Promise<{ udpPort: number; url: string; exited: Promise<unknown> }> {
  const started = spawn(process.execPath, ['--import', 'tsx', join(__dirname, 'xray-process.ts'), directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  child = started;
  const exited = once(started, 'exit');
  const [line] = await once(createInterface(started.stdout), 'line') as [string];
  return { ...JSON.parse(line) as { udpPort: number; url: string }, exited };
}

function document(trace: number, id: number): object {
  return { trace_id: traceId(trace), id: hexId(id), name: `n${id}`, start_time: T0, end_time: T0 + 1 };
}

test('a kill -9 in the middle of a flood loses no document that was acknowledged before it', async () => {
  const { udpPort, url, exited } = await start();
  const socket = createSocket('udp4');
  let sent = 0;
  let stopped = false;

  // Over UDP a document is acknowledged when it counts as accepted; one socket keeps its datagrams in order.
  const overUdp = async (): Promise<void> => {
    while (!stopped) {
      for (let burst = 0; burst < 50; burst += 1) {
        socket.send(datagram(document(1 + Math.floor(sent / 100), 1 + (sent % 100))), udpPort, '127.0.0.1');
        sent += 1;
      }
      await new Promise((resolve) => { setTimeout(resolve, 5); });
    }
  };
  // Over HTTP when PutTraceSegments has answered.
  const acknowledged: number[] = [];
  const overHttp = async (): Promise<void> => {
    for (let id = 1; !stopped; id += 1) {
      const body = JSON.stringify({ TraceSegmentDocuments: [JSON.stringify(document(0xabc, id))] });
      const response = await fetch(`${url}/TraceSegments`, { method: 'POST', body }).catch(() => undefined);
      if (response?.status === 200) acknowledged.push(id);
    }
  };
  const flood = Promise.all([overUdp(), overHttp()]);
  let health = { accepted: 0, datagrams: 0, dropped: 0 };
  while (health.datagrams < 3000 || acknowledged.length < 20) health = await (await fetch(`${url}/local/health`)).json() as typeof health;
  const acknowledgedHttp = [...acknowledged];
  child!.kill('SIGKILL');
  await exited;
  stopped = true;
  await flood;
  socket.close();
  expect(health.dropped).toBe(0);
  expect(sent).toBeGreaterThan(health.datagrams);

  const { xray } = await startWithClient({ journalDir: directory });
  const found = new Set(xray.store.traces().flatMap((trace) => trace.segments.map((segment) => `${trace.id}/${segment.id}`)));
  const missing: string[] = [];
  for (let index = 0; index < health.datagrams; index += 1) {
    const key = `${traceId(1 + Math.floor(index / 100))}/${hexId(1 + (index % 100))}`;
    if (!found.has(key)) missing.push(key);
  }
  for (const id of acknowledgedHttp) if (!found.has(`${traceId(0xabc)}/${hexId(id)}`)) missing.push(`http ${id}`);
  expect(missing).toEqual([]);
  expect(xray.health().journal).toMatchObject({ healthy: true });
  expect(xray.health().journal!.restored).toBe(xray.store.size);
});

test.each(['udp', 'http'])('a journal that outgrows its bound over %s is rewritten meanwhile, and what is held survives a restart', async (way) => {
  const { xray } = await startWithClient({ journalDir: directory, maxBytes: 20_000 });
  const socket = createSocket('udp4');
  const send = (bytes: Buffer): Promise<void> => new Promise((resolve) => { socket.send(bytes, xray.udpPort, '127.0.0.1', () => resolve()); });
  for (let index = 0; index < 4000; index += 100) {
    const documents = Array.from({ length: 100 }, (_, offset) => document(1 + Math.floor((index + offset) / 10), 1 + ((index + offset) % 10)));
    if (way === 'udp') {
      for (const one of documents) await send(datagram(one));
      await eventually('the datagrams', () => xray.health().datagrams === index + 100);
    } else {
      const body = JSON.stringify({ TraceSegmentDocuments: documents.map((one) => JSON.stringify(one)) });
      expect((await fetch(`${xray.url}/TraceSegments`, { method: 'POST', body })).status).toBe(200);
    }
  }
  socket.close();
  const held = xray.store.traces().map(({ id }) => id);
  expect(held.length).toBeLessThan(100);
  // 4,000 documents are more than 600 KB.
  await eventually('the rewriting', () => xray.health().journal!.bytes < 200_000);
  await stopAll();
  const { xray: second } = await startWithClient({ journalDir: directory, maxBytes: 20_000 });
  // Joined documents take a little less or more room than they did apart: the last of the oldest may have to go, never one of the newest.
  const again = second.store.traces().map(({ id }) => id);
  expect(again).toEqual(held.slice(-again.length));
  expect(again.length).toBeGreaterThan(held.length * 0.8);
});
