// Records fetch, and everything else that calls with undici, by the channels on which undici tells of its requests.
// https://github.com/nodejs/undici/blob/main/docs/docs/api/DiagnosticsChannel.md
import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { guard } from './guard.mjs';

const CREATE = 'undici:request:create';
const created = channel(CREATE);

export function captureFetch(recorder) {
  const calls = new WeakMap();

  // What goes wrong in a subscriber ends the process, which recording must not do. `RUNTIME_ERROR` is logged, too.
  const begin = ({ request }) => guard(() => {
    // Whoever has set the header has recorded the call: an AWS client, Powertools' tracer, or the handler itself.
    if (hasHeader(request, 'x-amzn-trace-id')) return;
    const running = recorder.running();
    if (!running) return;
    const { hostname, origin, pathname } = new URL(request.path, request.origin);
    const call = recorder.beginHttp(running, { hostname, method: request.method, url: origin + pathname });
    if (!call) return;
    calls.set(request, call);
    for (const [name, value] of call.headers) {
      if (!hasHeader(request, name.toLowerCase())) request.addHeader(name, value);
    }
  });
  subscribe(CREATE, begin);
  // Others that set the header have to do so before it is looked for, and they subscribe when the handler's modules are loaded.
  recorder.beforeInvocation(() => {
    const { _subscribers: all } = created;
    if (all && all[all.length - 1] === begin) return;
    unsubscribe(CREATE, begin);
    subscribe(CREATE, begin);
  });

  subscribe('undici:request:headers', ({ request, response }) => guard(() => {
    take(request)?.end({ status: response.statusCode, contentLength: contentLength(response.headers) });
  }));

  subscribe('undici:request:error', ({ request, error }) => guard(() => {
    take(request)?.fail(error);
  }));

  function take(request) {
    const call = calls.get(request);
    calls.delete(request);
    return call;
  }
}

/** undici 7 has a list of names and values in turn, older versions have a text of lines. */
function hasHeader({ headers }, name) {
  return Array.isArray(headers)
    ? headers.some((item, i) => i % 2 === 0 && String(item).toLowerCase() === name)
    : new RegExp(`^${name}:`, 'im').test(String(headers));
}

/** @param {Buffer[]} headers names and values in turn */
function contentLength(headers) {
  for (let i = 0; i < headers.length; i += 2) {
    if (String(headers[i]).toLowerCase() === 'content-length') return Number(headers[i + 1]);
  }
  return undefined;
}
