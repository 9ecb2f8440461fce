import * as fs from 'fs';
import * as path from 'path';
import { buildSync } from 'esbuild';
import { FunctionHost, PARENT, ROOT, RunOptions, SAMPLED, UNSAMPLED } from './function-process';
import { DecodedSpan, decodeSpans } from './otlp-spans';
import { Instrumentation } from '../../lib';
import { bundleNodejsCaptureLayer } from '../../lib/private/runner/nodejs/capture-layer';
import { bundle } from '../packages';
import { projectFolder, temporaryFolder } from '../test-app';

const TRACE = ROOT.slice(2).replace('-', '');
const CLIENT = 3;

let host: FunctionHost;
let layer: string;
let traced: Record<string, string>;
let plain: Record<string, string>;

const entry = (name: string) => path.join(__dirname, 'fixtures', name);

/** As CDK's own NodejsFunction bundles, with the AWS SDK inside and names made short. */
function withoutTracing(name: string, format: 'cjs' | 'esm' = 'cjs'): string {
  const folder = temporaryFolder();
  buildSync({
    entryPoints: [entry(name)], outfile: path.join(folder, format === 'esm' ? 'index.mjs' : 'index.js'), bundle: true, platform: 'node', target: 'node20', format, minify: true, logLevel: 'silent',
    ...format === 'esm' && { mainFields: ['module', 'main'], banner: { js: "import { createRequire } from 'module'; const require = createRequire(import.meta.url);" } },
  });
  return folder;
}

beforeAll(async () => {
  host = await FunctionHost.start();
  layer = temporaryFolder();
  await bundleNodejsCaptureLayer({ outputDir: layer });
  const instrumentation = Instrumentation.openTelemetry();
  traced = bundle({
    Calls: { entry: entry('calls.ts'), instrumentation },
    AwsServices: { entry: entry('aws-services.ts'), instrumentation },
    Failures: { entry: entry('failures.ts'), instrumentation },
    Streams: { entry: entry('streams.ts'), instrumentation },
    SeveralCopies: { entry: entry('several-copies.ts'), instrumentation },
  });
  plain = {
    Calls: withoutTracing('calls.ts'),
    CallsEsm: withoutTracing('calls.ts', 'esm'),
    AwsServices: withoutTracing('aws-services.ts'),
    AwsServicesEsm: withoutTracing('aws-services.ts', 'esm'),
    Failures: withoutTracing('failures.ts'),
    Streams: withoutTracing('streams.ts'),
    SeveralCopies: withoutTracing('several-copies.ts'),
  };
});
afterAll(async () => host.stop());

/** What has to be the same in both, whatever the time and the random ids. */
function comparable(spans: DecodedSpan[]): unknown[] {
  return spans.map(({ traceId, parentSpanId, name, kind, attributes, status, events, scope }) => ({
    traceId, parentSpanId, name, kind, attributes: Object.fromEntries(Object.entries(attributes).sort()), scope, code: status?.code,
    events: events.map(event => [event.name, event.attributes['exception.type'], event.attributes['exception.message']]),
  })).sort((one, other) => JSON.stringify(one) < JSON.stringify(other) ? -1 : 1);
}

async function runBoth(id: string, events: object[], options: RunOptions = {}) {
  const expected = await host.run(traced[id.replace('Esm', '')], events, options);
  const seen = await host.runWithLayer(layer, plain[id], events, options);
  return { expected, seen, spans: { expected: decodeSpans(expected.datagrams), seen: decodeSpans(seen.datagrams) } };
}

const CALLS = [
  'clientAtLoad', 'clientInHandler', 'sendWithCallback', 'throttled', 'conditional', 'fetch', 'fetchPost', 'fetchUnread', 'fetchFailures', 'fetchRefused',
  'fetchAlreadyTraced', 'http', 'httpRefused', 'parallel',
].map(action => ({ action }));

test.each(['Calls', 'CallsEsm'])('%s: a minified package with the AWS SDK inside is recorded as if TracedFunction had made it', async id => {
  const { expected, seen, spans } = await runBoth(id, CALLS);
  expect(seen.results).toEqual(expected.results);
  expect(comparable(spans.seen)).toEqual(comparable(spans.expected));
  expect(seen.log).toEqual([]);
});

