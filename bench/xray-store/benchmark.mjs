// What the API takes with many traces in memory. There is no peer that answers at all; the other side is the bound that was set.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleProgram, startProgram } from '../xray-bundle.mjs';

export const title = 'Local X-Ray: many traces of 8 segments in memory';

const folder = dirname(fileURLToPath(import.meta.url));
const PROGRAM = `import { startXray } from './src/xray';
  const { traceOf } = require(${JSON.stringify(join(folder, 'traces.cjs'))});
  (async () => {
    const count = Number(process.argv[2]);
    const xray = await startXray({ udpPort: 0, httpPort: 0, maxBytes: 2 ** 31 });
    const start = Date.now() / 1000 - 3600;
    for (let n = 0; n < count; n++) {
      for (const document of traceOf(n, start + n * 3600 / count)) xray.store.add({ document, json: Buffer.from(JSON.stringify(document)), isSampled: true });
      if (n % 1000 === 0) await new Promise(resolve => setImmediate(resolve));
    }
    await xray.store.eachFacts(facts => {
      if (facts.visits.length === 0) throw new Error('an empty trace');
    });
    console.log(JSON.stringify({ url: xray.url }));
  })();
  process.on('SIGTERM', () => process.exit());`;

const ALL = { StartTime: 0, EndTime: 4102444800, TimeRangeType: 'Event' };
const QUERIES = [
  ['GetServiceGraph over all', '/ServiceGraph', ALL],
  ['filter by service and fault', '/TraceSummaries', { ...ALL, FilterExpression: 'service(id(name: "xraystarter-py", type: "AWS::Lambda::Function")) { fault }' }],
  ['filter by annotation and time', '/TraceSummaries', { ...ALL, FilterExpression: 'annotation.tenant = "tenant-7" AND duration > 0.1' }],
  ['filter by text of the address', '/TraceSummaries', { ...ALL, FilterExpression: 'service("audit") { http.url CONTAINS "/uploads/77" }' }],
];

export async function measure({ log, quick }) {
  const sizes = quick ? [1_000, 10_000] : [1_000, 10_000, 100_000];
  const rounds = quick ? 3 : 7;
  const program = await bundleProgram('store', PROGRAM);
  const rows = [];
  const plot = QUERIES.slice(0, 2).map(([name]) => ({ name, values: [] }));
  for (const size of sizes) {
    log(`${size} traces...`);
    const xray = await startProgram(program, String(size));
    try {
      const label = `${size.toLocaleString('en')} traces`;
      for (const [index, [what, path, body]] of QUERIES.entries()) {
        const times = [];
        for (let round = 0; round < rounds; round++) {
          const start = performance.now();
          const response = await fetch(`${xray.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
          const answer = await response.json();
          times.push(performance.now() - start);
          if (!response.ok || (answer.Services ?? answer.TraceSummaries).length === 0) throw new Error(`${what}: ${JSON.stringify(answer).slice(0, 200)}`);
        }
        // The first call compiles code; a user who waits for it waits all the same, so the slowest counts.
        const slowest = Math.max(...times);
        rows.push({ what, size: label, ours: slowest, peer: 1000, unit: 'ms', ratio: slowest / 1000, goal: size === 100_000 ? 1 : undefined, note: `slowest of ${rounds}` });
        plot[index]?.values.push(slowest);
      }
      const megabytes = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${xray.pid}/status`, 'utf8'))[1]) / 1024;
      rows.push({ what: 'memory of the process', size: label, ours: megabytes, peer: 1024, unit: 'MiB', ratio: megabytes / 1024, goal: size === 100_000 ? 1 : undefined });
    } finally {
      await xray.stop();
    }
  }
  return {
    rows,
    plots: [{ title: 'Time of a query by number of traces', x: { title: 'traces', values: sizes }, y: { title: 'ms' }, series: plot }],
    notes: ['No free tool answers these queries over a map with edges, so the other side is the bound: one second, one GiB.'],
  };
}
