// Whether tracing keeps anything: the memory of a function after a million calls, against that after the first tenth of them.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ENVIRONMENT } from '../function-start/environment.mjs';
import { startSink } from '../instrumentation/sink.mjs';
import { makePackages } from '../lambda-packages.mjs';

export const title = 'Memory of a Node.js function after many calls';

const folder = dirname(fileURLToPath(import.meta.url));
const run = promisify(execFile);

/** What V8 and the system leave to chance: memory that does not grow differs by less between two looks. */
const MOST_GROWTH = { heap: 1.05, process: 1.1 };

export async function measure({ log, quick }) {
  const calls = quick ? 50_000 : 1_000_000;
  const first = calls / 10;
  const scratch = mkdtempSync(join(tmpdir(), 'cdk-traced-function-bench-'));
  const sink = await startSink();
  try {
    const made = await makePackages(join(scratch, 'cdk.out'), Object.fromEntries(Object.entries({ 'untraced': 'none', 'xraySdk()': 'xraySdk', 'openTelemetry()': 'openTelemetry' })
      .map(([name, instrumentation]) => [name, { entry: join(folder, 'handlers', 'many-calls.mjs'), instrumentation }])));
    const look = async (name, sampled) => {
      const { folder: package_, environment } = made[name];
      const { stdout } = await run(process.execPath, ['--expose-gc', join(folder, 'count.cjs'), join(package_, 'index.js'), calls, first, sampled].map(String), {
        env: { PATH: process.env.PATH, ...ENVIRONMENT, ...environment, _HANDLER: 'index.handler', AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:${sink.port}`, TMPDIR: scratch },
      });
      return JSON.parse(stdout.trim().split('\n').at(-1));
    };
    const cases = [['untraced', 0], ['xraySdk()', 1], ['xraySdk()', 0], ['openTelemetry()', 1], ['openTelemetry()', 0]];
    const rows = [];
    const waiting = [...cases];
    const found = new Map();
    // Time is not what is measured: two run at once.
    await Promise.all([1, 2].map(async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        const label = next[0] === 'untraced' ? next[0] : `${next[0]}, ${next[1] ? 'sampled' : 'not sampled'}`;
        const looks = await look(...next);
        found.set(label, looks);
        log(`${label}: heap ${mebibytes(looks.first.heap)} -> ${mebibytes(looks.last.heap)} MiB, process ${mebibytes(looks.first.rss)} -> ${mebibytes(looks.last.rss)} MiB`);
      }
    }));
    const sent = await sink.count();
    if (sent < calls * 2 * 0.9) throw new Error(`of ${calls * 2} documents of sampled calls ${sent} were sent`);
    for (const [label, looks] of [...found].sort()) {
      for (const [what, key, goal] of [['heap', 'heap', MOST_GROWTH.heap], ['process', 'rss', MOST_GROWTH.process]]) {
        rows.push({
          what: `${label}, ${what}`, size: `${calls.toLocaleString('en')} calls against ${first.toLocaleString('en')}`,
          ours: looks.last[key] / 2 ** 20, peer: looks.first[key] / 2 ** 20, unit: 'MiB', ratio: looks.last[key] / looks.first[key], goal: label === 'untraced' ? undefined : goal,
        });
      }
    }
    return {
      rows,
      notes: [
        'The same process after all calls and after the first tenth, each after a full collection; the heap with what Node.js keeps outside of it, the process as the system counts it. ' +
        `The goal is no growth; ${MOST_GROWTH.heap} and ${MOST_GROWTH.process} leave room for what V8 and the system do by themselves. ${sent.toLocaleString('en')} documents arrived.`,
      ],
    };
  } finally {
    sink.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

function mebibytes(bytes) {
  return (bytes / 2 ** 20).toFixed(1);
}