const SERVICES = [
  'getItem', 'batchGet', 'invoke', 'getObject', 'missingObject', 'putObject', 'headObject', 'deleteObject', 'listObjects', 'publish', 'sendMessage',
  'receiveMessage', 'missingQueue', 'largeQuery',
].map(action => ({ action }));

test.each(['AwsServices', 'AwsServicesEsm'])('%s: what a call is and which resources it names is read off the wire', async id => {
  const { expected, seen, spans } = await runBoth(id, SERVICES);
  expect(seen.results).toEqual(expected.results);
  expect(comparable(spans.seen)).toEqual(comparable(spans.expected));
  expect(JSON.stringify(spans.seen)).not.toContain('secret');
});

test('a call that the SDK tries again is one call, with the error that the service named', async () => {
  const { seen, spans } = await runBoth('AwsServices', [{ action: 'publishBroken' }]);
  expect(seen.requests).toHaveLength(2);
  expect(spans.seen).toMatchObject([{
    name: 'SNS.Publish', status: { code: 2, message: 'broken' }, attributes: { 'http.request.resend_count': 1, 'http.status_code': 500 },
    events: [{ attributes: { 'exception.type': 'InternalError', 'exception.message': 'broken' } }],
  }]);
});

test('the trace goes on to AWS services, with what Lambda needs to find loops', async () => {
  const { seen, spans } = await runBoth('AwsServices', [{ action: 'invoke' }], { traceIds: [`${SAMPLED};Lineage=1:a87bd80c:0`] });
  expect(seen.requests[0].headers['x-amzn-trace-id']).toBe(`Root=${ROOT};Parent=${spans.seen[0].spanId};Sampled=1;Lineage=1:a87bd80c:0`);
});

test('of a request that is not sampled nothing is sent, and the decision goes along', async () => {
  const { seen } = await runBoth('Calls', [{ action: 'clientAtLoad' }, { action: 'http' }], { traceIds: [UNSAMPLED, UNSAMPLED] });
  expect(seen.datagrams).toEqual([]);
  expect(seen.requests.map(request => request.headers['x-amzn-trace-id'])).toEqual([expect.stringMatching(/Sampled=0/), expect.stringMatching(/Sampled=0/)]);
});

test('errors of the handler are recorded, and reach Lambda as they were', async () => {
  const events = ['throws', 'rejects', 'callsBackError', 'rejectsText', 'rejectsNothing', 'returns', 'callsBackValue'].map(how => ({ how }));
  const { expected, seen, spans } = await runBoth('Failures', events);
  expect(seen.results).toEqual(expected.results);
  expect(comparable(spans.seen)).toEqual(comparable(spans.expected));
});

test('a streaming handler streams', async () => {
  const { expected, seen, spans } = await runBoth('Streams', [{}, { fail: true }]);
  expect(seen.results).toEqual(expected.results);
  expect(comparable(spans.seen)).toEqual(comparable(spans.expected));
});

test('every copy and version of a client is recorded', async () => {
  const { spans } = await runBoth('SeveralCopies', [{}]);
  expect(comparable(spans.seen)).toEqual(comparable(spans.expected));
});

