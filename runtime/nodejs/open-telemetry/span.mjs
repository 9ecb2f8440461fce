// A span. What else the Span of @opentelemetry/api has is in api.mjs.
import { randomFillSync } from 'node:crypto';
import { describeException } from '../capture/exceptions.mjs';

export const INTERNAL = 0;
export const SERVER = 1;
export const CLIENT = 2;
export const ERROR = 2;

/** What makes a span, as OpenTelemetry names it. */
export const SCOPE = { name: 'cdk-traced-function' };

/** Attribute with the names of those that X-Ray is to make annotations of. https://docs.aws.amazon.com/xray/latest/devguide/xray-sdk-migration.html */
export const ANNOTATIONS = 'aws.xray.annotations';

const random = Buffer.alloc(1_024);
let used = random.length;

/** 16 hexadecimal digits. */
export function newId() {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  return random.toString('hex', used, used += 8);
}

export class Span {
  id = newId();
  scope = SCOPE;
  endTime = 0;
  attributes = undefined;
  events = undefined;
  links = undefined;
  status = undefined;
  /** Attributes that are encoded already. */
  fixed = undefined;
  /** For the span of a handler: whether there is something to say of it that others hang under. */
  isUsed = false;

  /**
   * @param invocation to which it belongs
   * @param {Span | undefined} parent undefined: the handler's, if there is something to say of that, else Lambda's own
   * @param {number} kind as in @opentelemetry/api
   * @param {number} startTime milliseconds since 1970, with fractions
   */
  constructor(invocation, parent, name, kind, startTime = invocation.now()) {
    this.invocation = invocation;
    this.parent = parent;
    this.name = name;
    this.kind = kind;
    this.startTime = startTime;
  }

  get traceId() {
    return this.invocation.traceId;
  }

  get parentId() {
    const { invocation } = this;
    const parent = this.parent ?? invocation.root;
    return parent && parent !== this && (parent !== invocation.root || parent.isUsed) ? parent.id : invocation.parentId;
  }

  setAttribute(key, value) {
    if (this.endTime) return this;
    this.isUsed = true;
    const attributes = this.attributes ??= {};
    attributes[key] = key === ANNOTATIONS && attributes[key] ? [...new Set([...attributes[key], ...value])] : value;
    return this;
  }

  setAttributes(attributes) {
    for (const key of Object.keys(attributes)) this.setAttribute(key, attributes[key]);
    return this;
  }

  recordException(exception, time) {
    const { name, message, stack } = describeException(exception);
    if (this.endTime) return;
    this.isUsed = true;
    (this.events ??= []).push({
      name: 'exception',
      time: milliseconds(time) ?? this.invocation.now(),
      attributes: { 'exception.type': name, 'exception.message': message, 'exception.stacktrace': stack && `${name}: ${message}${stack}` },
    });
  }

  end(time) {
    if (this.endTime) return;
    this.endTime = Math.max(milliseconds(time) ?? this.invocation.now(), this.startTime);
    this.invocation.ended(this);
  }

  /** Ends it as failed. */
  fail(error) {
    if (this.endTime) return;
    this.recordException(error);
    this.status = { code: ERROR, message: describeException(error).message };
    this.end();
  }
}

/** @param time as OpenTelemetry takes it: milliseconds since 1970 or since the process began, a date, or seconds and nanoseconds */
export function milliseconds(time) {
  if (Array.isArray(time)) return time[0] * 1e3 + time[1] / 1e6;
  if (time instanceof Date) return time.getTime();
  return time < performance.timeOrigin ? performance.timeOrigin + time : time;
}
