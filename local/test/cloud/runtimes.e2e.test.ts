import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CreateFunctionCommand, DeleteFunctionCommand, PublishLayerVersionCommand, UpdateFunctionCodeCommand } from '@aws-sdk/client-lambda';
import { strToU8, zipSync, type Zippable } from 'fflate';
import { newTraceId, TestCloud } from './test-cloud';
import { STATE_DIR } from '../../src/project-folders';

jest.setTimeout(120_000);

/** As the cloud finds out for itself: without it, functions find their folders elsewhere. */
const hasNamespaces = process.env.CDK_TRACED_NAMESPACES !== 'off' && spawnSync('unshare', ['--user', '--map-root-user', '--mount', 'true']).status === 0;

let cloud: TestCloud;
beforeAll(async () => { cloud = await TestCloud.start(); });
afterAll(async () => cloud.close());

type Files = Record<string, string>;

function zip(files: Files): Uint8Array {
  const executable = { os: 3, attrs: 0o100755 << 16 } as const;
  return zipSync(Object.fromEntries(Object.entries(files).map(([path, text]) => [path, [strToU8(text), executable]])) as Zippable);
}

interface Options { layers?: string[]; variables?: Record<string, string>; timeout?: number; json?: boolean }

async function create(name: string, runtime: string, handler: string, files: Files, options: Options = {}): Promise<void> {
  await cloud.lambda.send(new CreateFunctionCommand({
    FunctionName: name, Runtime: runtime as never, Handler: handler, Role: 'arn:aws:iam::000000000000:role/test', Code: { ZipFile: zip(files) },
    TracingConfig: { Mode: 'Active' }, Timeout: options.timeout ?? 10, Layers: options.layers,
    ...options.variables ? { Environment: { Variables: options.variables } } : {},
    ...options.json ? { LoggingConfig: { LogFormat: 'JSON' } } : {},
  }));
}

async function layer(name: string, files: Files): Promise<string> {
  return (await cloud.lambda.send(new PublishLayerVersionCommand({ LayerName: name, Content: { ZipFile: zip(files) } }))).LayerVersionArn!;
}

