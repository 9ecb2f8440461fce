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
  toObject(message: unknown, options: { longs: typeof String }): TraceRequest;
}

interface GeneratedRoot {
  opentelemetry: { proto: { collector: { trace: { v1: { ExportTraceServiceRequest: MessageType } } } } };
}

/** Decodes the protobuf bytes of an `ExportTraceServiceRequest`; throws on bytes that are not one. */
export function decodeTraceRequest(bytes: Uint8Array): TraceRequest {
  const type = (root as unknown as GeneratedRoot).opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
  return type.toObject(type.decode(bytes), { longs: String });
}
