import { BatchGetItemCommand, DynamoDBClient, type AttributeValue } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { missingInTrace, type ExpectedTrace } from './missing-in-trace';
import type { Missing, Sample, SampleContext, TrafficContext } from './sample';
import { inTrace, newTraceId, output } from './traced-calls';

/** Keys that go wrong where one is not decoded, decoded twice, split, or cut off, among ordinary ones. */
export const XRAYSTARTER_KEYS: readonly string[] = [
  'readme.md',
  'a b.txt',
  'ä/ö+%41.txt',
  'x//y',
  '100%.txt',
  'k'.repeat(1_000),
  'reports/2026/11/summary.csv',
  'photos/cat.jpg',
];

/** The attribute that each function writes, and the output that names the function. */
const FUNCTIONS = [
  { attribute: 'ts', output: 'LambdaNameTS' },
  { attribute: 'py', output: 'LambdaNamePy' },
  { attribute: 'go', output: 'LambdaNameGo' },
];

/** One upload, which is one trace. */
interface Upload {
  readonly key: string;
  readonly traceId: string;
  /** Milliseconds since 1970, before the upload began. */
  readonly time: number;
}

/** Uploads with awkward names to the bucket of the stack `xraystarter`; each has to reach the table three times, in one trace. */
export class XraystarterSample implements Sample {
  public readonly stackName = 'xraystarter';
  public readonly description = 'S3 -> SNS -> functions in TypeScript, Python and Go -> DynamoDB';
  private readonly uploads: Upload[] = [];

  public async sendTraffic(context: TrafficContext): Promise<void> {
    const bucket = output(this, context, 'BucketName');
    const client = new S3Client({ endpoint: context.endpoint });
    try {
      for (const key of XRAYSTARTER_KEYS) {
        const upload = { key, traceId: newTraceId(), time: Date.now() };
        const command = new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'An upload of the sample xraystarter.\n', ContentType: 'text/plain' });
        await client.send(inTrace(upload.traceId, command), { abortSignal: context.signal });
        this.uploads.push(upload);
        context.log(`uploaded ${label(key)} as trace ${upload.traceId}`);
      }
    } finally {
      client.destroy();
    }
  }

  public async check(context: SampleContext): Promise<Missing[]> {
    const tableName = output(this, context, 'TableName');
    const expected: ExpectedTrace = {
      segments: [
        { origin: 'AWS::SNS', count: 1 },
        { origin: 'AWS::Lambda', count: FUNCTIONS.length },
        { origin: 'AWS::Lambda::Function', count: FUNCTIONS.length },
      ],
      functions: FUNCTIONS.map(fn => ({
        name: output(this, context, fn.output),
        subsegments: [{ name: 'DynamoDB', aws: { operation: 'UpdateItem', table_name: tableName } }],
      })),
    };
    const [items, traces] = await Promise.all([this.items(context, tableName), context.traces()]);
    const tracesById = new Map(traces.map(trace => [trace.id, trace]));
    return this.uploads.flatMap(upload => [
      ...FUNCTIONS.filter(fn => !(Date.parse(items.get(upload.key)?.[fn.attribute]?.S ?? '') >= upload.time))
        .map(fn => `time of ${output(this, context, fn.output)} in the item of table ${tableName}`),
      ...missingInTrace(tracesById.get(upload.traceId), expected).map(what => `${what} in trace ${upload.traceId}`),
    ].map(what => ({ subject: label(upload.key), what })));
  }

  /** The items of all keys uploaded so far, by key. */
  private async items(context: SampleContext, tableName: string): Promise<Map<string, Record<string, AttributeValue>>> {
    const keys = [...new Set(this.uploads.map(upload => upload.key))].map(key => ({ itemID: { S: key } }));
    if (keys.length === 0) return new Map();
    const client = new DynamoDBClient({ endpoint: context.endpoint });
    try {
      // An item the table had no capacity for counts as missing until the next check.
      const { Responses: responses } = await client.send(
        new BatchGetItemCommand({ RequestItems: { [tableName]: { Keys: keys, ConsistentRead: true } } }), { abortSignal: context.signal });
      return new Map((responses?.[tableName] ?? []).map(item => [item.itemID.S!, item]));
    } finally {
      client.destroy();
    }
  }
}

/** The key as a person should see it: quoted, and not a thousand characters of it. */
function label(key: string): string {
  return key.length <= 60 ? `'${key}'` : `'${key.slice(0, 30)}...' (${key.length} characters)`;
}