describe('Node.js', () => {
  it.each([
    ['CommonJS', 'index.handler', { 'index.js': 'exports.handler = async () => "ok";' }],
    ['module.exports of a path', 'src/a/b.handler', { 'src/a/b.js': 'module.exports = { handler: async () => "ok" };' }],
    ['ES module with top-level await', 'index.handler', { 'index.mjs': 'const text = await Promise.resolve("ok"); export const handler = async () => text;' }],
    ['ES module by package.json', 'index.handler', { 'package.json': '{"type":"module"}', 'index.js': 'export const handler = async () => "ok";' }],
    ['export of an export', 'index.api.handler', { 'index.js': 'exports.api = { handler: async () => "ok" };' }],
    ['callback', 'index.handler', { 'index.js': 'exports.handler = (event, context, callback) => { setTimeout(() => callback(null, "ok"), 5); };' }],
    ['context.succeed', 'index.handler', { 'index.js': 'exports.handler = (event, context, callback) => context.succeed("ok");' }],
  ])('runs a handler: %s', async (title, handler, files) => {
    const name = title.replace(/\W/g, '-');
    await create(name, 'nodejs20.x', handler, files as Files);
    expect((await cloud.invoke(name)).payload).toBe('ok');
    expect((await cloud.invoke(name)).payload).toBe('ok');
  });

  it('waits with a callback\'s result until nothing is left to do', async () => {
    await create('waits', 'nodejs20.x', 'index.handler', {
      'index.js': 'let done = false; exports.handler = (event, context, callback) => { const was = done; setTimeout(() => { done = true; }, 100); callback(null, was); };',
    });
    expect((await cloud.invoke('waits')).payload).toBe(false);
    expect((await cloud.invoke('waits')).payload).toBe(true);
  });

  it('collects a streamed response', async () => {
    await create('streams', 'nodejs20.x', 'index.handler', {
      'index.js': 'exports.handler = awslambda.streamifyResponse(async (event, stream) => { stream.write("{\\"a\\":"); stream.write("1}"); stream.end(); });',
    });
    expect((await cloud.invoke('streams')).payload).toEqual({ a: 1 });
  });

  it('finds the runtime\'s AWS SDK, from both kinds of module, and nothing else of this project', async () => {
    const probe = 'const found = []; for (const name of ["@aws-sdk/client-dynamodb", "aws-cdk-lib", "commander", "aws-xray-sdk-core"])';
    await create('sdk-cjs', 'nodejs20.x', 'index.handler', {
      'index.js': `${probe} { try { require(name); found.push(name); } catch {} } exports.handler = async () => found;`,
    });
    await create('sdk-esm', 'nodejs20.x', 'index.handler', {
      'index.mjs': `${probe} { try { await import(name); found.push(name); } catch {} } export const handler = async () => found;`,
    });
    for (const name of ['sdk-cjs', 'sdk-esm']) expect((await cloud.invoke(name)).payload).toEqual(['@aws-sdk/client-dynamodb']);
  });

  it('finds the packages of a layer, from both kinds of module', async () => {
    const arn = await layer('node', { 'nodejs/node_modules/from-layer/index.js': 'module.exports = "from layer";' });
    await create('layer-cjs', 'nodejs20.x', 'index.handler', { 'index.js': 'exports.handler = async () => require("from-layer");' }, { layers: [arn] });
    await create('layer-esm', 'nodejs20.x', 'index.handler', { 'index.mjs': 'import text from "from-layer"; export const handler = async () => text;' }, { layers: [arn] });
    for (const name of ['layer-cjs', 'layer-esm']) expect((await cloud.invoke(name)).payload).toBe('from layer');
  });

  it.each([
    ['nothing.handler', 'Runtime.ImportModuleError', "Error: Cannot find module 'nothing'\nRequire stack:\n- /var/runtime/index.mjs"],
    ['index.missing', 'Runtime.HandlerNotFound', 'index.missing is undefined or not exported'],
    ['broken.handler', 'Runtime.UserCodeSyntaxError', "SyntaxError: Unexpected token '}'"],
    ['throws.handler', 'RangeError', 'at load'],
  ])('says what is wrong with the handler %s', async (handler, errorType, errorMessage) => {
    const name = `wrong-${handler.replace('.', '-')}`;
    await create(name, 'nodejs20.x', handler, { 'index.js': '', 'broken.js': 'exports.handler = async () => }', 'throws.js': 'throw new RangeError("at load");' });
    expect((await cloud.invoke(name)).payload).toMatchObject({ errorType, errorMessage });
  });

  it('starts again after an environment that ended', async () => {
    await create('exits', 'nodejs20.x', 'index.handler', { 'index.js': 'exports.handler = async (event) => event.exit ? process.exit(3) : "ok";' });
    expect((await cloud.invoke('exits', { exit: true })).payload).toMatchObject({ errorType: 'Runtime.ExitError' });
    expect((await cloud.invoke('exits')).payload).toBe('ok');
  });

  it('reports an unhandled rejection', async () => {
    await create('rejects', 'nodejs20.x', 'index.handler', {
      'index.js': 'exports.handler = async () => { Promise.reject(new Error("nobody waits")); await new Promise(r => setTimeout(r, 1000)); };',
    });
    expect((await cloud.invoke('rejects')).payload).toMatchObject({ errorType: 'Runtime.UnhandledPromiseRejection', errorMessage: 'Error: nobody waits' });
  });

  it('writes log lines as Lambda does, each with the request of its invocation', async () => {
    await create('logs', 'nodejs20.x', 'index.handler', { 'index.js': 'console.log("at load"); exports.handler = async () => { console.warn("a\\nb %d", 1); process.stdout.write("raw\\n"); };' });
    const { requestId } = await cloud.invoke('logs');
    const lines = await cloud.logLines('logs');
    expect(lines).toEqual([
      expect.stringMatching(/^INIT_START Runtime Version: nodejs20.x/),
      expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z\tundefined\tINFO\tat load$/),
      `START RequestId: ${requestId} Version: $LATEST`,
      expect.stringMatching(new RegExp(`^\\S+\\t${requestId}\\tWARN\\ta\\nb 1$`)),
      'raw',
      `END RequestId: ${requestId}`,
      expect.stringMatching(new RegExp(`^REPORT RequestId: ${requestId}\\tDuration: [\\d.]+ ms\\tBilled Duration: \\d+ ms\\tMemory Size: 128 MB\\tMax Memory Used: \\d+ MB\\tInit Duration: [\\d.]+ ms\\nXRAY TraceId: 1-`)),
    ]);
  });
});

