import { spawn } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { FakeDynamoDB, ReceivedCall } from './fake-dynamodb';
import { serveOnce } from './fake-runtime-api';
import { SegmentDocument, TraceSink } from './trace-sink';

export const ROOT = '1-5759e988-bd862e3fe1be46a994272793';
export const PARENT = '53995c3f42cd8ad8';

/** What the X-Ray SDKs leave behind wherever they take themselves to be on Lambda. */
export const SDK_MARK = '/tmp/.aws-xray';

export interface Invocation {
  /** What the program printed. */
  readonly output: string;
  readonly documents: SegmentDocument[];
  readonly calls: ReceivedCall[];
}

/** What surrounds a function on Lambda: environment variables, the X-Ray daemon, AWS. */
export class LambdaEnvironment {
  public static async start(): Promise<LambdaEnvironment> {
    return new LambdaEnvironment(await TraceSink.start(), await FakeDynamoDB.start());
  }

  private readonly leftBefore = fs.existsSync(SDK_MARK);

  private constructor(private readonly sink: TraceSink, private readonly aws: FakeDynamoDB) {}

  public get url(): string {
    return this.aws.url;
  }

  /** Runs a program to its end as Lambda would. Fails with its output if it fails. */
  public async run(argv: string[], taskRoot: string, variables: Record<string, string> = {}): Promise<Invocation> {
    const output = await runProgram(argv, this.variables(taskRoot, variables));
    return { output, documents: await this.sink.take(), calls: this.aws.take() };
  }

  /** Gives a program that asks for work itself, such as a Go binary, one request. */
  public async serve(program: string, event: unknown): Promise<Invocation> {
    const traceHeader = `Root=${ROOT};Parent=${PARENT};Sampled=1`;
    const { _X_AMZN_TRACE_ID, ...variables } = this.variables(path.dirname(program));
    const output = JSON.stringify(await serveOnce(program, variables, { event, traceHeader }));
    return { output, documents: await this.sink.take(), calls: this.aws.take() };
  }

  /** Of a program that ended with an error. */
  public async takeDocuments(): Promise<SegmentDocument[]> {
    return this.sink.take();
  }

  public async stop(): Promise<void> {
    if (!this.leftBefore) {
      fs.rmSync(SDK_MARK, { recursive: true, force: true });
    }
    await this.sink.stop();
    await this.aws.stop();
  }

  private variables(taskRoot: string, more: Record<string, string> = {}): Record<string, string> {
    return {
      PATH: process.env.PATH!,
      HOME: process.env.HOME!,
      LAMBDA_TASK_ROOT: taskRoot,
      AWS_LAMBDA_FUNCTION_NAME: 'function',
      AWS_XRAY_DAEMON_ADDRESS: this.sink.address,
      _X_AMZN_TRACE_ID: `Root=${ROOT};Parent=${PARENT};Sampled=1`,
      AWS_ENDPOINT_URL: this.aws.url,
      AWS_REGION: 'eu-west-1',
      AWS_DEFAULT_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      ...more,
    };
  }
}

export async function runProgram(argv: string[], env: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(argv[0], argv.slice(1), { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 120_000 });
    let output = '';
    let all = '';
    child.stdout.on('data', text => {
      output += text;
      all += text;
    });
    child.stderr.on('data', text => all += text);
    child.on('error', reject);
    child.on('close', (status, signal) => status === 0 ? resolve(output.trim()) : reject(new Error(`'${argv[0]}' ended with ${signal ?? status}:\n${all}`)));
  });
}
