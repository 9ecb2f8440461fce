import type { SegmentDocument, SubsegmentDocument } from '../../src/xray/wire/segment-document';

/** One upload to the sample `xraystarter`. */
export interface Upload {
  /** When the message was published, in seconds since 1970. */
  readonly at: number;
  /** Tells uploads apart; ids are made of it. */
  readonly number: number;
  /** Key of the uploaded object, an annotation of the functions. */
  readonly key?: string;
  /** The functions' environments start for this upload. */
  readonly isCold?: boolean;
  /** All three attempts of the Python function fail at the start, for want of a module. */
  readonly isPythonBroken?: boolean;
  /** How much slower than usual everything is. */
  readonly slowness?: number;
}

/** The functions of the sample; durations in seconds. */
export const FUNCTIONS = [
  { name: 'xraystarter-ts', dwell: 0.039, init: 0.172, handler: 0.034, database: 0.012, call: 'DynamoDB' },
  { name: 'xraystarter-py', dwell: 0.061, init: 0.31, handler: 0.058, database: 0.041, call: 'dynamodb' },
  { name: 'xraystarter-go', dwell: 0.044, init: 0.081, handler: 0.011, database: 0.004, call: 'dynamodb' },
] as const;
type Fn = typeof FUNCTIONS[number];

const ACCOUNT = '000000000000';
const REGION = 'us-east-1';
const TOPIC = `arn:aws:sns:${REGION}:${ACCOUNT}:xraystarter-uploads`;

export function traceIdOf({ at, number }: Upload): string {
  return `1-${Math.floor(at).toString(16).padStart(8, '0')}-${number.toString(16).padStart(24, '0')}`;
}

/** The id of the `index`th function's request. */
export function requestIdOf({ number }: Upload, index: number): string {
  return `b510437d-${number.toString(16).padStart(4, '0').slice(-4)}-4e1${index}-8f00-0123456789ab`;
}

/**
 * The segment documents of one upload as the local cloud and the X-Ray SDKs send them, each as it was sent: SNS, then three times
 * `AWS::Lambda`, `AWS::Lambda::Function`, and the SDK's subsegments by themselves with the call of DynamoDB. Shapes recorded from a run of
 * the sample; ids and times are counted, so that every run is alike.
 */
export function uploadDocuments(upload: Upload): SegmentDocument[] {
  return new UploadDocuments(upload).all();
}

class UploadDocuments {
  private readonly traceId: string;
  private readonly slowness: number;
  private count = 0;

  constructor(private readonly upload: Upload) {
    this.traceId = traceIdOf(upload);
    this.slowness = upload.slowness ?? 1;
  }

  all(): SegmentDocument[] {
    const topic = this.topic();
    return [topic, ...FUNCTIONS.flatMap((fn, index) => (
      this.upload.isPythonBroken === true && fn.name === 'xraystarter-py' ? this.broken(fn, index, topic) : this.working(fn, index, topic)
    ))];
  }

  private topic(): SegmentDocument {
    const { at } = this.upload;
    return {
      id: this.id(), name: 'xraystarter-uploads', trace_id: this.traceId, start_time: at, end_time: at + 0.006 * this.slowness,
      origin: 'AWS::SNS', http: { response: { status: 200 } }, resource_arn: TOPIC,
      aws: { operation: 'Publish', account_id: ACCOUNT, region: REGION, topic_arn: TOPIC, request_id: requestIdOf(this.upload, 9) },
    };
  }

  private working(fn: Fn, index: number, topic: SegmentDocument): SegmentDocument[] {
    const { at, key = 'a b.txt', isCold = false } = this.upload;
    const invoked = at + 0.004 + fn.dwell * this.slowness;
    const ready = invoked + 0.003 + (isCold ? fn.init : 0);
    const ended = ready + fn.handler * this.slowness;
    const service = this.service(fn, index, topic, [{ start: invoked, end: ended + 0.004, failed: false }]);
    const own = this.function(fn, service.subsegments![1], [ready, ended], isCold ? [invoked + 0.002, ready - 0.001] : undefined);
    const handler = this.subsegment(own, '## handler', ready + 0.001, ended - 0.001, {
      annotations: { key, coldStart: isCold, records: 1 },
      metadata: { default: { event: { bucket: 'xraystarter-incoming', key, size: 2048 } } },
    });
    const call = this.subsegment(handler, fn.call, ready + 0.003, ready + 0.003 + fn.database * this.slowness, {
      namespace: 'aws', http: { response: { status: 200, content_length: 2 } },
      aws: {
        operation: 'UpdateItem', region: REGION, request_id: requestIdOf(this.upload, index + 4), retries: 0,
        table_name: 'items', resource_names: ['items'],
      },
    });
    // Children come before their parents, as the SDK for Node.js sends them.
    return [service, call, handler, own];
  }

