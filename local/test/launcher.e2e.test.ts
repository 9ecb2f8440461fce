import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { BatchGetTracesCommand, XRayClient } from '@aws-sdk/client-xray';
import { LOCAL_DIR, PROJECT_DIR } from '../src/project-folders';
import type { SegmentDocument, SubsegmentDocument } from '../src/samples/sample';
import { XRAYSTARTER_KEYS } from '../src/samples/xraystarter';

const START = join(PROJECT_DIR, 'scripts', 'start.mjs');
const BIN = join(PROJECT_DIR, 'local', 'bin', 'cdk-traced-local.mjs');
const FREE_PORTS = ['--cloud-port', '0', '--xray-port', '0', '--web-port', '0', '--otlp-port', '0'];
const DEPLOY_TIMEOUT_MS = 15 * 60_000;

jest.setTimeout(120_000);

let folder: string;
/** What is launched has its temporary files here, where nothing else has any. */
let temporary: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cdk-traced-test-'));
  temporary = join(folder, 'tmp');
  mkdirSync(temporary);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Temporary folders of the launcher and the cloud that are still there. */
const leftovers = () => readdirSync(temporary).filter(name => /^(cdk|lambda-runtime|ministack)/.test(name));

interface Launched {
  readonly child: ChildProcess;
  /** All events so far, of --json. */
  readonly events: any[];
  readonly ended: Promise<{ status: number | null; stdout: string; stderr: string }>;
  /** Resolves with the first event of this kind, or undefined at the end. */
  event(name: string): Promise<any>;
}

function launch(program: string, args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): Launched {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: PROJECT_DIR, stdio: ['ignore', 'pipe', 'pipe'], ...options,
    env: { ...process.env, ...options.env, TMPDIR: temporary, CDK_TRACED_TRACES: join(folder, 'traces') },
  });
  const events: any[] = [];
  const output = { stdout: '', stderr: '' };
  let changed = () => undefined as void;
  let isOver = false;
  child.stderr.setEncoding('utf8').on('data', text => { output.stderr += text; });
  createInterface({ input: child.stdout }).on('line', line => {
    output.stdout += `${line}\n`;
    if (line.startsWith('{')) events.push(JSON.parse(line));
    changed();
  });
  const ended = new Promise<{ status: number | null; stdout: string; stderr: string }>(resolve => {
    child.on('close', (status, signal) => {
      isOver = true;
      if (signal) output.stderr += `ended by ${signal}`;
      resolve({ status, ...output });
      changed();
    });
  });
  const event = (name: string) => new Promise<any>(resolve => {
    changed = () => {
      const found = events.find(({ event: kind }) => kind === name);
      if (found || isOver) resolve(found);
    };
    changed();
  });
  return { child, events, event, ended };
}

/** A CDK app that knows nothing of this project, in a folder of its own. */
function foreignApp(): string {
  symlinkSync(join(PROJECT_DIR, 'node_modules'), join(folder, 'node_modules'), 'dir');
  writeFileSync(join(folder, 'package.json'), '{"name":"foreign","version":"0.0.0"}');
  writeFileSync(join(folder, 'cdk.json'), '{"app":"node app.js"}');
  writeFileSync(join(folder, 'app.js'), `
    const { App, Stack, CfnOutput, aws_lambda: lambda } = require('aws-cdk-lib');
    const stack = new Stack(new App(), 'Foreign');
    const hello = new lambda.Function(stack, 'Hello', {
      runtime: lambda.Runtime.NODEJS_20_X, handler: 'index.handler', tracing: lambda.Tracing.ACTIVE,
      code: lambda.Code.fromInline('exports.handler = async () => process.env.AWS_ENDPOINT_URL_XRAY;'),
    });
    new CfnOutput(stack, 'Name', { value: hello.functionName });
  `);
  return folder;
}

