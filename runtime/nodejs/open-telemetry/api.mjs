// Makes the spans that a handler makes with @opentelemetry/api part of the trace. It is in a package only when the API is: each copy of the API
// registers itself when it is loaded.
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { currentInvocation, Invocation, invocationOf, setSpanContext } from './invocation.mjs';
import { INTERNAL, milliseconds, Span } from './span.mjs';

const storage = new AsyncLocalStorage();
let traceApi;
let emptyContext;

/** @param {'trace' | 'context' | 'propagation'} part of the API */
export function registerApi(part, api) {
  switch (part) {
    case 'context':
      emptyContext ??= api.active();
      api.setGlobalContextManager(contextManager);
      break;
    case 'trace':
      traceApi ??= api;
      api.setGlobalTracerProvider(tracerProvider);
      break;
    case 'propagation':
      api.setGlobalPropagator(propagator);
      break;
  }
}

/** What the handler's own spans have beyond those of calls. */
Object.assign(Span.prototype, {
  spanContext() {
    this.isUsed = true; // whoever asks passes it on
    return { traceId: this.traceId, spanId: this.id, traceFlags: this.invocation.traceFlags ?? 1 };
  },

  addEvent(name, attributesOrTime, time) {
    if (this.endTime) return this;
    this.isUsed = true;
    const isTime = typeof attributesOrTime !== 'object' || Array.isArray(attributesOrTime) || attributesOrTime instanceof Date;
    (this.events ??= []).push({ name, time: milliseconds(isTime ? attributesOrTime : time) ?? this.invocation.now(), attributes: isTime ? undefined : attributesOrTime });
    return this;
  },

  addLink(link) {
    return this.addLinks([link]);
  },

  addLinks(links) {
    if (!this.endTime && links.length > 0) {
      this.isUsed = true;
      (this.links ??= []).push(...links);
    }
    return this;
  },

  setStatus(status) {
    if (!this.endTime && status.code !== 0) {
      this.isUsed = true;
      this.status = status;
    }
    return this;
  },

  updateName(name) {
    if (!this.endTime) {
      this.isUsed = true;
      this.name = String(name);
    }
    return this;
  },

  isRecording() {
    return this.endTime === 0;
  },
});

/** What stands for a span that is not recorded: of a request that is not sampled, or outside of any. */
class NonRecordingSpan {
  constructor(context) {
    this.context = context;
  }

  spanContext() { return this.context; }
  setAttribute() { return this; }
  setAttributes() { return this; }
  addEvent() { return this; }
  addLink() { return this; }
  addLinks() { return this; }
  setStatus() { return this; }
  updateName() { return this; }
  end() { /* nothing to send */ }
  isRecording() { return false; }
  recordException() { /* nothing to send */ }
}

const INVALID = { traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 };

function isValid({ traceId, spanId }) {
  return traceId !== INVALID.traceId && spanId !== INVALID.spanId;
}

// A call of a client hangs under the span that the handler has made active.
setSpanContext({
  active() {
    const context = storage.getStore();
    const span = context && traceApi?.getSpan(context);
    return span instanceof Span ? span : undefined;
  },
  leave: fn => storage.run(undefined, fn),
  run: (span, fn) => traceApi ? storage.run(traceApi.setSpan(contextManager.active(), span), fn) : fn(),
});

const contextManager = {
  active: () => storage.getStore() ?? contextOfInvocation(),
  with: (context, fn, self, ...args) => storage.run(context, () => fn.apply(self, args)),
  bind(context, target) {
    return typeof target === 'function' ? function bound(...args) { return storage.run(context, () => target.apply(this, args)); } : target;
  },
  enable() { return this; },
  disable() { return this; },
};

/** In a handler that has made no span the active one is that of the handler. */
function contextOfInvocation() {
  const invocation = currentInvocation();
  if (!invocation || !traceApi) return emptyContext;
  return invocation.context ??= traceApi.setSpan(emptyContext, invocation.isSampled ? invocation.rootSpan() : unsampled(invocation));
}

function unsampled({ traceId, parentId }) {
  return new NonRecordingSpan({ traceId, spanId: parentId, traceFlags: 0 });
}

class Tracer {
  constructor(scope) {
    this.scope = scope;
  }

  startSpan(name, options = {}, context = contextManager.active()) {
    const begun = this.begin(options.root ? undefined : traceApi.getSpan(context), options);
    if (begun instanceof NonRecordingSpan) return begun;
    const span = new Span(begun.invocation, begun.parent, name, options.kind ?? INTERNAL, milliseconds(options.startTime));
    span.scope = this.scope;
    if (options.attributes) span.setAttributes(options.attributes);
    if (options.links) span.addLinks(options.links);
    return span;
  }

  /** Where a span belongs, or what stands for it when it is not recorded. */
  begin(parent, { root }) {
    if (parent instanceof Span) return { invocation: parent.invocation, parent };
    const context = parent?.spanContext();
    if (context && isValid(context)) {
      if (!(context.traceFlags & 1)) return new NonRecordingSpan(context);
      return { invocation: alone(context.traceId, context.spanId) }; // of another trace, such as that of a message
    }
    const invocation = currentInvocation();
    if (!invocation) return new NonRecordingSpan(INVALID);
    if (!invocation.isSampled) return unsampled(invocation);
    if (root) return { invocation: alone(Math.floor(Date.now() / 1e3).toString(16).padStart(8, '0') + randomBytes(12).toString('hex'), undefined) };
    return { invocation, parent: invocation.activeSpan() };
  }

  startActiveSpan(name, ...args) {
    const fn = args.pop();
    const [options, context = contextManager.active()] = args;
    const span = this.startSpan(name, options, context);
    return contextManager.with(traceApi.setSpan(context, span), fn, undefined, span);
  }
}

/** What ends in it is sent at once: it is not the invocation's. */
function alone(traceId, parentId) {
  const invocation = new Invocation(traceId, parentId, true);
  invocation.isClosed = true;
  return invocation;
}

const tracers = new Map();

const tracerProvider = {
  getTracer(name, version) {
    const key = `${name}@${version ?? ''}`;
    if (!tracers.has(key)) tracers.set(key, new Tracer({ name, version }));
    return tracers.get(key);
  },
};

const FIELDS = ['X-Amzn-Trace-Id', 'traceparent'];

/** For clients that the handler connects by itself, with X-Ray's header and W3C's. */
const propagator = {
  inject(context, carrier, setter) {
    const found = traceApi?.getSpan(context)?.spanContext();
    if (!found || !isValid(found)) return;
    const invocation = new Invocation(found.traceId, found.spanId, (found.traceFlags & 1) === 1);
    for (const [name, value] of invocation.headers()) setter.set(carrier, name, value);
  },
  extract(context, carrier, getter) {
    const found = read(carrier, getter);
    return found && traceApi ? traceApi.setSpan(context, new NonRecordingSpan({ ...found, isRemote: true })) : context;
  },
  fields: () => FIELDS,
};

function read(carrier, getter) {
  const get = name => [getter.get(carrier, name) ?? getter.get(carrier, name.toLowerCase())].flat()[0];
  const xray = get(FIELDS[0]);
  const invocation = xray && invocationOf(String(xray));
  if (invocation) return { traceId: invocation.traceId, spanId: invocation.parentId, traceFlags: Number(invocation.isSampled) };
  const w3c = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/.exec(get(FIELDS[1]) ?? '');
  return w3c ? { traceId: w3c[1], spanId: w3c[2], traceFlags: parseInt(w3c[3], 16) } : undefined;
}
