// A record that fails, and is reported to its queue, is a failure of the function where it has a segment of its own in the trace.
import { settled } from './settled.mjs';
import { describeException } from '../capture/exceptions.mjs';
import { guard } from '../capture/guard.mjs';
import { currentInvocation } from '../open-telemetry/invocation.mjs';
import { ERROR, SERVER } from '../open-telemetry/span.mjs';

export function markFailure({ root }, error) {
  if (root?.kind !== SERVER || root.status) return;
  root.recordException(error);
  root.status = { code: ERROR, message: describeException(error).message };
}

/** Runs what handles a record of the running invocation. */
export function marked(fn, failureOf = () => undefined) {
  const invocation = currentInvocation();
  if (!invocation?.isSampled) return fn();
  return settled(fn, result => guard(() => {
    const failure = failureOf(result);
    if (failure) markFailure(invocation, failure.error);
  }), error => guard(() => markFailure(invocation, error)));
}