describe('npm start', () => {
  it('runs the sample: every key reaches the table three times, in one connected trace for each upload', async () => {
    const report = join(folder, 'report.json');
    const { ended, events } = launch(START, ['--exit', '--json', '--report', report, ...FREE_PORTS]);
    const { status, stderr } = await ended;
    if (status !== 0) throw new Error(`status ${status}: ${stderr}`); // its words are what a failure is about
    expect(events.at(-1)).toMatchObject({
      event: 'ready', xray: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), outputs: { BucketName: expect.any(String), TableName: 'items' },
    });
    expect(events.filter(({ event }) => event === 'trace')).toHaveLength(XRAYSTARTER_KEYS.length);

    const { Traces: traces } = JSON.parse(readFileSync(report, 'utf8')) as { Traces: { Id: string; Segments: { Id: string; Document: string }[] }[] };
    expect(traces).toHaveLength(XRAYSTARTER_KEYS.length);
    for (const { Segments } of traces) {
      const segments = Segments.map(({ Document }) => JSON.parse(Document) as SegmentDocument);
      const count = (origin: string) => segments.filter(s => s.origin === origin).length;
      expect([count('AWS::SNS'), count('AWS::Lambda'), count('AWS::Lambda::Function')]).toEqual([1, 3, 3]);
      const nested = (parts: readonly (SegmentDocument | SubsegmentDocument)[]): (SegmentDocument | SubsegmentDocument)[] =>
        parts.flatMap(part => [part, ...nested(part.subsegments ?? [])]);
      const ids = new Set(nested(segments).map(part => part.id));
      expect(segments.filter(s => s.parent_id !== undefined && !ids.has(s.parent_id))).toEqual([]);
      for (const ran of segments.filter(s => s.origin === 'AWS::Lambda::Function')) {
        expect(nested([ran]).map(part => part.name.toLowerCase())).toContain('dynamodb');
      }
    }
    expect(leftovers()).toEqual([]);
  }, DEPLOY_TIMEOUT_MS);

  it('lists the samples', async () => {
    const { status, stdout } = await launch(START, ['--list']).ended;
    expect(status).toBe(0);
    expect(stdout).toMatch(/^xraystarter +S3 -> SNS -> functions in TypeScript, Python and Go -> DynamoDB$/m);
  });

  it.each([
    [['--cloud-port', 'x'], "--cloud-port must be a port number from 0 (pick a free one) to 65535, got 'x'\n"],
    [['--unknown'], "error: unknown option '--unknown'\n"],
    [['--watch', '--exit'], '--watch stays until it is ended, and --exit does not: give one of them.\n'],
    [['--stacks', ' , '], "error: option '--stacks <names>' argument ' , ' is invalid. name at least one stack.\n"],
    [['--report', '/nowhere/report.json'], "the report cannot be written: ENOENT: no such file or directory, open '/nowhere/report.json'\n"],
  ])('refuses %j with one sentence', async (args, sentence) => {
    expect(await launch(START, [...FREE_PORTS, ...args]).ended).toEqual({ status: 1, stdout: '', stderr: sentence });
  });

  it('tells a program that reads JSON in JSON what is wrong with the command line', async () => {
    expect(await launch(START, ['--json', '--unknown']).ended).toEqual({ status: 1, stdout: '{"event":"error","message":"unknown option \'--unknown\'"}\n', stderr: '' });
  });

  it.each([
    ['--cloud-port', 'the local cloud'],
    ['--web-port', 'the X-Ray API'],
    ['--xray-port', ''],
  ])('says that the port of %s is in use', async (flag, meant) => {
    const tcp = createServer();
    const udp = createSocket('udp4');
    try {
      await new Promise<void>(resolve => tcp.listen(0, '127.0.0.1', resolve));
      await new Promise<void>(resolve => udp.bind(0, '127.0.0.1', resolve));
      const { port } = (flag === '--xray-port' ? udp.address() : tcp.address()) as AddressInfo;
      const { status, stdout, stderr } = await launch(START, [...FREE_PORTS, flag, String(port)]).ended;
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toMatch(new RegExp(`^.*port ${port}.*${meant}.*in use.*${flag}.*\\n$`));
    } finally {
      tcp.close();
      udp.close();
    }
  });

  it('says that Python is missing', async () => {
    const bin = join(folder, 'bin');
    writeFileSync(bin, '');
    const { status, stdout, stderr } = await launch(START, FREE_PORTS, { env: { PATH: bin } }).ended;
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^Python 3\.11 or newer is needed for the local cloud and was not found .*\n$/);
  });
});

