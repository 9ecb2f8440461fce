import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetFunctionConfigurationCommand, InvokeCommand, LambdaClient, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { CreateBucketCommand, DeleteBucketCommand, DeleteObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { TraceReader, type Trace } from '../../src/assertions';
import '../../src/assertions/jest';
import { startLocalCloud } from '../../src/cloud/local-cloud';
import { ensurePythonEnvironment } from '../../src/cloud/python-environment';
import { CdkApp, type StackOutputs } from '../../src/deploy';
import { addLogRoutes } from '../../src/function-logs/log-routes';
import { PROJECT_DIR } from '../../src/project-folders';
import type { Sample, SampleContext, SampleTrace, SegmentDocument } from '../../src/samples/sample';
import { inTrace, newTraceId } from '../../src/samples/traced-calls';
import { startXray, type Xray } from '../../src/xray';
import { LOCAL_REGION } from '../../src/xray/local-place';

/** A first build of a Go or Java function, and pip's downloads, are in it. */
export const DEPLOY_TIMEOUT_MS = 15 * 60_000;
export const SCENARIO_TIMEOUT_MS = 120_000;
const WAIT_MS = 60_000;

const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' };

/** What Lambda puts into a queue for an event that failed for good. Source of the format: Lambda Developer Guide, "Adding a destination". */
export interface FailedEvent {
  readonly requestContext: { readonly requestId: string; readonly condition: string; readonly approximateInvokeCount: number };
  readonly requestPayload: unknown;
  readonly responsePayload: { readonly errorType: string; readonly errorMessage: string };
}

/** A sample's stack, really deployed to a local cloud of its own, with its traces. */
export class DeployedStack {
  /**
   * Deploys the stack as `npm start` does, on free ports. `close` leaves nothing behind.
   *
   * @param webDir folder of the built page; without it there is only the API
   * @param app command that synthesises another app than the samples'
   * @param all whether the app's other stacks are deployed too
   */
  public static async deploy(
    stackName: string, { webDir, app, all = false }: { webDir?: string; app?: string; all?: boolean } = {},
  ): Promise<DeployedStack> {
    const cleanups: (() => unknown)[] = [];
    const close = async () => {
      for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
    };
    try {
      const scratch = mkdtempSync(join(tmpdir(), 'cdk-traced-e2e-'));
      cleanups.push(() => rmSync(scratch, { recursive: true, force: true }));
      let endpoint: string | undefined;
      const xray = await startXray({
        udpPort: 0,
        httpPort: 0,
        webDir,
        addRoutes: (server, store) => addLogRoutes(server, { traceById: id => store.trace(id), cloudEndpoint: () => endpoint }),
      });
      cleanups.push(() => xray.close());
      const said: string[] = [];
      const log = (line: string) => { said.push(line); };
      const python = await ensurePythonEnvironment({ log });
      const cloud = await startLocalCloud({
        python, port: 0, xrayPort: xray.udpPort, xrayUrl: xray.url, log,
        environment: { CDK_TRACED_RETRY_SECONDS: '0.05' }, // Lambda's own minutes would be the longest part of a test
      });
      endpoint = cloud.endpoint;
      cleanups.push(() => cloud.close());
      const cdk = new CdkApp({ appDir: PROJECT_DIR, app, endpoint: cloud.endpoint, scratch, log });
      const stacks = all ? [] : [stackName];
      await cdk.prepare(stacks).catch((error: Error) => { throw new Error(`${error.message}\n${said.join('\n')}`); });
      const outputs = await cdk.deploy(stacks).catch((error: Error) => { throw new Error(`${error.message}\n${said.join('\n')}`); });
      return new DeployedStack(stackName, xray, cloud.endpoint, outputs, cdk.assembly, close);
    } catch (error) {
      await close();
      throw error;
    }
  }

  /** Traces since the deployment. */
  public readonly reader: TraceReader;
  public readonly outputs: Record<string, string>;
  /** What a sample needs. */
  public readonly context: SampleContext;
  private readonly clients: { destroy(): void }[] = [];

  private constructor(
    public readonly name: string, public readonly xray: Xray, public readonly endpoint: string, public readonly allOutputs: StackOutputs,
    /** Folder of the cloud assembly. */
    public readonly assembly: string, private readonly stop: () => Promise<void>,
  ) {
    const outputs = this.outputs = allOutputs[name];
    this.reader = new TraceReader(xray.url);
    Object.assign(process.env, { AWS_REGION: LOCAL_REGION, AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
    this.context = { endpoint, outputs, traces: async () => this.traces(), log: () => undefined, signal: new AbortController().signal };
  }

  /** Deploys one more app to the same cloud. @returns its folder of the cloud assembly */
  public async deployApp(app: string, context: Readonly<Record<string, string>>): Promise<string> {
    const scratch = mkdtempSync(join(tmpdir(), 'cdk-traced-e2e-'));
    this.clients.push({ destroy: () => rmSync(scratch, { recursive: true, force: true }) });
    const said: string[] = [];
    const cdk = new CdkApp({ appDir: PROJECT_DIR, app, context, endpoint: this.endpoint, scratch, log: line => said.push(line) });
    try {
      await cdk.prepare([]);
      await cdk.deploy([]);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${said.join('\n')}`);
    }
    return cdk.assembly;
  }

  public async close(): Promise<void> {
    this.clients.splice(0).forEach(client => client.destroy());
    await this.stop();
  }

  /** An AWS SDK client for the local cloud, ended with the stack. */
  public client<C extends { destroy(): void }>(type: new (options: { endpoint: string; region: string; credentials: typeof CREDENTIALS }) => C): C {
    const client = new type({ endpoint: this.endpoint, region: LOCAL_REGION, credentials: CREDENTIALS });
    this.clients.push(client);
    return client;
  }

  /** Sends a sample's traffic and waits until all of it was handled and traced. */
  public async play(sample: Sample): Promise<void> {
    await sample.sendTraffic(this.context);
    await this.eventually('all that the sample expects', async () => {
      expect(await sample.check(this.context)).toEqual([]);
    });
  }

  /** Calls a function in a trace of its own. An asynchronous call has no answer. */
  public async call(
    functionName: string, event: unknown, { asynchronous = true } = {},
  ): Promise<{ traceId: string; requestId: string; answer: any }> {
    const traceId = newTraceId();
    const { Payload: payload, $metadata } = await this.client(LambdaClient).send(inTrace(traceId, new InvokeCommand({
      FunctionName: functionName, InvocationType: asynchronous ? 'Event' : 'RequestResponse', Payload: JSON.stringify(event),
    })));
    return { traceId, requestId: $metadata.requestId!, answer: asynchronous ? undefined : JSON.parse(payload!.transformToString()) };
  }

  /** Waits for a trace with exactly these executions of a function, in order: `true` for one that failed. */
  public async traceOf(traceId: string, functionName: string, faults: boolean[]): Promise<Trace> {
    const found = (trace: Trace) => trace.segments.filter(({ origin, name }) => origin === 'AWS::Lambda::Function' && name === functionName)
      .sort((one, other) => one.startMs - other.startMs).map(segment => segment.fault);
    return this.reader.waitForTrace({ id: traceId }, {
      until: trace => !trace.isPartial && JSON.stringify(found(trace)) === JSON.stringify(faults),
      what: `have executions of ${functionName} with the faults ${JSON.stringify(faults)}`,
      timeoutMs: WAIT_MS,
    });
  }

  /** Adds environment variables to a function, such as the address of an endpoint that fails. */
  public async setEnvironment(functionName: string, variables: Record<string, string>): Promise<void> {
    const lambda = this.client(LambdaClient);
    const { Environment: before } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: functionName }));
    const Environment = { Variables: { ...before?.Variables, ...variables } };
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: functionName, Environment }));
  }

  /** Does something while a bucket, with all that was in it, is gone. */
  public async withoutBucket(bucket: string, work: () => Promise<void>): Promise<void> {
    const s3 = this.client(S3Client);
    const { Contents: objects = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }));
    for (const { Key: key } of objects) await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
    await s3.send(new DeleteBucketCommand({ Bucket: bucket }));
    try {
      await work();
    } finally {
      await s3.send(new CreateBucketCommand({ Bucket: bucket }));
    }
  }

  /** Waits for the next message of a queue and takes it out. */
  public async nextMessage(queueUrl: string): Promise<string> {
    const sqs = this.client(SQSClient);
    return this.eventually(`a message in ${queueUrl}`, async () => {
      const { Messages: [message] = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl: queueUrl, WaitTimeSeconds: 1 }));
      if (!message) throw new Error('the queue is empty');
      await sqs.send(new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: message.ReceiptHandle }));
      return message.Body!;
    });
  }

  /** Waits for the next event that failed for good. */
  public async nextFailedEvent(): Promise<FailedEvent> {
    return JSON.parse(await this.nextMessage(this.outputs.DeadLetterQueueUrl)) as FailedEvent;
  }

  /** Fails if the dead-letter queue is not empty. */
  public async expectNothingFailed(): Promise<void> {
    const { Messages: messages = [] } = await this.client(SQSClient).send(new ReceiveMessageCommand({ QueueUrl: this.outputs.DeadLetterQueueUrl }));
    expect(messages).toEqual([]);
  }

  /** Repeats until it throws no more; fails with its last error when the time is up. */
  public async eventually<T>(what: string, check: () => Promise<T>, milliseconds = WAIT_MS): Promise<T> {
    const end = Date.now() + milliseconds;
    for (;;) {
      try {
        return await check();
      } catch (error) {
        if (Date.now() > end) throw new Error(`waited ${milliseconds / 1000} seconds for ${what}: ${(error as Error).message}`);
        await new Promise(resolve => { setTimeout(resolve, 50); });
      }
    }
  }

  /** All traces so far, their documents parsed, as a sample looks at them. */
  private traces(): SampleTrace[] {
    const ids = this.xray.store.traces().map(trace => trace.id);
    return this.xray.store.batchGetTraces(ids).Traces.map(({ Id, Segments }) => ({
      id: Id, segments: Segments.map(({ Document }) => JSON.parse(Document) as SegmentDocument),
    }));
  }
}
