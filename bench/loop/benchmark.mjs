// What a developer waits for: from `npm start` to the first trace, and from saving a handler to the next trace with it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileLibrary } from '../lambda-packages.mjs';
import { median } from '../rounds.mjs';
import { launch } from './launched.mjs';

export const title = 'The loop of a developer on the local cloud';

const folder = dirname(fileURLToPath(import.meta.url));
const root = dirname(dirname(folder));
const require = createRequire(join(root, 'local', 'package.json'));

const START_GOAL_S = 20;
const SAVE_GOAL_S = 3;
const TIMEOUT_MS = 60_000;
const UPLOADED = /^uploaded .* as trace (1-[0-9a-f]{8}-[0-9a-f]{24})$/;

export async function measure({ log, quick }) {
  const rounds = quick ? 1 : 3;
  const saves = quick ? 2 : 5;
  compileLibrary();
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  const scratch = mkdtempSync(join(tmpdir(), 'cdk-traced-function-bench-'));
  const env = { CDK_TRACED_TRACES: join(scratch, 'traces'), TMPDIR: scratch };
  try {
    // What a first start installs and builds is there from here on.
    await startSample(env);
    const sample = [];
    for (let round = 1; round <= rounds; round++) {
      sample.push(await startSample(env));
      log(`start of the sample, round ${round}: ${sample.at(-1).toFixed(1)} s`);
    }
    const own = [];
    const samples = { watch: [], hotswap: [], deploy: [] };
    for (let round = 1; round <= rounds; round++) {
      const app = writeApp(mkdtempSync(join(scratch, 'app-')));
      const launched = launch(join(root, 'local', 'bin', 'cdk-traced-local.mjs'), ['--watch'], { cwd: app, env });
      try {
        const began = performance.now();
        const { endpoint, xray, outputs } = await launched.event('ready');
        const ask = asker(endpoint, xray, outputs.FunctionName);
        await ask.until('version 0');
        own.push((performance.now() - began) / 1e3);
        await launched.event('watching');
        for (let save = 1; save <= saves; save++) {
          samples.watch.push(await seconds(async () => {
            writeHandler(app, `version ${save}`);
            await launched.event('redeployed');
            await ask.until(`version ${save}`);
          }));
        }
        log(`round ${round}: first trace after ${own.at(-1).toFixed(1)} s; from saving to the trace, --watch ${samples.watch.slice(-saves).map(value => value.toFixed(2)).join(', ')} s`);
      } finally {
        await launched.stop();
      }
      // The CDK CLI by hand, against a launcher that does not watch: code by hotswap, and by a deployment, which is what there is on AWS without it.
      const plain = launch(join(root, 'local', 'bin', 'cdk-traced-local.mjs'), [], { cwd: app, env });
      try {
        const { endpoint, xray, outputs } = await plain.event('ready');
        const ask = asker(endpoint, xray, outputs.FunctionName);
        for (const [kind, flags] of [['hotswap', ['--hotswap']], ['deploy', ['--revert-drift']]]) {
          samples[kind].push(await seconds(async () => {
            writeHandler(app, kind);
            await cdk(app, endpoint, ['deploy', ...flags, '--require-approval', 'never']);
            await ask.until(kind);
          }));
        }
        log(`round ${round}: cdk deploy --hotswap ${samples.hotswap.at(-1).toFixed(2)} s, cdk deploy ${samples.deploy.at(-1).toFixed(2)} s`);
      } finally {
        await plain.stop();
      }
    }
    const row = (what, values, bound, note) => ({ what, ours: median(values), peer: bound, unit: 's', ratio: median(values) / bound, goal: 1, note });
    const byHand = { ours: median(samples.watch), unit: 's', note: 'the whole of cdk deploy, by hand in a second terminal' };
    const version = (name, from = root) => JSON.parse(readFileSync(join(from, 'node_modules', name, 'package.json'), 'utf8')).version;
    return {
      rows: [
        row('npm start to the first trace, the sample in three languages', sample, START_GOAL_S, 'everything installed and bundled before'),
        row('start to the first trace, an app with one function', own, START_GOAL_S, 'bundled before, but for the first round'),
        row('saving a handler to its next trace, --watch', samples.watch, SAVE_GOAL_S),
        { what: 'saving a handler to its next trace, --watch', size: 'against cdk deploy --hotswap', peer: median(samples.hotswap), ratio: byHand.ours / median(samples.hotswap), ...byHand },
        { what: 'saving a handler to its next trace, --watch', size: 'against cdk deploy', peer: median(samples.deploy), ratio: byHand.ours / median(samples.deploy), ...byHand },
      ],
      versions: { 'aws-cdk': version('aws-cdk'), 'aws-cdk-lib': version('aws-cdk-lib') },
      notes: [
        'Wall time. The other side of the first three rows is the goal. A trace counts when the local X-Ray has the function\'s segment of a call that ran the new code. ' +
        'On `npm start` the sample is synthesised, deployed, and sent uploads, and the first trace is that of the first upload.',
      ],
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Seconds from `npm start` until X-Ray has a function's segment of the first upload. */
async function startSample(env) {
  const webPort = await freePort();
  const began = performance.now();
  const launched = launch(join(root, 'scripts', 'start.mjs'), ['--exit'], { cwd: root, env, webPort });
  try {
    const { message } = await launched.event('progress', event => UPLOADED.test(event.message));
    await traced(`http://127.0.0.1:${webPort}`, UPLOADED.exec(message)[1], performance.now() + TIMEOUT_MS);
    return (performance.now() - began) / 1e3;
  } finally {
    await launched.stop();
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function writeApp(app) {
  mkdirSync(join(app, 'lambda'));
  mkdirSync(join(app, 'node_modules'));
  for (const name of ['aws-cdk-lib', 'constructs', 'aws-cdk']) symlinkSync(join(root, 'node_modules', name), join(app, 'node_modules', name));
  symlinkSync(root, join(app, 'node_modules', 'cdk-traced-function'));
  writeFileSync(join(app, 'package.json'), '{"name":"loop","private":true}');
  writeFileSync(join(app, 'package-lock.json'), '{"name":"loop","lockfileVersion":3,"packages":{}}');
  writeFileSync(join(app, 'cdk.json'), JSON.stringify({ app: 'node app.cjs' }));
  writeFileSync(join(app, 'app.cjs'), readFileSync(join(folder, 'app.cjs')));
  writeHandler(app, 'version 0');
  return app;
}

function writeHandler(app, text) {
  writeFileSync(join(app, 'lambda', 'handler.ts'), `export const handler = async (): Promise<string> => '${text}';\n`);
}

/** Calls a function until it answers so, and waits until its trace is there. */
function asker(endpoint, xray, name) {
  const { InvokeCommand, LambdaClient } = require('@aws-sdk/client-lambda');
  const options = { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
  const client = new LambdaClient(options);
  let calls = 0;
  return {
    async until(text) {
      for (const end = performance.now() + TIMEOUT_MS; performance.now() < end;) {
        const id = `1-${Math.floor(Date.now() / 1e3).toString(16)}-${(++calls).toString(16).padStart(24, '0')}`;
        const command = new InvokeCommand({ FunctionName: name });
        command.middlewareStack.add(next => args => {
          args.request.headers['X-Amzn-Trace-Id'] = `Root=${id};Sampled=1`;
          return next(args);
        }, { step: 'build', name: 'traceHeader' });
        const { Payload } = await client.send(command);
        if (JSON.parse(Buffer.from(Payload).toString()) === text) {
          await traced(xray, id, end);
          return;
        }
        await new Promise(resolve => setTimeout(resolve, 20));
      }
      throw new Error(`the function does not answer '${text}'`);
    },
  };
}

async function traced(xray, id, end) {
  while (performance.now() < end) {
    const response = await fetch(`${xray}/Traces`, { method: 'POST', body: JSON.stringify({ TraceIds: [id] }) });
    const { Traces } = await response.json();
    if (Traces[0]?.Segments.some(({ Document }) => JSON.parse(Document).origin === 'AWS::Lambda::Function')) return;
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  throw new Error(`the trace ${id} does not arrive`);
}

async function cdk(app, endpoint, args) {
  const child = spawn(process.execPath, [join(app, 'node_modules', 'aws-cdk', 'bin', 'cdk'), ...args, '--no-notices'], {
    cwd: app, stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1', CDK_DISABLE_CLI_TELEMETRY: 'true' },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', text => { output += text; });
  const [status] = await once(child, 'close');
  if (status !== 0) throw new Error(`cdk ${args.join(' ')} failed: ${output}`);
}

async function seconds(work) {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1e3;
}
