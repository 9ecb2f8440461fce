'use strict';
// Records calls of AWS SDK v2. It is in a package only when that SDK is.

const TRACED = Symbol('traced');
const seen = new WeakSet();

/** @param Request the class of all requests, `AWS.Request` */
exports.captureRequests = Request => {
  const { runTo } = Request.prototype;
  if (runTo[TRACED]) return;
  /** With a state, a request is only prepared: whoever presigns a URL sends nothing. */
  Request.prototype.runTo = function tracedRunTo(state, done) {
    if (state === undefined && !seen.has(this)) {
      seen.add(this);
      const recorder = globalThis[Symbol.for('cdk-traced-function.recorder')];
      const running = recorder?.running();
      if (running) recorder.guard(() => recorder.AWSXRay ? captureWithXRaySdk(recorder, this) : record(recorder, running, this));
    }
    return runTo.call(this, state, done);
  };
  Request.prototype.runTo[TRACED] = true;
};

/** A request of a client that the handler has captured is recorded already. */
function captureWithXRaySdk({ AWSXRay }, request) {
  if (request.__send) return;
  AWSXRay.captureAWSClient({ customizeRequests: capture => capture.call(request.service, request) });
  const { complete } = request._events; // before the handler's own listener, which may throw
  complete.unshift(complete.pop());
}

function record(recorder, invocation, request) {
  if (!invocation.isSampled) return; // the AWS SDK sends Lambda's own header
  const { service, operation, params, httpRequest } = request;
  const { addParameters, describe, note } = recorder.aws;
  const { service: name, name: spanName, fixed } = describe((service.api?.serviceId ?? service.serviceIdentifier).replace(/\s/g, ''), operation[0].toUpperCase() + operation.slice(1));
  const span = recorder.begin(invocation, spanName);
  span.fixed = fixed;
  const attributes = span.attributes = { 'aws.region': service.config?.region };
  addParameters(attributes, name, params ?? {});
  const setHeader = ({ httpRequest: { headers } }) => {
    headers['X-Amzn-Trace-Id'] = span.invocation.header(span.id) + span.invocation.lineage;
  };
  if (Object.keys(httpRequest?.headers ?? {}).length > 1) setHeader(request); // it was prepared before
  request.on('build', setHeader);
  // Before the handler's own listener, which may throw.
  request.on('complete', ({ error, requestId, extendedRequestId, retryCount, httpResponse }) => recorder.guard(() => {
    note(attributes, { httpStatusCode: httpResponse?.statusCode, requestId, extendedRequestId, attempts: (retryCount ?? 0) + 1 });
    if (error) span.fail(error);
    else span.end();
  }), true);
}
