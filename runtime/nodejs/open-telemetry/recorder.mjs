// Records as spans what the X-Ray SDK would record as subsegments: the same interface as xray-sdk/recorder.mjs.
import { describeException } from '../capture/exceptions.mjs';
import { guard } from '../capture/guard.mjs';
import { redact } from '../capture/redaction.mjs';
import { connect } from './exporter.mjs';
import { currentInvocation, hasContexts, invocationOf, setCurrent } from './invocation.mjs';
import { ANNOTATIONS, CLIENT, ERROR } from './span.mjs';

/**
 * @param {string} contextMissing what to do about calls outside of an invocation: `LOG_ERROR` (one line, once), `IGNORE_ERROR` or `RUNTIME_ERROR`
 * @param place where an invocation belongs whose event carries traces of its own, as messages.mjs gives it
 */
export function openTelemetryRecorder(contextMissing, place = own => own) {
  const chosen = /^(?:LOG_ERROR|IGNORE_ERROR|RUNTIME_ERROR)$/i.exec(process.env.AWS_XRAY_CONTEXT_MISSING ?? '')?.[0].toUpperCase() ?? contextMissing;
  let logged = chosen !== 'LOG_ERROR';
  let hasBegun = false;
  const starters = [];
  setImmediate(connect).unref(); // once the function has loaded

  /** The invocation of a call that is made now. A function that was given no trace has nothing to record, and nothing to complain of. */
  function running() {
    const invocation = currentInvocation();
    if (!invocation && !hasBegun) {
      if (chosen === 'RUNTIME_ERROR') throw new Error('a call outside of an invocation cannot be traced: Missing AWS Lambda trace data');
      if (!logged) console.warn('cdk-traced-function: a call outside of an invocation is not traced');
      logged = true;
    }
    return invocation;
  }

  return {
    running,

    /** @param {() => void} start called when an invocation begins */
    beforeInvocation: start => starters.push(start),

    // For what is in a package only together with a library.
    begin: (invocation, name) => invocation.begin(name, CLIENT), describeException, guard, redact,

    /** @returns {import('../xray-sdk/recorder.mjs').Call} */
    beginHttp(invocation, { method, url }) {
      if (!invocation.isSampled) return { headers: invocation.headers(), end() { /* not recorded */ }, fail() { /* not recorded */ } };
      const span = invocation.begin(method, CLIENT);
      span.attributes = { 'http.method': method, 'http.url': redact.url(url) };
      return {
        headers: span.invocation.headers(span.id),
        end({ status, contentLength }) {
          span.attributes['http.status_code'] = status;
          span.attributes['http.response_content_length'] = contentLength;
          if (status >= 400) span.status = { code: ERROR };
          span.end();
        },
        fail: error => span.fail(error),
      };
    },

    /** One invocation of the handler. It becomes a span when it has something to say: annotations, the response, an error, or what the handler puts there. */
    beginInvocation(name, annotations, context, event) {
      hasBegun = true;
      for (const start of starters) guard(start);
      const header = globalThis.awslambda?.InvokeStore?.getXRayTraceId?.() ?? context?.xRayTraceId ?? process.env._X_AMZN_TRACE_ID;
      const invocation = place(header && invocationOf(header), event, context);
      setCurrent(invocation);
      // Of what is not sampled nothing is recorded, and where one request runs at a time it needs no context.
      if (!invocation || !invocation.isSampled && !hasContexts) return undefined;
      if (invocation.isSampled) {
        invocation.lambda = context;
        invocation.name = name;
        if (annotations) invocation.rootSpan().setAttributes({ ...annotations, [ANNOTATIONS]: Object.keys(annotations) });
      }
      return {
        run: fn => invocation.run(fn),
        close(outcome = {}) {
          if (!invocation.isSampled) return;
          const hasFailed = 'error' in outcome;
          const root = hasFailed || outcome.response !== undefined ? invocation.rootSpan() : undefined;
          if (outcome.response !== undefined) root.setAttribute('response', outcome.response);
          if (hasFailed) {
            const { isUsed } = root;
            root.recordException(outcome.error);
            root.status = { code: ERROR, message: describeException(outcome.error).message };
            root.isUsed = isUsed; // an error alone is recorded beside the calls, not above them
          }
          invocation.close();
        },
      };
    },
  };
}
