// `cdk-traced-function/runtime` in functions with OpenTelemetry.
import { AsyncLocalStorage } from 'node:async_hooks';
import { settled } from './settled.mjs';
import { guard } from '../capture/guard.mjs';
import { currentInvocation, setSpanContext, spanContext } from '../open-telemetry/invocation.mjs';
import { ANNOTATIONS, INTERNAL } from '../open-telemetry/span.mjs';

let storage;

/** Where the function has OpenTelemetry's API, that keeps the active span. */
function runIn(active, fn) {
  if (!spanContext.run) {
    storage = new AsyncLocalStorage();
    setSpanContext({ active: () => storage.getStore(), leave: run => storage.run(undefined, run), run: (span, run) => storage.run(span, run) });
  }
  return spanContext.run(active, fn);
}

export function span(name, fn) {
  const invocation = currentInvocation();
  const begun = invocation?.isSampled ? guard(() => invocation.begin(String(name), INTERNAL)) : undefined;
  if (!begun) return fn();
  return settled(() => runIn(begun, fn), () => guard(() => begun.end()), error => guard(() => begun.fail(error)));
}

export function annotate(key, value) {
  const invocation = currentInvocation();
  if (!invocation?.isSampled) return;
  guard(() => {
    const values = typeof key === 'object' ? key : { [key]: value };
    (invocation.activeSpan() ?? invocation.rootSpan()).setAttributes({ ...values, [ANNOTATIONS]: Object.keys(values) });
  });
}