describe('Python', () => {
  it('finds boto3, its layer before it, and nothing else that is installed here', async () => {
    const arn = await layer('python', { 'python/from_layer.py': 'TEXT = "from layer"', 'python/jmespath.py': 'own = True' });
    await create('py-path', 'python3.11', 'src/app.handler', {
      'src/app.py': 'import boto3, from_layer, jmespath, importlib.util\n'
        + 'def handler(event, context): return [from_layer.TEXT, jmespath.own, [n for n in ("boto3", "yaml", "ministack", "cloud", "pip") if importlib.util.find_spec(n)]]\n',
    }, { layers: [arn] });
    expect((await cloud.invoke('py-path')).payload).toEqual(['from layer', true, ['boto3']]);
  });

  it.each([
    ['nothing.handler', 'Runtime.ImportModuleError', "Unable to import module 'nothing': No module named 'nothing'"],
    ['app.missing', 'Runtime.HandlerNotFound', "Handler 'missing' missing on module 'app'"],
    ['broken.handler', 'Runtime.UserCodeSyntaxError', expect.stringContaining("Syntax error in module 'broken': ")],
    ['throws.handler', 'ZeroDivisionError', 'division by zero'],
    ['returns.handler', 'Runtime.MarshalError', 'Unable to marshal response: Object of type object is not JSON serializable'],
  ])('says what is wrong with the handler %s', async (handler, errorType, errorMessage) => {
    const name = `py-${handler.replace('.', '-')}`;
    await create(name, 'python3.11', handler, {
      'app.py': '', 'broken.py': 'def handler(:\n', 'throws.py': '1 / 0\n', 'returns.py': 'def handler(event, context): return object()\n',
    });
    expect((await cloud.invoke(name)).payload).toMatchObject({ errorType, errorMessage });
  });

  it('writes log lines as Lambda does', async () => {
    await create('py-logs', 'python3.11', 'app.handler', { 'app.py': 'import logging\ndef handler(event, context):\n    logging.warning("careful")\n    print("plain")\n    raise KeyError("k")\n' });
    const { requestId, payload } = await cloud.invoke('py-logs');
    const lines = await cloud.logLines('py-logs');
    expect(lines.slice(2, 5)).toEqual([
      expect.stringMatching(new RegExp(`^\\[WARNING\\]\\t\\d{4}-[\\dT:.-]+Z\\t${requestId}\\tcareful$`)),
      'plain',
      // The client indents by no-break spaces.
      '[ERROR] KeyError: \'k\'\nTraceback (most recent call last):\n\u00a0\u00a0File "/var/task/app.py", line 5, in handler\n\u00a0\u00a0\u00a0\u00a0raise KeyError("k")',
    ]);
    expect(payload).toMatchObject({ errorType: 'KeyError', errorMessage: "'k'", requestId, stackTrace: [expect.stringContaining('File "/var/task/app.py", line 5')] });
  });

  it('cannot spoil the protocol by what it prints or reads', async () => {
    await create('py-noise', 'python3.11', 'app.handler', {
      'app.py': 'import os, sys, subprocess\ndef handler(event, context):\n    os.write(1, b\'{"status": "ok", "result": "fake"}\\n\'); subprocess.run(["echo", "child"])\n    return [sys.stdin.read(), event]\n',
    });
    const event = { text: 'ä\u2028"\n' };
    expect((await cloud.invoke('py-noise', event)).payload).toEqual(['', event]);
    expect(await cloud.logLines('py-noise')).toEqual(expect.arrayContaining(['{"status": "ok", "result": "fake"}', 'child']));
  });

  it('runs the new code after an update, and initialises again', async () => {
    await create('py-update', 'python3.11', 'app.handler', { 'app.py': 'def handler(event, context): return 1\n' });
    expect((await cloud.invoke('py-update')).payload).toBe(1);
    await cloud.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'py-update', ZipFile: zip({ 'app.py': 'def handler(event, context): return 2\n' }) }));
    const traceId = newTraceId();
    expect((await cloud.invoke('py-update', {}, `Root=${traceId};Sampled=1`)).payload).toBe(2);
    const ran = await cloud.recorder.until('the segment', () => cloud.recorder.trace(traceId).find(s => s.origin === 'AWS::Lambda::Function'));
    expect(ran.subsegments!.map(s => s.name)).toContain('Initialization');
  });
});

