// `eachRecord` and `withRecord` of `cdk-traced-function/runtime` in functions that continue the traces of messages.
import { marked, markFailure } from './record-failure.mjs';
import { recordHandling } from './records.cjs';
import { settled } from './settled.mjs';
import { guard } from '../capture/guard.mjs';
import { currentInvocation, runIn } from '../open-telemetry/invocation.mjs';
import { invocationOfRecord } from '../open-telemetry/messages.mjs';

/** @param failureOf what a result says of a failure that was not thrown */
export function withRecord(record, fn, failureOf = () => undefined) {
  const invocation = invocationOfRecord(record, currentInvocation());
  if (!invocation) return marked(fn, failureOf);
  const close = failure => guard(() => {
    if (failure) markFailure(invocation, failure.error);
    invocation.close();
  });
  return settled(() => runIn(invocation, fn), result => close(guard(() => failureOf(result))), error => close({ error }));
}

export const eachRecord = recordHandling(withRecord);
