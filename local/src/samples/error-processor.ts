import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { missingInTrace } from './missing-in-trace';
import type { Missing, Sample, SampleContext, SampleTrace, TrafficContext } from './sample';
import { callFunction, labelOf, newTraceId, output, type FunctionCall } from './traced-calls';

interface ErrorCall extends FunctionCall {
  readonly fails: boolean;
  readonly requestId: string;
}

/** What the processor keeps of a failed request, as far as it is looked at here. */
export interface ErrorRecord {
  readonly requestId: string;
  readonly logEvents: readonly { readonly logStream: string; readonly timestamp: number; readonly message: string }[];
  readonly trace: { readonly id: string; readonly segments: readonly { readonly origin?: string; readonly fault?: boolean }[] } | null;
  readonly isTraceComplete: boolean;
}

/** Calls of the function that sometimes fails: of each failed one, log and trace have to be in the bucket. */
const CALLS = [
  { asynchronous: false, fails: false },
  { asynchronous: false, fails: true },
  { asynchronous: true, fails: false },
  // Tried three times.
  { asynchronous: true, fails: true },
];
const ATTEMPTS = 3;

/** Makes the function of the stack `error-processor` succeed and fail, and looks for what the processor kept of the failures. */
export class ErrorProcessorSample implements Sample {
  public readonly stackName = 'error-processor';
  public readonly description = 'errors in the log of a function -> function in Go -> CloudWatch Logs, X-Ray, S3';
  private readonly calls: ErrorCall[] = [];

  public async sendTraffic(context: TrafficContext): Promise<void> {
    for (const kind of CALLS) {
      const call = { ...kind, functionName: output(this, context, 'LambdaNameRandomError'), traceId: newTraceId() };
      const requestId = await callFunction(context, call, { fail: call.fails });
      this.calls.push({ ...call, requestId });
    }
  }

  public async check(context: SampleContext): Promise<Missing[]> {
    if (this.calls.length === 0) return [];
    const bucket = output(this, context, 'BucketName');
    const traces = await context.traces();
    const client = new S3Client({ endpoint: context.endpoint });
    try {
      const missing = await Promise.all(this.calls.map(async call => {
        const attempts = call.fails && call.asynchronous ? ATTEMPTS : 1;
        const inTrace = missingInTrace(traces.find(trace => trace.id === call.traceId), {
          segments: [], functions: [{ name: call.functionName, asynchronous: call.asynchronous, attempts, subsegments: [] }],
        }).map(what => `${what} in trace ${call.traceId}`);
        const inRecord = call.fails ? missingInRecord(await readRecord(client, bucket, call.requestId, context.signal), call, attempts) : [];
        return [...inTrace, ...inRecord].map(what => ({ subject: labelOf(call), what }));
      }));
      return [...missing.flat(), ...this.missingOfProcessor(traces, context)];
    } finally {
      client.destroy();
    }
  }

  /** Its calls belong to traces of its own: CloudWatch Logs passes none on. */
  private missingOfProcessor(traces: SampleTrace[], context: SampleContext): Missing[] {
    const name = output(this, context, 'LambdaNameProcessor');
    const subsegments = [
      { name: 'CloudWatch Logs', aws: { operation: 'FilterLogEvents' } },
      { name: 'XRay', aws: { operation: 'BatchGetTraces' } },
      { name: 'S3', aws: { operation: 'PutObject', bucket_name: output(this, context, 'BucketName') } },
    ];
    const own = traces.filter(trace => trace.segments.some(segment => segment.name === name));
    const missing = own.map(trace => missingInTrace(trace, { segments: [], functions: [{ name, asynchronous: true, subsegments }] }));
    const [best = ['trace']] = missing.sort((a, b) => a.length - b.length);
    return best.map(what => ({ subject: name, what }));
  }
}

/** What the processor kept of a request; undefined while that is nothing. */
export async function readRecord(client: S3Client, bucket: string, requestId: string, abortSignal?: AbortSignal): Promise<ErrorRecord | undefined> {
  try {
    const { Body: body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: `errors/${requestId}.json` }), { abortSignal });
    return JSON.parse(await body!.transformToString()) as ErrorRecord;
  } catch (error) {
    if ((error as Error).name === 'NoSuchKey') return undefined;
    throw error;
  }
}

function missingInRecord(record: ErrorRecord | undefined, { requestId, traceId }: ErrorCall, attempts: number): string[] {
  if (!record) return [`object errors/${requestId}.json`];
  const reports = record.logEvents.filter(event => event.message.startsWith('REPORT ')).length;
  const failed = (record.trace?.segments ?? []).filter(segment => segment.origin === 'AWS::Lambda::Function' && segment.fault).length;
  return [
    ...reports === attempts ? [] : [`REPORT lines in errors/${requestId}.json (${reports}, expected ${attempts})`],
    ...record.trace?.id === traceId ? [] : [`trace ${traceId} in errors/${requestId}.json`],
    ...failed === attempts && record.isTraceComplete ? [] : [`failed attempts in the trace of errors/${requestId}.json (${failed}, expected ${attempts})`],
  ];
}
