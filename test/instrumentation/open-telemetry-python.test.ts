import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { FunctionHost, FunctionRun, PARENT, ROOT, RunOptions, UNSAMPLED } from './function-process';
import { DecodedSpan, decodeSpans } from './otlp-spans';
import { Instrumentation, PythonDependencies, Bundling, SdkDelivery, TracedFunctionProps } from '../../lib';
import { bundlePythonCaptureLayer } from '../../lib/private/runner/python/capture-layer';
import { installBoto3, LOCAL_PYTHON } from '../local-python';
import { bundle, bundlingError } from '../packages';
import { projectFolder, PYTHON_ENTRY, temporaryFolder, tracedFunction } from '../test-app';

jest.setTimeout(300_000);

const TRACE = ROOT.slice(2).replace('-', '');
const INTERNAL = 1;
const PRODUCER = 4;
const CLIENT = 3;

const FIXTURES = path.join(__dirname, 'fixtures', 'python');

const python = (name: string, requirements: string, more: Partial<TracedFunctionProps> = {}): TracedFunctionProps => ({
  entry: projectFolder({ [name]: fs.readFileSync(path.join(FIXTURES, name), 'utf8'), 'requirements.txt': requirements }),
  handler: `${path.parse(name).name}.handler`,
  instrumentation: Instrumentation.openTelemetry(),
  ...LOCAL_PYTHON,
  ...more,
});

const CLIENTS = 'requests==2.32.5\nhttpx==0.28.1\n';

let host: FunctionHost;
let packages: Record<string, string>;
let runtimeModules: string;

beforeAll(async () => {
  host = await FunctionHost.start();
  runtimeModules = installBoto3(temporaryFolder());
  packages = bundle({
    Calls: python('handler.py', CLIENTS),
    Plain: python('handler.py', CLIENTS, { instrumentation: Instrumentation.none() }),
    XRaySdk: python('handler.py', CLIENTS, { instrumentation: Instrumentation.xraySdk() }),
    OwnSpans: python('own_spans.py', 'opentelemetry-api==1.38.0\n'),
    Layered: python('own_spans.py', 'opentelemetry-api==1.38.0\n', { bundling: Bundling.python({ dependencies: PythonDependencies.ownLayer() }) }),
  });
});
afterAll(async () => host.stop());

interface SpanRun extends FunctionRun {
  readonly spans: DecodedSpan[];
}

/** Runs the handler with each action in turn. The folder of a layer comes before what the runtime has. */
async function run(id: string, actions: string[], options: RunOptions & { layer?: string } = {}): Promise<SpanRun> {
  const seen = await runAny(id, actions, options);
  return { ...seen, spans: decodeSpans(seen.datagrams) };
}

async function runAny(id: string, actions: string[], { layer, ...options }: RunOptions & { layer?: string }): Promise<FunctionRun> {
  const PYTHONPATH = [packages[id], ...layer ? [path.join(layer, 'python')] : [], runtimeModules].join(path.delimiter);
  return host.runPython(packages[id], actions.map(action => ({ action })), { ...options, env: { PYTHONPATH, ...options.env } });
}

const header = (span: DecodedSpan) => `Root=${ROOT};Parent=${span.spanId};Sampled=1`;
const traceparent = (span: DecodedSpan) => `00-${TRACE}-${span.spanId}-01`;

const putItem = {
  name: 'DynamoDB.PutItem', kind: CLIENT, traceId: TRACE, parentSpanId: PARENT, status: undefined, events: [],
  attributes: {
    'rpc.system': 'aws-api', 'rpc.service': 'DynamoDB', 'rpc.method': 'PutItem', 'db.system': 'dynamodb', 'aws.dynamodb.table_names': ['items'],
    'aws.region': 'eu-west-1', 'aws.request_id': 'REQUEST', 'http.status_code': 200, 'http.response_content_length': 2,
  },
};