describe('any CDK app', () => {
  it('runs twice at the same time, on ports of its own each', async () => {
    const app = foreignApp();
    const launched = [launch(BIN, ['--json', ...FREE_PORTS], { cwd: app }), launch(BIN, ['--json', ...FREE_PORTS], { cwd: app })];
    const ready = await Promise.all(launched.map(({ event }) => event('ready')));
    for (const { child } of launched) child.kill('SIGINT');
    const ended = await Promise.all(launched.map(({ ended: end }) => end));
    expect(ended.map(({ status, stderr }) => ({ status, stderr }))).toEqual([{ status: 0, stderr: '' }, { status: 0, stderr: '' }]);
    expect(new Set(ready.flatMap(({ xray, endpoint, daemon }) => [xray, endpoint, daemon])).size).toBe(6);
  }, DEPLOY_TIMEOUT_MS);

  it('is deployed and traced in its own folder, and stays until it is told to stop; then nothing is left', async () => {
    const { child, event, ended } = launch(BIN, ['--json', ...FREE_PORTS], { cwd: foreignApp() });
    const ready = await event('ready');
    if (!ready) throw new Error(JSON.stringify(await ended));

    const access = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
    const lambda = new LambdaClient({ ...access, endpoint: ready.endpoint });
    const traceId = `1-${Math.floor(Date.now() / 1000).toString(16)}-0123456789abcdef01234567`;
    const command = new InvokeCommand({ FunctionName: ready.outputs.Name });
    command.middlewareStack.add(next => args => {
      (args.request as { headers: Record<string, string> }).headers['X-Amzn-Trace-Id'] = `Root=${traceId};Sampled=1`;
      return next(args);
    }, { step: 'build' });
    const { Payload } = await lambda.send(command);
    expect(JSON.parse(Buffer.from(Payload!).toString())).toBe(ready.xray);
    lambda.destroy();
    const client = new XRayClient({ ...access, endpoint: ready.xray });
    let origins: (string | undefined)[] = [];
    while (origins.length < 2) {
      const { Traces: [trace] = [] } = await client.send(new BatchGetTracesCommand({ TraceIds: [traceId] }));
      origins = (trace?.Segments ?? []).map(({ Document }) => (JSON.parse(Document!) as SegmentDocument).origin);
    }
    expect(origins.sort()).toEqual(['AWS::Lambda', 'AWS::Lambda::Function']);
    client.destroy();

    child.kill('SIGINT');
    expect(await ended).toMatchObject({ status: 0 });
    await expect(fetch(ready.endpoint)).rejects.toThrow();
    await expect(fetch(ready.xray)).rejects.toThrow();
    expect(leftovers()).toEqual([]);
    expect(existsSync(join(folder, 'cdk.out'))).toBe(false);
  }, DEPLOY_TIMEOUT_MS);

  it('goes to the accounts, regions and stages that it names, and keeps nothing of what it looked up', async () => {
    const app = foreignApp();
    writeFileSync(join(app, 'app.js'), `
      const { App, Stack, Stage, CfnOutput, DefaultStackSynthesizer, aws_ec2: ec2, aws_lambda: lambda } = require('aws-cdk-lib');
      const app = new App();
      new lambda.CfnAlias(new Stack(app, 'Unused'), 'A', { functionName: 'none', functionVersion: '1', name: 'a' });
      const stage = new Stage(app, 'Prod', { env: { account: '111122223333', region: 'eu-central-1' } });
      const stack = new Stack(stage, 'Eu', { synthesizer: new DefaultStackSynthesizer({ qualifier: 'mine' }) });
      const hello = new lambda.Function(stack, 'Hello', {
        runtime: lambda.Runtime.NODEJS_20_X, handler: 'index.handler', tracing: lambda.Tracing.ACTIVE, code: lambda.Code.fromAsset('src'),
      });
      new CfnOutput(stack, 'Arn', { value: hello.functionArn });
      new CfnOutput(stack, 'Vpc', { value: ec2.Vpc.fromLookup(stack, 'Default', { isDefault: true }).vpcId });
    `);
    writeFileSync(join(app, 'cdk.json'), '{"app":"node app.js","profile":"production","toolkitStackName":"Mine"}');
    mkdirSync(join(app, 'src'));
    writeFileSync(join(app, 'src', 'index.js'), 'exports.handler = async () => 1;');
    const { status, stdout, stderr } = await launch(BIN, ['--json', '--exit', '--stacks', 'Prod/**', ...FREE_PORTS], { cwd: app }).ended;
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toMatchObject({
      event: 'ready', outputs: { Arn: expect.stringMatching(/^arn:aws:lambda:eu-central-1:111122223333:function:/), Vpc: expect.stringMatching(/^vpc-/) },
    });
    expect(existsSync(join(app, 'cdk.context.json'))).toBe(false);
  }, DEPLOY_TIMEOUT_MS);

  it('can be stopped in the middle of a deployment', async () => {
    const { child, event, ended } = launch(BIN, ['--json', ...FREE_PORTS], { cwd: foreignApp() });
    await event('progress');
    child.kill('SIGTERM');
    expect(await ended).toMatchObject({ status: 130 });
    expect(leftovers()).toEqual([]);
  });

  it('ends in good order when nobody reads its output any more', async () => {
    const { child, ended } = launch(BIN, FREE_PORTS, { cwd: foreignApp() });
    child.stderr!.once('data', () => {
      child.stderr!.destroy();
      child.stdout!.destroy();
    });
    expect(await ended).toMatchObject({ status: 130 });
    expect(leftovers()).toEqual([]);
  });

  it('is run by npx, which needs nothing but the path of this workspace', () => {
    const args = ['--yes', '--offline', '--cache', join(folder, 'npm'), '--loglevel', 'error', LOCAL_DIR, '--list'];
    expect(execFileSync('npx', args, { cwd: foreignApp(), encoding: 'utf8', env: { ...process.env, TMPDIR: temporary } })).toBe('Foreign\n');
  });

  it('lists its stacks', async () => {
    expect(await launch(BIN, ['--list'], { cwd: foreignApp() }).ended).toEqual({ status: 0, stdout: 'Foreign\n', stderr: '' });
  });

  it('is told what is wrong with it, without a stack trace', async () => {
    const app = foreignApp();
    const missing = await launch(BIN, ['--exit', ...FREE_PORTS, '--stacks', 'Nope'], { cwd: app }).ended;
    expect(missing.status).toBe(1);
    expect(missing.stderr.split('\n').slice(-2)).toEqual(["'cdk synth' failed: No stacks match the name(s) Nope; --list names those that there are.", '']);
    writeFileSync(join(app, 'app.js'), 'throw new Error("the app is broken");');
    const broken = await launch(BIN, ['--exit', ...FREE_PORTS], { cwd: app }).ended;
    expect(broken.status).toBe(1);
    expect(broken.stderr).toMatch(/'cdk synth' failed: the app is broken\n {2}at .*app\.js:1:7\)?\n$/);
    expect(leftovers()).toEqual([]);
  });
});
