// How long a finished function takes until it can be called, and how large it is: traced and untraced, and by other builders.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makePackages, sizeOf } from '../lambda-packages.mjs';
import { runPinned } from '../pinned-process.mjs';
import { inTurn, median, ratioOf } from '../rounds.mjs';
import { otherBuilders } from './builders.mjs';
import { goPackages, javaPackages } from './compiled.mjs';
import { ENVIRONMENT } from './environment.mjs';
import { pythonPackages } from './python.mjs';

export const title = 'Start of a function with a DynamoDB client';

const folder = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(folder));
const entry = join(folder, 'handlers', 'node.mjs');

export async function measure({ log, quick }) {
  const rounds = quick ? 3 : 21;
  const scratch = mkdtempSync(join(tmpdir(), 'cdk-traced-function-bench-'));
  try {
    const nodejs = await measureNodejs(scratch, rounds, log);
    const python = await measureLanguage('Python', await pythonPackages(scratch, log), quick ? 3 : 15, log);
    const go = await measureLanguage('Go', await goPackages(scratch, log), quick ? 3 : 15, log);
    const java = await measureLanguage('Java', await javaPackages(scratch, log), quick ? 2 : 7, log);
    const version = name => JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
    return {
      rows: [...nodejs, ...python.rows, ...go.rows, ...java.rows],
      versions: {
        '@aws-sdk/client-dynamodb': version('@aws-sdk/client-dynamodb'), 'esbuild': version('esbuild'), 'aws-cdk-lib': version('aws-cdk-lib'),
        ...python.versions, ...go.versions, ...java.versions,
      },
      notes: [
        'Processor time of a fresh process. Node.js: `require` of index.js, `import` of index.mjs, http and https being loaded already; the SDK of the runtime is the one in node_modules, found by NODE_PATH. ' +
        'Python: import of the handler\'s module; the package has no .pyc files, as in a fresh zip; boto3, which stands in for the runtime\'s, has, unless it is in the package. Go and Java: until the program asks for its first request.',
        'Other builders: esbuild with the settings of SST (sst/sst, pkg/runtime/node/build.go at 1bf0370, minified) and of Serverless (serverless/serverless, packages/serverless/lib/plugins/esbuild/index.js at 054cd6f, which also ' +
        'sets NODE_OPTIONS=--enable-source-maps).',
        "Where a goal is missed: two thirds of what Python adds is compiling the sources of the X-Ray SDK and of wrapt, which arrive without .pyc files; boto3 of the runtime is compiled. Tried: taking docstrings out (1 ms). Not done: compiling beforehand, which ties a package to one minor version of Python. `Instrumentation.openTelemetry()` has no SDK to compile.",
      ],
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function measureNodejs(scratch, rounds, log) {
  const made = await makePackages(join(scratch, 'nodejs'), {
    'NodejsFunction': { construct: 'nodejs', entry },
    'NodejsFunction, SDK bundled': { construct: 'nodejs', entry, bundling: { externalModules: [] } },
    'untraced': { entry, instrumentation: 'none' },
    'untraced, ESM': { entry, instrumentation: 'none', bundling: { format: 'esm' } },
    'xraySdk()': { entry },
    'xraySdk(), ESM': { entry, bundling: { format: 'esm' } },
    'openTelemetry()': { entry, instrumentation: 'openTelemetry' },
  });
  const files = {
    ...Object.fromEntries(Object.entries(made).map(([name, { folder: package_ }]) => [name, join(package_, /ESM/.test(name) ? 'index.mjs' : 'index.js')])),
    ...await otherBuilders(entry, scratch),
  };
  const load = name => async () => (await runPinned(process.execPath, [join(folder, 'load.mjs'), files[name]], {
    env: { ...ENVIRONMENT, ...made[name]?.environment, NODE_PATH: join(root, 'node_modules'), ...name.startsWith('Serverless') && { NODE_OPTIONS: '--enable-source-maps' } },
  })).start;
  const sides = Object.fromEntries(Object.keys(files).map(name => [name, load(name)]));
  await inTurn(1, sides); // the files are in memory from here on
  const start = await inTurn(rounds, sides);
  log(`Node.js: ${Object.keys(files).map(name => `${name} ${median(start[name]).toFixed(1)} ms, ${(sizeOf(files[name]) / 1e3).toFixed(0)} kB`).join('; ')}`);
  const row = (ours, peer, goal) => ({
    what: `Node.js, ${ours}`, size: `against ${peer}`, ours: median(start[ours]), peer: median(start[peer]), unit: 'ms', ratio: ratioOf(start[ours], start[peer]), goal,
    note: `${(sizeOf(files[ours]) / 1e3).toFixed(0)} and ${(sizeOf(files[peer]) / 1e3).toFixed(0)} kB`,
  });
  return [
    row('xraySdk()', 'NodejsFunction', 0.8),
    row('openTelemetry()', 'NodejsFunction', 0.8),
    row('xraySdk(), ESM', 'xraySdk()', 1),
    row('untraced, ESM', 'untraced', 1),
    ...['NodejsFunction', 'NodejsFunction, SDK bundled', 'SST', 'Serverless', 'Serverless, SDK bundled'].map(peer => row('untraced', peer, 1)),
  ];
}

/**
 * @param {{ starts?: Record<string, { traced: () => Promise<number>, untraced: () => Promise<number> }>, sizes: object[], goal?: number, versions: object }} language
 *   `starts` by what is compared, in milliseconds; without it `versions.missing` says why nothing can be measured. `sizes`: rows in bytes
 */
async function measureLanguage(name, { starts, sizes, goal, versions }, rounds, log) {
  if (!starts) {
    log(`${name}: not measured, ${versions.missing}`);
    return { rows: [], versions: {} };
  }
  const rows = sizes.map(({ ours, peer, ...rest }) => ({ ours: ours / 1e6, peer: peer / 1e6, unit: 'MB', ratio: ours / peer, ...rest }));
  for (const [what, sides] of Object.entries(starts)) {
    await inTurn(1, sides);
    const start = await inTurn(rounds, sides);
    rows.push({ what: `${name}, ${what}`, size: 'against untraced', ours: median(start.traced), peer: median(start.untraced), unit: 'ms', ratio: ratioOf(start.traced, start.untraced), goal });
  }
  rows.forEach(row => log(`${row.what}, ${row.size}: ${row.ours.toFixed(2)} and ${row.peer.toFixed(2)} ${row.unit}`));
  return { rows, versions };
}