describe('an execution environment', () => {
  // Of each kind the one that is cheapest here: the machine's Node.js, and the Python of the local cloud.
  const JS = 'const fs = require("fs"); exports.handler = async (event, context) => ({ env: process.env, cwd: process.cwd(), tmp: fs.readdirSync("/tmp"), '
    + 'readOnly: (() => { try { fs.writeFileSync(process.env.LAMBDA_TASK_ROOT + "/x", ""); return false; } catch (error) { return error.code === "EROFS"; } })(), opt: fs.existsSync("/opt/marker"), memory: context.memoryLimitInMB, left: context.getRemainingTimeInMillis(), version: process.version });';
  const PY = 'import os\ndef handler(event, context): return {"env": dict(os.environ), "cwd": os.getcwd(), "opt": os.path.exists("/opt/marker"), "memory": context.memory_limit_in_mb, "left": context.get_remaining_time_in_millis()}\n';

  it.each([['nodejs20.x', 'index.js', JS], ['python3.11', 'index.py', PY]])('has the variables and the folders that AWS documents: %s', async (runtime, file, code) => {
    const name = `documented-${runtime.replace('.', '-')}`;
    await create(name, runtime, 'index.handler', { [file]: code }, { layers: [await layer(name, { marker: '' })], variables: { CDK_TRACED_OWN: 'reaches it', LAMBDA_TASK_ROOT: 'reserved' } });
    const { payload } = await cloud.invoke(name);
    expect(payload.env).toMatchObject({
      _HANDLER: 'index.handler',
      LAMBDA_TASK_ROOT: hasNamespaces ? '/var/task' : payload.cwd,
      LAMBDA_RUNTIME_DIR: hasNamespaces ? '/var/runtime' : expect.stringContaining(runtime),
      AWS_LAMBDA_RUNTIME_API: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      AWS_LAMBDA_FUNCTION_NAME: name,
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
      AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
      AWS_LAMBDA_LOG_STREAM_NAME: expect.stringMatching(/^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/),
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_EXECUTION_ENV: `AWS_Lambda_${runtime}`,
      AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:${cloud.recorder.port}`,
      AWS_REGION: 'us-east-1',
      TZ: ':UTC',
      CDK_TRACED_OWN: 'reaches it',
    });
    expect(Object.keys(payload.env).filter(key => /^(CDK_TRACED_(?!OWN)|MINISTACK|GATEWAY|HOME$|_LAMBDA_RUNTIME_API_FD|_LAMBDA_TELEMETRY)/.test(key))).toEqual([]);
    expect(payload).toMatchObject({ opt: hasNamespaces, memory: '128' });
    expect(payload.left).toBeGreaterThan(0);
    expect(payload.left).toBeLessThanOrEqual(10_000);
    if (hasNamespaces && runtime.startsWith('node')) expect(payload).toMatchObject({ tmp: [], readOnly: true });
  });

  it('runs what its layers bring: a wrapper script, and a handler below /opt', async () => {
    const arn = await layer('wraps', {
      'wrap': '#!/bin/bash\nexport WRAPPED="$(basename "$1")"\nexec "$@"\n',
      'nodejs/node_modules/inner/h.js': 'exports.handler = async () => "from the layer, " + process.env.ORIGINAL;',
    });
    await create('wrapped', 'nodejs20.x', 'index.handler', { 'index.js': 'exports.handler = async () => process.env.WRAPPED;' }, { layers: [arn], variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/wrap' } });
    expect((await cloud.invoke('wrapped')).payload).toBe('node');
    await create('py-wrapped', 'python3.11', 'app.handler', { 'app.py': 'import os\ndef handler(event, context): return os.environ["WRAPPED"]\n' }, { layers: [arn], variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/wrap' } });
    expect((await cloud.invoke('py-wrapped')).payload).toBe('python3.11');
    await create('below-opt', 'nodejs20.x', '/opt/nodejs/node_modules/inner/h.handler', { 'index.js': '' }, { layers: [arn], variables: { ORIGINAL: 'index.handler' } });
    expect((await cloud.invoke('below-opt')).payload).toBe('from the layer, index.handler');
  });

  it('starts the extensions of its layers, tells them of each event, and of the end', async () => {
    const marks = join(STATE_DIR, `marks-${process.pid}`); // not in /tmp, where the function has a folder of its own
    mkdirSync(marks, { recursive: true });
    const extension = `#!${process.execPath}
const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2020-01-01/extension/';
const say = text => require('fs').appendFileSync(process.env.MARKS + '/events', text + '\\n');
(async () => {
  const registered = await fetch(api + 'register', { method: 'POST', headers: { 'Lambda-Extension-Name': 'observer' }, body: JSON.stringify({ events: ['INVOKE', 'SHUTDOWN'] }) });
  const headers = { 'Lambda-Extension-Identifier': registered.headers.get('lambda-extension-identifier') };
  say('registered for ' + (await registered.json()).functionName);
  const heard = [];
  const listener = require('http').createServer((request, response) => {
    let text = '';
    request.on('data', chunk => { text += chunk; }).on('end', () => { heard.push(...JSON.parse(text)); response.end(); });
  });
  await new Promise(resolve => listener.listen(0, resolve));
  const subscribe = destination => fetch('http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2022-07-01/telemetry', { method: 'PUT', headers, body: JSON.stringify({
    schemaVersion: '2022-12-13', types: ['platform', 'function', 'extension'], buffering: { timeoutMs: 25 }, destination }) });
  if ((await subscribe({ protocol: 'HTTP', URI: 'http://192.0.2.1:80' })).status !== 400) say('told others');
  await subscribe({ protocol: 'HTTP', URI: 'http://sandbox.localdomain:' + listener.address().port + '/x' });
  for (;;) {
    const event = await (await fetch(api + 'event/next', { headers })).json();
    say(event.eventType + ' ' + (event.requestId ?? event.shutdownReason));
    console.log('extension saw', event.eventType);
    if (event.eventType === 'SHUTDOWN') {
      while (!heard.some(({ record }) => String(record).startsWith('extension saw SHUTDOWN'))) await new Promise(resolve => setTimeout(resolve, 5));
      for (const { type, record } of heard) say('heard ' + type + ' ' + (typeof record === 'string' ? record : record.requestId ?? record.name ?? record.phase));
      process.exit(0);
    }
  }
})();
`;
    try {
      const arn = await layer('observer', { 'extensions/observer': extension });
      await create('observed', 'nodejs20.x', 'index.handler', { 'index.js': 'exports.handler = async () => { process.stdout.write("own line\\n"); return "ok"; };' }, { layers: [arn], variables: { MARKS: marks } });
      const first = await cloud.invoke('observed');
      expect(first.payload).toBe('ok');
      const second = await cloud.invoke('observed');
      await cloud.lambda.send(new DeleteFunctionCommand({ FunctionName: 'observed' }));
      const told = readFileSync(join(marks, 'events'), 'utf8').trim().split('\n');
      expect(told.filter(line => !line.startsWith('heard '))).toEqual([
        'registered for observed', `INVOKE ${first.requestId}`, `INVOKE ${second.requestId}`, 'SHUTDOWN spindown',
      ]);
      const ofRequest = ({ requestId }: { requestId: string }) => [
        `heard platform.start ${requestId}`, 'heard function own line', `heard platform.runtimeDone ${requestId}`, `heard platform.report ${requestId}`,
      ];
      const heard = told.filter(line => /^heard (platform|function)/.test(line));
      expect(heard).toEqual([
        'heard platform.initStart init', 'heard platform.telemetrySubscription observer', ...heard.slice(2, 5), ...ofRequest(first), ...ofRequest(second),
      ]);
      // The runtime and the extension are ready in either order.
      expect(heard.slice(2, 5).sort()).toEqual(['heard platform.extension observer', 'heard platform.initReport init', 'heard platform.initRuntimeDone init']);
      expect(told.filter(line => line.startsWith('heard extension extension saw INVOKE'))).toHaveLength(2);
    } finally {
      rmSync(marks, { recursive: true });
    }
  });

  it('refuses to start without an extension that fails', async () => {
    const arn = await layer('broken-extension', { 'extensions/broken': '#!/bin/sh\nexit 4\n' });
    await create('unobserved', 'nodejs20.x', 'index.handler', { 'index.js': 'exports.handler = async () => "ok";' }, { layers: [arn] });
    expect((await cloud.invoke('unobserved')).payload).toMatchObject({ errorType: 'Extension.Crash', errorMessage: expect.stringContaining('broken') });
  });

  it.each([
    ['nodejs20.x', 'index.js', 'exports.handler = async () => "x".repeat(7e6);'],
    ['python3.11', 'index.py', 'def handler(event, context): return "x" * 7_000_000\n'],
  ])('answers with at most 6 MB, as its client says in the log: %s', async (runtime, file, code) => {
    const name = `large-${runtime.replace('.', '-')}`;
    await create(name, runtime, 'index.handler', { [file]: code });
    const { requestId, payload } = await cloud.invoke(name);
    expect(payload).toEqual({
      errorType: 'Function.ResponseSizeTooLarge', errorMessage: 'Response payload size (7000002 bytes) exceeded maximum allowed payload size (6291556 bytes).',
    });
    const log = await cloud.logLines(name);
    expect(log).toContainEqual(expect.stringMatching(/^\[ERROR\] \[\d+\] LAMBDA_RUNTIME Failed to post handler success response\. Http response code: 413\.$/));
    expect(log).toContain(`END RequestId: ${requestId}`);
    expect((await cloud.invoke(name)).error).toBe('Unhandled'); // the environment lives on
  });

  it.each([
    ['process.exit of Node.js', 'nodejs20.x', 'index.js', 'exports.handler = async () => process.exit(3);', 'Runtime.ExitError', 'Runtime exited with error: exit status 3'],
    ['SystemExit of Python', 'python3.11', 'index.py', 'import sys\ndef handler(event, context): sys.exit(5)\n', 'Runtime.ExitError', 'Runtime exited with error: exit status 5'],
    ['an end without a reason', 'nodejs20.x', 'index.js', 'exports.handler = async () => process.exit();', 'Runtime.ExitError', 'Runtime exited without providing a reason'],
    ['a signal', 'python3.11', 'index.py', 'import os\ndef handler(event, context): os.kill(os.getpid(), 9)\n', 'Runtime.ExitError', 'Runtime exited with error: signal: killed'],
    ['a timeout', 'python3.11', 'index.py', 'import time\ndef handler(event, context): time.sleep(30)\n', 'Sandbox.Timedout', 'Task timed out after 1.00 seconds'],
  ])('ends with %s, and the next event gets another one', async (title, runtime, file, code, errorType, message) => {
    const name = `ends-${title.replace(/\W/g, '-')}`;
    await create(name, runtime, 'index.handler', { [file]: code }, { timeout: 1 });
    for (let round = 0; round < 2; round += 1) {
      const { requestId, payload } = await cloud.invoke(name);
      expect(payload).toEqual({ errorType, errorMessage: expect.stringContaining(message) });
      expect(payload.errorMessage).toContain(requestId);
    }
    expect((await cloud.logLines(name)).filter(line => line.startsWith('INIT_START'))).toHaveLength(2);
  });

  it('writes a log in JSON where the function asks for it', async () => {
    await create('js-json', 'nodejs20.x', 'index.handler', { 'index.js': 'exports.handler = async () => { console.warn("careful"); };' }, { json: true });
    const { requestId } = await cloud.invoke('js-json');
    const found = (await cloud.logLines('js-json')).map(line => JSON.parse(line));
    const number = expect.any(Number);
    const metrics = { durationMs: number, billedDurationMs: number, memorySizeMB: 128, maxMemoryUsedMB: number, initDurationMs: number };
    expect(found).toEqual([
      { time: expect.any(String), type: 'platform.initStart', record: expect.objectContaining({ initializationType: 'on-demand', functionName: 'js-json' }) },
      { time: expect.any(String), type: 'platform.start', record: expect.objectContaining({ requestId, version: '$LATEST' }) },
      { timestamp: expect.any(String), level: 'WARN', requestId, message: 'careful' },
      { time: expect.any(String), type: 'platform.report', record: expect.objectContaining({ requestId, status: 'success', metrics }) },
    ]);
  });

  it('writes in JSON what became of a request that failed', async () => {
    await create('js-json-exit', 'nodejs20.x', 'index.handler', { 'index.js': 'exports.handler = async () => process.exit(3);' }, { json: true });
    const { requestId } = await cloud.invoke('js-json-exit');
    const found = (await cloud.logLines('js-json-exit')).map(line => JSON.parse(line)).filter(({ type }) => /runtimeDone|report/.test(type));
    expect(found.map(({ type, record }) => [type, record.requestId, record.status, record.errorType])).toEqual([
      ['platform.runtimeDone', requestId, 'failure', 'Runtime.ExitError'], ['platform.report', requestId, 'failure', 'Runtime.ExitError'],
    ]);
  });

  it('names the code of a template index, whatever the handler is called', async () => {
    await cloud.createStack('inline', {
      Resources: {
        Inline: {
          Type: 'AWS::Lambda::Function',
          Properties: { FunctionName: 'inline', Runtime: 'nodejs20.x', Handler: 'other.handler', Role: 'arn:aws:iam::000000000000:role/test', Code: { ZipFile: 'exports.handler = async () => 1;' } },
        },
      },
    });
    expect((await cloud.invoke('inline')).payload).toMatchObject({ errorType: 'Runtime.ImportModuleError' });
  });
});

describe('custom runtimes', () => {
  // The Runtime API's client in its shortest form.
  const BOOTSTRAP = `#!${process.execPath}
const api = 'http://' + process.env.AWS_LAMBDA_RUNTIME_API + '/2018-06-01/runtime/invocation/';
const post = (path, body) => fetch(api + path, { method: 'POST', body: JSON.stringify(body) });
(async () => {
  if (process.env.AWS_LAMBDA_FUNCTION_NAME === 'crashes') process.exit(7);
  for (;;) {
    const next = await fetch(api + 'next');
    const id = next.headers.get('lambda-runtime-aws-request-id');
    const event = await next.json();
    console.log('handling', event.n);
    if (event.fail) await post(id + '/error', { errorType: 'errorString', errorMessage: 'told to fail', stackTrace: [{ path: 'main.go', line: 7, label: 'handle' }] });
    else await post(id + '/response', { n: event.n, header: next.headers.get('lambda-runtime-trace-id'), endpoint: process.env.AWS_ENDPOINT_URL, daemon: process.env.AWS_XRAY_DAEMON_ADDRESS });
  }
})();
`;

  it('get the event, the trace header, and the addresses of cloud and daemon', async () => {
    await create('custom', 'provided.al2023', 'bootstrap', { bootstrap: BOOTSTRAP });
    const traceId = newTraceId();
    const { payload } = await cloud.invoke('custom', { n: 5 }, `Root=${traceId};Sampled=1`);
    expect(payload).toMatchObject({ n: 5, endpoint: cloud.cloud.endpoint, daemon: `127.0.0.1:${cloud.recorder.port}` });
    const ran = await cloud.recorder.until('the segment', () => cloud.recorder.trace(traceId).find(s => s.origin === 'AWS::Lambda::Function'));
    expect(payload.header).toContain(`Root=${traceId};Parent=${ran.id};Sampled=1`);
    expect(ran.subsegments!.map(s => s.name)).toEqual(['Initialization', 'Invocation', 'Overhead']);
    expect(await cloud.logLines('custom')).toContain('handling 5');
  });

  it('report their errors with the stack', async () => {
    const traceId = newTraceId();
    const { payload } = await cloud.invoke('custom', { fail: true }, `Root=${traceId};Sampled=1`);
    expect(payload).toMatchObject({ errorType: 'errorString', errorMessage: 'told to fail' });
    const ran = await cloud.recorder.until('the segment', () => cloud.recorder.trace(traceId).find(s => s.origin === 'AWS::Lambda::Function'));
    expect(ran).toMatchObject({ fault: true, cause: { exceptions: [{ type: 'errorString', stack: [{ path: 'main.go', line: 7, label: 'handle' }] }] } });
  });

  it('that do not start are reported as such', async () => {
    await create('crashes', 'provided.al2023', 'bootstrap', { bootstrap: BOOTSTRAP });
    expect((await cloud.invoke('crashes')).payload).toMatchObject({ errorType: 'Runtime.ExitError', errorMessage: expect.stringMatching(/Runtime exited with error: exit status 7$/) });
    await create('empty', 'provided.al2023', 'bootstrap', { 'readme.txt': '' });
    expect((await cloud.invoke('empty')).payload).toMatchObject({ errorType: 'Runtime.InvalidEntrypoint' });
  });
});
