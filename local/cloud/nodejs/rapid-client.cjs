// Stands in for the native client of AWS's runtime interface client, which would have to be compiled: the same three functions.
//
// Like the native one, `done` and `error` return when the answer has been sent (the process may exit right after), and `next` leaves the
// event loop free. That takes a socket that can be written without the event loop: the local cloud passes one on, already connected to the
// Runtime API. Without it (several requests at once, or another Runtime API) the client speaks HTTP, and the next call waits for the last.
'use strict';
const fs = require('fs');
const { request: send } = require('http'); // now: what a function's package captures is the function's own calls

const PATH = '/2018-06-01/runtime/invocation/';
const HEADER_END = '\r\n\r\n';
const descriptor = process.env.AWS_LAMBDA_MAX_CONCURRENCY === undefined ? Number(process.env._LAMBDA_RUNTIME_API_FD || NaN) : NaN;
delete process.env._LAMBDA_RUNTIME_API_FD;

/** Reads one response from what has arrived so far; undefined while it is incomplete. */
function parse(bytes) {
  const headEnd = bytes.indexOf(HEADER_END);
  if (headEnd < 0) return undefined;
  const [status, ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const headers = {};
  for (const line of lines) headers[line.slice(0, line.indexOf(':')).toLowerCase()] = line.slice(line.indexOf(':') + 1).trim();
  const start = headEnd + HEADER_END.length;
  const end = start + Number(headers['content-length']);
  if (bytes.length < end) return undefined;
  return { status: Number(status.split(' ')[1]), headers, body: bytes.toString('utf8', start, end) };
}

function write(method, path, body, headers) {
  const payload = Buffer.from(body === undefined ? '' : body);
  const lines = Object.keys(headers || {}).map((name) => `${name}: ${headers[name]}\r\n`).join('');
  const head = Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${payload.length}\r\n${lines}\r\n`, 'utf8');
  const bytes = Buffer.concat([head, payload]);
  for (let sent = 0; sent < bytes.length;) sent += fs.writeSync(descriptor, bytes, sent);
}

const gone = () => new Error('Failed to get next invocation. No Response from endpoint');

const viaSocket = {
  next: () => new Promise((resolve, reject) => {
    write('GET', `${PATH}next`);
    let received = Buffer.alloc(0);
    const buffer = Buffer.alloc(65536);
    const read = () => fs.read(descriptor, buffer, 0, buffer.length, null, (error, count) => {
      if (error || count === 0) {
        reject(error || gone());
        return;
      }
      received = Buffer.concat([received, buffer.slice(0, count)]);
      const response = parse(received);
      if (!response) read();
      else if (response.status !== 200) reject(gone());
      else resolve(invocation(response));
    });
    read();
  }),
  post(path, body, headers) {
    write('POST', path, body, headers);
    const buffer = Buffer.alloc(65536);
    let received = Buffer.alloc(0);
    for (;;) {
      const count = fs.readSync(descriptor, buffer, 0, buffer.length, null);
      if (count === 0) throw gone();
      received = Buffer.concat([received, buffer.slice(0, count)]);
      const response = parse(received);
      if (response) return response.status;
    }
  },
};

let pending = Promise.resolve();
const call = (method, path, body, headers) => new Promise((resolve, reject) => {
  const colon = process.env.AWS_LAMBDA_RUNTIME_API.lastIndexOf(':');
  const [host, port] = [process.env.AWS_LAMBDA_RUNTIME_API.slice(0, colon), process.env.AWS_LAMBDA_RUNTIME_API.slice(colon + 1)];
  const request = send({ host, port, method, path, headers: Object.assign({ 'Content-Length': Buffer.byteLength(body || '') }, headers) }, (response) => {
    const chunks = [];
    response.on('data', (chunk) => chunks.push(chunk)).on('end', () => resolve({
      status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString('utf8'),
    })).on('error', reject);
  });
  request.on('error', reject);
  request.end(body);
});

const viaHttp = {
  next: () => pending.then(() => call('GET', `${PATH}next`)).then(invocation),
  post(path, body, headers) {
    pending = call('POST', path, body, headers).then(({ status }) => report(status));
    return undefined;
  },
};

/** As the native client writes it. */
function report(status) {
  if (status !== undefined && (status < 200 || status > 299)) {
    fs.writeSync(1, `[ERROR] [${Date.now()}] LAMBDA_RUNTIME Failed to post handler success response. Http response code: ${status}.\n`);
  }
}

/** As the native client gives it: the deadline is a number. */
function invocation({ body, headers }) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  return { bodyJson: body, headers: Object.assign({}, headers, { 'lambda-runtime-deadline-ms': deadline }) };
}

const transport = Number.isNaN(descriptor) ? viaHttp : viaSocket;
const JSON_BODY = { 'Content-Type': 'application/json' };
/** A header holds no line break and nothing outside of Latin-1; JSON can say both otherwise. */
const headerValue = (json) => json.replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

module.exports = {
  initializeClient() { /* the native client's user agent */ },
  next: () => transport.next(),
  done: (id, body) => { report(transport.post(`${PATH}${id}/response`, body, JSON_BODY)); },
  error: (id, body, cause) => {
    const xray = cause ? { 'Lambda-Runtime-Function-XRay-Error-Cause': headerValue(cause) } : {};
    transport.post(`${PATH}${id}/error`, body, Object.assign({ 'Lambda-Runtime-Function-Error-Type': 'Unhandled' }, JSON_BODY, xray));
  },
};
