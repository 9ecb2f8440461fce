/**
 * Segment documents exactly as they travel (snake_case, seconds as floats), and the check that lets them in.
 * Format: "AWS X-Ray segment documents" in the X-Ray Developer Guide.
 * Kept apart from the domain types on purpose: only a change of the wire format changes this file.
 */
export interface SegmentDocument extends SubsegmentDocument {
  trace_id: string;
  /** Type of the AWS resource that ran the code, such as `AWS::Lambda::Function`. */
  origin?: string;
  user?: string;
  service?: { version?: string };
  resource_arn?: string;
  /** Made by X-Ray for a called service that sends no segments of its own. */
  inferred?: boolean;
  links?: TraceLinkDocument[];
}

export interface SubsegmentDocument {
  id: string;
  name: string;
  /** Seconds since the epoch. */
  start_time: number;
  /** Seconds since the epoch; absent while `in_progress`. */
  end_time?: number;
  in_progress?: boolean;
  /** `subsegment` when a subsegment is sent by itself. */
  type?: string;
  trace_id?: string;
  parent_id?: string;
  /** `aws` for a call of an AWS service, `remote` for any other downstream call. */
  namespace?: string;
  error?: boolean;
  throttle?: boolean;
  fault?: boolean;
  cause?: string | CauseDocument;
  http?: HttpDocument;
  aws?: Record<string, unknown>;
  sql?: Record<string, unknown>;
  annotations?: Record<string, string | number | boolean>;
  metadata?: Record<string, unknown>;
  precursor_ids?: string[];
  subsegments?: SubsegmentDocument[];
}

export interface HttpDocument {
  request?: {
    method?: string; url?: string; user_agent?: string; client_ip?: string; x_forwarded_for?: boolean; traced?: boolean;
  };
  response?: { status?: number; content_length?: number };
}

export interface CauseDocument {
  working_directory?: string;
  paths?: string[];
  exceptions?: ExceptionDocument[];
}

export interface ExceptionDocument {
  id?: string;
  type?: string;
  message?: string;
  remote?: boolean;
  truncated?: number;
  skipped?: number;
  /** Id of the exception that caused this one. */
  cause?: string;
  stack?: { path?: string; line?: number; label?: string }[];
}

export interface TraceLinkDocument {
  trace_id: string;
  /** Id of the linked segment. */
  id: string;
  attributes?: Record<string, unknown>;
}

/** Why a document was refused. `code` goes out as `ErrorCode` of `UnprocessedTraceSegments` and is the key of the counters. */
export interface Refusal {
  code: RefusalCode;
  /** One sentence with the value got. */
  message: string;
  /** Id of the segment, where one could be read. */
  id?: string;
}

export type RefusalCode =
  | 'MissingHeader' | 'InvalidHeader' | 'MissingBody' | 'ParseError' | 'InvalidOtlp' | 'DocumentTooLarge'
  | 'MissingTraceId' | 'InvalidTraceId' | 'MissingId' | 'InvalidId' | 'MissingName' | 'InvalidName'
  | 'MissingStartTime' | 'InvalidStartTime' | 'MissingEndTime' | 'InvalidEndTime'
  | 'InferredSegment' | 'MissingParentId' | 'InvalidParentId' | 'InvalidType' | 'InvalidSubsegments' | 'NestedTooDeep';

/** Largest document that X-Ray takes, in bytes. */
export const MAX_DOCUMENT_BYTES = 64 * 1024;
/** Largest span that CloudWatch's OTLP endpoint takes, in bytes. Source: CloudWatch User Guide, "OTLP endpoints". */
export const MAX_SPAN_BYTES = 200 * 1024;

const TRACE_ID = /^1-[0-9a-f]{8}-[0-9a-f]{24}$/i;
const SEGMENT_ID = /^[0-9a-f]{16}$/i;
/** Latest time that is taken, in seconds: the year 9999. Milliseconds sent as seconds are caught by it. */
const MAX_TIME = 253402300800;
/** Deeper nesting than this cannot come from an SDK; it would only exhaust the stack of whoever walks it. */
const MAX_DEPTH = 100;
/** The same for lists and objects of any kind, as in metadata: JSON.parse takes any depth, JSON.stringify fails at some thousands. */
const MAX_NESTING = 500;

export function isTraceId(value: unknown): value is string {
  return typeof value === 'string' && TRACE_ID.test(value);
}

/**
 * Checks what X-Ray needs to place a document: ids, name, times, and the same of every embedded subsegment.
 * Anything optional that has the wrong shape is kept in the document and left out of what is derived from it.
 * Returns nothing when the document is good.
 */
