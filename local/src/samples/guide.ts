import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { missingInTrace, type ExpectedSubsegment } from './missing-in-trace';
import type { Missing, Sample, SampleContext, TrafficContext } from './sample';
import { inTrace, newTraceId, output } from './traced-calls';

interface GuideFunction {
  /** The output that names the function. */
  readonly output: string;
  /** What its trace has to show. */
  subsegments(bucket: string): ExpectedSubsegment[];
}

const FUNCTIONS: readonly GuideFunction[] = [
  {
    output: 'LambdaNameNode',
    subsegments: bucket => [{ name: 'S3', aws: { operation: 'PutObject', bucket_name: bucket } }],
  },
  {
    output: 'LambdaNamePython',
    subsegments: bucket => [
      { name: 'put_object', annotations: { put_response: 200 } },
      { name: 'S3', aws: { operation: 'PutObject', bucket_name: bucket } },
      { name: 'get_object', annotations: { get_response: 200 } },
      { name: 'S3', aws: { operation: 'GetObject', bucket_name: bucket } },
    ],
  },
];

/** One call of a function, which is one trace and leaves one object. */
interface Call {
  readonly fn: GuideFunction;
  readonly asynchronous: boolean;
  readonly traceId: string;
  readonly key: string;
}

/** Calls each function of the stack `guide` synchronously and asynchronously, so that both structures of a trace can be seen. */
export class GuideSample implements Sample {
  public readonly stackName = 'guide';
  public readonly description = "the guide's functions in TypeScript and Python -> S3, called synchronously and asynchronously";
  private readonly calls: Call[] = [];

  public async sendTraffic(context: TrafficContext): Promise<void> {
    const client = new LambdaClient({ endpoint: context.endpoint });
    try {
      for (const fn of FUNCTIONS) {
        const name = output(this, context, fn.output);
        for (const asynchronous of [false, true]) {
          const traceId = newTraceId();
          const call = { fn, asynchronous, traceId, key: `${name}/${asynchronous ? 'async' : 'sync'}/${traceId}.txt` };
          const { FunctionError: error } = await client.send(inTrace(traceId, new InvokeCommand({
            FunctionName: name,
            InvocationType: asynchronous ? 'Event' : 'RequestResponse',
            Payload: JSON.stringify({ bucket_key: call.key, body: bodyOf(call) }),
          })), { abortSignal: context.signal });
          if (error) throw new Error(`${name} failed (${error}); its log says why`);
          this.calls.push(call);
          context.log(`called ${name} ${asynchronous ? 'asynchronously' : 'synchronously'} as trace ${traceId}`);
        }
      }
    } finally {
      client.destroy();
    }
  }

  public async check(context: SampleContext): Promise<Missing[]> {
    const bucket = output(this, context, 'BucketName');
    const traces = new Map((await context.traces()).map(trace => [trace.id, trace]));
    const client = new S3Client({ endpoint: context.endpoint });
    try {
      return (await Promise.all(this.calls.map(async call => {
        const name = output(this, context, call.fn.output);
        const missing = missingInTrace(traces.get(call.traceId), {
          segments: [{ origin: 'AWS::Lambda', count: 1 }, { origin: 'AWS::Lambda::Function', count: 1 }],
          functions: [{ name, asynchronous: call.asynchronous, subsegments: call.fn.subsegments(bucket) }],
        });
        const isThere = await bodyIs(client, bucket, call.key, bodyOf(call), context.signal);
        return [...isThere ? [] : [`object ${call.key} in bucket ${bucket}`], ...missing.map(what => `${what} in trace ${call.traceId}`)]
          .map(what => ({ subject: `${call.asynchronous ? 'asynchronous' : 'synchronous'} call of ${name}`, what }));
      }))).flat();
    } finally {
      client.destroy();
    }
  }
}

function bodyOf({ traceId }: Pick<Call, 'traceId'>): string {
  return `Of the request ${traceId}.\n`;
}

async function bodyIs(client: S3Client, bucket: string, key: string, body: string, abortSignal: AbortSignal): Promise<boolean> {
  try {
    const { Body: found } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), { abortSignal });
    return await found?.transformToString() === body;
  } catch (error) {
    if ((error as Error).name === 'NoSuchKey') return false;
    throw error;
  }
}