describe('calls of AWS clients', () => {
  test('are spans that carry the trace on, also of a client made while the module loads', async () => {
    const { results, spans, requests, log } = await run('Calls', ['put_item']);
    expect([results, log]).toEqual([[{ value: 'stored' }], []]);
    expect(spans).toMatchObject([putItem]);
    expect(Object.keys(spans[0].attributes).sort()).toEqual(Object.keys(putItem.attributes).sort());
    expect(spans[0].scope).toBe('cdk-traced-function');
    expect(spans[0].resource).toEqual({
      'service.name': 'function', 'cloud.provider': 'aws', 'cloud.platform': 'aws_lambda', 'cloud.region': 'eu-west-1', 'faas.name': 'function',
      'telemetry.sdk.name': 'cdk-traced-function', 'telemetry.sdk.language': 'python',
    });
    expect(requests.map(({ headers }) => headers['x-amzn-trace-id'])).toEqual([header(spans[0])]);
  });

  test('say what they are about', async () => {
    const { spans, results } = await run('Calls', ['services']);
    expect(results).toEqual([{ value: null }]);
    expect(spans.map(({ name, attributes }) => [name, attributes])).toMatchObject([
      ['S3.GetObject', { 'aws.s3.bucket': 'bucket', 'aws.s3.key': 'folder/key', 'aws.extended_request_id': 'EXTENDED', 'http.response_content_length': 8 }],
      ['SQS.SendMessage', { 'aws.sqs.queue.url': expect.stringMatching(/\/queue$/) }],
      ['SNS.Publish', { 'aws.sns.topic.arn': 'arn:aws:sns:eu-west-1:123456789012:topic' }],
      ['DynamoDB.GetItem', { 'aws.dynamodb.table_names': ['items'] }],
    ]);
  });

  test('that fail say how, with their attempts', async () => {
    const { spans, results, requests } = await run('Calls', ['failures']);
    expect(results).toEqual([{ error: expect.stringMatching(/^InternalServerError: |^ClientError: /) }]);
    const calls = spans.filter(({ kind }) => kind === CLIENT);
    expect(calls.map(({ attributes, status }) => [attributes['aws.dynamodb.table_names'][0], attributes['http.status_code'], attributes['http.request.resend_count'], status?.code]))
      .toEqual([['throttled', 400, 1, 2], ['conditional', 400, undefined, 2], ['broken', 500, 1, 2]]);
    expect(calls.map(({ events }) => events[0].attributes['exception.type']))
      .toEqual(['ProvisionedThroughputExceededException', 'ConditionalCheckFailedException', 'InternalServerError']);
    expect(calls[2].events[0].attributes['exception.stacktrace']).toMatch(/^Traceback \(most recent call last\):\n[\s\S]*botocore/);
    // Each attempt carries the one span of the call.
    expect(requests.map(({ headers }) => headers['x-amzn-trace-id'])).toEqual([0, 0, 1, 2, 2].map(i => header(calls[i])));
  });

  test('in threads of the handler\'s own belong to the invocation', async () => {
    const { spans } = await run('Calls', ['in_threads']);
    expect(spans).toMatchObject([putItem, putItem, putItem, putItem]);
  });

  test('are sent before the handler returns, in packets that the daemon takes', async () => {
    const { spans, datagrams } = await run('Calls', ['many', 'plain']);
    expect(spans).toHaveLength(120);
    expect(datagrams.length).toBeGreaterThan(1);
  });
});

describe('calls over HTTP', () => {
  test('with urllib and requests are spans, without what a query may hold, and carry both headers', async () => {
    const { spans, results, requests } = await run('Calls', ['urls']);
    expect(results).toEqual([{ value: 'refused' }]);
    const url = host.services.url;
    expect(spans.map(({ name, kind, attributes, status }) => [name, kind, attributes['http.url'], attributes['http.status_code'], status?.code])).toEqual([
      ['GET', CLIENT, `${url}/status/200`, 200, undefined],
      ['GET', CLIENT, `${url}/status/404`, 404, 2],
      ['POST', CLIENT, `${url}/status/201`, 201, undefined],
      ['GET', CLIENT, 'http://127.0.0.1:1/nobody', undefined, 2],
    ]);
    expect(requests.map(({ headers }) => [headers['x-amzn-trace-id'], headers.traceparent])).toEqual(spans.slice(0, 3).map(span => [header(span), traceparent(span)]));
    expect(requests[1].headers['x-own']).toBe('1');
    expect(JSON.stringify(spans)).not.toContain('secret');
  });

  test('with httpx are, too', async () => {
    const { spans, results, requests } = await run('Calls', ['with_httpx']);
    expect(results).toEqual([{ value: [500, 200] }]);
    expect(spans.map(({ attributes, status }) => [attributes['http.url'], attributes['http.status_code'], status?.code])).toEqual([
      ['http://127.0.0.1:1/nobody', undefined, 2], [`${host.services.url}/status/500`, 500, 2], [`${host.services.url}/status/200`, 200, undefined],
    ]);
    expect(requests.map(({ headers }) => [headers['x-amzn-trace-id'], headers.traceparent])).toEqual(spans.slice(1).map(span => [header(span), traceparent(span)]));
  });
});

