// `span` and `annotate` of `cdk-traced-function/runtime` in functions with the X-Ray SDK.
import { settled } from './settled.mjs';
import { describeException } from '../capture/exceptions.mjs';
import { guard } from '../capture/guard.mjs';

export function xrayApi(AWSXRay) {
  /** The segment under which a call hangs; none where the SDK would complain, as in a test that calls the handler. */
  function active() {
    const header = globalThis.awslambda?.InvokeStore?.getXRayTraceId?.() ?? process.env._X_AMZN_TRACE_ID ?? '';
    return /Root=1-.*Sampled=1/.test(header) && AWSXRay.isAutomaticMode() ? AWSXRay.getSegment() : undefined;
  }

  function span(name, fn) {
    const begun = guard(() => active()?.addNewSubsegment(String(name)));
    if (!begun) return fn();
    return settled(
      () => AWSXRay.getNamespace().runAndReturn(() => {
        AWSXRay.setSegment(begun);
        return fn();
      }),
      () => guard(() => begun.close()),
      error => guard(() => begun.close(describeException(error))),
    );
  }

  function annotate(key, value) {
    guard(() => {
      const segment = active();
      if (!segment) return;
      // Lambda's own segment takes none: what stands outside of a span has one of no length.
      const target = segment.facade ? segment.addNewSubsegment('## annotations') : segment;
      for (const [name, of] of Object.entries(typeof key === 'object' ? key : { [key]: value })) target.addAnnotation(name, of);
      if (segment.facade) target.close();
    });
  }

  return { span, annotate };
}
