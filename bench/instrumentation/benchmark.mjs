// What each kind of instrumentation adds to a function that calls DynamoDB: bytes of the package, start, and each call.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makePackages, sizeOf, sizeOfCode } from '../lambda-packages.mjs';
import { npmPeers } from '../peers.mjs';
import { runPinned } from '../pinned-process.mjs';
import { above, inTurn, median } from '../rounds.mjs';
import { startSink } from './sink.mjs';

export const title = 'Instrumentation of a Node.js function: what it adds';

const folder = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(folder));
const handler = name => join(folder, 'handlers', `${name}.mjs`);

const PEERS = {
  '@aws-lambda-powertools/tracer': '2.36.0',
  '@aws/aws-distro-opentelemetry-exporter-xray-udp': '0.0.2', // the only version there is; it is for OpenTelemetry 1
  '@opentelemetry/api': '1.9.0',
  '@opentelemetry/instrumentation-aws-lambda': '0.75.0', // the last ones for Node.js 20
  '@opentelemetry/instrumentation-aws-sdk': '0.78.0',
  '@opentelemetry/propagator-aws-xray-lambda': '0.56.0',
  '@opentelemetry/sdk-trace-base': '1.30.1',
  '@opentelemetry/sdk-trace-node': '1.30.1',
};
const SAMPLED = { sampled: 1, unsampled: 0 };
const RUNS = 3;
// As in measure-calls.cjs.
const [CHUNK, WARM_UP] = [250, 1_500];