test('queries of sqlite3 are spans, without their text and values', async () => {
  const { spans, results } = await run('Calls', ['database']);
  expect(results).toEqual([{ value: 2 }]);
  expect(spans.map(({ name, attributes, status }) => [name, attributes, status?.code])).toEqual([
    ['CREATE', { 'db.system': 'sqlite', 'db.name': ':memory:' }, undefined],
    ['INSERT', { 'db.system': 'sqlite', 'db.name': ':memory:' }, undefined],
    ['SELECT', { 'db.system': 'sqlite', 'db.name': ':memory:' }, 2],
    ['SELECT', { 'db.system': 'sqlite', 'db.name': ':memory:' }, undefined],
  ]);
  expect(JSON.stringify(spans)).not.toContain('private');
});

test('an error of the handler is recorded beside its calls', async () => {
  const { spans, results } = await run('Calls', ['raises']);
  expect(results).toEqual([{ error: 'ValueError: no such game' }]);
  expect(spans).toMatchObject([{
    name: '## handler.handler', kind: INTERNAL, parentSpanId: PARENT, status: { code: 2, message: 'no such game' },
    events: [{ name: 'exception', attributes: { 'exception.type': 'ValueError', 'exception.message': 'no such game' } }],
  }]);
});

test('a request that is not sampled sends no packet, and its decision goes on', async () => {
  const { datagrams, requests, results } = await run('Calls', ['put_item', 'urls', 'raises', 'database'], { traceIds: [UNSAMPLED, UNSAMPLED, UNSAMPLED, UNSAMPLED] });
  expect([datagrams, results[0]]).toEqual([[], { value: 'stored' }]);
  expect([...new Set(requests.map(({ headers }) => headers['x-amzn-trace-id']))]).toEqual([UNSAMPLED]);
  expect(requests[1].headers.traceparent).toBe(`00-${TRACE}-${PARENT}-00`);
});

test.each([[null], ['Root=1-5759e988-bd862e3fe1be46a994272793'], ['nonsense']])('the trace header %j starts nothing, and is no reason to complain', async traceId => {
  const { datagrams, results, log } = await run('Calls', ['put_item', 'raises'], { traceIds: [traceId, traceId] });
  expect([datagrams, results[0], log]).toEqual([[], { value: 'stored' }, []]);
});

