import { spawn } from 'child_process';
import * as fs from 'fs';
import { createServer } from 'http';
import { AddressInfo } from 'net';
import * as path from 'path';
import { FakeServices, ReceivedRequest } from './fake-services';
import { RuntimeError, serve } from '../fake-runtime-api';
import { SDK_MARK } from '../lambda-environment';
import { TraceSink } from '../trace-sink';

export const ROOT = '1-5759e988-bd862e3fe1be46a994272793';
export const PARENT = '53995c3f42cd8ad8';
export const SAMPLED = `Root=${ROOT};Parent=${PARENT};Sampled=1`;
export const UNSAMPLED = `Root=${ROOT};Parent=${PARENT};Sampled=0`;

export interface FunctionRun {
  /** For each event what the handler gave. */
  readonly results: { value?: any; error?: string; failure?: RuntimeError }[];
  /** Lines that the function printed. */
  readonly log: string[];
  readonly datagrams: string[];
  /** Documents of the X-Ray SDK; empty for what is not one. */
  readonly documents: any[];
  readonly requests: ReceivedRequest[];
}

export interface RunOptions {
  /** One for each event; for all that are missing, `SAMPLED`. `null` stands for no header. */
  readonly traceIds?: (string | null)[];
  readonly env?: Record<string, string>;
  readonly handler?: string;
  readonly nodeArgs?: string[];
  /** Kills a program whose time runs out after so many milliseconds, when it has sent a datagram that the condition holds for. */
  readonly timeOut?: { readonly milliseconds: number; readonly sent: (datagram: string) => boolean };
}

/** What surrounds functions on Lambda: the runtime, the X-Ray daemon, AWS and a web site. */
export class FunctionHost {
  public static async start(): Promise<FunctionHost> {
    return new FunctionHost(await TraceSink.start(), await FakeServices.start());
  }

  private readonly leftBefore = fs.existsSync(SDK_MARK);

  private constructor(private readonly daemon: TraceSink, public readonly services: FakeServices) {}

  public get daemonAddress(): string {
    return this.daemon.address;
  }

  /** Runs the package's handler with each event in turn, in one new process. Fails with its output when the process does. */
  public async run(packageDir: string, events: unknown[], options: RunOptions = {}): Promise<FunctionRun> {
    const file = path.join(packageDir, fs.readdirSync(packageDir).find(name => /^index\.m?js$/.test(name))!);
    const handler = options.handler ?? 'handler';
    const argv = [process.execPath, ...options.nodeArgs ?? [], path.join(__dirname, 'lambda-runtime.cjs'), file, handler];
    return this.runWith(argv, packageDir, events, { ...options, env: { _HANDLER: `index.${handler}`, ...options.env } });
  }

  /** The same with a package that knows nothing of tracing, whose handler a layer calls. `handler` is the package's own, such as `index.handler`. */
  public async runWithLayer(layerDir: string, packageDir: string, events: unknown[], options: RunOptions = {}): Promise<FunctionRun> {
    const file = path.join(layerDir, 'nodejs', 'cdk-traced-function', 'handler.mjs');
    const argv = [process.execPath, ...options.nodeArgs ?? [], path.join(__dirname, 'lambda-runtime.cjs'), file, 'handler'];
    const CDK_TRACED_FUNCTION_HANDLER = options.handler ?? 'index.handler';
    return this.runWith(argv, packageDir, events, { ...options, env: { CDK_TRACED_FUNCTION_HANDLER, ...options.env } });
  }

  /** The same with a package in Python. What else is on Python's path, such as a layer, comes in the option's PYTHONPATH. */
  public async runPython(packageDir: string, events: unknown[], options: RunOptions = {}): Promise<FunctionRun> {
    const handler = options.handler ?? 'cdk_traced_function.handler';
    const argv = ['python3', '-B', path.join(__dirname, 'lambda_runtime.py'), handler];
    return this.runWith(argv, packageDir, events, {
      ...options, env: { _HANDLER: handler, PYTHONPATH: packageDir, HOME: process.env.HOME!, ...options.env },
    });
  }

