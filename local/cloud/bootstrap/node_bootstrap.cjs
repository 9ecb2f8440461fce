// Runs a Node.js handler as Lambda's Node.js runtime does: errors, log lines, context, callbacks, response streaming.
//
// It is a program of its own, started in the function's folder. Protocol: JSON lines. Standard input: one line about the
// function, then one line for each event. File descriptor 3: one {"status":"ready"}, then one reply for each event.
// Whatever the function prints goes to the log. Messages and log formats are those of AWS's runtime interface client for Node.js.
'use strict';
const fs = require('fs');
const http = require('http');
const https = require('https');
const { syncBuiltinESMExports } = require('module');
const path = require('path');
const readline = require('readline');
const util = require('util');
const { Writable } = require('stream');
const { pathToFileURL, urlToHttpOptions } = require('url');

const LOG_END = '\x1e'; // marks, in the log, where an invocation's lines end
const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
let requestId; // of the running invocation

/** A failure that the runtime reports under a type of its own. */
class RuntimeFailure extends Error {
  constructor(errorType, message, stack) {
    super(message);
    this.name = errorType;
    if (stack) this.stack = stack;
  }
}

const now = () => (performance.timeOrigin + performance.now()) / 1000; // seconds since 1970

function reply(fields) {
  const bytes = Buffer.from(JSON.stringify(fields) + '\n');
  for (let sent = 0; sent < bytes.length;) sent += fs.writeSync(3, bytes, sent);
}

function patchConsole() {
  const write = (level, args) => process.stdout.write(
    `${new Date().toISOString()}\t${requestId}\t${level}\t${util.format(...args).replace(/\n/g, '\r')}\n`);
  for (const [method, level] of Object.entries({ log: 'INFO', info: 'INFO', warn: 'WARN', error: 'ERROR', debug: 'DEBUG', trace: 'TRACE' })) {
    console[method] = (...args) => write(level, args);
  }
}

/**
 * CloudFormation's response address is https on AWS, and CDK's custom resources call it as such, without the port that it
 * has here. Only that path is sent to the cloud over http.
 */
function patchResponseUrl() {
  const cloud = new URL(process.env.AWS_ENDPOINT_URL ?? 'http://127.0.0.1');
  const { request } = https;
  https.request = function (...args) {
    const url = typeof args[0] === 'string' || args[0] instanceof URL ? urlToHttpOptions(new URL(args[0])) : {};
    const options = { ...url, ...args.find((arg) => typeof arg === 'object' && arg !== null && !(arg instanceof URL)) };
    if (!String(options.path).startsWith('/_ministack/')) return request.apply(this, args);
    const callback = args.find((arg) => typeof arg === 'function');
    return http.request({ ...options, protocol: 'http:', host: undefined, hostname: cloud.hostname, port: cloud.port, agent: undefined }, callback);
  };
  syncBuiltinESMExports();
}

/** Lambda's global for response streaming. */
function defineStreaming() {
  globalThis.awslambda = {
    ...globalThis.awslambda,
    streamifyResponse: (handler) => Object.assign(handler, { [STREAMING]: 'response' }),
    HttpResponseStream: {
      from(stream, prelude) {
        stream.setContentType('application/vnd.awslambda.http-integration-response');
        stream.write(JSON.stringify(prelude));
        stream.write(Buffer.alloc(8));
        return stream;
      },
    },
  };
}

/** The AWS SDK of Lambda's runtime is found after the function's own packages and its layers, by require and import alike. */
function linkRuntimePackages() {
  const runtime = process.env.CDK_TRACED_NODE_RUNTIME;
  delete process.env.CDK_TRACED_NODE_RUNTIME;
  const link = path.join(__dirname, 'node_modules');
  if (runtime && fs.existsSync(runtime) && !fs.existsSync(link)) fs.symlinkSync(runtime, link, 'dir');
}

