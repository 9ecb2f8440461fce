// The handler of a function that was made without tracing, from a layer: captures what makes calls, then loads the function's own handler.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { adaptCallbacks } from '../callback-adapter.mjs';
import { captureFetch } from '../capture/fetch.mjs';
import { captureHttp } from '../capture/http.mjs';
import { setRecording } from '../capture/redaction.mjs';
import { currentInvocation } from '../open-telemetry/invocation.mjs';
import { openTelemetryRecorder } from '../open-telemetry/recorder.mjs';
import { limited } from '../response.mjs';
import { traceHandler } from '../traced-handler.mjs';
import { AwsCalls } from './aws-calls.mjs';
import { captureHttp2, captureHttp2WhenRequired } from './http2.mjs';

const original = process.env.CDK_TRACED_FUNCTION_HANDLER ?? '';
const { clients = ['aws-sdk', 'http', 'fetch'], contextMissing = 'LOG_ERROR', coldStart, recording, response } = JSON.parse(process.env.CDK_TRACED_FUNCTION_CAPTURE ?? '{}');

process.env._HANDLER = original; // what the function and its libraries look at
if (recording) setRecording(recording);
const recorder = openTelemetryRecorder(contextMissing);
const awsCalls = clients.includes('aws-sdk') ? new AwsCalls(recorder) : undefined;
const http = clients.includes('http') ? recorder : { ...recorder, beginHttp: () => undefined };
if (awsCalls || clients.includes('http')) captureHttp(http, awsCalls);
if (awsCalls) captureHttp2WhenRequired(awsCalls);
if (clients.includes('fetch')) captureFetch(recorder);

const { moduleRoot, moduleName, members } = parse(original);
const found = find(await load());
// Lambda's Node.js 24 and newer start no handler that declares a callback.
const promising = Number.parseInt(process.versions.node) < 24 ? found : adaptCallbacks(found);
export const handler = traceHandler(promising, withSettledCalls(recorder), { coldStart, response: response ? limited : undefined });

/** `folder/module.member.member` */
function parse(text) {
  const base = path.basename(text);
  const [name, ...rest] = base.split('.');
  if (!name || rest.length === 0) throw new Error(`CDK_TRACED_FUNCTION_HANDLER is '${text}', which is no handler; it is set where the function is defined, do not change it`);
  return { moduleRoot: text.slice(0, -base.length), moduleName: name, members: rest };
}

/** As Lambda does it: a file of that name, else a module that Node.js finds. */
async function load() {
  const root = process.env.LAMBDA_TASK_ROOT ?? process.cwd();
  const require = createRequire(path.join(root, 'index.js'));
  const base = path.resolve(root, moduleRoot, moduleName);
  const file = ['', '.js', '.mjs', '.cjs'].map(extension => base + extension).find(isFile);
  if (!file) return require(require.resolve(moduleName, { paths: [root, path.join(root, moduleRoot)] }));
  if (!file.endsWith('.mjs') && (file.endsWith('.cjs') || !isModule(path.dirname(file)))) return require(file);
  // What an ES module imports is loaded past everything that could tell.
  if (awsCalls) captureHttp2(awsCalls, require('node:http2'));
  return import(pathToFileURL(file).href);
}

function isFile(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** Whether the nearest package.json makes `.js` files ES modules. */
function isModule(folder) {
  for (let current = folder; ; current = path.dirname(current)) {
    try {
      return JSON.parse(fs.readFileSync(path.join(current, 'package.json'), 'utf8')).type === 'module';
    } catch { /* the one above counts */ }
    if (current === path.dirname(current) || path.basename(current) === 'node_modules') return false;
  }
}

/** What is not a function, Lambda complains of in its own words, which name the handler that it knows. */
function find(loaded) {
  const member = object => members.reduce((value, name) => value && typeof value === 'object' ? value[name] : undefined, object);
  const found = member(loaded) || member(loaded?.default);
  if (typeof found !== 'function') throw Object.assign(new Error(`${original} is ${found ? 'not a function' : 'undefined or not exported'}`), { name: 'Runtime.HandlerNotFound' });
  return found;
}

function withSettledCalls(wrapped) {
  return {
    ...wrapped,
    beginInvocation(...args) {
      const invocation = wrapped.beginInvocation(...args);
      if (!invocation || !awsCalls) return invocation;
      let running;
      return {
        run: fn => invocation.run(() => {
          running = currentInvocation();
          return fn();
        }),
        close(outcome) {
          awsCalls.settle(running);
          invocation.close(outcome);
        },
      };
    },
  };
}
