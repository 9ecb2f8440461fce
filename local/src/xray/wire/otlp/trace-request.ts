// The official definitions of OTLP as protobufjs code. Package 0.215 is the last line that carries the code to decode a
// request (later ones keep the encoder only); OTLP v1 is stable, so what is decoded does not age with it.
// eslint-disable-next-line import/no-internal-modules -- the package has no public entry for decoding
import * as root from '@opentelemetry/otlp-transformer/build/src/generated/root';

/** An OTLP value; exactly one of the fields is set. 64-bit integers come as decimal text. */
export interface AnyValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string;
  doubleValue?: number;
  arrayValue?: { values?: AnyValue[] };
  kvlistValue?: { values?: KeyValue[] };
  /** Base64. */
  bytesValue?: string;
}

export interface KeyValue {
  key: string;
  value?: AnyValue;
}

export interface OtlpSpan {
  traceId: Uint8Array;
  spanId: Uint8Array;
  parentSpanId?: Uint8Array;
  name?: string;
  /** 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind?: number;
  /** Nanoseconds since the epoch as decimal text: they do not fit a double. */
  startTimeUnixNano?: string;
  endTimeUnixNano?: string;
  attributes?: KeyValue[];
  events?: { timeUnixNano?: string; name?: string; attributes?: KeyValue[] }[];
  links?: { traceId: Uint8Array; spanId: Uint8Array; attributes?: KeyValue[] }[];
  /** `code` 2 is an error. */
  status?: { code?: number; message?: string };
}

export interface TraceRequest {
  resourceSpans?: { resource?: { attributes?: KeyValue[] }; scopeSpans?: { scope?: { name?: string }; spans?: OtlpSpan[] }[] }[];
}

interface MessageType {
  decode(bytes: Uint8Array): unknown;
  encode(message: unknown): { finish(): Uint8Array };
  fromObject(fields: object): unknown;
  toObject(message: unknown, options: { longs: typeof String }): TraceRequest;
}

interface GeneratedRoot {
  opentelemetry: { proto: { collector: { trace: { v1: { ExportTraceServiceRequest: MessageType; ExportTraceServiceResponse: MessageType } } } } };
}

const { ExportTraceServiceRequest: REQUEST, ExportTraceServiceResponse: RESPONSE } =
  (root as unknown as GeneratedRoot).opentelemetry.proto.collector.trace.v1;

/** What a receiver tells of spans that it has not taken. */
export interface PartialSuccess {
  readonly rejectedSpans: number;
  readonly errorMessage: string;
}

/** Decodes the protobuf bytes of an `ExportTraceServiceRequest`; throws on bytes that are not one. */
export function decodeTraceRequest(bytes: Uint8Array): TraceRequest {
  return REQUEST.toObject(REQUEST.decode(bytes), { longs: String });
}

/**
 * Reads an `ExportTraceServiceRequest` as OTLP/JSON: protobuf's JSON, but trace and span ids are hexadecimal, and enums are numbers. Throws on text that
 * is not one. Source: OpenTelemetry Protocol specification, "JSON Protobuf Encoding".
 */
export function traceRequestOfJson(text: string): TraceRequest {
  const request: unknown = JSON.parse(text, (key, value: unknown) => {
    if (!/^(?:traceId|spanId|parentSpanId)$/.test(key) || typeof value !== 'string') return value;
    if (!/^(?:[0-9a-f]{2})*$/i.test(value)) throw new Error(`${key} is not hexadecimal`);
    return Buffer.from(value, 'hex');
  });
  if (typeof request !== 'object' || request === null || Array.isArray(request)) throw new Error('it is no JSON object');
  return REQUEST.toObject(REQUEST.fromObject(request), { longs: String });
}

/** The protobuf bytes of an `ExportTraceServiceResponse`. */
export function encodeTraceResponse(partialSuccess: PartialSuccess | undefined): Uint8Array {
  return RESPONSE.encode(RESPONSE.fromObject(partialSuccess === undefined ? {} : { partialSuccess })).finish();
}