async function loadModule(root, name) {
  const target = path.resolve(root, name);
  const candidates = [target, `${target}.js`, `${target}.mjs`, `${target}.cjs`];
  const file = candidates.find((candidate) => fs.existsSync(candidate) && fs.statSync(candidate).isFile());
  if (!file) {
    throw new RuntimeFailure('Runtime.ImportModuleError',
      `Error: Cannot find module '${path.basename(name)}'\nRequire stack:\n- /var/runtime/index.mjs`);
  }
  const isModule = file.endsWith('.mjs') || (!file.endsWith('.cjs') && nearestPackageType(path.dirname(file), root) === 'module');
  return isModule ? import(pathToFileURL(file).href) : require(file);
}

function nearestPackageType(folder, root) {
  for (let dir = folder; dir.startsWith(root); dir = path.dirname(dir)) {
    const file = path.join(dir, 'package.json');
    if (fs.existsSync(file)) return JSON.parse(fs.readFileSync(file, 'utf8')).type;
    if (dir === root) break;
  }
  return undefined;
}

/** The handler that `folder/file.some.export` names. */
async function loadHandler(root, fullName) {
  const base = path.basename(fullName);
  const match = /^([^.]*)\.(.*)$/.exec(base);
  if (!match) throw new RuntimeFailure('Runtime.MalformedHandlerName', 'Bad handler');
  let loaded;
  try {
    loaded = await loadModule(root, path.join(fullName.slice(0, -base.length), match[1]));
  } catch (error) {
    if (error instanceof RuntimeFailure) throw error;
    if (error instanceof SyntaxError) throw new RuntimeFailure('Runtime.UserCodeSyntaxError', `SyntaxError: ${error.message}`, error.stack);
    if (error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_MODULE_NOT_FOUND') {
      throw new RuntimeFailure('Runtime.ImportModuleError', `Error: ${error.message}`, error.stack);
    }
    throw error;
  }
  const find = (object) => match[2].split('.').reduce((value, key) => value?.[key], object);
  const handler = find(loaded) ?? find(loaded.default);
  if (handler === undefined) throw new RuntimeFailure('Runtime.HandlerNotFound', `${fullName} is undefined or not exported`);
  if (typeof handler !== 'function') throw new RuntimeFailure('Runtime.HandlerNotFound', `${fullName} is not a function`);
  return handler;
}

/** What the runtime reports for an error: the payload, X-Ray's frames (innermost first) and the log line. */
function failureOf(error, codeDir, title) {
  const shown = (text) => text.split(codeDir).join('/var/task').split(__filename).join('/var/runtime/index.mjs');
  const isError = util.types.isNativeError(error) || error instanceof Error;
  const errorType = isError ? error.name : typeof error;
  const errorMessage = shown(isError ? error.message : String(error));
  const trace = isError ? shown(error.stack ?? '').split('\n') : [];
  const frames = trace.map((line) => /^\s+at (?:(.*?) \()?(?:file:\/\/)?([^()]+):(\d+):\d+\)?$/.exec(line)).filter(Boolean)
    .filter(([, , file]) => !file.startsWith('/var/runtime/') && !file.startsWith('node:'))
    .map(([, label, file, line]) => ({ path: file, line: Number(line), label: label ?? '<anonymous>' }));
  const details = JSON.stringify({ errorType, errorMessage, ...(isError && { ...error, name: undefined }), stack: trace });
  return { errorType, errorMessage, trace, frames, logLine: `${new Date().toISOString()}\t${requestId}\tERROR\t${title}\t${details}` };
}

/** Collects what a streaming handler writes. */
class ResponseStream extends Writable {
  chunks = [];
  _write(chunk, _encoding, done) {
    this.chunks.push(Buffer.from(chunk));
    done();
  }
  setContentType() { /* the local cloud finds the prelude by itself */ }
}

