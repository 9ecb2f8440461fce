import * as fs from 'fs';
import * as path from 'path';
import { OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { FunctionHost, PARENT, ROOT, UNSAMPLED } from './function-process';
import { Bundling, NodejsBundlingOptions, TracedFunctionProps } from '../../lib';
import { bundle, bundlingError } from '../packages';

jest.setTimeout(60_000);

const entry = (name: string, options?: NodejsBundlingOptions, more: Partial<TracedFunctionProps> = {}): TracedFunctionProps =>
  ({ entry: path.join(__dirname, 'fixtures', name), ...options && { bundling: Bundling.nodejs(options) }, ...more });
const esm: NodejsBundlingOptions = { format: OutputFormat.ESM };
const external: NodejsBundlingOptions = { externalModules: ['@aws-sdk/*', '@smithy/*'] };
const NODE_MODULES = path.join(__dirname, '..', '..', 'node_modules');

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
    Nested: entry('nested.ts'),
    NestedEsm: entry('nested.ts', esm),
    CapturesItself: entry('captures-itself.ts'),
    Failures: entry('failures.ts'),
    Streams: entry('streams.ts'),
    DefaultFunction: entry('exports-default-function.ts'),
    DefaultByName: entry('exports-default-function.ts', undefined, { handler: 'index.default' }),
    DefaultObject: entry('exports-default-object.ts'),
    DefaultObjectEsm: entry('exports-default-object.ts', esm),
    Whole: entry('exports-whole.cjs'),
    Member: entry('exports-member.cjs', undefined, { handler: 'src/handlers/exports-member.api.get' }),
    NamedImports: entry('named-imports.mts', esm),
    AtLoad: entry('at-load.mts', esm),
    SeveralCopies: entry('several-copies.ts'),
    Banner: entry('calls.ts', { ...esm, banner: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url); globalThis.bannerRan = true;" }),
  });
});
afterAll(async () => host.stop());

const run = async (id: string, ...actions: string[]) => host.run(packages[id], actions.map(action => ({ action })), /External/.test(id) ? { env: { NODE_PATH: NODE_MODULES } } : {});
const remote = (method: string, pathname: string, response?: object) =>
  ({ name: '127.0.0.1', namespace: 'remote', trace_id: ROOT, parent_id: PARENT, type: 'subsegment', http: { request: { method, url: `${host.services.url}${pathname}` }, ...response && { response } } });
/** The X-Ray SDK writes no port. */
const byHttp = (method: string, pathname: string, response?: object) => ({ ...remote(method, pathname, response), http: { request: { method, url: expect.stringMatching(new RegExp(`^http://127\\.0\\.0\\.1(?::\\d+)?${pathname}$`)) }, ...response && { response } } });
const dynamodb = { name: 'DynamoDB', namespace: 'aws', trace_id: ROOT, parent_id: PARENT, aws: { operation: 'PutItem', table_name: 'items', region: 'eu-west-1', request_id: 'REQUEST' } };

describe.each(['Calls', 'CallsEsm', 'CallsExternal', 'CallsExternalEsm', 'CallsMinified'])('%s', id => {
  test('records AWS clients made at load and in the handler, with callbacks too', async () => {
    const seen = await run(id, 'clientAtLoad', 'clientInHandler', 'sendWithCallback', 'clientAtLoad');
    expect(seen.results).toEqual([{ value: 200 }, { value: 200 }, { value: 200 }, { value: 200 }]);
    expect(seen.documents).toMatchObject([dynamodb, dynamodb, dynamodb, dynamodb]);
    expect(seen.requests.map(request => request.headers['x-amzn-trace-id'])).toEqual(seen.documents.map(document => `Root=${ROOT};Parent=${document.id};Sampled=1`));
    expect(seen.log).toEqual([]);
  });

  test('records calls that run at the same time, each under the function', async () => {
    const { results, documents } = await run(id, 'parallel');
    expect(results).toEqual([{ value: 4 }]);
    expect(documents.map(document => [document.name, document.aws?.table_name, document.parent_id]).sort()).toEqual([
      ['127.0.0.1', undefined, PARENT], ['127.0.0.1', undefined, PARENT], ['DynamoDB', 'one', PARENT], ['DynamoDB', 'two', PARENT],
    ]);
  });
});

test('errors and throttles of AWS services are marked', async () => {
  const { results, documents } = await run('Calls', 'throttled', 'conditional');
  expect(results).toEqual([{ value: 'ProvisionedThroughputExceededException' }, { value: 'ConditionalCheckFailedException' }]);
  expect(documents).toMatchObject([
    { throttle: true, error: true, fault: true, aws: { table_name: 'throttled' }, http: { response: { status: 400 } } },
    { error: true, aws: { table_name: 'conditional' }, cause: { exceptions: [{ type: 'ConditionalCheckFailedException', remote: true }] } },
  ]);
  expect(documents[1].throttle).toBeUndefined();
});

