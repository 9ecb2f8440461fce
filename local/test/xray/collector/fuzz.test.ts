import { createSocket } from 'node:dgram';
import { readDaemonMessage } from '../../../src/xray/wire/daemon-message';
import { datagram, sampleTrace, traceId, webTrace } from '../sample-trace';
import { eventually, startWithClient, stopAll } from '../xray-client';

const COUNT = 10_000;

afterEach(stopAll);

/** mulberry32: the same numbers in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

const VALUES: unknown[] = [null, '', 'x', -1, 1e300, 0, true, [], {}, [[]], { request: 1 }, '0'.repeat(16), 'f'.repeat(300), NaN, [null], { exceptions: 3 }];

/** A datagram that is good, slightly wrong, or noise. */
function fuzzed(next: () => number, index: number): Buffer {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)];
  const documents = next() < 0.5 ? sampleTrace({ trace: traceId(index % 500), fault: next() < 0.3 }) : webTrace(traceId(index % 500));
  const document = JSON.parse(JSON.stringify(pick(documents))) as Record<string, unknown>;
  switch (Math.floor(next() * 7)) {
    case 0: // noise
      return Buffer.from(Array.from({ length: Math.floor(next() * 400) }, () => Math.floor(next() * 256)));
    case 1: { // one field of another type, at any depth
      let target = document;
      while (next() < 0.4) {
        const inner = pick(Object.values(target).concat(target));
        if (typeof inner !== 'object' || inner === null || Object.keys(inner).length === 0) break;
        target = inner as Record<string, unknown>;
      }
      target[pick(Object.keys(target))] = pick(VALUES);
      return datagram(document);
    }
    case 2: { // cut off
      const whole = datagram(document);
      return whole.subarray(0, Math.floor(next() * whole.length));
    }
    case 3: { // some bytes changed
      const bytes = datagram(document);
      for (let changes = 0; changes < 1 + next() * 5; changes += 1) bytes[Math.floor(next() * bytes.length)] = Math.floor(next() * 256);
      return bytes;
    }
    case 4: // a field too many, or too few
      if (next() < 0.5) delete document[pick(Object.keys(document))];
      else document[`x${Math.floor(next() * 9)}`] = pick(VALUES);
      return datagram(document);
    case 5: { // OTLP that may be none
      const bytes = Buffer.from(Array.from({ length: Math.floor(next() * 200) }, () => Math.floor(next() * 256)));
      return Buffer.from(`{"format":"json","version":1}\nT1${pick(['S', 'U', 'X'])}${bytes.toString('base64')}`);
    }
    default:
      return datagram(document);
  }
}

test(`${COUNT} random and mutated datagrams leave it running with the counts right`, async () => {
  const next = random(20_260_225);
  const datagrams = Array.from({ length: COUNT }, (_, index) => fuzzed(next, index));
  const expected = { accepted: 0, unsampled: 0, refused: {} as Record<string, number> };
  for (const bytes of datagrams) {
    const { accepted, refused } = readDaemonMessage(bytes);
    expected.accepted += accepted.length;
    expected.unsampled += accepted.filter(({ isSampled }) => !isSampled).length;
    for (const { code } of refused) expected.refused[code] = (expected.refused[code] ?? 0) + 1;
  }
  // The check is worth something only if much is good, much is bad, and the bad is of many kinds.
  expect(expected.accepted).toBeGreaterThan(COUNT / 5);
  expect(Object.values(expected.refused).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(COUNT / 3);
  expect(Object.keys(expected.refused).length).toBeGreaterThan(12);

  const lines: string[] = [];
  const { xray } = await startWithClient({ log: (line) => lines.push(line) });
  const socket = createSocket('udp4');
  for (const [index, bytes] of datagrams.entries()) {
    await new Promise<void>((resolve, reject) => {
      socket.send(bytes, xray.udpPort, '127.0.0.1', (error) => (error === null ? resolve() : reject(error)));
    });
    // UDP has no back-pressure: the sender waits, so that what is counted is what the collector did, not what the kernel dropped.
    if (index % 100 === 99) await eventually('what was sent', () => xray.health().datagrams === index + 1);
  }
  socket.close();
  const health = xray.health();
  expect(health).toMatchObject({ datagrams: COUNT, ...expected, dropped: 0 });

  // Everything that was taken can be asked for in every way.
  const post = async (path: string, body: object): Promise<Response> => fetch(`${xray.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
  const ids = xray.store.traces().map(({ id }) => id);
  const all = { StartTime: 0, EndTime: 253402300800 };
  for (const [path, body] of [
    ['/Traces', { TraceIds: ids }], ['/TraceSummaries', all], ['/ServiceGraph', all], ['/TraceGraph', { TraceIds: ids }],
    ['/TraceSummaries', { ...all, FilterExpression: 'service() { fault AND http.url CONTAINS "a" } OR rootcause.fault.entity { remote } OR user OR message' }],
  ] as const) {
    const response = await post(path, body);
    expect([path, response.status]).toEqual([path, 200]);
    await response.json();
  }
  expect(lines.filter((line) => line.includes('failed'))).toEqual([]);
});
