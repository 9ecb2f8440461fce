import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { missingInTrace, type ExpectedSubsegment } from './missing-in-trace';
import type { Missing, Sample, SampleContext, TrafficContext } from './sample';
import { callFunction, labelOf, newTraceId, output, type FunctionCall } from './traced-calls';

interface GuideFunction {
  /** The output that names the function. */
  readonly output: string;
  /** What a call leaves behind. */
  readonly leaves: 'object' | 'item';
  /** What its trace has to show. */
  subsegments(places: Places): ExpectedSubsegment[];
}

/** Where the functions leave what they write. */
interface Places {
  readonly bucket: string;
  readonly table: string;
}

const FUNCTIONS: readonly GuideFunction[] = [
  {
    output: 'LambdaNameNode',
    leaves: 'object',
    subsegments: ({ bucket }) => [{ name: 'S3', aws: { operation: 'PutObject', bucket_name: bucket } }],
  },
  {
    output: 'LambdaNamePython',
    leaves: 'object',
    subsegments: ({ bucket }) => [
      { name: 'put_object', annotations: { put_response: 200 } },
      { name: 'S3', aws: { operation: 'PutObject', bucket_name: bucket } },
      { name: 'get_object', annotations: { get_response: 200 } },
      { name: 'S3', aws: { operation: 'GetObject', bucket_name: bucket } },
    ],
  },
  {
    output: 'LambdaNameJava',
    leaves: 'item',
    subsegments: ({ table }) => [
      { name: 'makeRequest', annotations: { responseCode: 200 } },
      { name: 'DynamoDb', aws: { operation: 'PutItem', table_name: table } },
    ],
  },
];

interface GuideCall extends FunctionCall {
  readonly fn: GuideFunction;
  /** Of the object, where one is left. */
  readonly key: string;
  /** Seconds since 1970. */
  readonly calledAt: number;
}

/** Calls each function of the stack `guide` synchronously and asynchronously, so that both structures of a trace can be seen. */
export class GuideSample implements Sample {
  public readonly stackName = 'guide';
  public readonly description = "the guide's functions: TypeScript and Python -> S3, Java -> HTTP and DynamoDB, called synchronously and asynchronously";
  private readonly calls: GuideCall[] = [];

  public async sendTraffic(context: TrafficContext): Promise<void> {
    for (const fn of FUNCTIONS) {
      const functionName = output(this, context, fn.output);
      for (const asynchronous of [false, true]) {
        const traceId = newTraceId();
        const key = `${functionName}/${asynchronous ? 'async' : 'sync'}/${traceId}.txt`;
        const call = { fn, functionName, asynchronous, traceId, key, calledAt: Math.floor(Date.now() / 1000) };
        await callFunction(context, call, { bucket_key: call.key, body: bodyOf(call) });
        this.calls.push(call);
      }
    }
  }

  public async check(context: SampleContext): Promise<Missing[]> {
    const places = { bucket: output(this, context, 'BucketName'), table: output(this, context, 'TableName') };
    const traces = new Map((await context.traces()).map(trace => [trace.id, trace]));
    const s3 = new S3Client({ endpoint: context.endpoint });
    const dynamoDb = new DynamoDBClient({ endpoint: context.endpoint });
    try {
      return (await Promise.all(this.calls.map(async call => {
        const missing = missingInTrace(traces.get(call.traceId), {
          segments: [{ origin: 'AWS::Lambda', count: 1 }, { origin: 'AWS::Lambda::Function', count: 1 }],
          functions: [{ name: call.functionName, asynchronous: call.asynchronous, subsegments: call.fn.subsegments(places) }],
        });
        const left = call.fn.leaves === 'object'
          ? { what: `object ${call.key} in bucket ${places.bucket}`, isThere: await bodyIs(s3, places.bucket, call.key, bodyOf(call), context.signal) }
          : { what: `item of a check in table ${places.table}`, isThere: await isChecked(dynamoDb, places.table, call.calledAt, context.signal) };
        return [...left.isThere ? [] : [left.what], ...missing.map(what => `${what} in trace ${call.traceId}`)]
          .map(what => ({ subject: labelOf(call), what }));
      }))).flat();
    } finally {
      s3.destroy();
      dynamoDb.destroy();
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

/** Whether the address was found to be up since then (seconds since 1970). */
async function isChecked(client: DynamoDBClient, table: string, since: number, abortSignal: AbortSignal): Promise<boolean> {
  const { Items: items = [] } = await client.send(new ScanCommand({
    TableName: table,
    FilterExpression: '#time >= :since AND #up = :up',
    ExpressionAttributeNames: { '#time': 'Timestamp', '#up': '2xx' },
    ExpressionAttributeValues: { ':since': { N: String(since) }, ':up': { BOOL: true } },
  }), { abortSignal });
  return items.length > 0;
}