describe('fetch', () => {
  test('is recorded with its method, address without query, status and length, and carries the trace on', async () => {
    const seen = await run('Calls', 'fetch', 'fetchPost', 'fetchUnread');
    expect(seen.results).toEqual([{ value: 'answer' }, { value: 201 }, { value: 200 }]);
    expect(seen.documents).toMatchObject([
      remote('GET', '/status/200', { status: 200, content_length: 6 }), remote('POST', '/status/201', { status: 201, content_length: 6 }), remote('GET', '/status/200'),
    ]);
    expect(seen.requests.map(request => request.headers['x-amzn-trace-id'])).toEqual(seen.documents.map(document => `Root=${ROOT};Parent=${document.id};Sampled=1`));
    expect(seen.requests[1].headers['x-own']).toBe('kept');
    expect(JSON.stringify(seen.documents)).not.toContain('secret');
  });

  test('is marked as error, throttle and fault by its status', async () => {
    const { documents } = await run('Calls', 'fetchFailures');
    const flags = documents.map(({ http, error, throttle, fault }) => [http.response.status, { error, throttle, fault }]).sort();
    expect(flags).toEqual([[404, { error: true }], [429, { error: true, throttle: true }], [500, { fault: true }]]);
  });

  test('that gets no answer is a fault with its exception', async () => {
    const { results, documents } = await run('Calls', 'fetchRefused');
    expect(results).toEqual([{ value: 'ECONNREFUSED' }]);
    expect(documents).toMatchObject([{ fault: true, http: { request: { url: 'http://127.0.0.1:2/path' } }, cause: { exceptions: [{ message: expect.stringContaining('ECONNREFUSED') }] } }]);
  });

  test('with a trace header of the handler\'s own is left alone', async () => {
    const { documents, requests } = await run('Calls', 'fetchAlreadyTraced');
    expect(documents).toEqual([]);
    expect(requests[0].headers['x-amzn-trace-id']).toBe('Root=own');
  });

  test('says downstream that a request is not sampled, and sends no document', async () => {
    const { documents, requests } = await host.run(packages.Calls, [{ action: 'fetch' }], { traceIds: [UNSAMPLED] });
    expect(documents).toEqual([]);
    expect(requests[0].headers['x-amzn-trace-id']).toMatch(new RegExp(`^Root=${ROOT};Parent=[0-9a-f]{16};Sampled=0$`));
  });
});

test('node:http is recorded with its status, and a failed connection as a fault', async () => {
  const { results, documents } = await run('Calls', 'http', 'httpRefused');
  expect(results).toEqual([{ value: 404 }, { value: 'ECONNREFUSED' }]);
  expect(documents).toMatchObject([{ ...byHttp('GET', '/status/404', { status: 404, content_length: 6 }), error: true }, { name: '127.0.0.1', fault: true }]);
});

test('named imports of node:http and node:https in an ES module with a top-level await are recorded', async () => {
  const { results, documents } = await run('NamedImports', 'none');
  expect(results).toEqual([{ value: ['awaited at the top level', 'ECONNREFUSED', 200] }]);
  expect(documents).toMatchObject([{ fault: true, http: { request: { url: 'https://127.0.0.1:1/' } } }, byHttp('GET', '/status/200')]);
});

test.each(['Nested', 'NestedEsm'])('%s: calls hang under the work that makes them, although that runs at the same time', async id => {
  const { documents } = await run(id, 'none');
  const work = documents.filter(document => ['one', 'two', 'three'].includes(document.name));
  expect(work.map(document => document.parent_id)).toEqual([PARENT, PARENT, PARENT]);
  for (const { id: parent, name } of work) {
    const children = documents.filter(document => document.parent_id === parent);
    expect([name, children.map(child => child.name), children.find(child => child.aws)?.aws.table_name]).toEqual([name, ['127.0.0.1', 'DynamoDB', '127.0.0.1'], name]);
  }
  expect(documents).toHaveLength(12);
});

test('a handler that captures by itself is recorded once, under what it has captured', async () => {
  const { documents } = await run('CapturesItself', 'none');
  const [mine] = documents.filter(document => document.name === 'mine');
  expect(documents.map(document => [document.name, document.parent_id])).toEqual([
    ['DynamoDB', mine.id], ['127.0.0.1', mine.id], ['DynamoDB', mine.id], ['mine', PARENT],
  ]);
});

