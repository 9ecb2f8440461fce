import { CreateFunctionCommand, PublishLayerVersionCommand, UpdateFunctionCodeCommand } from '@aws-sdk/client-lambda';
import { strToU8, zipSync, type Zippable } from 'fflate';
import { newTraceId, TestCloud } from './test-cloud';

jest.setTimeout(120_000);

let cloud: TestCloud;
beforeAll(async () => { cloud = await TestCloud.start(); });
afterAll(async () => cloud.close());

type Files = Record<string, string>;

function zip(files: Files): Uint8Array {
  const executable = { os: 3, attrs: 0o100755 << 16 } as const;
  return zipSync(Object.fromEntries(Object.entries(files).map(([path, text]) => [path, [strToU8(text), executable]])) as Zippable);
}

async function create(name: string, runtime: string, handler: string, files: Files, options: { layers?: string[] } = {}): Promise<void> {
  await cloud.lambda.send(new CreateFunctionCommand({
    FunctionName: name, Runtime: runtime as never, Handler: handler, Role: 'arn:aws:iam::000000000000:role/test', Code: { ZipFile: zip(files) },
    TracingConfig: { Mode: 'Active' }, Timeout: 10, Layers: options.layers,
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
      expect.stringMatching(new RegExp(`^\\S+\\t${requestId}\\tWARN\\ta\\rb 1$`)),
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
      '[ERROR] KeyError: \'k\'\nTraceback (most recent call last):\n  File "/var/task/app.py", line 5, in handler\n    raise KeyError("k")',
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
