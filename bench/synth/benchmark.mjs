// What bundling adds to a synth: the wall time of an app's synth above the same app with inline code.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const title = 'Synth: bundling cost against NodejsFunction';

const folder = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(folder));

export async function measure({ log, quick }) {
  if (!existsSync(join(root, 'build', 'index.js'))) {
    const { status } = spawnSync('npx', ['jsii', '--silence-warnings=reserved-word'], { cwd: root, stdio: ['ignore', 2, 2] });
    if (status !== 0) throw new Error('the library does not compile; its messages are above');
  }
  const sizes = quick ? [10] : [10, 100];
  const rounds = quick ? 1 : 3;
  const rows = [];
  const plot = { x: { title: 'functions', values: sizes }, floor: [], cold: [], warm: [], peer: [] };
  for (const size of sizes) {
    const project = makeProject(size);
    try {
      const external = await compare(project, size, rounds, 'external', log);
      const bundled = await compare(project, size, rounds, 'bundled', log);
      const label = `${size} functions`;
      const row = (what, ours, peer, goal) => ({ what, size: label, ours, peer, unit: 'ms', ratio: Math.max(0, ours) / peer, goal: size === 100 ? goal : undefined });
      rows.push(
        row('cold, AWS SDK left to the runtime', external.cold, external.peer, 1 / 100),
        row('cold, AWS SDK bundled', bundled.cold, bundled.peer, 1 / 25),
        row('warm, nothing changed', external.warm, external.peer, 1 / 500),
        row('warm, one file changed', external.changed, external.peer, 1 / 100),
        { what: 'cold, for each function, traced', size: label, ours: external.cold / size, peer: external.peer / size, unit: 'ms', ratio: external.cold / external.peer },
      );
      plot.cold.push(external.cold);
      plot.warm.push(Math.max(0, external.warm));
      plot.peer.push(external.peer);
    } finally {
      rmSync(project, { recursive: true, force: true });
    }
  }
  const version = name => JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
  return {
    rows,
    versions: { 'aws-cdk-lib': version('aws-cdk-lib'), 'esbuild': version('esbuild'), '@aws-sdk/client-dynamodb': version('@aws-sdk/client-dynamodb') },
    plots: [{
      title: 'Bundling cost by number of functions', x: plot.x, y: { title: 'ms' },
      series: [{ name: 'NodejsFunction', values: plot.peer }, { name: 'TracedFunction, cold', values: plot.cold }, { name: 'TracedFunction, warm', values: plot.warm }],
    }],
  };
}

/** Medians in milliseconds above the floor of the same round. `sdk`: 'external' or 'bundled', on both sides. */
async function compare(project, size, rounds, sdk, log) {
  const samples = { cold: [], warm: [], changed: [], peer: [] };
  for (let round = 0; round < rounds; round++) {
    const cache = mkdtempSync(join(tmpdir(), 'cdk-traced-function-bench-'));
    try {
      const synth = kind => runSynth(project, kind, size, sdk, cache);
      synth('floor'); // the files of the app and of aws-cdk-lib are in memory from here on
      const floor = median([synth('floor'), synth('floor')]);
      samples.cold.push(synth('traced') - floor);
      samples.warm.push(synth('traced') - median([synth('floor'), floor]));
      writeFileSync(join(project, 'functions', 'f0.ts'), source(0, `changed ${round}`));
      samples.changed.push(synth('traced') - floor);
      samples.peer.push(synth('nodejs') - floor);
      log(`${size} functions, SDK ${sdk}, round ${round + 1}: floor ${floor.toFixed(0)} ms, above it: cold ${samples.cold.at(-1).toFixed(0)}, ` +
        `warm ${samples.warm.at(-1).toFixed(0)}, one changed ${samples.changed.at(-1).toFixed(0)}, NodejsFunction ${samples.peer.at(-1).toFixed(0)}`);
    } finally {
      rmSync(cache, { recursive: true, force: true });
    }
  }
  return Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, median(values)]));
}

/** Milliseconds of one synth in a process of its own, without the time that it takes to load aws-cdk-lib. */
function runSynth(project, kind, size, sdk, cache) {
  const outdir = join(project, 'cdk.out');
  rmSync(outdir, { recursive: true, force: true });
  const run = spawnSync(process.execPath, [join(folder, 'app.cjs'), kind, String(size), sdk, project, outdir, join(root, 'build')], {
    cwd: project, encoding: 'utf8', env: { ...process.env, CDK_TRACED_FUNCTION_CACHE: cache },
  });
  if (run.status !== 0) throw new Error(`the app '${kind}' failed: ${run.stderr}`);
  return Number(run.stdout.trim().split('\n').at(-1));
}

function makeProject(size) {
  const project = mkdtempSync(join(tmpdir(), 'cdk-traced-function-bench-'));
  mkdirSync(join(project, 'functions'));
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'));
  writeFileSync(join(project, 'package.json'), '{"name":"bench","private":true}');
  writeFileSync(join(project, 'package-lock.json'), '{"name":"bench","lockfileVersion":3,"packages":{}}');
  for (let i = 0; i < size; i++) writeFileSync(join(project, 'functions', `f${i}.ts`), source(i, 'first'));
  return project;
}

/** A handler such as people write: one client, two commands, a little logic of its own. */
function source(i, note) {
  return `import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';

const client = new DynamoDBClient({});
const table = process.env.TABLE_NAME ?? 'table-${i}';

/** ${note} */
export const handler = async (event: { id: string }): Promise<string> => {
  const found = await client.send(new GetItemCommand({ TableName: table, Key: { id: { S: event.id } } }));
  if (!found.Item) {
    await client.send(new PutItemCommand({ TableName: table, Item: { id: { S: event.id }, note: { S: '${note} ${i}' } } }));
  }
  return event.id;
};
`;
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
