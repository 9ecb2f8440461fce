// The running invocation: which trace it belongs to, and the spans that were made in it.
import { AsyncLocalStorage } from 'node:async_hooks';
import { exportSpans } from './exporter.mjs';
import { INTERNAL, Span } from './span.mjs';

/** Of the time that a request has, in milliseconds: enough to send what there is. */
const LARGEST_MARGIN = 500;

/** Spans that wait for the end of the invocation at most. */
const MOST_WAITING = 100;

// Lambda runs one request at a time in an environment, unless it says otherwise; then each has a context of its own. A context costs something at
// every promise, so there is none where it is not needed.
/** Whether requests may run at the same time. */
export const hasContexts = 'AWS_LAMBDA_MAX_CONCURRENCY' in process.env;
let storage = hasContexts ? new AsyncLocalStorage() : undefined;
let latest;

/**
 * Which span is active: replaced when the handler makes spans of its own.
 *
 * @property {() => Span | undefined} active where a call hangs
 * @property {(fn: () => T) => T} leave runs a function outside of the spans that are active
 * @property {(span: Span, fn: () => T) => T} run runs a function with a span as the active one
 */
export let spanContext = {};

export class Invocation {
  root = undefined;
  isClosed = false;
  /** Shortly before the time of the request runs out: what ends is sent at once. */
  isRunningOut = false;
  timer = undefined;
  /** Lambda's context. */
  lambda = undefined;
  spans = [];
  // The clock that counts fractions stands still while the environment is frozen.
  startTime = Date.now();
  startedAt = performance.now();

  /**
   * @param {string} traceId 32 hexadecimal digits
   * @param {string} parentId 16 hexadecimal digits: Lambda's own segment of the function
   * @param {string} lineage the rest of the header, which Lambda uses to find loops; empty or with ';' in front
   */
  constructor(traceId, parentId, isSampled, lineage = '') {
    this.traceId = traceId;
    this.parentId = parentId;
    this.isSampled = isSampled;
    this.lineage = lineage;
  }

  /** Milliseconds since 1970, with fractions. */
  now() {
    return this.startTime + performance.now() - this.startedAt;
  }

  /** The handler's own span. It is sent when there is something to say of it. */
  rootSpan() {
    return this.root ??= new Span(this, undefined, this.name, INTERNAL, this.startTime);
  }

  /** The span under which what happens now hangs, if it is not Lambda's own. */
  activeSpan() {
    return spanContext.active?.() ?? this.root;
  }

  /** A span of a call that begins now. It belongs to the span that is active, which may be of another trace. */
  begin(name, kind) {
    const parent = this.activeSpan();
    return new Span(parent ? parent.invocation : this, parent, name, kind);
  }

  /** For AWS: with what Lambda needs to find loops. */
  header(spanId = this.parentId) {
    return `Root=1-${this.traceId.slice(0, 8)}-${this.traceId.slice(8)};Parent=${spanId};Sampled=${+this.isSampled}`;
  }

  /** @returns {[string, string][]} what an HTTP request carries */
  headers(spanId = this.parentId) {
    return [['X-Amzn-Trace-Id', this.header(spanId)], ['traceparent', `00-${this.traceId}-${spanId}-0${+this.isSampled}`]];
  }

  ended(span) {
    if (span === this.root && !this.isClosed) return; // sent with the rest
    this.spans.push(span);
    if (this.isClosed || this.isRunningOut || this.spans.length >= MOST_WAITING) this.flush();
    else this.timer ??= this.watchTime();
  }

  flush() {
    if (this.spans.length > 0) exportSpans(this.spans.splice(0));
  }

  /** What ends later is sent by itself. */
  close() {
    const { root } = this;
    if (root && (root.isUsed || root.status)) {
      root.end();
      this.spans.push(root);
    }
    this.isClosed = true;
    clearTimeout(this.timer);
    this.flush();
  }

  /** Lambda ends the process when the time of a request has run out: what has ended by then is sent before. The timer does not keep the process alive. */
  watchTime() {
    const remaining = this.lambda?.getRemainingTimeInMillis?.();
    // Node.js has a list for each length of time; few of them cost less.
    return remaining > 0 && setTimeout(() => {
      this.isRunningOut = true;
      this.flush();
    }, remaining - Math.min(LARGEST_MARGIN, remaining / 4) & ~63).unref();
  }

  /** Runs the handler. */
  run(fn) {
    return storage ? storage.run(this, fn) : fn();
  }
}

/** What Lambda writes; other orders and other parts may come from elsewhere. */
const USUAL = /^Root=1-([0-9a-f]{8})-([0-9a-f]{24});Parent=([0-9a-f]{16});Sampled=([01])(;Lineage=[^;]*)?$/;

/**
 * @param {string} header `Root=1-<8 digits>-<24 digits>;Parent=<16 digits>;Sampled=1;Lineage=...`
 * @returns {Invocation | undefined} undefined when the header names no trace or leaves the decision open, as in pass-through mode
 */
export function invocationOf(header) {
  const found = USUAL.exec(header);
  if (found) return new Invocation(found[1] + found[2], found[3], found[4] === '1', found[5]);
  const root = /Root=1-([0-9a-f]{8})-([0-9a-f]{24})/i.exec(header);
  const parent = /Parent=([0-9a-f]{16})/i.exec(header);
  const sampled = /Sampled=([01])/.exec(header);
  if (!root || !parent || !sampled) return undefined;
  const lineage = /;Lineage=[^;]*/.exec(header)?.[0];
  return new Invocation((root[1] + root[2]).toLowerCase(), parent[1].toLowerCase(), sampled[1] === '1', lineage);
}

/** Makes an invocation the running one, or none. */
export function setCurrent(invocation) {
  if (!hasContexts) latest = invocation;
}

export function currentInvocation() {
  return storage?.getStore() ?? latest;
}

/** Makes an invocation the running one for what a function does, and for nothing beside it. */
export function runIn(invocation, fn) {
  return (storage ??= new AsyncLocalStorage()).run(invocation, () => spanContext.leave ? spanContext.leave(fn) : fn());
}

export function setSpanContext(context) {
  spanContext = context;
}
