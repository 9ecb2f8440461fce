// How many of the documents that are sent over UDP arrive, at a steady rate, journal included.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bundleProgram, startProgram } from '../xray-bundle.mjs';
import { buildPeer, startPeer, VERSION, waitFor } from './peer.mjs';

export const title = 'Local X-Ray: documents lost in a flood, against the OpenTelemetry Collector';

const folder = dirname(fileURLToPath(import.meta.url));
const run = promisify(execFile);
const PROGRAM = `import { startXray } from './src/xray';
  startXray({ udpPort: 0, httpPort: 0, journalDir: process.argv[2], log: line => console.error(line) })
    .then(xray => console.log(JSON.stringify({ port: xray.udpPort, url: xray.url })));
  process.on('SIGTERM', () => process.exit());`;
const TRICKLE = 100;
const RATES = [10_000, 20_000, 30_000, 45_000];

export async function measure({ log, quick }) {
  const count = quick ? 20_000 : 100_000;
  const rounds = quick ? 1 : 3;
  const scratch = mkdtempSync(join(tmpdir(), 'cdk-traced-function-bench-'));
  try {
    const binary = await buildPeer(log);
    const program = await bundleProgram('ingest', PROGRAM);
    const lost = { ours: new Map(RATES.map(rate => [rate, []])), peer: new Map(RATES.map(rate => [rate, []])) };
    const reached = new Map();
    for (let round = 0; round < rounds; round++) {
      for (const rate of RATES) {
        // Each side alone and fresh, in turn, under the same flood from the same sender.
        const ours = await flood(await startOurs(program, join(scratch, `journal-${round}-${rate}`)), count, rate);
        const peer = await flood(await startPeer(binary, await freePorts(), scratch), count, rate);
        lost.ours.get(rate).push(ours.lost);
        lost.peer.get(rate).push(peer.lost);
        reached.set(rate, [...reached.get(rate) ?? [], ours.rate, peer.rate]);
        log(`round ${round + 1}, ${rate} a second: lost ${ours.lost} (sent at ${ours.rate}), collector ${peer.lost} (sent at ${peer.rate})`);
      }
    }
    const goals = new Map([[20_000, 0], [45_000, 1]]);
    const rows = RATES.map(rate => {
      const [ours, peer] = [median(lost.ours.get(rate)), median(lost.peer.get(rate))];
      return {
        what: `lost of ${count.toLocaleString('en')} documents`, size: `${rate.toLocaleString('en')} a second`, ours, peer, unit: 'documents',
        ratio: ours === 0 ? 0 : ours / Math.max(peer, 1), goal: goals.get(rate),
        note: `the sender reached ${median(reached.get(rate)).toLocaleString('en')} a second`,
      };
    });
    return {
      rows,
      versions: { 'opentelemetry-collector, awsxrayreceiver': VERSION },
      notes: ['Ours writes every document to its journal and indexes it; the collector has the nop exporter. Both are started anew for each flood; lost is what neither counted.'],
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Sends `count` documents to a running collector and stops it. */
async function flood(collector, count, rate) {
  try {
    // What one document counts for: the collector counts spans, by its own rules. A slow trickle loses nothing.
    await send(collector, TRICKLE, 500);
    const before = await settled(collector);
    if (before === 0 || before % TRICKLE !== 0) throw new Error(`of a trickle of ${TRICKLE} documents ${before} were counted`);
    const rateReached = await send(collector, count, rate);
    const arrived = (await settled(collector) - before) / (before / TRICKLE);
    return { lost: count - arrived, rate: rateReached };
  } finally {
    await collector.stop();
  }
}

async function send(collector, count, rate) {
  const { stdout } = await run('python3', [join(folder, 'sender.py'), String(collector.port), String(count), String(rate)]);
  return Number(stdout);
}

/** What the collector has counted, once it counts no more. */
async function settled(collector) {
  let last = -1;
  await waitFor(async () => {
    const received = await collector.received();
    const isSettled = received === last;
    last = received;
    if (!isSettled) await new Promise(resolve => setTimeout(resolve, 1000));
    return isSettled;
  }, 120_000);
  return last;
}

async function startOurs(program, journal) {
  const xray = await startProgram(program, journal);
  return {
    port: xray.port,
    received: async () => (await (await fetch(`${xray.url}/local/health`)).json()).accepted,
    stop: async () => {
      await xray.stop();
      rmSync(journal, { recursive: true, force: true });
    },
  };
}

async function freePorts() {
  const servers = await Promise.all([0, 1, 2].map(async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server;
  }));
  const [udpPort, tcpPort, metricsPort] = servers.map(server => server.address().port);
  await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))));
  return { udpPort, tcpPort, metricsPort };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