describe('the function\'s own handler', () => {
  const folder = (files: Record<string, string>) => projectFolder({ ...files });
  const run = async (files: Record<string, string>, handler: string, env: Record<string, string> = {}) =>
    host.runWithLayer(layer, folder(files), [{ name: 'event' }], { handler, env });
  const GET = "(await fetch(process.env.AWS_ENDPOINT_URL + '/status/200')).status";

  test.each<[string, Record<string, string>, string]>([
    ['CommonJS', { 'index.js': `exports.handler = async () => ${GET};` }, 'index.handler'],
    ['CommonJS by its extension', { 'index.cjs': `exports.handler = async () => ${GET};` }, 'index.handler'],
    ['an ES module by its extension', { 'app.mjs': `export const run = async () => ${GET};` }, 'app.run'],
    ['an ES module by package.json', { 'index.js': `export const handler = async () => ${GET};`, 'package.json': '{"type":"module"}' }, 'index.handler'],
    ['with a top-level await', { 'index.mjs': `const status = await Promise.resolve(200); export const handler = async () => (${GET}, status);` }, 'index.handler'],
    ['in a folder', { 'src/api/index.js': `exports.handler = async () => ${GET};` }, 'src/api/index.handler'],
    ['in a folder beside a package.json of its own', { 'package.json': '{"type":"module"}', 'dist/index.js': `exports.handler = async () => ${GET};`, 'dist/package.json': '{}' }, 'dist/index.handler'],
    ['a member', { 'index.js': `exports.api = { get: async () => ${GET} };` }, 'index.api.get'],
    ['a member of the default export', { 'index.mjs': `export default { handler: async () => ${GET} };` }, 'index.handler'],
    ['in a package that Node.js finds', { 'node_modules/handlers/index.js': `exports.handler = async () => ${GET};` }, 'handlers.handler'],
    ['that requires what lies beside it', { 'index.js': 'exports.handler = async () => require(\'./other\')();', 'other.js': `module.exports = async () => ${GET};` }, 'index.handler'],
  ])('%s is found', async (_, files, handler) => {
    const { results, datagrams } = await run(files, handler);
    expect(results).toEqual([{ value: 200 }]);
    expect(decodeSpans(datagrams)).toMatchObject([{ name: 'GET', parentSpanId: PARENT, traceId: TRACE, kind: CLIENT }]);
  });

  test('sees its own name where the runtime says it', async () => {
    const { results } = await run({ 'app.js': 'exports.run = async () => process.env._HANDLER;' }, 'app.run');
    expect(results).toEqual([{ value: 'app.run' }]);
  });

  test.each<[string, Record<string, string>, string, RegExp]>([
    ['has no such file', {}, 'index.handler', /Cannot find module 'index'/],
    ['does not export it', { 'index.js': 'exports.main = () => {};' }, 'index.handler', /index\.handler is undefined or not exported/],
    ['exports something else', { 'index.js': 'exports.handler = 1;' }, 'index.handler', /index\.handler is not a function/],
    ['throws when it is loaded', { 'index.js': 'throw new RangeError("at load");' }, 'index.handler', /RangeError: at load/],
    ['has a syntax error', { 'index.js': 'exports.handler = {' }, 'index.handler', /SyntaxError/],
  ])('fails as without the layer when it %s', async (_, files, handler, message) => {
    await expect(run({ 'package.json': '{}', ...files }, handler)).rejects.toThrow(message);
  });

  test('has what it was given: a callback, and as many parameters', async () => {
    const { results } = await run({ 'index.js': 'exports.handler = (event, context, callback) => callback(null, exports.handler.length);' }, 'index.handler');
    expect(results).toEqual([{ value: 3 }]);
  });

  test.each<[string, object, string[]]>([
    ['everything', {}, ['DynamoDB.PutItem', 'GET']],
    ['AWS clients alone', { clients: ['aws-sdk'] }, ['DynamoDB.PutItem']],
    ['HTTP alone', { clients: ['http', 'fetch'] }, ['GET']],
  ])('is recorded as it was chosen: %s', async (_, capture, names) => {
    const { datagrams } = await host.runWithLayer(layer, plain.Calls, [{ action: 'clientAtLoad' }, { action: 'http' }], { env: { CDK_TRACED_FUNCTION_CAPTURE: JSON.stringify(capture) } });
    expect(decodeSpans(datagrams).map(span => span.name)).toEqual(names);
  });
});

