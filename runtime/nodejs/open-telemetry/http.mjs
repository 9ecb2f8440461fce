// Records calls with Node's http and https.
import { subscribe } from 'node:diagnostics_channel';
import { errorMonitor } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';

/** @param {{ beginRequest: (request: http.ClientRequest) => import('../xray-sdk/recorder.mjs').Call | undefined }} [awsCalls] records requests of AWS SDKs */
export function captureHttp(recorder, awsCalls) {
  const calls = new WeakMap();

  for (const module of [http, https]) {
    const { request } = module;
    module.request = function tracedRequest(...args) {
      const made = request.apply(this, args);
      try {
        begin(made);
      } catch (error) {
        made.on('error', () => { /* it is thrown below */ }).destroy();
        throw error;
      }
      return made;
    };
    module.get = function tracedGet(...args) {
      const made = module.request(...args);
      made.end();
      return made;
    };
  }
  // Named imports of an ES module (`import { request } from 'node:https'`) see these functions only after this.
  syncBuiltinESMExports();

  // No listener for the response: without one of the handler's own, Node.js lets the response go by, and must go on to do so.
  subscribe('http.client.response.finish', ({ request, response }) => {
    const { headers, statusCode: status } = response;
    const length = headers['content-length'];
    calls.get(request)?.end({ status, contentLength: length === undefined ? undefined : Number(length), headers, response });
  });

  function begin(request) {
    const call = awsCalls?.beginRequest(request) ?? beginHttp(request);
    if (!call) return;
    calls.set(request, call);
    request.once(errorMonitor, error => call.fail(error));
    if (request.headersSent) return; // given as a list, which is written at once
    for (const [name, value] of call.headers) {
      if (call.replacesHeaders || !request.hasHeader(name)) request.setHeader(name, value);
    }
  }

  function beginHttp(request) {
    // Whoever has set the header has recorded the call: an AWS client, or the handler itself.
    if (request.hasHeader('X-Amzn-Trace-Id')) return undefined;
    const host = request.getHeader('host') ?? request.host;
    return recorder.beginHttp({ hostname: request.host, method: request.method, url: `${request.protocol}//${host}${request.path.split('?')[0]}` });
  }
}
