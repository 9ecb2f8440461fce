// Records as subsegments of the AWS X-Ray SDK what the SDK has no capture function for.
import { describeException } from '../capture/exceptions.mjs';
import { guard } from '../capture/guard.mjs';
import { redact } from '../capture/redaction.mjs';

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
  const facade = guard(() => AWSXRay.isAutomaticMode() && AWSXRay.getNamespace().get('segment'));
  const starters = [];
  const { prototype } = AWSXRay.Subsegment;
  describeErrors(prototype);
  describeErrors(AWSXRay.Segment.prototype);
  const { addAttribute } = prototype;
  prototype.addAttribute = function (name, data) {
    guard(() => { if (data?.queue_url) data.queue_url = redact.resource(data.queue_url); });
    return addAttribute.call(this, name, data);
  };

  function begin(parent, name) {
    const subsegment = parent.notTraced ? parent.addNewSubsegmentWithoutSampling(name) : parent.addNewSubsegment(name);
    subsegment.namespace = 'remote';
    return subsegment;
  }

  /** A handler that has set a segment and did not restore it would leave it to the next invocation. */
  function restoreFacade() {
    if (!facade?.facade) return;
    const namespace = AWSXRay.getNamespace();
    if (namespace.get('segment') !== facade) namespace.set('segment', facade);
  }

  return {
    /** @returns the segment under which a call hangs, if there is one */
    running: () => AWSXRay.isAutomaticMode() ? AWSXRay.getSegment() : undefined,

    /** @param {() => void} start called when an invocation begins */
    beforeInvocation: start => starters.push(start),

    // For what is in a package only together with a library.
    AWSXRay, begin, describeException, guard, redact,

    /** @returns {Call} */
    beginHttp(parent, { hostname, method, url }) {
      const subsegment = begin(parent, hostname);
      const root = parent.segment ?? parent;
      const close = (error, response) => {
        subsegment.http = { request: { url: redact.url(url), method }, ...response && { response } };
        const status = response?.status;
        if (status === 429) subsegment.throttle = true;
        if (status >= 400) subsegment[status < 500 ? 'error' : 'fault'] = true;
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
      for (const start of starters) guard(start);
      restoreFacade();
      // Not sampled, or no trace that it could be part of, as in a test that calls the handler: the SDK would only complain.
      const header = globalThis.awslambda?.InvokeStore?.getXRayTraceId?.() ?? process.env._X_AMZN_TRACE_ID ?? '';
      if (!AWSXRay.isAutomaticMode() || !/Root=1-.*Sampled=1/.test(header)) return undefined;
      const facade = AWSXRay.getSegment();
      if (!facade) return undefined;
      const startTime = Date.now() / 1000;
      let subsegment;
      const open = () => {
        subsegment = add.call(facade, name);
        subsegment.start_time = startTime;
      };
      // Powertools' tracer makes a subsegment of the same name, once for an invocation too.
      let isMade = false;
      const add = facade.addNewSubsegment;
      facade.addNewSubsegment = function (made) {
        isMade ||= made === name;
        return add.call(this, made);
      };
      if (annotations) {
        open();
        subsegment.addNewSubsegment = made => made === name ? subsegment : add.call(subsegment, made);
        for (const [key, value] of Object.entries(annotations)) subsegment.addAnnotation(key, value);
        AWSXRay.setSegment(subsegment);
      }
      return {
        close(outcome = {}) {
          delete facade.addNewSubsegment;
          delete subsegment?.addNewSubsegment;
          const hasFailed = 'error' in outcome;
          if (hasFailed && !subsegment && !isMade) open();
          if (!subsegment) return;
          if (outcome.response !== undefined) subsegment.addMetadata('response', outcome.response);
          if (annotations) AWSXRay.setSegment(facade);
          if (subsegment.isClosed()) return;
          subsegment.close(hasFailed ? describeException(outcome.error) : undefined);
        },
      };
    },
  };
}

/** Makes exceptions be recorded without secrets, whoever records them, and whatever was thrown. */
function describeErrors(prototype) {
  const { addError } = prototype;
  prototype.addError = function (error, remote) {
    const described = typeof error === 'string' ? redact.message(error) : typeof error === 'object' && error !== null ? describeException(error) : error;
    guard(() => addError.call(this, described, remote)); // the SDK refuses what is neither
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