test('calls of version 2 of the AWS SDK, and of others that sign, are recorded', async () => {
  const signed = (service: string, more = '') => `Authorization: 'AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-2/${service}/aws4_request, SignedHeaders=host, Signature=00', ${more}`;
  const send = (options: string, body: string) => `await new Promise((done, fail) => { const sent = require('http').request(process.env.AWS_ENDPOINT_URL + ${options}, answer => answer.resume().on('end', done)).on('error', fail); sent.write(${body}); sent.end(); });`;
  const { datagrams, requests } = await host.runWithLayer(layer, projectFolder({
    'index.js': `exports.handler = async () => {
      ${send(`'/', { method: 'POST', headers: { ${signed('sns')} } }`, "'Action=Publish&Message=hello&TopicArn=arn%3Aaws%3Asns%3Aus-east-2%3A123456789012%3Atopic&Version=2010-03-31'")}
      ${send(`'/', { method: 'POST', headers: { ${signed('secretsmanager', "'X-Amz-Target': 'secretsmanager.GetSecretValue'")} } }`, 'JSON.stringify({ SecretId: "database" })')}
      ${send(`'/', { method: 'POST', headers: { ${signed('kinesis', "'X-Amz-Target': 'Kinesis_20131202.PutRecord'")} } }`, 'JSON.stringify({ StreamName: "stream", Data: "c2VjcmV0" })')}
      ${send(`'/', { method: 'POST', headers: { ${signed('monitoring')} } }`, "'Action=PutMetricData&Version=2010-08-01'")}
      ${send(`'/service/GraniteServiceVersion20100801/operation/PutMetricData', { method: 'POST', headers: { ${signed('monitoring')} } }`, "Buffer.from('00', 'hex')")}
      ${send(`'/model/some.model/converse', { method: 'POST', headers: { ${signed('bedrock')} } }`, "'{}'")}
      ${send(`'/unheard-of', { method: 'POST', headers: { ${signed('unheard-of')} } }`, "'{}'")}
    };`,
  }), [{}]);
  expect(decodeSpans(datagrams).map(({ name, attributes }) => [name, attributes['aws.region'], attributes['aws.sns.topic.arn'] ?? attributes['aws.secretsmanager.secret.arn'] ?? attributes['aws.kinesis.stream_name']])).toEqual([
    ['SNS.Publish', 'us-east-2', 'arn:aws:sns:us-east-2:123456789012:topic'],
    ['SecretsManager.GetSecretValue', 'us-east-2', 'database'],
    ['Kinesis.PutRecord', 'us-east-2', 'stream'],
    ['CloudWatch.PutMetricData', 'us-east-2', undefined],
    ['CloudWatch.PutMetricData', 'us-east-2', undefined],
    ['BedrockRuntime.Converse', 'us-east-2', undefined],
    ['unheard-of.Call', 'us-east-2', undefined],
  ]);
  expect(requests.map(request => request.headers['x-amzn-trace-id'])).toEqual(Array(7).fill(expect.stringContaining(`Root=${ROOT}`)));
});

test.each([
  ['index.js', "const http2 = require('http2'); exports.handler ="],
  ['index.mjs', "import http2 from 'node:http2'; export const handler ="],
])('calls over HTTP/2 are recorded (%s)', async (file, beginning) => {
  const { results, datagrams } = await host.runWithLayer(layer, projectFolder({
    [file]: `${beginning} async () => new Promise((done, fail) => {
        const server = http2.createServer((request, response) => response.writeHead(request.headers['x-amzn-trace-id'] ? 200 : 400, { 'x-amzn-requestid': 'REQUEST' }).end('{}'));
        server.listen(0, '127.0.0.1', () => {
          const session = http2.connect('http://127.0.0.1:' + server.address().port);
          const stream = session.request({ ':method': 'POST', ':path': '/', 'x-amz-target': 'Kinesis_20131202.PutRecord', 'x-amzn-trace-id': 'Root=Lambdas',
            'authorization': 'AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-2/kinesis/aws4_request, SignedHeaders=host, Signature=00' });
          let status;
          stream.on('response', headers => status = headers[':status']).on('error', fail).resume().on('end', () => { session.close(); server.close(() => done(status)); });
          stream.end('{}');
        });
      });`,
  }), [{}]);
  expect(results).toEqual([{ value: 200 }]);
  expect(decodeSpans(datagrams)).toMatchObject([{ name: 'Kinesis.PutRecord', attributes: { 'http.status_code': 200, 'aws.request_id': 'REQUEST', 'aws.region': 'us-east-2' } }]);
});

test('the layer is small, and holds nothing of this machine', () => {
  const file = path.join(layer, 'nodejs', 'cdk-traced-function', 'handler.mjs');
  expect(fs.statSync(file).size).toBeLessThan(32_000);
  expect(fs.readFileSync(file, 'utf8')).not.toContain(path.resolve(__dirname, '..', '..'));
});