describe('spans of the handler\'s own', () => {
  test.each(['OwnSpans', 'Layered'])('%s: are part of the trace, with what is called in them below', async id => {
    const { spans, log } = await run(id, ['nested'], { layer: packages[`${id}Dependencies`] });
    expect(log).toEqual([]);
    const [put, decorated, get, outer, manual] = ['DynamoDB.PutItem', 'decorated', 'GET', 'outer', 'manual'].map(name => spans.find(span => span.name === name)!);
    expect(outer).toMatchObject({
      name: 'outer', kind: INTERNAL, parentSpanId: PARENT, scope: 'games@1.2.3', events: [{ name: 'moved', attributes: { to: 'e4' } }],
      attributes: { 'game': 'chess', 'moves': 3, 'aws.xray.annotations': ['game', 'moves'] },
    });
    expect(decorated).toMatchObject({ name: 'decorated', parentSpanId: outer.spanId });
    expect(put).toMatchObject({ ...putItem, parentSpanId: decorated.spanId });
    expect(get).toMatchObject({ name: 'GET', parentSpanId: outer.spanId });
    expect(manual).toMatchObject({ name: 'manual', kind: PRODUCER, parentSpanId: PARENT, status: { code: 2, message: 'too late' } });
    expect(spans).toHaveLength(5);
  });

  test('below one that the handler has used is all that it calls', async () => {
    const { spans } = await run('OwnSpans', ['root']);
    const [put, root] = spans;
    expect(root).toMatchObject({ name: '## own_spans.handler', parentSpanId: PARENT, attributes: { order: 7 } });
    expect(put).toMatchObject({ ...putItem, parentSpanId: root.spanId });
  });

  test('record the error that leaves them', async () => {
    const { spans, results } = await run('OwnSpans', ['fails']);
    expect(results).toEqual([{ error: 'ValueError: no such game' }]);
    expect(spans).toMatchObject([
      { name: 'outer', status: { code: 2, message: 'ValueError: no such game' }, events: [{ attributes: { 'exception.type': 'ValueError' } }] },
      { name: '## own_spans.handler', status: { code: 2 } },
    ]);
  });

  test('are handed on with both headers, and may belong to another trace', async () => {
    const { spans, results } = await run('OwnSpans', ['carriers']);
    const [other, sender] = spans;
    expect(results).toEqual([{ value: { 'X-Amzn-Trace-Id': header(sender), 'traceparent': traceparent(sender) } }]);
    expect(other).toMatchObject({ name: 'of another trace', traceId: '5759e988bd862e3fe1be46a994272799', parentSpanId: '53995c3f42cd8ad9' });
  });

  test('are not recorded when the request is not sampled', async () => {
    const { spans, results, requests } = await run('OwnSpans', ['nested', 'root', 'carriers'], { traceIds: [UNSAMPLED, UNSAMPLED, UNSAMPLED] });
    expect(spans.map(({ name }) => name)).toEqual(['of another trace']);
    expect(results[2].value).toEqual({ 'X-Amzn-Trace-Id': UNSAMPLED, 'traceparent': `00-${TRACE}-${PARENT}-00` });
    expect(new Set(requests.map(({ headers }) => headers['x-amzn-trace-id']))).toEqual(new Set([UNSAMPLED]));
  });

  test('that are too large are cut, and many are split over packets', async () => {
    const { spans, datagrams } = await run('OwnSpans', ['large']);
    expect(spans.filter(({ name }) => name === 'large').map(({ attributes }) => [attributes.text.length, attributes.short])).toEqual([[4_096, 'kept']]);
    expect(spans.filter(({ name }) => name === 'medium')).toHaveLength(30);
    expect(datagrams.length).toBeGreaterThan(2);
  });

  test('may hold values of any kind; one that cannot be written is told of, and the handler goes on', async () => {
    const { spans, results, log } = await run('OwnSpans', ['odd_values']);
    expect(results).toEqual([{ value: 'done' }]);
    expect(spans).toMatchObject([{ attributes: { number: String(2n ** 70n), negative: -5, half: 0.5, yes: true, list: ['a', 1, null, { b: '?' }] } }]);
    expect(log).toEqual(['cdk-traced-function: the span \'broken\' is lost (RuntimeError: no text)']);
  });
});

describe.each(['Calls', 'XRaySdk'])('%s: without a daemon', id => {
  test.each([
    ['nobody listens', '127.0.0.1:1', /the X-Ray daemon at 127\.0\.0\.1:1 cannot be reached \(.*Connection refused\)/],
    ['nobody listens, in the SDK\'s other form', 'tcp:127.0.0.1:2 udp:127.0.0.1:1', /the X-Ray daemon at 127\.0\.0\.1:1 cannot be reached/],
    ['the name does not resolve', 'daemon.invalid:2000', /the X-Ray daemon at daemon\.invalid:2000 cannot be reached/],
  ])('the handler works where %s, and one line says so', async (_, address, message) => {
    const { results, log, requests } = await runAny(id, Array(5).fill('put_item'), { env: { AWS_XRAY_DAEMON_ADDRESS: address } });
    expect(results).toEqual(Array(5).fill({ value: 'stored' }));
    expect(requests).toHaveLength(5);
    expect(log).toEqual([expect.stringMatching(message)]);
  });
});

test('both forms of the daemon\'s address are understood', async () => {
  const { spans } = await run('Calls', ['put_item'], { env: { AWS_XRAY_DAEMON_ADDRESS: `tcp:127.0.0.1:1 udp:${host.daemonAddress}` } });
  expect(spans).toHaveLength(1);
});

test('an address that is none is told of, and the handler works', async () => {
  const { results, log } = await runAny('Calls', ['put_item', 'put_item'], { env: { AWS_XRAY_DAEMON_ADDRESS: 'nonsense' } });
  expect(results).toEqual([{ value: 'stored' }, { value: 'stored' }]);
  expect(log).toEqual([expect.stringMatching(/the X-Ray daemon at nonsense cannot be reached/)]);
});