describe('an error of the handler', () => {
  const fail = async (how: string) => host.run(packages.Failures, [{ how }]);

  test.each([
    ['throws', 'OwnError: thrown', { type: 'OwnError', message: 'thrown' }],
    ['rejects', 'OwnError: rejected', { type: 'OwnError', message: 'rejected' }],
    ['callsBackError', 'OwnError: called back', { type: 'OwnError', message: 'called back' }],
    ['rejectsText', 'undefined: a text', { message: 'a text' }],
    ['rejectsNothing', 'undefined: undefined', { type: 'Error', message: 'undefined' }],
  ])('that it %s is recorded, and reaches Lambda as it was', async (how, error, exception) => {
    const seen = await fail(how);
    expect(seen.results).toEqual([{ error }]);
    expect(seen.documents).toMatchObject([{ name: '## index.handler', trace_id: ROOT, parent_id: PARENT, fault: true, cause: { exceptions: [exception] } }]);
    expect(seen.documents[0].end_time).toBeGreaterThanOrEqual(seen.documents[0].start_time);
    expect(seen.log).toEqual([]);
  });

  test('names the place where it came from', async () => {
    const [{ cause }] = (await fail('throws')).documents;
    expect(cause.exceptions[0].stack[0]).toMatchObject({ path: path.join(packages.Failures, 'index.js') });
  });

  test.each(['returns', 'callsBackValue'])('that it has not (%s) is not recorded', async how => {
    const { results, documents } = await fail(how);
    expect([results, documents]).toEqual([[{ value: 'value' }], []]);
  });

  test('of a request that is not sampled sends nothing', async () => {
    const { results, documents } = await host.run(packages.Failures, [{ how: 'rejects' }], { traceIds: [UNSAMPLED] });
    expect([results, documents]).toEqual([[{ error: 'OwnError: rejected' }], []]);
  });
});

test('a streaming handler streams, and its calls and errors are recorded', async () => {
  const { results, documents } = await host.run(packages.Streams, [{}, { fail: true }]);
  expect(results).toEqual([{ value: 'first request' }, { error: 'RangeError: in the stream' }]);
  expect(documents).toMatchObject([remote('GET', '/status/200'), remote('GET', '/status/200'), { name: '## index.handler', cause: { exceptions: [{ type: 'RangeError' }] } }]);
});

test.each([
  ['DefaultFunction', 'handler'], ['DefaultByName', 'default'], ['DefaultObject', 'handler'], ['DefaultObjectEsm', 'handler'], ['Whole', 'handler'], ['Member', 'get'],
])('%s: the handler is found', async (id, handler) => {
  const { results, documents } = await host.run(packages[id], [{}], { handler });
  expect(results).toEqual([{ value: 200 }]);
  expect(documents).toHaveLength(1);
});

test('a handler that is not there fails at synth', () => {
  expect(bundlingError({ Function: entry('several-copies.ts', undefined, { handler: 'index.main' }) })).toMatch(/several-copies\.ts' exports no 'main'/);
});

test('every copy and version of a client is recorded', async () => {
  const { documents } = await run('SeveralCopies', 'none');
  expect(documents.map(({ name, aws }) => [name, aws.operation, aws.table_name ?? aws.queue_url?.split('/').pop()])).toEqual([
    ['DynamoDB', 'GetItem', 'items'], ['DynamoDB', 'GetItem', 'items'], ['DynamoDB', 'GetItem', 'items'], ['SQS', 'SendMessage', 'queue'], ['SQS', 'SendMessage', 'queue'],
  ]);
});

test('calls while the function loads work, are not recorded, and are told of in one line', async () => {
  const seen = await run('AtLoad', 'none', 'none');
  expect(seen.results).toEqual([{ value: 'loaded' }, { value: 'loaded' }]);
  expect(seen.documents).toMatchObject([{ name: 'DynamoDB', trace_id: ROOT }, { name: 'DynamoDB', trace_id: ROOT }]);
  expect(seen.log).toEqual([expect.stringMatching(/^cdk-traced-function: a call outside of an invocation is not traced/)]);
});

describe('a daemon that', () => {
  const MALFORMED = /^cdk-traced-function: AWS_XRAY_DAEMON_ADDRESS is not 'host:port'; documents go to 127\.0\.0\.1:2000$/;
  const NO_NAME = 'x'.repeat(64); // too long for a name: nobody has to be asked
  const ACTIONS = ['clientAtLoad', 'fetch', 'http', 'clientAtLoad', 'fetchFailures'].map(action => ({ action }));

  test.each([
    ['refuses', '127.0.0.1:1', /^cdk-traced-function: the X-Ray daemon at 127\.0\.0\.1:1 cannot be reached \(ECONNREFUSED\); the function runs on without traces$/],
    ['has an address that is none', '127.0.0.1:0', MALFORMED],
    ['has a name that does not resolve', `${NO_NAME}:2000`, /^cdk-traced-function: the X-Ray daemon at x{64}:2000 cannot be reached \(ENOTFOUND\)/],
    ['has a port that is none', '127.0.0.1:port', MALFORMED],
  ])('%s changes nothing but for one line in the log', async (_, address, line) => {
    const expected = await host.run(packages.Calls, ACTIONS);
    const seen = await host.run(packages.Calls, ACTIONS, { env: { AWS_XRAY_DAEMON_ADDRESS: address } });
    expect(seen.results).toEqual(expected.results);
    expect(seen.log).toEqual([expect.stringMatching(line)]);
    expect(expected.log).toEqual([]);
  });
});

test('a banner of the project that defines require is kept, and no second one is made', async () => {
  expect((await run('Banner', 'clientAtLoad', 'fetch')).documents).toHaveLength(2);
  const code = fs.readFileSync(path.join(packages.Banner, 'index.mjs'), 'utf8');
  expect(code).toMatch(/^import \{ createRequire \} from 'node:module';/);
  expect(code).not.toContain('__cdkTracedFunctionCreateRequire');
});
