// Records as subsegments of the AWS X-Ray SDK what the SDK has no capture function for.

/**
 * @typedef {object} Call an outgoing call that is under way
 * @property {[string, string][]} headers to send along, so that the other side continues the trace
 * @property {(response: { status: number, contentLength?: number }) => void} end
 * @property {(error: Error) => void} fail
 */

/** @param contextMissing what to do about calls outside of an invocation: `LOG_ERROR` (one line, once), `IGNORE_ERROR` or `RUNTIME_ERROR` */
export function xrayRecorder(AWSXRay, contextMissing) {
  // The variable has the last word, and the SDK warns of a call that it ignores for it.
  if (!process.env.AWS_XRAY_CONTEXT_MISSING) AWSXRay.setContextMissingStrategy(contextMissing === 'LOG_ERROR' ? logOnce() : contextMissing);

  function begin(name) {
    if (!AWSXRay.isAutomaticMode()) return undefined; // there is no current segment that it could be part of
    const parent = AWSXRay.getSegment();
    if (!parent) return undefined;
    const subsegment = parent.notTraced ? parent.addNewSubsegmentWithoutSampling(name) : parent.addNewSubsegment(name);
    subsegment.namespace = 'remote';
    return { parent, subsegment };
  }

  return {
    /** @returns {Call | undefined} undefined when there is nothing to hang it under */
    beginHttp({ hostname, method, url }) {
      const begun = begin(hostname);
      if (!begun) return undefined;
      const { parent, subsegment } = begun;
      const root = parent.segment ?? parent;
      const close = (error, response) => {
        subsegment.http = { request: { url, method }, ...response && { response } };
        if (response?.status === 429) subsegment.addThrottleFlag();
        const cause = response && AWSXRay.utils.getCauseTypeFromHttpStatus(response.status);
        if (cause) subsegment[cause] = true;
        subsegment.close(error);
      };
      return {
        headers: parent.noOp ? [] : [['X-Amzn-Trace-Id', `Root=${root.trace_id};Parent=${subsegment.id};Sampled=${subsegment.notTraced ? '0' : '1'}`]],
        end: ({ status, contentLength }) => close(undefined, { status, ...contentLength !== undefined && { content_length: contentLength } }),
        fail: close,
      };
    },

    /** One invocation of the handler. It becomes a subsegment when it has something to say: annotations, the response, or an error. */
    beginInvocation(name, annotations) {
      // Not sampled, or no trace that it could be part of, as in a test that calls the handler: the SDK would only complain.
      const header = globalThis.awslambda?.InvokeStore?.getXRayTraceId?.() ?? process.env._X_AMZN_TRACE_ID ?? '';
      if (!AWSXRay.isAutomaticMode() || !/Root=1-.*Sampled=1/.test(header)) return undefined;
      const facade = AWSXRay.getSegment();
      if (!facade) return undefined;
      const startTime = Date.now() / 1000;
      let subsegment;
      const open = () => {
        subsegment = facade.addNewSubsegment(name);
        subsegment.start_time = startTime;
      };
      if (annotations) {
        open();
        for (const [key, value] of Object.entries(annotations)) subsegment.addAnnotation(key, value);
        AWSXRay.setSegment(subsegment);
      }
      return {
        close({ error, response } = {}) {
          if (error !== undefined && !subsegment) open();
          if (!subsegment) return;
          if (response !== undefined) subsegment.addMetadata('response', response);
          if (annotations) AWSXRay.setSegment(facade);
          subsegment.close(error);
        },
      };
    },
  };
}

function logOnce() {
  let logged = false;
  return message => {
    if (logged) return;
    logged = true;
    console.warn(`cdk-traced-function: a call outside of an invocation is not traced (${message})`);
  };
}
