import { randomBytes } from 'node:crypto';
import type { SegmentDocument } from '../../src/xray/wire/segment-document';

/** Seconds since the epoch at which sample traces begin unless told otherwise: fixed, so that tests compare whole values. */
export const T0 = 1_700_000_000;

export function hexId(number: number): string {
  return number.toString(16).padStart(16, '0');
}

export function traceId(number: number, seconds = T0): string {
  return `1-${Math.floor(seconds).toString(16).padStart(8, '0')}-${number.toString(16).padStart(24, '0')}`;
}

export function randomTraceId(seconds: number): string {
  return `1-${Math.floor(seconds).toString(16).padStart(8, '0')}-${randomBytes(12).toString('hex')}`;
}

export function datagram(document: unknown): Buffer {
  return Buffer.from(`{"format":"json","version":1}\n${typeof document === 'string' ? document : JSON.stringify(document)}`);
}

export interface SampleOptions {
  readonly trace?: string;
  /** Seconds. */
  readonly start?: number;
  readonly functionName?: string;
  readonly fault?: boolean;
  /** First id of the (sub)segments. */
  readonly firstId?: number;
}

/**
 * One upload of the sample as it arrives: SNS topic -> function, asynchronously, on a cold start, with a DynamoDB call that the SDK sends
 * by itself and before its parent. Eight (sub)segments in four documents.
 */
export function sampleTrace(options: SampleOptions = {}): SegmentDocument[] {
  const start = options.start ?? T0;
  const trace = options.trace ?? traceId(1, start);
  const name = options.functionName ?? 'xraystarter-ts';
  const first = options.firstId ?? 1;
  const [topic, service, dwell, attempt, fn, init, invocation, overhead, call] = Array.from({ length: 9 }, (_, index) => hexId(first + index));
  const failure = options.fault === true ? { fault: true } : {};
  const at = (ms: number): number => Math.round(start * 1000 + ms) / 1000;
  return [
    {
      trace_id: trace, id: call, parent_id: fn, type: 'subsegment', name: 'DynamoDB', namespace: 'aws', start_time: at(130), end_time: at(180),
      aws: { operation: 'PutItem', table_name: 'items', request_id: 'R1' }, http: { response: { status: 200 } }, annotations: { attempt: 1 },
    },
    { trace_id: trace, id: topic, name: 'incoming', origin: 'AWS::SNS', start_time: at(0), end_time: at(10) },
    {
      trace_id: trace, id: service, parent_id: topic, name, origin: 'AWS::Lambda', start_time: at(5), end_time: at(20),
      http: { response: { status: 202 } }, ...failure,
      subsegments: [
        { id: dwell, name: 'Dwell Time', start_time: at(5), end_time: at(100) },
        { id: attempt, name: 'Attempt #1', start_time: at(100), end_time: at(200), ...failure },
      ],
    },
    {
      trace_id: trace, id: fn, parent_id: attempt, name, origin: 'AWS::Lambda::Function', start_time: at(110), end_time: at(200), ...failure,
      subsegments: [
        { id: init, name: 'Initialization', start_time: at(100), end_time: at(110) },
        { id: invocation, name: 'Invocation', start_time: at(110), end_time: at(190), ...failure },
        { id: overhead, name: 'Overhead', start_time: at(190), end_time: at(200) },
      ],
    },
  ];
}

/** A web service on EC2 that calls another one over HTTP, which answers with its own segment, and a database. */
export function webTrace(trace = traceId(2)): SegmentDocument[] {
  return [
    {
      trace_id: trace, id: hexId(0x21), name: 'shop', origin: 'AWS::EC2::Instance', start_time: T0, end_time: T0 + 3, user: 'alice',
      http: {
        request: { method: 'POST', url: 'http://shop.example.com/api/order', user_agent: 'curl/8', client_ip: '10.0.0.9' },
        response: { status: 500 },
      },
      fault: true,
      aws: { ec2: { instance_id: 'i-1', availability_zone: 'eu-west-1a' }, account_id: '111122223333' },
      annotations: { gameid: '817DL6VO', age: 30, vip: true, off: false },
      cause: { exceptions: [{ id: hexId(0xee), type: 'OrderError', message: 'no stock' }] },
      subsegments: [
        {
          id: hexId(0x22), name: 'stock.example.com', namespace: 'remote', start_time: T0 + 0.5, end_time: T0 + 2.5, fault: true,
          http: { request: { method: 'GET', url: 'http://stock.example.com/v2/items' }, response: { status: 503 } },
        },
        {
          id: hexId(0x23), name: 'orders@db.example.com', namespace: 'remote', start_time: T0 + 2.6, end_time: T0 + 2.7,
          sql: { database_type: 'PostgreSQL', sanitized_query: 'SELECT ?' },
        },
      ],
    },
    {
      trace_id: trace, id: hexId(0x31), parent_id: hexId(0x22), name: 'stock', start_time: T0 + 0.6, end_time: T0 + 2.4, fault: true,
      http: { request: { method: 'GET', url: 'http://stock.example.com/v2/items' }, response: { status: 503 } },
      resource_arn: 'arn:aws:ecs:eu-west-1:111122223333:task/1',
    },
  ];
}
