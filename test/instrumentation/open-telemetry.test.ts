import * as fs from 'fs';
import * as path from 'path';
import { OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { FunctionHost, FunctionRun, PARENT, ROOT, RunOptions, SAMPLED, UNSAMPLED } from './function-process';
import { DecodedSpan, decodeSpans } from './otlp-spans';
import { Bundling, ContextMissing, Instrumentation, NodejsBundlingOptions, OpenTelemetryOptions, SdkDelivery, TracedFunctionProps } from '../../lib';
import { bundle, bundlingError } from '../packages';
import { projectFolder, tracedFunction } from '../test-app';

const NODE_MODULES = path.join(__dirname, '..', '..', 'node_modules');
const TRACE = ROOT.slice(2).replace('-', '');
const INTERNAL = 1;
const CLIENT = 3;

const entry = (name: string, options: NodejsBundlingOptions = {}, instrumentation: OpenTelemetryOptions = {}): TracedFunctionProps => ({
  entry: path.join(__dirname, 'fixtures', name), bundling: Bundling.nodejs(options), instrumentation: Instrumentation.openTelemetry(instrumentation),
});
const esm: NodejsBundlingOptions = { format: OutputFormat.ESM };
const external: NodejsBundlingOptions = { externalModules: ['@aws-sdk/*', '@smithy/*'] };

let host: FunctionHost;
let packages: Record<string, string>;

beforeAll(async () => {
  host = await FunctionHost.start();
  packages = bundle({
    Calls: entry('calls.ts'),
    CallsEsm: entry('calls.ts', esm),
    CallsExternal: entry('calls.ts', external),
    CallsExternalEsm: entry('calls.ts', { ...external, ...esm }),
    CallsMinified: entry('calls.ts', { minify: true }),
    Failures: entry('failures.ts'),
    Streams: entry('streams.ts'),
    NamedImports: entry('named-imports.mts', esm),
    SeveralCopies: entry('several-copies.ts'),
    AtLoad: entry('at-load.mts', esm),
    DefaultFunction: entry('exports-default-function.ts'),
    OwnSpans: entry('own-spans.ts'),
    OwnSpansEsm: entry('own-spans.ts', esm),
    OwnSpansMinified: entry('own-spans.ts', { minify: true }),
    OwnSpansExternal: entry('own-spans.ts', { externalModules: ['@opentelemetry/*'] }),
    NoAwsSdk: entry('calls.ts', {}, { captureAwsSdk: false }),
    NoHttp: entry('calls.ts', {}, { captureHttp: false }),
    NoFetch: entry('calls.ts', {}, { captureFetch: false }),
    Annotated: entry('calls.ts', {}, { captureColdStart: true, captureResponse: true }),
    Fail: entry('calls.ts', {}, { contextMissing: ContextMissing.RUNTIME_ERROR }),
    Concurrent: entry('concurrent.ts'),
  });
});
afterAll(async () => host.stop());

interface SpanRun extends FunctionRun {
  readonly spans: DecodedSpan[];
}

async function run(id: string, actions: string[], options: RunOptions = {}): Promise<SpanRun> {
  const seen = await host.run(packages[id], actions.map(action => ({ action, how: action })), {
    ...options, env: { ...options.env, ...(/External/.test(id) && { NODE_PATH: NODE_MODULES }) },
  });
  return { ...seen, spans: decodeSpans(seen.datagrams) };
}

const clientSpan = { traceId: TRACE, parentSpanId: PARENT, kind: CLIENT, scope: 'cdk-traced-function' };
const putItem = {
  ...clientSpan,
  name: 'DynamoDB.PutItem',
  attributes: {
    'rpc.system': 'aws-api', 'rpc.service': 'DynamoDB', 'rpc.method': 'PutItem', 'db.system': 'dynamodb', 'aws.region': 'eu-west-1',
    'aws.dynamodb.table_names': ['items'], 'aws.request_id': 'REQUEST', 'http.status_code': 200, 'http.response_content_length': 2,
  },
  resource: {
    'service.name': 'function', 'faas.name': 'function', 'cloud.provider': 'aws', 'cloud.platform': 'aws_lambda', 'cloud.region': 'eu-west-1',
    'telemetry.sdk.name': 'cdk-traced-function', 'telemetry.sdk.language': 'nodejs',
  },
};
const headerOf = ({ spanId }: DecodedSpan, sampled = 1) => `Root=${ROOT};Parent=${spanId};Sampled=${sampled}`;
const names = (spans: DecodedSpan[]) => spans.map(span => span.name).sort();
const byName = (spans: DecodedSpan[], name: string) => spans.find(span => span.name === name)!;

describe.each(['Calls', 'CallsEsm', 'CallsExternal', 'CallsExternalEsm', 'CallsMinified'])('%s', id => {
  test('records AWS clients made at load and in the handler, one datagram for each invocation', async () => {
    const seen = await run(id, ['clientAtLoad', 'clientInHandler', 'sendWithCallback', 'parallel']);
    expect(seen.results).toEqual([{ value: 200 }, { value: 200 }, { value: 200 }, { value: 4 }]);
    expect(seen.datagrams).toHaveLength(4);
    expect(seen.spans.slice(0, 3)).toMatchObject([putItem, putItem, putItem]);
    expect(names(seen.spans.slice(3))).toEqual(['DynamoDB.PutItem', 'DynamoDB.PutItem', 'GET', 'GET']);
    expect(seen.spans.slice(3)).toMatchObject(Array(4).fill(clientSpan));
    expect(seen.requests.slice(0, 3).map(request => request.headers['x-amzn-trace-id'])).toEqual(seen.spans.slice(0, 3).map(span => headerOf(span)));
    expect(seen.log).toEqual([]);
  });
});

test('times are those of the call, and in nanoseconds', async () => {
  const before = Date.now();
  const { spans: [span] } = await run('Calls', ['clientAtLoad']);
  expect(span.start).toBeGreaterThanOrEqual(before - 1);
  expect(span.end).toBeGreaterThan(span.start);
  expect(span.end).toBeLessThanOrEqual(Date.now() + 1);
});

test('Lambda\'s lineage goes along to AWS services', async () => {
  const { requests, spans } = await run('Calls', ['clientAtLoad'], { traceIds: [`${SAMPLED};Lineage=1:a87bd80c:0`] });
  expect(requests[0].headers['x-amzn-trace-id']).toBe(`${headerOf(spans[0])};Lineage=1:a87bd80c:0`);
});

test('errors and throttles of AWS services are marked', async () => {
  const { spans } = await run('Calls', ['throttled', 'conditional']);
  expect(spans).toMatchObject([
    {
      status: { code: 2 }, attributes: { 'http.status_code': 400, 'http.request.resend_count': 1, 'aws.dynamodb.table_names': ['throttled'] },
      events: [{ name: 'exception', attributes: { 'exception.type': 'ProvisionedThroughputExceededException' } }],
    },
    { status: { code: 2, message: expect.stringContaining('ConditionalCheckFailed') }, attributes: { 'http.status_code': 400, 'aws.request_id': 'REQUEST' } },
  ]);
});

test('every copy and version of a client is recorded', async () => {
  const { spans } = await run('SeveralCopies', ['none']);
  expect(spans.map(({ name, attributes }) => [name, attributes['aws.dynamodb.table_names']?.[0] ?? attributes['aws.sqs.queue.url'].split('/').pop()])).toEqual([
    ['DynamoDB.GetItem', 'items'], ['DynamoDB.GetItem', 'items'], ['DynamoDB.GetItem', 'items'], ['SQS.SendMessage', 'queue'], ['SQS.SendMessage', 'queue'],
  ]);
});

describe('calls with HTTP', () => {
  test('are recorded with their method, address without query, status and length', async () => {
    const seen = await run('Calls', ['fetch', 'fetchPost', 'http']);
    const web = host.services.url;
    expect(seen.results).toEqual([{ value: 'answer' }, { value: 201 }, { value: 404 }]);
    expect(seen.spans).toMatchObject([
      { ...clientSpan, name: 'GET', attributes: { 'http.method': 'GET', 'http.url': `${web}/status/200`, 'http.status_code': 200, 'http.response_content_length': 6 } },
      { ...clientSpan, name: 'POST', attributes: { 'http.url': `${web}/status/201`, 'http.status_code': 201 } },
      { ...clientSpan, name: 'GET', attributes: { 'http.url': `${web}/status/404`, 'http.status_code': 404 }, status: { code: 2 } },
    ]);
    expect(JSON.stringify(seen.spans)).not.toContain('secret');
  });

  test('carry the trace on, in X-Ray\'s header and in W3C\'s', async () => {
    const { spans, requests } = await run('Calls', ['fetch', 'http']);
    expect(requests.map(({ headers }) => [headers['x-amzn-trace-id'], headers.traceparent])).toEqual(spans.map(span => [headerOf(span), `00-${TRACE}-${span.spanId}-01`]));
  });

  test('that get no answer are errors with their exception', async () => {
    const { results, spans } = await run('Calls', ['fetchRefused', 'httpRefused']);
    expect(results).toEqual([{ value: 'ECONNREFUSED' }, { value: 'ECONNREFUSED' }]);
    expect(spans).toMatchObject(Array(2).fill({ status: { code: 2 }, events: [{ attributes: { 'exception.message': expect.stringContaining('ECONNREFUSED') } }] }));
  });

  test('by named imports of an ES module are recorded', async () => {
    const { results, spans } = await run('NamedImports', ['none']);
    expect(results).toEqual([{ value: ['awaited at the top level', 'ECONNREFUSED', 200] }]);
    expect(spans.map(span => span.attributes['http.url'])).toEqual(['https://127.0.0.1:1/', `${host.services.url}/status/200`]);
  });

  test('with a trace header of the handler\'s own are left alone', async () => {
    const { datagrams, requests } = await run('Calls', ['fetchAlreadyTraced']);
    expect([datagrams, requests[0].headers['x-amzn-trace-id']]).toEqual([[], 'Root=own']);
  });
});

describe('a request that is not sampled', () => {
  test('sends no datagram, and says so downstream', async () => {
    const { results, datagrams, requests } = await run('Calls', ['clientAtLoad', 'fetch', 'http'], { traceIds: [UNSAMPLED, UNSAMPLED, UNSAMPLED] });
    expect([results, datagrams]).toEqual([[{ value: 200 }, { value: 'answer' }, { value: 404 }], []]);
    expect(requests.map(request => request.headers['x-amzn-trace-id'])).toEqual([UNSAMPLED, UNSAMPLED, UNSAMPLED]);
  });

  test('has spans of the handler that are not recorded', async () => {
    const { results, datagrams } = await run('OwnSpans', ['everything', 'nested', 'lookAtHandler'], { traceIds: [UNSAMPLED, UNSAMPLED, UNSAMPLED] });
    expect([results, datagrams]).toEqual([[{ value: [false, 0] }, { value: true }, { value: PARENT }], []]);
  });

  test('and one with the root alone, or with a header that is none, send nothing and complain of nothing', async () => {
    const seen = await run('OwnSpans', ['nested', 'everything'], { traceIds: [`Root=${ROOT}`, 'nonsense'] });
    expect([seen.results.map(result => result.error), seen.datagrams, seen.log]).toEqual([[undefined, undefined], [], []]);
  });
});

describe('the handler', () => {
  test.each([
    ['throws', 'OwnError: thrown', 'OwnError', 'thrown'],
    ['rejects', 'OwnError: rejected', 'OwnError', 'rejected'],
    ['callsBackError', 'OwnError: called back', 'OwnError', 'called back'],
    ['rejectsText', 'undefined: a text', 'string', 'a text'],
    ['rejectsNothing', 'undefined: undefined', 'Error', 'undefined'],
  ])('that %s is recorded with its exception, which reaches Lambda as it was', async (how, error, type, message) => {
    const { results, spans } = await run('Failures', [how]);
    expect(results).toEqual([{ error }]);
    expect(spans).toMatchObject([{
      name: '## index.handler', kind: INTERNAL, traceId: TRACE, parentSpanId: PARENT, status: { code: 2, message },
      events: [{ name: 'exception', attributes: { 'exception.type': type, 'exception.message': message } }],
    }]);
  });

  test.each(['returns', 'callsBackValue'])('that %s a value sends nothing of itself', async how => {
    expect((await run('Failures', [how])).datagrams).toEqual([]);
  });

  test('may stream, and be a default export', async () => {
    const streamed = await host.run(packages.Streams, [{}, { fail: true }]);
    expect(streamed.results).toEqual([{ value: 'first request' }, { error: 'RangeError: in the stream' }]);
    expect(names(decodeSpans(streamed.datagrams))).toEqual(['## index.handler', 'GET', 'GET']);
    expect(names((await run('DefaultFunction', ['none'])).spans)).toEqual(['GET']);
  });

  test('is annotated with what was chosen, and its calls hang under it', async () => {
    const { spans } = await run('Annotated', ['clientAtLoad', 'clientAtLoad'], { env: { CDK_TRACED_FUNCTION_ANNOTATIONS: '{"service":"orders"}' } });
    const handlers = spans.filter(span => span.name === '## index.handler');
    expect(handlers.map(span => span.attributes)).toEqual([true, false].map(ColdStart => ({ 'service': 'orders', ColdStart, 'aws.xray.annotations': ['service', 'ColdStart'], 'response': 200 })));
    expect(spans.filter(span => span.kind === CLIENT).map(span => span.parentSpanId)).toEqual(handlers.map(span => span.spanId));
  });
});

describe.each(['OwnSpans', 'OwnSpansEsm', 'OwnSpansMinified', 'OwnSpansExternal'])('%s: spans of the OpenTelemetry API', id => {
  test('are part of the trace, and calls hang under them', async () => {
    const { results, spans, requests } = await run(id, ['nested']);
    expect(results).toEqual([{ value: true }]);
    const [call, web, inner, outer] = spans;
    expect(spans.map(span => [span.name, span.parentSpanId])).toEqual([
      ['DynamoDB.GetItem', inner.spanId], ['GET', inner.spanId], ['inner', outer.spanId], ['outer', PARENT],
    ]);
    expect(spans.map(span => span.scope)).toEqual(['cdk-traced-function', 'cdk-traced-function', 'own@1.2.3', 'own@1.2.3']);
    expect(requests.map(request => request.headers['x-amzn-trace-id'])).toEqual([headerOf(call), headerOf(web)]);
  });
});

describe('spans of the OpenTelemetry API', () => {
  test('keep apart what runs at the same time', async () => {
    const { spans } = await run('OwnSpans', ['parallel']);
    expect(spans).toHaveLength(9);
    for (const name of ['one', 'two', 'three']) {
      const children = spans.filter(span => span.parentSpanId === byName(spans, name).spanId);
      expect(children.map(span => span.attributes['aws.dynamodb.table_names']?.[0] ?? span.name)).toEqual([name, 'GET']);
    }
  });

  test('carry everything that the API has', async () => {
    const { results, spans } = await run('OwnSpans', ['everything']);
    expect(results).toEqual([{ value: [false, 1] }]);
    expect(spans).toHaveLength(1);
    const link = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
    expect(spans[0]).toMatchObject({
      name: 'second name', kind: 4, start: 1_700_000_000_123, end: 1_700_000_000_500, status: { code: 2, message: 'status' }, links: [link, link],
      events: [
        { name: 'event', attributes: { key: 'value' } }, { name: 'no attributes', attributes: {} },
        { name: 'exception', attributes: { 'exception.type': 'RangeError', 'exception.message': 'recorded', 'exception.stacktrace': expect.stringContaining('RangeError: recorded') } },
      ],
    });
    expect(spans[0].attributes).toEqual({
      'text': 'ä€😀', 'integer': 42, 'negative': -7, 'large': 2 ** 40, 'half': 0.5, 'yes': true, 'list': ['a', 'b'], 'numbers': [1, 2.5], 'added': 'later',
      'aws.xray.annotations': ['text', 'integer'],
    });
  });

  test('let the handler\'s own span be annotated: then all calls hang under it', async () => {
    const { spans } = await run('OwnSpans', ['annotateHandler']);
    const handler = byName(spans, '## index.handler');
    expect(handler).toMatchObject({ parentSpanId: PARENT, attributes: { 'user': 'u1', 'aws.xray.annotations': ['user'] } });
    expect(spans.filter(span => span !== handler).map(span => span.parentSpanId)).toEqual([handler.spanId, handler.spanId]);
  });

  test('send the handler\'s own span when its id was asked for', async () => {
    const { results, spans } = await run('OwnSpans', ['lookAtHandler']);
    expect(spans).toMatchObject([{ name: '## index.handler', spanId: results[0].value }]);
  });

  test('reach callbacks by context.bind, and other processes by propagation', async () => {
    const { results, spans } = await run('OwnSpans', ['callbacks', 'propagated']);
    expect(byName(spans, 'in the callback').parentSpanId).toBe(byName(spans, 'bound').spanId);
    const [spanId, carrier, fields] = results[1].value;
    expect(carrier).toEqual({ 'X-Amzn-Trace-Id': `Root=${ROOT};Parent=${spanId};Sampled=1`, 'traceparent': `00-${TRACE}-${spanId}-01` });
    expect(fields).toEqual(['X-Amzn-Trace-Id', 'traceparent']);
  });

  test('continue the trace of a message, and begin one of their own', async () => {
    const { spans, requests } = await run('OwnSpans', ['remoteParent', 'rootSpan']);
    const message = byName(spans, 'of the message');
    expect(message).toMatchObject({ traceId: '11111111222222222222222222222222', parentSpanId: '3333333333333333' });
    expect(byName(spans, 'DynamoDB.GetItem')).toMatchObject({ traceId: message.traceId, parentSpanId: message.spanId });
    expect(requests[0].headers['x-amzn-trace-id']).toMatch(/^Root=1-11111111-222222222222222222222222;/);
    const own = byName(spans, 'another trace');
    expect([own.parentSpanId, own.traceId === TRACE, own.traceId.length]).toEqual([undefined, false, 32]);
  });

  test('that end after the response are sent then', async () => {
    const { datagrams, spans } = await run('OwnSpans', ['endsLater', 'waits']);
    expect([datagrams.length, spans]).toEqual([1, [expect.objectContaining({ name: 'ends later', traceId: TRACE, parentSpanId: PARENT })]]);
  });

  test('of a handler that throws show the exception on the handler', async () => {
    const { results, spans } = await run('OwnSpans', ['throwsInSpan']);
    expect(results).toEqual([{ error: 'TypeError: in the span' }]);
    expect(spans).toMatchObject([{ name: '## index.handler', events: [{ attributes: { 'exception.type': 'TypeError' } }] }]);
  });

  test('that are many go in several datagrams, none larger than 60 kB, and none is lost', async () => {
    const { datagrams, spans } = await run('OwnSpans', ['many']);
    expect(datagrams.length).toBeGreaterThan(3);
    expect(spans.map(span => span.name)).toEqual(Array.from({ length: 250 }, (_, i) => `span ${i}`));
  });

  test('that are large are cut, one that stays too large is told of, and the next is sent', async () => {
    const seen = await run('OwnSpans', ['large', 'tooLarge', 'circular']);
    expect(seen.results).toEqual([{ value: 'done' }, { value: 'done' }, { value: 'done' }]);
    expect(names(seen.spans)).toEqual(['circular', 'large', 'small']);
    expect(byName(seen.spans, 'large').attributes).toEqual({ text: 'x'.repeat(4_096), short: 'kept' });
    expect(byName(seen.spans, 'circular').attributes).toMatchObject({ value: { name: 'circular', self: { name: 'circular' } }, nothing: null, bytes: 'AB' });
    expect(seen.log).toEqual([expect.stringMatching(/^cdk-traced-function: the span 'too large' is lost, it is too large to send \(\d+ bytes\)$/)]);
  });
});

test('a span that cannot be read is told of, and leaves nothing in the next', async () => {
  const { results, datagrams, log } = await run('OwnSpans', ['unreadable', 'circular']);
  expect(results).toEqual([{ value: 'done' }, { value: 'done' }]);
  expect(names(decodeSpans(datagrams))).toEqual(['circular']);
  expect(log).toEqual(['cdk-traced-function: spans are lost (not to be read)']);
});

test('requests that run at the same time in one environment keep their traces apart', async () => {
  const { results, datagrams } = await host.run(packages.Concurrent, [{}], { env: { AWS_LAMBDA_MAX_CONCURRENCY: '10' } });
  const spans = decodeSpans(datagrams);
  expect(spans).toHaveLength(20);
  expect(results[0].value).toHaveLength(10);
  for (const { traceId, parentId, table } of results[0].value) {
    const own = spans.filter(span => span.traceId === traceId);
    expect(own.map(span => [span.parentSpanId, span.attributes['aws.dynamodb.table_names']?.[0] ?? span.name])).toEqual([[parentId, table], [parentId, 'GET']]);
  }
});

test('the trace comes from the invoke store, then from the context, then from the environment', async () => {
  const { results, spans } = await run('OwnSpans', ['everything', 'everything', 'everything'], { env: { TEST_TRACE_SOURCES: '1' } });
  expect(results.map(result => result.error)).toEqual([undefined, undefined, undefined]);
  expect(spans.map(span => span.parentSpanId)).toEqual(['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb', PARENT]);
});

test.each([['NoAwsSdk', ['GET', 'GET']], ['NoHttp', ['DynamoDB.PutItem', 'GET']], ['NoFetch', ['DynamoDB.PutItem', 'GET']]])(
  '%s: what is not wanted is not recorded', async (id, expected) => {
    const { results, spans } = await run(id, ['clientAtLoad', 'fetch', 'http']);
    expect(results).toEqual([{ value: 200 }, { value: 'answer' }, { value: 404 }]);
    expect(names(spans)).toEqual(expected);
  });

describe('a call outside of an invocation', () => {
  test('works, is not recorded, and is told of in one line', async () => {
    const seen = await run('AtLoad', ['none', 'none']);
    expect(seen.results).toEqual([{ value: 'loaded' }, { value: 'loaded' }]);
    expect(names(seen.spans)).toEqual(['DynamoDB.GetItem', 'DynamoDB.GetItem']);
    expect(seen.log).toEqual(['cdk-traced-function: a call outside of an invocation is not traced']);
  });

  test('is told of in no line when the environment says so', async () => {
    expect((await run('AtLoad', ['none'], { env: { AWS_XRAY_CONTEXT_MISSING: 'IGNORE_ERROR' } })).log).toEqual([]);
    await expect(run('AtLoad', ['none'], { env: { AWS_XRAY_CONTEXT_MISSING: 'RUNTIME_ERROR' } })).rejects.toThrow('a call outside of an invocation cannot be traced');
  });
});

test.each([
  ['refuses', '127.0.0.1:1'], ['has an address that is none', '127.0.0.1:0'], ['has a port that is none', 'udp:127.0.0.1:port tcp:127.0.0.1:1'],
  ['has a name that does not resolve', `${'x'.repeat(64)}:2000`],
])(
  'a daemon that %s changes nothing but for one line in the log', async (_, address) => {
    const actions = ['clientAtLoad', 'fetch', 'http', 'clientAtLoad', 'parallel'];
    const expected = await run('Calls', actions);
    const seen = await run('Calls', actions, { env: { AWS_XRAY_DAEMON_ADDRESS: address } });
    expect(seen.results).toEqual(expected.results);
    expect(seen.log).toEqual([expect.stringMatching(/^cdk-traced-function: (?:the X-Ray daemon at .* cannot be reached \(.*\); the function runs on without traces|AWS_XRAY_DAEMON_ADDRESS is not .*)$/)]);
  });

test('the X-Ray SDK\'s form of the daemon\'s address is understood', async () => {
  const { spans } = await run('Calls', ['clientAtLoad'], { env: { AWS_XRAY_DAEMON_ADDRESS: `tcp:127.0.0.1:1 udp:${host.daemonAddress}` } });
  expect(spans).toHaveLength(1);
});

describe('the OpenTelemetry API', () => {
  const SOURCE = `const { trace } = require('@opentelemetry/api');
    exports.handler = async () => { trace.getTracer('own').startSpan('mine').end(); return 'done'; };`;
  const openTelemetry = { instrumentation: Instrumentation.openTelemetry() };

  test('is in a package only when the handler has it', () => {
    const code = (id: string) => fs.readFileSync(path.join(packages[id], 'index.js'), 'utf8');
    expect([code('Calls'), code('OwnSpans')].map(text => text.includes('opentelemetry.js.api'))).toEqual([false, true]);
    expect(code('OwnSpansExternal')).not.toContain('opentelemetry.js.api');
  });

  test('comes with this library when the project has none', async () => {
    const folder = projectFolder({ 'package.json': '{}', 'f.js': SOURCE });
    const { datagrams } = await host.run(bundle({ Function: { entry: path.join(folder, 'f.js'), ...openTelemetry } }).Function, [{}]);
    expect(names(decodeSpans(datagrams))).toEqual(['mine']);
  });

  test('is the project\'s own when it has one, of whatever version, and the copies of its libraries join in too', async () => {
    const folder = projectFolder({
      'package.json': '{}',
      'f.js': `${SOURCE}\nconst library = require('library'); const { handler } = exports; exports.handler = async () => { library.work(); return handler(); };`,
      'node_modules/library/index.js': "exports.work = () => require('@opentelemetry/api').trace.getTracer('library').startSpan('of a library').end();",
    });
    const api = path.resolve(require.resolve('@opentelemetry/api'), '../../..');
    for (const [target, version] of [['node_modules/@opentelemetry/api', '1.30.0'], ['node_modules/library/node_modules/@opentelemetry/api', '1.4.0']]) {
      fs.cpSync(api, path.join(folder, target), { recursive: true });
      for (const format of ['esm', 'src']) {
        const file = path.join(folder, target, 'build', format, 'version.js');
        fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(/'1\.\d+\.\d+'/, `'${version}'`));
      }
    }
    const output = bundle({ Function: { entry: path.join(folder, 'f.js'), ...openTelemetry } }).Function;
    expect(fs.readFileSync(path.join(output, 'index.js'), 'utf8')).toMatch(/1\.30\.0[\s\S]*1\.4\.0|1\.4\.0[\s\S]*1\.30\.0/);
    const { datagrams, log } = await host.run(output, [{}]);
    expect(names(decodeSpans(datagrams))).toEqual(['mine', 'of a library']);
    expect(log).toEqual([]);
  });
});

