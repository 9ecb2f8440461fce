import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import os from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { TestCloud } from './test-cloud';
import { startLocalCloud, type LocalCloud } from '../../src/cloud/local-cloud';
import { ensurePythonEnvironment } from '../../src/cloud/python-environment';
import { LOCAL_DIR } from '../../src/project-folders';
import { pause } from '../../src/run-command';

jest.setTimeout(120_000);

let python: string;
beforeAll(async () => { python = await ensurePythonEnvironment({ log: () => undefined }); });

const start = (options: { port?: number; signal?: AbortSignal } = {}): Promise<LocalCloud> =>
  startLocalCloud({ python, port: 0, xrayPort: 9, log: () => undefined, ...options });

/** Temporary files of this test are in a folder of its own, so that it sees what is left. Setting TMPDIR would not reach Node: Jest copies the environment. */
const shared = os.tmpdir();
let temporary: string;
beforeEach(() => {
  temporary = mkdtempSync(join(shared, 'cdk-traced-test-'));
  jest.spyOn(os, 'tmpdir').mockReturnValue(temporary);
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(temporary, { recursive: true, force: true });
});

const PID_FUNCTION = {
  Resources: {
    Js: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        FunctionName: 'pid', Runtime: 'nodejs20.x', Handler: 'index.handler', Role: 'arn:aws:iam::000000000000:role/test', Timeout: 60,
        Code: {
          ZipFile: `exports.handler = async (event) => {
            const child = require('child_process').spawn('sleep', ['300'], { stdio: 'ignore' });
            return [process.pid, child.pid];
          };`,
        },
      },
    },
  },
};

async function untilGone(pid: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    // A process that ended but was not collected by whoever adopted it is gone for everybody else.
    if (existsSync(`/proc/${pid}/stat`) && / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return;
    await pause(50);
  }
  throw new Error(`process ${pid} is still there`);
}

it('leaves no process, port or file behind when it is closed, not even what a function started', async () => {
  const cloud = await TestCloud.start();
  expect(readdirSync(temporary)).toHaveLength(1);
  await cloud.createStack('pid', PID_FUNCTION);
  const pids = (await cloud.invoke('pid')).payload as number[];
  await cloud.close();
  for (const pid of pids) await untilGone(pid);
  expect(readdirSync(temporary)).toEqual([]);
  await expect(fetch(cloud.cloud.endpoint)).rejects.toThrow();
});

it('ends by itself, with all functions, when its parent is killed', async () => {
  const scratch = mkdtempSync(join(shared, 'cdk-traced-test-'));
  // The parent is a process of its own, so that it can be killed the hard way.
  const parent = spawn(process.execPath, ['-e', `
    const child = require('child_process').spawn(process.argv[1], ['-m', 'cloud.traced_cloud', '--port', '0'],
      { cwd: process.argv[2], stdio: ['pipe', 'inherit', 'inherit'], detached: true, env: { ...process.env, TMPDIR: process.argv[3], CDK_TRACED_SCRATCH: process.argv[3] } });
    console.log(JSON.stringify({ pid: child.pid }));
    setInterval(() => {}, 1000);
  `, python, LOCAL_DIR, scratch], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface({ input: parent.stdout })[Symbol.asyncIterator]();
  const { pid } = JSON.parse((await lines.next()).value as string) as { pid: number };
  const { port } = JSON.parse((await lines.next()).value as string) as { port: number };
  const client = new LambdaClient({ endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });
  await expect(client.send(new InvokeCommand({ FunctionName: 'none' }))).rejects.toThrow('Function not found');
  client.destroy();
  parent.kill('SIGKILL');
  await untilGone(pid);
  expect(existsSync(scratch)).toBe(false);
  rmSync(scratch, { recursive: true, force: true });
});

it('fails with one sentence when the port is in use', async () => {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await expect(start({ port })).rejects.toThrow(
    `port ${port} on 127.0.0.1, meant for the local cloud, is in use; set CDK_TRACED_CLOUD_PORT or --cloud-port to another one (0 picks a free one).`);
  await new Promise(resolve => server.close(resolve));
  expect(readdirSync(temporary)).toEqual([]);
});

it('listens on the loopback address only', async () => {
  const cloud = await start();
  const hex = cloud.port.toString(16).toUpperCase().padStart(4, '0');
  const listening = ['tcp', 'tcp6'].flatMap(table => existsSync(`/proc/net/${table}`)
    ? readFileSync(`/proc/net/${table}`, 'utf8').split('\n').filter((line: string) => new RegExp(`:${hex} \\S+ 0A `).test(line)) : []);
  await cloud.close();
  if (process.platform === 'linux') expect(listening.map((line: string) => line.trim().split(/\s+/)[1].split(':')[0])).toEqual(['0100007F']);
});

it('tells the reason when it ends unexpectedly', async () => {
  const cloud = await TestCloud.start();
  await cloud.createStack('suicide', {
    Resources: {
      Py: {
        Type: 'AWS::Lambda::Function',
        Properties: {
          FunctionName: 'killer', Runtime: 'python3.11', Handler: 'index.handler', Role: 'arn:aws:iam::000000000000:role/test',
          Code: { ZipFile: 'import os, signal\ndef handler(event, context): os.kill(os.getppid(), signal.SIGKILL)\n' },
        },
      },
    },
  });
  await cloud.invoke('killer').catch(() => undefined);
  expect(await cloud.cloud.crashed).toMatch(/^the local cloud ended by itself \(status SIGKILL\)/);
  await cloud.close();
});

it('removes what the cloud of a launcher that was killed could not remove, and nothing else', async () => {
  const { pid: dead } = spawnSync('true');
  for (const name of [`cdk-traced-local-${dead}-abcdef`, `cdk-traced-local-${process.pid}-abcdef`, 'cdk-traced-local-mine', `other-${dead}-abcdef`]) {
    mkdirSync(join(temporary, name, 'cdk.out'), { recursive: true });
  }
  await expect(start({ signal: AbortSignal.timeout(1) })).rejects.toThrow();
  expect(readdirSync(temporary).sort()).toEqual([`cdk-traced-local-${process.pid}-abcdef`, 'cdk-traced-local-mine', `other-${dead}-abcdef`]);
});

it('says that there is no temporary folder', async () => {
  jest.spyOn(os, 'tmpdir').mockReturnValue(join(temporary, 'nowhere'));
  await expect(start()).rejects.toThrow(/^the local cloud needs a temporary folder: ENOENT.*nowhere.*; set TMPDIR/);
});

it('can be stopped while it starts', async () => {
  const abort = new AbortController();
  const started = start({ signal: abort.signal });
  abort.abort(new Error('stopped'));
  await expect(started).rejects.toThrow('stopped');
});
