// The official definitions of OTLP, as protobufjs code: what decodes here, everything that speaks OTLP decodes.
// eslint-disable-next-line import/no-internal-modules
import * as root from '@opentelemetry/otlp-transformer/build/src/generated/root';

export interface DecodedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  /** As in OTLP: 1 internal, 3 client. */
  readonly kind: number;
  /** Milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly attributes: Record<string, any>;
  readonly events: { name: string; attributes: Record<string, any> }[];
  readonly links: { traceId: string; spanId: string }[];
  /** 2 is an error. */
  readonly status?: { code: number; message?: string };
  readonly scope: string;
  readonly resource: Record<string, any>;
}

const PREFIX = '{"format":"json","version":1}\nT1S';

/** Spans of the datagrams, each of which has to be a sampled one. */
export function decodeSpans(datagrams: string[]): DecodedSpan[] {
  return datagrams.flatMap(datagram => {
    expect(datagram.slice(0, PREFIX.length)).toBe(PREFIX);
    expect(Buffer.byteLength(datagram)).toBeLessThanOrEqual(60_000);
    return decodeRequest(Buffer.from(datagram.slice(PREFIX.length), 'base64'));
  });
}

function decodeRequest(bytes: Buffer): DecodedSpan[] {
  const type = (root as any).opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
  const message = type.decode(bytes);
  expect(type.verify(message)).toBeNull();
  // The same message written by the official code has the same bytes: nothing was written in a way of its own.
  expect(Buffer.from(type.encode(message).finish()).length).toBe(bytes.length);
  const request = type.toObject(message, { longs: String });
  return (request.resourceSpans as any[]).flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }: any) => spans.map((span: any) => decodedSpan(span, scope, resource))));
}

function decodedSpan(span: any, scope: any, resource: any): DecodedSpan {
  return {
    traceId: hex(span.traceId)!,
    spanId: hex(span.spanId)!,
    parentSpanId: hex(span.parentSpanId),
    name: span.name,
    kind: span.kind,
    start: Number(span.startTimeUnixNano) / 1e6,
    end: Number(span.endTimeUnixNano) / 1e6,
    attributes: plainAttributes(span.attributes),
    events: (span.events ?? []).map((event: any) => ({ name: event.name, attributes: plainAttributes(event.attributes) })),
    links: (span.links ?? []).map((link: any) => ({ traceId: hex(link.traceId), spanId: hex(link.spanId) })),
    status: span.status,
    scope: [scope.name, scope.version].filter(Boolean).join('@'),
    resource: plainAttributes(resource.attributes),
  };
}

function hex(bytes: Uint8Array | undefined): string | undefined {
  return bytes && bytes.length > 0 ? Buffer.from(bytes).toString('hex') : undefined;
}

function plainAttributes(list: any[] | undefined): Record<string, any> {
  return Object.fromEntries((list ?? []).map(({ key, value }) => [key, plain(value)]));
}

function plain(value: any): unknown {
  if (value.arrayValue) return (value.arrayValue.values ?? []).map(plain);
  if (value.kvlistValue) return plainAttributes(value.kvlistValue.values);
  if (value.intValue !== undefined) return Number(value.intValue);
  if (value.bytesValue !== undefined) return Buffer.from(value.bytesValue).toString('latin1');
  return value.stringValue ?? value.boolValue ?? value.doubleValue ?? null;
}