describe('fails with the construct\'s path', () => {
  const openTelemetry = (props: Partial<TracedFunctionProps>) => () => tracedFunction({ instrumentation: Instrumentation.openTelemetry(), ...props });

  test.each<[string, Partial<TracedFunctionProps>, RegExp]>([
    ['a shared layer', { sdkDelivery: SdkDelivery.sharedLayer() }, /SdkDelivery\.sharedLayer\(\) cannot take Instrumentation\.openTelemetry\(\)/],
  ])('on %s', (_, props, message) => {
    expect(openTelemetry(props)).toThrow(message);
    expect(openTelemetry(props)).toThrow(/^TracedFunction 'Stack\/Function': /);
  });

  test('on a handler that calls the X-Ray SDK, which would record everything twice', () => {
    const folder = projectFolder({
      'package.json': '{}', 'f.js': "require('aws-xray-sdk-core'); exports.handler = async () => {};", 'node_modules/aws-xray-sdk-core/index.js': '',
    });
    const error = bundlingError({ Function: { entry: path.join(folder, 'f.js'), instrumentation: Instrumentation.openTelemetry() } });
    expect(error).toMatch(/cannot bundle 'Stack\/Function': '.*f\.js', or something that it imports, uses aws-xray-sdk-core, .*; make its subsegments with/);
  });
});