  /** The same on AWS's own runtime client, which has to be on the path that the option gives. */
  public async runOnPythonRuntime(packageDir: string, events: unknown[], options: RunOptions): Promise<FunctionRun> {
    const requests = events.map((event, i) => ({ event, traceHeader: traceIdOf(i, options) ?? undefined }));
    const handler = options.handler ?? 'cdk_traced_function.handler';
    const env = { ...this.environment, LAMBDA_TASK_ROOT: packageDir, HOME: process.env.HOME!, _HANDLER: handler, PYTHONDONTWRITEBYTECODE: '1', ...options.env };
    const { answers, output } = await serve('python3', env, requests, ['-m', 'awslambdaric', handler]);
    return { results: answers, log: output.split('\n').filter(line => line !== ''), ...await this.seen() };
  }

  /** The same with a program that asks for work itself, such as a Go binary. */
  public async runProgram(program: string, events: unknown[], options: RunOptions = {}): Promise<FunctionRun> {
    const { timeOut } = options;
    const requests = events.map((event, i) => ({ event, traceHeader: traceIdOf(i, options) ?? undefined, millisecondsLeft: timeOut?.milliseconds }));
    const env = { ...this.environment, LAMBDA_TASK_ROOT: path.dirname(program), HOME: process.env.HOME!, ...options.env };
    const { answers, output } = await serve(program, env, requests, [], timeOut && this.daemon.received(timeOut.sent));
    return { results: answers, log: output.split('\n').filter(line => line !== ''), ...await this.seen() };
  }

  private async runWith(argv: string[], packageDir: string, events: unknown[], options: RunOptions): Promise<FunctionRun> {
    const input = events.map((event, i) => ({ event, traceId: traceIdOf(i, options) }));
    const output = await this.spawn(argv, JSON.stringify(input), { LAMBDA_TASK_ROOT: packageDir, ...options.env });
    const lines = output.split('\n').filter(line => line !== '');
    const results = JSON.parse(lines.pop()!);
    return { results, log: lines, ...await this.seen() };
  }

  /** Of a program that has ended by itself. */
  public async takeDatagrams(): Promise<string[]> {
    return this.daemon.takeDatagrams();
  }

  /** A web site that takes requests and never answers. */
  public async silentServer(): Promise<{ url: string; stop(): Promise<void> }> {
    const server = createServer(() => undefined);
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      stop: async () => {
        server.closeAllConnections();
        await new Promise(resolve => server.close(resolve));
      },
    };
  }

  public async stop(): Promise<void> {
    if (!this.leftBefore) {
      fs.rmSync(SDK_MARK, { recursive: true, force: true });
    }
    await this.daemon.stop();
    await this.services.stop();
  }

  private async seen(): Promise<Omit<FunctionRun, 'results' | 'log'>> {
    const datagrams = await this.daemon.takeDatagrams();
    return {
      datagrams,
      documents: datagrams.map(text => text.slice(text.indexOf('\n') + 1)).filter(text => text.startsWith('{')).map(text => JSON.parse(text)),
      requests: this.services.take(),
    };
  }

  private get environment(): Record<string, string> {
    return {
      PATH: process.env.PATH!,
      AWS_LAMBDA_FUNCTION_NAME: 'function',
      AWS_XRAY_DAEMON_ADDRESS: this.daemonAddress,
      AWS_ENDPOINT_URL: this.services.url,
      AWS_REGION: 'eu-west-1',
      AWS_DEFAULT_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_MAX_ATTEMPTS: '2',
      NODE_NO_WARNINGS: '1', // the AWS SDK's, about the version of Node.js
    };
  }

  private async spawn([program, ...args]: string[], input: string, env: Record<string, string | undefined>): Promise<string> {
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: 60_000,
      env: { ...this.environment, ...env },
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', text => output += text);
    child.stderr.setEncoding('utf8').on('data', text => output += text);
    child.stdin.end(input);
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status, signal) => status === 0 ? resolve(output) : reject(new Error(`the function's process ended with ${signal ?? status}:\n${output}`)));
    });
  }
}

/** Of an invocation; null: it has none. */
function traceIdOf(i: number, { traceIds }: RunOptions): string | null {
  return traceIds?.[i] === undefined ? SAMPLED : traceIds[i];
}