test('the package holds the capture, and no SDK', () => {
  const names = fs.readdirSync(packages.Calls);
  expect(names).toContain('cdk_traced_function');
  expect(names.filter(name => /opentelemetry|aws_xray_sdk|wrapt/.test(name))).toEqual([]);
});

test('it imports nothing but what Lambda\'s runtime has imported, until a library is used', () => {
  const { entry } = python('handler.py', '');
  fs.writeFileSync(path.join(entry, 'handler.py'), 'def handler(event, context):\n    pass\n');
  const { Function: directory } = bundle({ Function: { ...python('handler.py', ''), entry } });
  const imported = execFileSync('python3', ['-B', '-c', 'import cdk_traced_function, sys; print(*sorted(sys.modules))'], {
    env: { ...process.env, PYTHONPATH: directory }, encoding: 'utf8',
  }).trim().split(' ');
  expect(imported.filter(name => /^(?:botocore|boto3|sqlite3|http\.client|urllib3|requests|opentelemetry|ssl|asyncio|email)/.test(name))).toEqual([]);
  expect(imported.filter(name => name.startsWith('cdk_traced_function.'))).toEqual([
    'bootstrap', 'daemon_socket', 'deadline', 'guard', 'handler_records', 'import_hooks', 'invocation', 'otlp', 'protobuf', 'redaction', 'settings', 'span', 'writer',
  ].map(name => `cdk_traced_function.${name}`));
});

test('what has no effect, or contradicts it, is refused', () => {
  const refused = (more: Partial<TracedFunctionProps>) => () => tracedFunction({
    entry: PYTHON_ENTRY, instrumentation: Instrumentation.openTelemetry(), ...more,
  });
  expect(refused({})).not.toThrow();
  expect(refused({ sdkDelivery: SdkDelivery.sharedLayer() })).toThrow(/SdkDelivery\.sharedLayer\(\) cannot take Instrumentation\.openTelemetry\(\)/);
  expect(refused({ instrumentation: Instrumentation.openTelemetry({ captureFetch: false }) })).toThrow(/option 'captureFetch' is supported for Node\.js only, but the entry is Python/);
});

test('requirements with the X-Ray SDK are refused, also those of a layer; without instrumentation they are the handler\'s own business', () => {
  const requirements = 'aws-xray-sdk==2.15.0\nwrapt==1.17.3\n';
  const layered = { bundling: Bundling.python({ dependencies: PythonDependencies.ownLayer() }) };
  const handler = (more: Partial<TracedFunctionProps>) => ({ ...python('handler.py', requirements), ...more });
  for (const more of [{}, layered]) {
    expect(bundlingError({ Function: handler(more) })).toMatch(/requires the X-Ray SDK \('aws-xray-sdk==2\.15\.0'\), and with Instrumentation\.openTelemetry\(\) both would record the same calls/);
  }
  const { Function: directory } = bundle({ Function: handler({ instrumentation: Instrumentation.none() }) });
  expect(fs.readdirSync(directory)).toEqual(expect.arrayContaining(['aws_xray_sdk', 'wrapt', 'handler.py']));
  expect(fs.readdirSync(directory)).not.toContain('cdk_traced_function');
});

test('a package that knows nothing of tracing is recorded by the shared layer as if TracedFunction had made it', async () => {
  const layer = temporaryFolder();
  await bundlePythonCaptureLayer({ outputDir: layer });
  const actions = ['plain', 'put_item', 'services', 'failures', 'urls', 'with_httpx', 'database', 'raises'];
  const expected = await run('Calls', actions);
  const seen = await run('Plain', actions, { layer, env: { CDK_TRACED_FUNCTION_HANDLER: 'handler.handler' } });
  const told = (spans: DecodedSpan[]) => spans.map(({ name, kind, parentSpanId, status, attributes }) => [
    name, kind, parentSpanId, status?.code, ...Object.entries(attributes).sort().map(entry => entry.join('=')),
  ].join(' ')).sort();
  expect(seen.results).toEqual(expected.results);
  expect(told(seen.spans)).toEqual(told(expected.spans));
  expect(fs.readdirSync(packages.Plain)).not.toContain('cdk_traced_function');
});