export function refusalOf(document: unknown): Refusal | undefined {
  if (!isObject(document)) return { code: 'ParseError', message: `a segment document must be a JSON object, got ${describe(document)}` };
  const id = typeof document.id === 'string' ? document.id : undefined;
  const refuse = (code: RefusalCode, message: string): Refusal => ({ code, message, id });
  const { trace_id: traceId, type } = document;
  if (traceId === undefined || traceId === null) return refuse('MissingTraceId', 'trace_id is missing');
  if (!isTraceId(traceId)) return refuse('InvalidTraceId', `trace_id must look like 1-58406520-a006649127e371903a2de979, got ${describe(traceId)}`);
  if (type !== undefined && type !== null && type !== '' && type !== 'subsegment' && type !== 'segment') {
    return refuse('InvalidType', `type must be absent or 'subsegment', got ${describe(type)}`);
  }
  if (document.inferred === true) {
    return refuse('InferredSegment', 'X-Ray makes inferred segments itself, of calls: send the call as a subsegment with a namespace');
  }
  const parentId = document.parent_id;
  if (type === 'subsegment' && isAbsent(parentId)) return refuse('MissingParentId', 'a subsegment sent by itself needs a parent_id');
  return refusalOfCommon(document, id, 0);
}

/** The refusal of a document whose lists and objects lie deeper in one another than anything here may walk. */
export function refusalOfNesting(document: unknown): Refusal | undefined {
  let level = [document];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_NESTING) {
      const id = isObject(document) && typeof document.id === 'string' ? document.id : undefined;
      return { code: 'NestedTooDeep', message: `lists and objects are nested deeper than ${MAX_NESTING} levels`, id };
    }
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) as unknown[] : []));
  }
  return undefined;
}

/** Whether JSON may be nested too deeply: each level begins with a bracket. Few documents have so many, and only they have to be walked. */
export function mayBeNestedTooDeep(json: Uint8Array): boolean {
  if (json.length <= MAX_NESTING * 2) return false;
  let brackets = 0;
  // Every document passes here in a flood: an index is several times faster than for...of.
  for (let index = 0; index < json.length; index += 1) if (json[index] === 0x7b || json[index] === 0x5b) brackets += 1;
  return brackets > MAX_NESTING;
}

function refusalOfCommon(document: Record<string, unknown>, outerId: string | undefined, depth: number): Refusal | undefined {
  const refuse = (code: RefusalCode, message: string): Refusal => ({ code, message, id: outerId });
  const { id, name, start_time: start, end_time: end, parent_id: parentId, subsegments } = document;
  if (isAbsent(id)) return refuse('MissingId', 'id is missing');
  if (typeof id !== 'string' || !SEGMENT_ID.test(id)) return refuse('InvalidId', `id must be 16 hexadecimal digits, got ${describe(id)}`);
  if (isAbsent(name)) return refuse('MissingName', 'name is missing');
  if (typeof name !== 'string' || name.length > 200) return refuse('InvalidName', `name must be text of at most 200 characters, got ${describe(name)}`);
  if (!isAbsent(parentId) && (typeof parentId !== 'string' || !SEGMENT_ID.test(parentId))) {
    return refuse('InvalidParentId', `parent_id must be 16 hexadecimal digits, got ${describe(parentId)}`);
  }
  if (start === undefined || start === null) return refuse('MissingStartTime', 'start_time is missing');
  if (!isTime(start)) return refuse('InvalidStartTime', `start_time must be seconds since 1970, got ${describe(start)}`);
  if (end === undefined || end === null) {
    if (document.in_progress !== true) return refuse('MissingEndTime', 'neither end_time nor in_progress is set');
  } else if (!isTime(end)) {
    return refuse('InvalidEndTime', `end_time must be seconds since 1970, got ${describe(end)}`);
  } else if (end < start) {
    return refuse('InvalidEndTime', `end_time ${end} lies before start_time ${start}`);
  }
  if (subsegments === undefined || subsegments === null) return undefined;
  if (!Array.isArray(subsegments)) return refuse('InvalidSubsegments', `subsegments must be a list, got ${describe(subsegments)}`);
  if (depth >= MAX_DEPTH) return refuse('InvalidSubsegments', `subsegments are nested deeper than ${MAX_DEPTH} levels`);
  for (const subsegment of subsegments) {
    if (!isObject(subsegment)) return refuse('InvalidSubsegments', `a subsegment must be a JSON object, got ${describe(subsegment)}`);
    const refusal = refusalOfCommon(subsegment, outerId, depth + 1);
    if (refusal) return { ...refusal, message: `in a subsegment: ${refusal.message}` };
  }
  return undefined;
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value < MAX_TIME;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as it may stand in a message: short, and without what a payload may hold. */
function describe(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 57)}...` : value}'`;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null || value === undefined) return String(value);
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}