  /** `Unable to import module`: the environment never starts, Lambda tries three times. */
  private broken(fn: Fn, index: number, topic: SegmentDocument): SegmentDocument[] {
    const tries = [0.065, 1.165, 3.365].map((delay) => ({ start: this.upload.at + delay, end: this.upload.at + delay + 0.24, failed: true }));
    const service = this.service(fn, index, topic, tries);
    return [service, ...service.subsegments!.slice(1).map((attempt) => {
      const { start_time: start, end_time: end = start } = attempt;
      const own = this.function(fn, attempt, [start + 0.2, end - 0.002], [start + 0.002, start + 0.199]);
      const exception = {
        id: this.id(), type: 'Runtime.ImportModuleError', message: "Unable to import module 'app': No module named 'aws_xray_sdk'",
        stack: [
          { path: '/var/runtime/bootstrap.py', line: 60, label: '<module>' },
          { path: '/var/lang/lib/python3.13/importlib/__init__.py', line: 88, label: 'import_module' },
        ],
      };
      const subsegments = own.subsegments!.map((part) => (part.name === 'Invocation' ? { ...part, fault: true, cause: exception.id } : part));
      return { ...own, fault: true, cause: { working_directory: '/var/task', exceptions: [exception] }, subsegments };
    })];
  }

  private service(fn: Fn, index: number, topic: SegmentDocument, tries: { start: number; end: number; failed: boolean }[]): SegmentDocument {
    const { at } = this.upload;
    return {
      id: this.id(), name: fn.name, trace_id: this.traceId, parent_id: topic.id, start_time: at + 0.004, end_time: at + 0.009,
      origin: 'AWS::Lambda', http: { response: { status: 202 } }, aws: { request_id: requestIdOf(this.upload, index) }, resource_arn: arnOf(fn),
      subsegments: [
        { id: this.id(), name: 'Dwell Time', start_time: at + 0.004, end_time: tries[0].start },
        ...tries.map(({ start, end, failed }, number): SubsegmentDocument => ({
          id: this.id(), name: `Attempt #${number + 1}`, start_time: start, end_time: end, http: { response: { status: 200 } },
          ...(failed ? { fault: true } : {}),
        })),
      ],
    };
  }

  private function(fn: Fn, attempt: SubsegmentDocument, [start, end]: [number, number], init?: [number, number]): SegmentDocument {
    const aws = { function_arn: arnOf(fn) };
    const part = (name: string, from: number, to: number): SubsegmentDocument => ({ id: this.id(), name, start_time: from, end_time: to, aws });
    return {
      id: this.id(), name: fn.name, trace_id: this.traceId, parent_id: attempt.id, start_time: start, end_time: end + 0.002,
      origin: 'AWS::Lambda::Function', aws: { account_id: ACCOUNT, function_arn: arnOf(fn), resource_names: [fn.name] },
      subsegments: [
        ...(init === undefined ? [] : [part('Initialization', ...init)]), part('Invocation', start, end), part('Overhead', end, end + 0.002),
      ],
    };
  }

  private subsegment(parent: SegmentDocument, name: string, start: number, end: number, fields: Partial<SegmentDocument>): SegmentDocument {
    return { id: this.id(), trace_id: this.traceId, parent_id: parent.id, type: 'subsegment', name, start_time: start, end_time: end, ...fields };
  }

  private id(): string {
    this.count += 1;
    return (this.upload.number * 0x10000 + this.count).toString(16).padStart(16, '0');
  }
}

function arnOf({ name }: Fn): string {
  return `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`;
}
