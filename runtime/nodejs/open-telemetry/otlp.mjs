// Spans as OTLP, the protocol of OpenTelemetry.
// https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto
import { redact } from '../capture/redaction.mjs';
import { bytes, double, hex, integer, nested, raw, take, text, time, view } from './protobuf.mjs';

/** Nesting that a value has at most; deeper, and circular, ones are cut there. */
const DEEPEST = 8;

/** A text that may be the user's. */
function words(field, any, longest) {
  const kept = redact.hasPatterns ? redact.text(any) : any;
  text(field, kept.length > longest ? kept.slice(0, longest) : kept);
}

/** An AnyValue: the value of an attribute. */
function value(any, longest, depth) {
  switch (typeof any) {
    case 'string': return words(1, any, longest);
    case 'boolean': return integer(2, any ? 1 : 0);
    case 'number': return Number.isSafeInteger(any) ? integer(3, any) : double(4, any);
    case 'bigint': return text(1, String(any));
    case 'object':
      if (any === null || depth >= DEEPEST) return undefined;
      if (any instanceof Uint8Array) return bytes(7, any);
      if (Array.isArray(any)) return nested(5, list, any, longest, depth + 1);
      return nested(6, attributes, 1, typeof any.toJSON === 'function' ? { value: any.toJSON() } : any, longest, depth + 1);
    default: return undefined;
  }
}

function list(values, longest, depth) {
  for (const item of values) nested(1, value, item, longest, depth);
}

function keyValue(key, any, longest, depth) {
  text(1, key);
  nested(2, value, any, longest, depth);
}

/** @param longest characters of a text; what is longer is cut */
export function attributes(field, values, longest = Infinity, depth = 0) {
  for (const key in values) {
    if (values[key] !== undefined) nested(field, keyValue, key, values[key], longest, depth);
  }
}

function event({ name, time: at, attributes: values }, longest) {
  time(1, at);
  text(2, name);
  attributes(3, values, longest);
}

function link({ context, attributes: values }, longest) {
  hex(1, context.traceId);
  hex(2, context.spanId);
  attributes(4, values, longest);
}

function status({ code, message }, longest) {
  if (message) words(2, message, longest);
  integer(3, code);
}

function span(recorded, longest) {
  hex(1, recorded.traceId);
  hex(2, recorded.id);
  const parent = recorded.parentId;
  if (parent) hex(4, parent);
  words(5, recorded.name, longest);
  integer(6, recorded.kind + 1); // the protocol counts from 1
  time(7, recorded.startTime);
  time(8, recorded.endTime);
  if (recorded.fixed) raw(recorded.fixed);
  attributes(9, recorded.attributes, longest);
  for (const item of recorded.events ?? []) nested(11, event, item, longest);
  for (const item of recorded.links ?? []) nested(13, link, item, longest);
  if (recorded.status) nested(15, status, recorded.status, longest);
}

/** A span as a field of ScopeSpans. */
export function encodeSpan(recorded, longest) {
  nested(2, span, recorded, longest);
  return take();
}

/** Attributes of a span, to be used for many. */
export function encodeAttributes(values) {
  attributes(9, values);
  return take();
}

/** The resource as a field of ResourceSpans. */
export function encodeResource(values) {
  nested(1, attributes, 1, values);
  return take();
}

function instrumentationScope({ name, version }) {
  text(1, name);
  if (version) text(2, version);
}

function scopeSpans(scope, spans, longest) {
  nested(1, instrumentationScope, scope);
  for (const item of spans) {
    if (Buffer.isBuffer(item)) raw(item);
    else nested(2, span, item, longest);
  }
}

function resourceSpans(resource, scopes) {
  raw(resource);
  for (const [scope, spans] of scopes) nested(2, scopeSpans, scope, spans, Infinity);
}

/**
 * An ExportTraceServiceRequest, to be used before anything else is encoded.
 *
 * @param {Buffer} resource as `encodeResource` gives it
 * @param {Iterable<[{ name: string, version?: string }, (object | Buffer)[]]>} scopes spans, or what `encodeSpan` has made of them, by what has made them
 */
export function encodeRequest(resource, scopes) {
  nested(1, resourceSpans, resource, scopes);
  return view();
}
