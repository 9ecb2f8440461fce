// A span with the interface of @opentelemetry/api's Span.
import { randomFillSync } from 'node:crypto';

export const INTERNAL = 0;
export const CLIENT = 2;
export const ERROR = 2;

/** What makes a span, as OpenTelemetry names it. */
export const SCOPE = { name: 'cdk-traced-function' };

/** Attribute with the names of those that X-Ray is to make annotations of. https://docs.aws.amazon.com/xray/latest/devguide/xray-sdk-migration.html */
export const ANNOTATIONS = 'aws.xray.annotations';

const random = Buffer.alloc(1_024);
let used = random.length;

/** 16 hexadecimal digits. */
function newId() {
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

  spanContext() {
    this.isUsed = true; // whoever asks passes it on
    return { traceId: this.traceId, spanId: this.id, traceFlags: 1 };
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

  addEvent(name, attributesOrTime, time) {
    if (this.endTime) return this;
    this.isUsed = true;
    const isTime = typeof attributesOrTime !== 'object' || Array.isArray(attributesOrTime) || attributesOrTime instanceof Date;
    (this.events ??= []).push({ name, time: milliseconds(isTime ? attributesOrTime : time) ?? this.invocation.now(), attributes: isTime ? undefined : attributesOrTime });
    return this;
  }

  addLink(link) {
    return this.addLinks([link]);
  }

  addLinks(links) {
    if (!this.endTime && links.length > 0) {
      this.isUsed = true;
      (this.links ??= []).push(...links);
    }
    return this;
  }

  setStatus(status) {
    if (!this.endTime && status.code !== 0) {
      this.isUsed = true;
      this.status = status;
    }
    return this;
  }

  updateName(name) {
    if (!this.endTime) {
      this.isUsed = true;
      this.name = String(name);
    }
    return this;
  }

  recordException(exception, time) {
    this.addEvent('exception', {
      'exception.type': exception?.name ?? typeof exception,
      'exception.message': String(exception?.message ?? exception),
      'exception.stacktrace': exception?.stack,
    }, time);
  }

  isRecording() {
    return this.endTime === 0;
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
    this.status = { code: ERROR, message: String(error?.message ?? error) };
    this.end();
  }
}

/** @param time as OpenTelemetry takes it: milliseconds since 1970 or since the process began, a date, or seconds and nanoseconds */
export function milliseconds(time) {
  if (Array.isArray(time)) return time[0] * 1e3 + time[1] / 1e6;
  if (time instanceof Date) return time.getTime();
  return time < performance.timeOrigin ? performance.timeOrigin + time : time;
}