export async function measure({ log, quick }) {
  const rounds = quick ? { start: 5, calls: 6 } : { start: 21, calls: 48 };
  const scratch = mkdtempSync(join(tmpdir(), 'cdk-traced-function-bench-'));
  const sink = await startSink();
  try {
    const files = await bundles(scratch, log);
    const env = {
      NODE_PATH: join(root, 'node_modules'),
      AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x', AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x', AWS_LAMBDA_FUNCTION_NAME: 'bench', AWS_LAMBDA_FUNCTION_VERSION: '$LATEST', LAMBDA_TASK_ROOT: scratch, _HANDLER: 'index.handler', TMPDIR: scratch,
      AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:${sink.port}`, POWERTOOLS_SERVICE_NAME: 'bench',
    };
    const run = name => runPinned(process.execPath, [join(folder, 'measure.cjs'), files[name]], { env, cwd: scratch });
    const names = Object.keys(files);
    const sides = work => Object.fromEntries(names.map(name => [name, () => work(name)]));

    await inTurn(1, sides(async name => run(name))); // the files are in memory from here on
    const start = await inTurn(rounds.start, sides(async name => (await run(name)).init));
    log(`start, added ms: ${names.map(name => `${name} ${above(start[name], start.untraced).toFixed(1)}`).join(', ')}`);
    const runs = [];
    for (let i = 0; i < (quick ? 1 : RUNS); i++) {
      const run_ = {};
      for (const [what, sampled] of Object.entries(SAMPLED)) {
        const before = await sink.count();
        const calls = await runPinned(process.execPath, [join(folder, 'measure-calls.cjs'), JSON.stringify({ files, sampled, rounds: rounds.calls })], { env, cwd: scratch });
        checkDatagrams(what, await sink.count() - before, names, sampled, rounds.calls);
        run_[what] = { send: above(calls.send, calls.turn), ...Object.fromEntries(names.map(name => [name, above(calls[name], calls.untraced)])) };
        run_.untraced ??= median(calls.untraced);
        log(`run ${i + 1}, calls, ${what}, added µs: ${Object.entries(run_[what]).map(([name, value]) => `${name} ${value.toFixed(1)}`).join(', ')}`);
      }
      runs.push(run_);
    }
    const middle = (what, name) => median(runs.map(run_ => run_[what][name]));
    /** How far the runs are apart, as a part of their median. */
    const spread = (what, name) => (Math.max(...runs.map(run_ => run_[what][name])) - Math.min(...runs.map(run_ => run_[what][name]))) / middle(what, name);

    const added = {
      bytes: Object.fromEntries(names.map(name => [name, (sizeOfCode(files[name]) - sizeOfCode(files.untraced)) / 1e3])),
      start: Object.fromEntries(names.map(name => [name, above(start[name], start.untraced)])),
      ...Object.fromEntries(Object.keys(SAMPLED).map(what => [what, Object.fromEntries(['send', ...names].map(name => [name, middle(what, name)]))])),
    };
    const row = (what, quantity, unit, ours, peer, { limit, goal } = {}) => ({
      what: `${what}, ${ours}`, size: `against ${peer}`, ours: added[quantity][ours], peer: added[quantity][peer], unit,
      ratio: Math.max(0, added[quantity][ours]) / added[quantity][peer], limit, goal,
    });
    const rows = [];
    for (const [what, quantity, unit, goals] of [
      ['package', 'bytes', 'kB', { 'xraySdk()': { limit: 45 }, 'openTelemetry()': { limit: 20 } }],
      ['start', 'start', 'ms', { 'xraySdk()': { limit: 6 }, 'openTelemetry()': { limit: 4 } }],
      ['sampled call', 'sampled', 'µs', { 'xraySdk()': { goal: 1 / 2 }, 'openTelemetry()': { goal: 1 / 10 } }],
      ['unsampled call', 'unsampled', 'µs', { 'xraySdk()': { goal: 1 / 2 }, 'openTelemetry()': { goal: 1 / 50 } }],
    ]) {
      for (const ours of ['xraySdk()', 'openTelemetry()']) {
        rows.push(row(what, quantity, unit, ours, 'aws-xray-sdk-core', goals[ours]));
        rows.push(row(what, quantity, unit, ours, 'Powertools'));
        rows.push(row(what, quantity, unit, ours, 'OpenTelemetry packages'));
        if (quantity === 'sampled') rows.push({ ...row(what, quantity, unit, ours, 'send', ours === 'openTelemetry()' ? { goal: 2.5 } : {}), size: 'against a bare datagram' });
      }
    }
    const apart = Object.keys(SAMPLED).flatMap(what => [...what === 'sampled' ? ['send'] : [], 'xraySdk()', 'openTelemetry()', 'aws-xray-sdk-core'].map(name => `${what} ${name} ${(100 * spread(what, name)).toFixed(0)} %`));
    const version = name => JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
    return {
      rows,
      versions: {
        'aws-xray-sdk-core': version('aws-xray-sdk-core'), '@aws-sdk/client-dynamodb': version('@aws-sdk/client-dynamodb'), 'esbuild': version('esbuild'), ...PEERS,
      },
      notes: [
        `The figures are what is added to the same function without tracing: ${(sizeOf(files.untraced) / 1e3).toFixed(0)} kB, ${median(start.untraced).toFixed(1)} ms, ${median(runs.map(run_ => run_.untraced)).toFixed(0)} µs. ` +
        'All bundles have the AWS SDK in them and are minified; comments with licence texts are not counted. Start is loading the bundle in a fresh process in which http and https are loaded already, as in Lambda\'s runtime; ' +
        `a call is one PutItem that a stub answers, the documents going to a socket on this machine that counts them. Both in processor time. Calls of all sides are made in turn within one process, 250 at a time, each side in a worker of its own; a figure is the median of the differences to the untraced function in each of ${rounds.calls} rounds, and of ${runs.length} such runs.`,
        `From the lowest to the highest run: ${apart.join(', ')}.`,
        'The X-Ray SDK and Powertools are used as their documentation shows it; OpenTelemetry\'s packages are given the class of the client, because in a bundle they find none.',
        'A bare datagram is one of 700 bytes from a connected socket, the turn of the event loop taken off.',
      ],
    };
  } finally {
    sink.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** A call whose document is lost, or that sends nothing, is no call of a traced function. */
function checkDatagrams(what, datagrams, names, sampled, rounds) {
  const each = WARM_UP + CHUNK * rounds;
  const least = each * (1 + (sampled ? names.length - 1 : 0)); // one is untraced; and the bare ones
  if (datagrams < least * 0.99 || (!sampled && datagrams > each)) throw new Error(`${what}: ${datagrams} datagrams came of ${least}`);
}

/** Files of the bundles by name. */
async function bundles(scratch, log) {
  const modules = await npmPeers('instrumentation', PEERS, log);
  const { build } = createRequire(import.meta.url)('esbuild');
  // The handlers' own imports only: what a peer imports is found beside it. This project has some of the peers in other versions.
  const peers = {
    name: 'peers',
    setup(building) {
      building.onResolve({ filter: /^@/ }, ({ path, importer, kind }) =>
        path in PEERS && dirname(dirname(importer)) === folder ? building.resolve(path, { resolveDir: modules, kind }) : undefined);
    },
  };
  const bundle = async entry => {
    const outfile = join(scratch, `${entry}.js`);
    await build({
      entryPoints: [handler(entry)], outfile, bundle: true, platform: 'node', target: 'node24', format: 'cjs', mainFields: ['module', 'main'], minify: true, logLevel: 'error',
      plugins: [peers],
    });
    return outfile;
  };
  const kinds = { 'untraced': 'none', 'xraySdk()': 'xraySdk', 'openTelemetry()': 'openTelemetry' };
  const made = await makePackages(join(scratch, 'cdk.out'), Object.fromEntries(Object.entries(kinds).map(([name, instrumentation]) =>
    [name, { entry: handler('plain'), instrumentation, bundling: { minify: true } }])));
  return {
    ...Object.fromEntries(Object.entries(made).map(([name, { folder: made_ }]) => [name, join(made_, 'index.js')])),
    'aws-xray-sdk-core': await bundle('xray-sdk'),
    'Powertools': await bundle('powertools'),
    'OpenTelemetry packages': await bundle('otel-packages'),
  };
}
