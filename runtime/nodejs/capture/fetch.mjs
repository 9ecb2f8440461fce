// Captures fetch, and everything else that calls with undici, by the channels on which undici tells of its requests.
// https://github.com/nodejs/undici/blob/main/docs/docs/api/DiagnosticsChannel.md
import { subscribe } from 'node:diagnostics_channel';

export function captureFetch(recorder) {
  const calls = new WeakMap();

  on('undici:request:create', ({ request }) => {
    // Whoever has set the header has recorded the call: an AWS client, or the handler itself.
    if (/x-amzn-trace-id/i.test(String(request.headers))) return;
    const { hostname, origin, pathname } = new URL(request.path, request.origin);
    const call = recorder.beginHttp({ hostname, method: request.method, url: origin + pathname });
    if (!call) return;
    calls.set(request, call);
    for (const [name, value] of call.headers) request.addHeader(name, value);
  });

  on('undici:request:headers', ({ request, response }) => {
    take(request)?.end({ status: response.statusCode, contentLength: contentLength(response.headers) });
  });

  on('undici:request:error', ({ request, error }) => {
    take(request)?.fail(error);
  });

  function take(request) {
    const call = calls.get(request);
    calls.delete(request);
    return call;
  }
}

/** What goes wrong in a subscriber ends the process, which recording must not do. */
function on(channel, handle) {
  subscribe(channel, message => {
    try {
      handle(message);
    } catch (error) {
      console.warn(`cdk-traced-function: a call with fetch is not traced (${error.message})`);
    }
  });
}

/** @param {Buffer[]} headers names and values in turn */
function contentLength(headers) {
  for (let i = 0; i < headers.length; i += 2) {
    if (String(headers[i]).toLowerCase() === 'content-length') return Number(headers[i + 1]);
  }
  return undefined;
}
