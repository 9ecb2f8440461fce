// Records requests of AWS SDKs over HTTP/2, which Kinesis, Bedrock and Transcribe use.
import { errorMonitor } from 'node:events';
import Module, { syncBuiltinESMExports } from 'node:module';
import { awsRequest } from './aws-request.mjs';

/** Loading the module takes longer than all else that the layer does: a package in CommonJS that does not use it is not to pay for it. */
export function captureHttp2WhenRequired(awsCalls) {
  const { _load: load } = Module;
  Module._load = function loadAndCapture(name, ...rest) {
    const loaded = load.call(this, name, ...rest);
    if (name === 'http2' || name === 'node:http2') {
      if (Module._load === loadAndCapture) Module._load = load;
      captureHttp2(awsCalls, loaded);
    }
    return loaded;
  };
}

const captured = new WeakSet();

export function captureHttp2(awsCalls, http2) {
  if (captured.has(http2)) return;
  captured.add(http2);
  const { connect } = http2;
  http2.connect = function tracedConnect(...args) {
    const session = connect.apply(this, args);
    const { request } = session;
    session.request = function tracedRequest(headers, ...rest) {
      let call;
      try {
        call = begin(awsCalls, headers);
      } catch (error) {
        console.warn(`cdk-traced-function: a call over HTTP/2 is not traced (${error.message})`);
      }
      if (!call) return request.call(this, headers, ...rest);
      const stream = request.call(this, replaced(headers, call.headers), ...rest);
      stream.prependOnceListener('response', answer => {
        const length = answer['content-length'];
        call.end({ status: answer[':status'], headers: answer, contentLength: length === undefined ? undefined : Number(length) });
      });
      stream.once(errorMonitor, error => call.fail(error));
      return stream;
    };
    return session;
  };
  syncBuiltinESMExports();
}

function begin(awsCalls, headers) {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return undefined;
  const named = {};
  for (const name of Object.keys(headers)) named[name.toLowerCase()] = headers[name];
  const described = awsRequest({
    method: named[':method'] ?? 'GET', path: named[':path'] ?? '/', host: String(named[':authority'] ?? named.host ?? ''), header: name => named[name],
  });
  return described && awsCalls.begin(described, named['amz-sdk-invocation-id']);
}

/** The SDK's own header names Lambda's segment as the parent. */
function replaced(headers, ours) {
  const names = ours.map(([name]) => name.toLowerCase());
  return { ...Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name.toLowerCase()))), ...Object.fromEntries(ours) };
}
