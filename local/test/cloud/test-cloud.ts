import { randomBytes } from 'node:crypto';
import { CloudFormationClient, CreateStackCommand, DescribeStackEventsCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient, DescribeLogStreamsCommand, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetQueueUrlCommand, ReceiveMessageCommand, SQSClient, type Message } from '@aws-sdk/client-sqs';
import { SegmentRecorder } from './segment-recorder';
import { startLocalCloud, type LocalCloud } from '../../src/cloud/local-cloud';
import { ensurePythonEnvironment } from '../../src/cloud/python-environment';
import { pause } from '../../src/run-command';

/** Lets the next command of any client carry a trace header. */
interface HeaderTarget {
  readonly middlewareStack: { add(middleware: any, options: any): void };
}

/** A real local cloud with a recording daemon, and the AWS calls that the tests make. */
export class TestCloud {
  static async start(environment: NodeJS.ProcessEnv = {}): Promise<TestCloud> {
    const recorder = await SegmentRecorder.start();
    const warnings: string[] = [];
    const python = await ensurePythonEnvironment({ log: () => undefined });
    const cloud = await startLocalCloud({
      python, port: 0, xrayPort: recorder.port, log: line => warnings.push(line), environment: { CDK_TRACED_RETRY_SECONDS: '0.05', ...environment },
    });
    return new TestCloud(cloud, recorder, warnings);
  }

  readonly s3: S3Client;
  readonly lambda: LambdaClient;
  readonly sqs: SQSClient;
  private readonly logs: CloudWatchLogsClient;
  private readonly cloudFormation: CloudFormationClient;

  private constructor(readonly cloud: LocalCloud, readonly recorder: SegmentRecorder, readonly warnings: string[]) {
    const settings = { endpoint: cloud.endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
    this.s3 = new S3Client({ ...settings, forcePathStyle: true });
    this.lambda = new LambdaClient(settings);
    this.sqs = new SQSClient(settings);
    this.logs = new CloudWatchLogsClient(settings);
    this.cloudFormation = new CloudFormationClient(settings);
  }

  /** Creates a stack and waits for it; gives its outputs. */
  async createStack(name: string, template: object): Promise<Record<string, string>> {
    await this.cloudFormation.send(new CreateStackCommand({ StackName: name, TemplateBody: JSON.stringify(template) }));
    for (;;) {
      const { Stacks: stacks } = await this.cloudFormation.send(new DescribeStacksCommand({ StackName: name }));
      const [stack] = stacks!;
      if (stack.StackStatus === 'CREATE_COMPLETE') return Object.fromEntries((stack.Outputs ?? []).map(o => [o.OutputKey!, o.OutputValue!]));
      if (stack.StackStatus !== 'CREATE_IN_PROGRESS') throw new Error(`${name}: ${stack.StackStatus} ${stack.StackStatusReason} ${await this.reasons(name)}`);
      await pause(50);
    }
  }

  private async reasons(stackName: string): Promise<string> {
    const { StackEvents: events = [] } = await this.cloudFormation.send(new DescribeStackEventsCommand({ StackName: stackName }));
    return events.filter(event => event.ResourceStatus === 'CREATE_FAILED').map(event => event.ResourceStatusReason).join('\n');
  }

  upload(bucket: string, header?: string): Promise<unknown> {
    return this.s3.send(withHeader(new PutObjectCommand({ Bucket: bucket, Key: 'some key', Body: 'x' }), header));
  }

  /** Calls a function and waits for its result. */
  async invoke(name: string, event: object = {}, header?: string): Promise<{ requestId: string; error?: string; payload: any }> {
    const command = new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event) });
    const response = await this.lambda.send(withHeader(command, header));
    const payload = JSON.parse(Buffer.from(response.Payload!).toString());
    return { requestId: response.$metadata.requestId!, error: response.FunctionError, payload };
  }

  /** Hands a function an event without waiting for it. */
  async send(name: string, payload: object = {}, header?: string): Promise<string> {
    const command = new InvokeCommand({ FunctionName: name, InvocationType: 'Event', Payload: JSON.stringify(payload) });
    return (await this.lambda.send(withHeader(command, header))).$metadata.requestId!;
  }

  async queueUrl(name: string): Promise<string> {
    return (await this.sqs.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl!;
  }

  /** The next message of a queue; fails when none comes. */
  async receive(name: string): Promise<Message> {
    const QueueUrl = await this.queueUrl(name);
    const { Messages: messages = [] } = await this.sqs.send(new ReceiveMessageCommand({
      QueueUrl, WaitTimeSeconds: 20, MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All'],
    }));
    if (messages.length === 0) throw new Error(`no message came to ${name}; the cloud's warnings: ${this.warnings.join('\n')}`);
    return messages[0];
  }

  /** What a function logged so far, stream after stream. */
  async logLines(name: string): Promise<string[]> {
    const group = { logGroupName: `/aws/lambda/${name}` };
    const { logStreams: streams = [] } = await this.logs.send(new DescribeLogStreamsCommand(group));
    const lines: string[] = [];
    for (const { logStreamName } of streams) {
      const { events = [] } = await this.logs.send(new GetLogEventsCommand({ ...group, logStreamName, startFromHead: true }));
      lines.push(...events.map(event => event.message!));
    }
    return lines;
  }

  async close(): Promise<void> {
    for (const client of [this.s3, this.lambda, this.sqs, this.logs, this.cloudFormation]) client.destroy();
    await this.cloud.close();
    await this.recorder.close();
  }
}

export function newTraceId(): string {
  return `1-${Math.floor(Date.now() / 1000).toString(16).padStart(8, '0')}-${randomBytes(12).toString('hex')}`;
}

function withHeader<C extends HeaderTarget>(command: C, header?: string): C {
  if (header) {
    command.middlewareStack.add((next: any) => (args: any) => {
      args.request.headers['X-Amzn-Trace-Id'] = header;
      return next(args);
    }, { step: 'build', name: 'traceHeader' });
  }
  return command;
}
