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
const WARM_UP = 1_500;

export async function measure({ log, quick }) {
  const rounds = quick ? { start: 5, calls: 1 } : { start: 21, calls: 5 };
  const calls = quick ? 2_500 : 6_000;
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
    const run = (name, ...args) => runPinned(process.execPath, [join(folder, 'measure.cjs'), files[name], ...args.map(String)], { env, cwd: scratch });
    const names = Object.keys(files);
    const sides = work => Object.fromEntries(names.map(name => [name, () => work(name)]));

    await inTurn(1, sides(async name => run(name, 'init'))); // the files are in memory from here on
    const start = await inTurn(rounds.start, sides(async name => (await run(name, 'init')).init));
    log(`start, added ms: ${names.map(name => `${name} ${above(start[name], start.untraced).toFixed(1)}`).join(', ')}`);
    const call = {};
    for (const [what, sampled] of Object.entries(SAMPLED)) {
      call[what] = await inTurn(rounds.calls, sides(async name => {
        const before = await sink.count();
        const { call: microseconds } = await run(name, 'calls', calls, sampled);
        const packets = await sink.count() - before;
        const expected = name === 'untraced' || !sampled ? 0 : calls + WARM_UP;
        // A call whose document is lost, or that sends nothing, is no call of a traced function.
        if (packets < expected * 0.99 || (expected === 0 && packets > 0)) throw new Error(`${name}, ${what}: ${packets} datagrams came of ${expected}`);
        return microseconds;
      }), round => log(`calls, ${what}, round ${round} of ${rounds.calls}`));
      log(`calls, ${what}, added µs: ${names.map(name => `${name} ${above(call[what][name], call[what].untraced).toFixed(1)}`).join(', ')}`);
    }

    const added = {
      bytes: Object.fromEntries(names.map(name => [name, (sizeOfCode(files[name]) - sizeOfCode(files.untraced)) / 1e3])),
      start: Object.fromEntries(names.map(name => [name, above(start[name], start.untraced)])),
      ...Object.fromEntries(Object.keys(SAMPLED).map(what => [what, Object.fromEntries(names.map(name => [name, above(call[what][name], call[what].untraced)]))])),
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
      }
    }
    const version = name => JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
    return {
      rows,
      versions: {
        'aws-xray-sdk-core': version('aws-xray-sdk-core'), '@aws-sdk/client-dynamodb': version('@aws-sdk/client-dynamodb'), 'esbuild': version('esbuild'), ...PEERS,
      },
      notes: [
        `The figures are what is added to the same function without tracing: ${(sizeOf(files.untraced) / 1e3).toFixed(0)} kB, ${median(start.untraced).toFixed(1)} ms, ${median(call.sampled.untraced).toFixed(0)} µs. ` +
        'All bundles have the AWS SDK in them and are minified; comments with licence texts are not counted. Start is loading the bundle in a fresh process in which http and https are loaded already, as in Lambda\'s runtime; ' +
        `a call is one PutItem that a stub answers, the documents going to a socket on this machine that counts them. Both in processor time; calls as the tenth percentile of chunks of 250 after ${WARM_UP} calls.`,
        'The X-Ray SDK and Powertools are used as their documentation shows it; OpenTelemetry\'s packages are given the class of the client, because in a bundle they find none.',
        "Where a goal is missed: about 20 µs of a sampled call with OpenTelemetry are the system call that sends its one datagram, before the response, because the environment may freeze after it; the rest is the span, its attributes and base64. Tried: no middleware on clients, times and short texts written without big integers, spans encoded in one go, handlers of unsampled requests called as they are. The untrimmed SDK is cheaper here than in earlier measurements (570 µs), because it is fully warmed up.",
      ],
    };
  } finally {
    sink.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
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
