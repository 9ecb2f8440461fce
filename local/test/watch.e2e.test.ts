import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { PROJECT_DIR } from '../src/project-folders';

jest.setTimeout(180_000);

let folder: string;
let child: ChildProcess;
let events: any[];
let ended: Promise<number | null>;
let errors = '';
let changed: () => void = () => undefined;

/** A CDK app of its own: a stack with a function from a file, and an output. */
function writeApp(): void {
  symlinkSync(join(PROJECT_DIR, 'node_modules'), join(folder, 'node_modules'), 'dir');
  writeFileSync(join(folder, 'package.json'), '{"name":"watched","version":"0.0.0"}');
  writeFileSync(join(folder, 'cdk.json'), '{"app":"node app.js"}');
  mkdirSync(join(folder, 'lambda'));
  writeHandler('first');
  writeStack('one');
}

function writeHandler(text: string): void {
  writeFileSync(join(folder, 'lambda', 'index.js'), `exports.handler = async () => '${text}, ' + process.env.SETTING;`);
}

/** Beside it a stack without outputs, in a stage, unless `hasSecond` is false. */
function writeStack(setting: string, hasSecond = true): void {
  writeFileSync(join(folder, 'app.js'), `
    const { App, Stack, Stage, CfnOutput, aws_lambda: lambda, aws_sns: sns } = require('aws-cdk-lib');
    const app = new App();
    if (${hasSecond}) new sns.Topic(new Stack(new Stage(app, 'Prod'), 'Second'), 'Topic', { topicName: 'second' });
    const stack = new Stack(app, 'Watched');
    const fn = new lambda.Function(stack, 'Function', {
      runtime: lambda.Runtime.NODEJS_20_X, handler: 'index.handler', tracing: lambda.Tracing.ACTIVE, code: lambda.Code.fromAsset('lambda'), environment: { SETTING: '${setting}' },
    });
    new CfnOutput(stack, 'Name', { value: fn.functionName });
  `);
}

/** Resolves with the next event of a kind that comes after the first `from` events. */
function event(kind: string, from = 0): Promise<any> {
  return new Promise((resolve, reject) => {
    changed = () => {
      const found = events.slice(from).find(({ event: name }) => name === kind);
      if (found) resolve(found);
      else if (child.exitCode !== null) reject(new Error(`it ended before '${kind}': ${errors}\n${JSON.stringify(events)}`));
    };
    changed();
  });
}

async function afterSaving(save: () => void, kind: string): Promise<any> {
  const from = events.length;
  save();
  return event(kind, from);
}

async function answer(): Promise<string> {
  const { endpoint, outputs } = await event('ready');
  const lambda = new LambdaClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });
  const { Payload } = await lambda.send(new InvokeCommand({ FunctionName: outputs.Name }));
  lambda.destroy();
  return JSON.parse(Buffer.from(Payload!).toString()) as string;
}

async function topics(): Promise<unknown[]> {
  const { endpoint } = await event('ready');
  const sns = new SNSClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId: '000000000000', secretAccessKey: 'test' } });
  const { Topics = [] } = await sns.send(new ListTopicsCommand({}));
  sns.destroy();
  return Topics;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cdk-traced-test-'));
  writeApp();
  mkdirSync(join(folder, '.tmp'));
  events = [];
  child = spawn(process.execPath, [join(PROJECT_DIR, 'local', 'bin', 'cdk-traced-local.mjs'), '--watch', '--json', '--cloud-port', '0', '--xray-port', '0', '--web-port', '0', '--otlp-port', '0'], {
    cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TMPDIR: join(folder, '.tmp'), CDK_TRACED_TRACES: join(folder, '.traces') },
  });
  child.stderr!.on('data', text => { errors += text; });
  createInterface({ input: child.stdout! }).on('line', line => {
    if (line.startsWith('{')) events.push(JSON.parse(line));
    changed();
  });
  ended = new Promise(resolve => {
    child.on('close', status => {
      resolve(status);
      changed();
    });
  });
});
afterEach(async () => {
  child.kill('SIGTERM');
  await ended;
  rmSync(folder, { recursive: true, force: true });
});

test('what is saved is deployed: code, then the stack; an app that fails changes nothing, and is tried again', async () => {
  await event('watching');
  expect(await answer()).toBe('first, one');

  expect(await afterSaving(() => writeHandler('second'), 'redeployed')).toMatchObject({ files: ['lambda/index.js'] });
  expect(await answer()).toBe('second, one');

  expect((await afterSaving(() => writeFileSync(join(folder, 'app.js'), 'throw new Error("unfinished")'), 'error')).message).toMatch(/unfinished[^]*save a file to try again/);
  expect(await answer()).toBe('second, one');

  expect(Object.keys((await event('ready')).stacks).sort()).toEqual(['Prod-Second', 'Watched']);
  await afterSaving(() => writeStack('two', false), 'redeployed');
  expect(await answer()).toBe('second, two');
  expect(events).toContainEqual({ event: 'progress', message: 'Prod-Second is no longer in the app: deleting it...' });
  expect(await topics()).toEqual([]);

  // What the tools write beside the sources is nobody's change.
  expect(events.filter(({ event: name }) => name === 'redeployed')).toHaveLength(2);

  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(readdirSync(join(folder, '.tmp')).filter(name => /^(cdk-traced|lambda-runtime|ministack)/.test(name))).toEqual([]);
});
