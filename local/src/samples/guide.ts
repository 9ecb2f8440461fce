import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { missingInTrace, type ExpectedSubsegment } from './missing-in-trace';
import type { Missing, Sample, SampleContext, TrafficContext } from './sample';
import { callFunction, labelOf, newTraceId, output, type FunctionCall } from './traced-calls';

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

/** A call leaves one object. */
interface GuideCall extends FunctionCall {
  readonly fn: GuideFunction;
  readonly key: string;
}

/** Calls each function of the stack `guide` synchronously and asynchronously, so that both structures of a trace can be seen. */
export class GuideSample implements Sample {
  public readonly stackName = 'guide';
  public readonly description = "the guide's functions in TypeScript and Python -> S3, called synchronously and asynchronously";
  private readonly calls: GuideCall[] = [];

  public async sendTraffic(context: TrafficContext): Promise<void> {
    for (const fn of FUNCTIONS) {
      const functionName = output(this, context, fn.output);
      for (const asynchronous of [false, true]) {
        const traceId = newTraceId();
        const call = { fn, functionName, asynchronous, traceId, key: `${functionName}/${asynchronous ? 'async' : 'sync'}/${traceId}.txt` };
        await callFunction(context, call, { bucket_key: call.key, body: bodyOf(call) });
        this.calls.push(call);
      }
    }
  }

  public async check(context: SampleContext): Promise<Missing[]> {
    const bucket = output(this, context, 'BucketName');
    const traces = new Map((await context.traces()).map(trace => [trace.id, trace]));
    const client = new S3Client({ endpoint: context.endpoint });
    try {
      return (await Promise.all(this.calls.map(async call => {
        const missing = missingInTrace(traces.get(call.traceId), {
          segments: [{ origin: 'AWS::Lambda', count: 1 }, { origin: 'AWS::Lambda::Function', count: 1 }],
          functions: [{ name: call.functionName, asynchronous: call.asynchronous, subsegments: call.fn.subsegments(bucket) }],
        });
        const isThere = await bodyIs(client, bucket, call.key, bodyOf(call), context.signal);
        return [...isThere ? [] : [`object ${call.key} in bucket ${bucket}`], ...missing.map(what => `${what} in trace ${call.traceId}`)]
          .map(what => ({ subject: labelOf(call), what }));
      }))).flat();
    } finally {
      client.destroy();
    }
  }
}

function bodyOf({ traceId }: Pick<FunctionCall, 'traceId'>): string {
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