/** Runs the handler; resolves with `{ result }` or `{ raw }` (base64 of a streamed response), rejects with the handler's error. */
function run(handler, event, context) {
  return new Promise((resolve, reject) => {
    if (handler[STREAMING]) {
      const stream = new ResponseStream();
      stream.on('finish', () => resolve({ raw: Buffer.concat(stream.chunks).toString('base64') }));
      Promise.resolve(handler(event, stream, context)).then(() => stream.end(), reject);
      return;
    }
    // A callback's result is sent when nothing is left to do, unless the handler says otherwise.
    const settle = (error, result) => {
      const finish = () => { process.stdin.ref(); if (error) reject(error); else resolve({ result }); };
      if (!context.callbackWaitsForEmptyEventLoop) return finish();
      process.once('beforeExit', finish);
      process.stdin.unref();
      return undefined;
    };
    const done = (error, result) => { context.callbackWaitsForEmptyEventLoop = false; settle(error, result); };
    Object.assign(context, { done, succeed: (result) => done(null, result), fail: (error) => done(error ?? new Error('handled')) });
    const returned = handler(event, context, settle);
    if (typeof returned?.then === 'function') returned.then((result) => resolve({ result }), reject);
    // A handler that neither promises nor takes a callback has nothing to wait for.
    else if (handler.length < 3) resolve({ result: null });
  });
}

function contextOf(values) {
  const deadline = Date.now() + (values.timeout_ms ?? 3000);
  return {
    awsRequestId: values.request_id,
    invokedFunctionArn: values.invoked_function_arn,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(deadline - Date.now(), 0),
  };
}

/** The environment variables that change with each invocation. */
function setVariables(values) {
  const variables = { _X_AMZN_TRACE_ID: values.trace_id };
  for (const name of ['ARN', 'CHECKPOINT_TOKEN', 'NAME']) {
    const variable = name === 'CHECKPOINT_TOKEN' ? 'AWS_LAMBDA_DURABLE_CHECKPOINT_TOKEN' : `AWS_LAMBDA_DURABLE_EXECUTION_${name}`;
    variables[variable] = values.durable?.[variable];
  }
  for (const [name, value] of Object.entries(variables)) {
    if (value) process.env[name] = String(value);
    else delete process.env[name];
  }
}

let handler;
let startFailure;
let codeDir;
let started;

function answer(fields) {
  fs.writeSync(2, `${LOG_END}${requestId}\n`);
  reply({ status: 'ok', timing: [started, now()], ...fields });
}

async function start(about) {
  codeDir = about.code_dir;
  try {
    handler = await loadHandler(codeDir, `${about.module}.${about.handler}`);
  } catch (error) {
    startFailure = failureOf(error, codeDir, 'Uncaught Exception ');
  }
  reply({ status: 'ready' });
}

async function invoke({ event, ctx }) {
  requestId = ctx.request_id;
  started = now();
  setVariables(ctx);
  if (startFailure) {
    answer({ failure: startFailure, exits: true });
    process.exit(1); // as on Lambda: the next invocation starts a new environment
  }
  try {
    const outcome = await run(handler, event, contextOf(ctx));
    try {
      JSON.stringify(outcome);
    } catch (error) {
      throw new RuntimeFailure('Runtime.MarshalError', `Unable to marshal response: ${error.message}`);
    }
    answer(outcome);
  } catch (error) {
    answer({ failure: failureOf(error, codeDir, 'Invoke Error ') });
  }
}

function crash(error, title) {
  if (started !== undefined) answer({ failure: failureOf(error, codeDir, title), exits: true });
  else process.stderr.write(failureOf(error, codeDir, title).logLine + '\n');
  process.exit(129);
}

linkRuntimePackages();
patchConsole();
patchResponseUrl();
defineStreaming();
process.on('uncaughtException', (error) => crash(error, 'Uncaught Exception '));
process.on('unhandledRejection', (reason) => crash(
  Object.assign(new RuntimeFailure('Runtime.UnhandledPromiseRejection', String(reason)), { reason: String(reason) }), 'Unhandled Promise Rejection '));

let work = Promise.resolve();
readline.createInterface({ input: process.stdin, terminal: false })
  .on('line', (line) => {
    const message = JSON.parse(line);
    work = work.then(() => (codeDir === undefined ? start(message) : invoke(message)));
  })
  .on('close', () => process.exit(0));
