// Records calls with Node's http and https.
import { subscribe } from 'node:diagnostics_channel';
import { errorMonitor } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { syncBuiltinESMExports } from 'node:module';
import { guard } from './guard.mjs';

const TRACE_HEADER = 'X-Amzn-Trace-Id';

/** @param {{ beginRequest: (request: http.ClientRequest) => import('../xray-sdk/recorder.mjs').Call | undefined }} [awsCalls] records requests of AWS SDKs */
export function captureHttp(recorder, awsCalls) {
  const calls = new WeakMap();

  for (const module of [http, https]) {
    const { request } = module;
    // With the names and the numbers of parameters of the originals.
    Object.assign(module, {
      request(url, options, callback) { // eslint-disable-line no-unused-vars -- they are counted
        const made = request.apply(this, arguments);
        // Whoever has set the header has recorded the call: an AWS client, the X-Ray SDK, or the handler itself.
        if (!awsCalls && guard(() => made.hasHeader(TRACE_HEADER)) !== false) return made;
        let running;
        try {
          running = recorder.running();
        } catch (error) { // the function wants a call that cannot be recorded to fail
          made.on('error', () => { /* it is thrown below */ }).destroy();
          throw error;
        }
        if (running) guard(() => begin(running, made));
        return made;
      },
      get(url, options, callback) { // eslint-disable-line no-unused-vars -- they are counted
        const made = module.request(...arguments);
        made.end();
        return made;
      },
    });
  }
  // Named imports of an ES module (`import { request } from 'node:https'`) see these functions only after this.
  syncBuiltinESMExports();

  // No listener for the response: without one of the handler's own, Node.js lets the response go by, and must go on to do so.
  subscribe('http.client.response.finish', ({ request, response }) => guard(() => {
    const { headers, statusCode: status } = response;
    const length = headers['content-length'];
    calls.get(request)?.end({ status, contentLength: length === undefined ? undefined : Number(length), headers, response });
  }));

  function begin(running, request) {
    const call = awsCalls?.beginRequest(request)
      ?? (!request.hasHeader(TRACE_HEADER) && recorder.beginHttp(running, { hostname: request.host, method: request.method, url: urlOf(request) }));
    if (!call) return;
    calls.set(request, call);
    request.once(errorMonitor, error => guard(() => call.fail(error)));
    if (request.headersSent) return; // given as a list, which is written at once
    for (const [name, value] of call.headers) {
      if (call.replacesHeaders || !request.hasHeader(name)) request.setHeader(name, value);
    }
  }
}

/** A proxy is sent the whole URL as path. What is secret of it, the recorder leaves out. */
function urlOf(request) {
  const { path } = request;
  return /^https?:/i.test(path) ? path : `${request.protocol}//${request.getHeader('host') ?? request.host}${path}`;
}
