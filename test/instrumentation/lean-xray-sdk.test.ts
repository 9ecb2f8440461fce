import * as fs from 'fs';
import * as path from 'path';
import { buildSync } from 'esbuild';
import { FunctionHost, PARENT, RunOptions } from './function-process';
import { normalizedDocuments } from './normalized-documents';
import { LEAN_PARTS, trimmableParts } from '../../lib/private/runner/nodejs/lean-xray-sdk';
import { bundle } from '../packages';
import { projectFolder, temporaryFolder } from '../test-app';

const ENTRY = path.join(__dirname, 'fixtures', 'every-xray-call.js');
const SDK = path.dirname(require.resolve('aws-xray-sdk-core/package.json'));
const SCENARIOS = [
  'captureFunc', 'captureFuncThatThrows', 'captureAsyncFunc', 'captureAsyncFuncThatRejects', 'parallel', 'captureCallbackFunc', 'dynamodb', 'otherServices',
  'connectionRefused', 'http', 'captureHTTPs', 'segments', 'namespaces', 'segmentsOfTheirOwn', 'wrongUse', 'whitelists',
];

jest.setTimeout(60_000);

let host: FunctionHost;
let whole: string;
let lean: string;

/** The package that esbuild makes by itself, with all of the SDK. */
function bundleWhole(entry: string): string {
  const folder = temporaryFolder();
  buildSync({
    entryPoints: [entry], outfile: path.join(folder, 'index.js'), bundle: true, platform: 'node', target: 'node20', mainFields: ['module', 'main'],
    minifyWhitespace: true, minifySyntax: true, logLevel: 'error',
  });
  return folder;
}

beforeAll(async () => {
  host = await FunctionHost.start();
  whole = bundleWhole(ENTRY);
  lean = bundle({ Lean: { entry: ENTRY } }).Lean;
});
afterAll(async () => host.stop());

const traceOf = (i: number) => `1-5759e988-bd862e3fe1be46a9942727${String(i).padStart(2, '0')}`;

/** What a run shows to the outside: results, log, documents, and the headers that other services saw. */
async function observe(folder: string, scenarios: string[], options: RunOptions & { sampled?: string } = {}) {
  const traceIds = scenarios.map((_, i) => `Root=${traceOf(i)};Parent=${PARENT};Sampled=${options.sampled ?? '1'};Lineage=a:b`);
  const run = await host.run(folder, scenarios.map(scenario => ({ scenario })), { traceIds, ...options });
  const idsSent = new Set(run.documents.map(document => document.id));
  return {
    results: run.results,
    log: run.log.map(line => line.replace(/\d{2,}/g, 'N').replace(/[0-9a-f]{16,}/g, 'ID')).filter(line => !/^\s+at /.test(line)),
    documents: Object.fromEntries([...scenarios.keys()].map(i =>
      [scenarios[i], normalizedDocuments(run.documents.filter(document => document.trace_id === traceOf(i)), PARENT)])),
    otherTraces: normalizedDocuments(run.documents.filter(document => !scenarios.some((_, i) => document.trace_id === traceOf(i))), PARENT),
    headers: run.requests.map(({ method, path: url, target, headers }) => [method, url, target, String(headers['x-amzn-trace-id'])
      .replace(/Root=1-(?!5759e988)[1-9a-f][0-9a-f]{7}-[0-9a-f]{24}/, 'Root=made up')
      .replace(/Parent=([0-9a-f]{16})/, (_, id) => `Parent=${idsSent.has(id) ? 'document' : id === PARENT ? 'facade' : 'unsent'}`)].join(' ')).sort(),
  };
}

test('the documents are those of the whole SDK, for every documented call', async () => {
  const expected = await observe(whole, SCENARIOS);
  const seen = await observe(lean, SCENARIOS);
  expect(seen).toEqual(expected);
  // The comparison compares something.
  expect(Object.entries(expected.documents).filter(([, documents]) => documents.length === 0).map(([name]) => name)).toEqual(['segmentsOfTheirOwn']);
  expect(expected.otherTraces).toHaveLength(1);
  expect(expected.documents.dynamodb.join()).toContain('"table_names":["one","two"]');
});

test.each<[string, RunOptions & { sampled?: string }]>([
  ['a request that is not sampled', { sampled: '0' }],
  ['no header at all', { traceIds: SCENARIOS.map(() => null), env: { AWS_XRAY_CONTEXT_MISSING: 'IGNORE_ERROR' } }],
  ['a header with the root alone, as pass-through mode has it', { traceIds: SCENARIOS.map((_, i) => `Root=${traceOf(i)}`) }],
  ['a header that is none', { traceIds: SCENARIOS.map(() => 'nonsense') }],
])('nothing differs with %s', async (_, options) => {
  const expected = await observe(whole, SCENARIOS, options);
  expect(await observe(lean, SCENARIOS, options)).toEqual(expected);
});

test('nothing differs in manual mode', async () => {
  const options = { env: { AWS_XRAY_MANUAL_MODE: '1' } };
  const expected = await observe(whole, ['manual'], options);
  expect(await observe(lean, ['manual'], options)).toEqual(expected);
  expect(expected.otherTraces).toHaveLength(4);
});

test('what the SDK logs at its debug level differs in nothing', async () => {
  const options = { env: { AWS_XRAY_DEBUG_MODE: '1' } };
  const sent = (log: string[]) => log.filter(line => /message sent|Subsegment sent/.test(line)).length;
  expect(sent((await observe(lean, ['captureFunc'], options)).log)).toBe(sent((await observe(whole, ['captureFunc'], options)).log));
});

test('a document that is too large is reported and harms nothing', async () => {
  const entry = path.join(projectFolder({
    'package.json': '{}',
    'f.js': `const AWSXRay = require('aws-xray-sdk-core');
      exports.handler = async size => AWSXRay.captureFunc('large', subsegment => { subsegment.addMetadata('text', 'x'.repeat(size)); return 'done'; });`,
  }), 'f.js');
  const { results, log, documents } = await host.run(bundle({ Large: { entry } }).Large, [70_000, 10]);
  expect(results).toEqual([{ value: 'done' }, { value: 'done' }]);
  expect(log).toEqual([expect.stringMatching(/^Subsegment too large to send: .* \(7\d{4} bytes\)\.$/)]);
  expect(documents).toHaveLength(1);
});

describe('what is left out', () => {
  test('is everything that a plain function does not use, and no more than the client\'s own service is known', () => {
    const entry = path.join(projectFolder({
      'package.json': '{}',
      'f.js': `const { SQSClient } = require(${JSON.stringify(require.resolve('@aws-sdk/client-sqs'))}); exports.handler = async () => new SQSClient({});`,
    }), 'f.js');
    const code = fs.readFileSync(path.join(bundle({ Plain: { entry } }).Plain, 'index.js'), 'utf8');
    const marks = { semver: 'SEMVER', hooks: 'cls@contexts', sampling: 'GetSamplingRules', plugins: 'instance-id', batching: 'atomic', queue: 'QueueOwnerAWSAccountId', table: 'batchGetItem' };
    const present = Object.entries(marks).filter(([, mark]) => code.includes(mark)).map(([name]) => name);
    expect(present).toEqual(['queue']);
  });

  test.each([
    ['middleware', "exports.handler = async () => { AWSXRay.middleware.setDefaultName('name'); return AWSXRay.middleware.resolveName(); };", 'name'],
    ['promises', 'exports.handler = async () => { AWSXRay.capturePromise(); return typeof Promise.prototype.then; };', 'function'],
    ['plugins', 'exports.handler = async () => AWSXRay.plugins.ECSPlugin.originName;', 'AWS::ECS::Container'],
    ['aws-sdk-v2', `exports.handler = async () => {
      // As the AWS SDK version 2 does with what a service's requests are customized by.
      const listeners = {};
      const service = { serviceIdentifier: 'dynamodb', customizeRequests: customize => { service.customize = customize; } };
      AWSXRay.captureAWSClient(service);
      const request = {
        operation: 'getItem', params: { TableName: 'of version 2' }, httpRequest: { headers: {}, region: 'eu-west-1' },
        on: (event, listener) => { listeners[event] = listener; return request; },
      };
      service.customize(request);
      listeners.build(request);
      listeners.complete({ request, requestId: 'REQUEST', httpResponse: { statusCode: 200, headers: {} } });
      return Object.keys(request.httpRequest.headers);
    };`, ['X-Amzn-Trace-Id'], { aws: { operation: 'GetItem', table_name: 'of version 2' } }],
  ])('%s stays when the handler uses it', async (_, source, expected, document: object | undefined = undefined) => {
    const folder = projectFolder({ 'package.json': '{}', 'f.js': `const AWSXRay = require('aws-xray-sdk-core'); ${source}` });
    const entry = path.join(folder, 'f.js');
    const { results, documents } = await host.run(bundle({ Function: { entry } }).Function, [{}]);
    expect(results).toEqual([{ value: expected }]);
    expect(documents).toMatchObject(document ? [document] : []);
  });

  test('a name that is put together at run time meets an error that says what to do', async () => {
    const folder = projectFolder({ 'package.json': '{}', 'f.js': "const AWSXRay = require('aws-xray-sdk-core'); exports.handler = async name => AWSXRay['capture' + name]({});" });
    const { results } = await host.run(bundle({ Function: { entry: path.join(folder, 'f.js') } }).Function, ['AWS']);
    expect(results[0].error).toMatch(/aws-xray-sdk-core: captureAWS was left out of this package.*trim: false/);
  });
});

describe('a project\'s own SDK', () => {
  const names = (parts: readonly { name: string }[]) => parts.map(part => part.name);
  const ALL = names(LEAN_PARTS);

  /** A copy of the SDK in which one file reads differently. */
  function changed(file: string, change: (text: string) => string): string {
    const folder = path.join(temporaryFolder(), 'node_modules', 'aws-xray-sdk-core');
    fs.cpSync(SDK, folder, { recursive: true });
    const changedFile = path.join(folder, 'dist', 'lib', file);
    fs.writeFileSync(changedFile, change(fs.existsSync(changedFile) ? fs.readFileSync(changedFile, 'utf8') : ''));
    return folder;
  }

  test('is trimmed like ours when it is one of those that were studied', () => {
    expect(names(trimmableParts(SDK))).toEqual(ALL);
    expect(names(trimmableParts(changed('logger.js', text => `${text}// changed`)))).toEqual(ALL);
    expect(names(trimmableParts(changed('capture.js', text => text.replace(/\n/g, '\r\n'))))).toEqual(ALL);
  });

  test.each([
    ['context_utils.js', ['context']],
    ['segment_emitter.js', ['emitter']],
    ['segments/segment.js', ['emitter']],
    ['middleware/mw_utils.js', ['middleware']],
    ['env/aws_lambda.js', ['emitter', 'middleware']],
    ['aws-xray.js', ['middleware', 'aws-sdk-v2', 'aws-sdk-v3', 'http', 'functions', 'promises', 'plugins']],
    ['capture.js', ['functions']],
    ['patchers/http_p.js', ['http']],
    ['patchers/aws3_p.js', ['aws-sdk-v3']],
    ['segments/attributes/aws.js', ['lists']],
    ['patchers/call_capturer.js', ['services', 'lists']],
    ['resources/aws_whitelist.json', ['services']],
    ['new_file_that_reads_the_emitter.js', ['emitter']],
  ])('keeps what depends on %s when that is not as expected', (file, kept) => {
    const sdk = changed(file, text => file.endsWith('.json') ? text.replace('"dynamodb"', '"renamed"') : `${text}\n;void (() => require('../segment_emitter'));`);
    // The changed text reads the emitter too, wherever it stands.
    const expected = ALL.filter(name => !kept.includes(name) && (file.endsWith('.json') || name !== 'emitter'));
    expect(names(trimmableParts(sdk))).toEqual(expected);
  });

  test('that is not as expected works untrimmed', async () => {
    const sdk = changed('context_utils.js', text => text.replace("NAMESPACE = 'AWSXRay'", "NAMESPACE = 'Renamed'"));
    const folder = path.dirname(path.dirname(sdk));
    // What it depends on is found from here.
    for (const name of ['cls-hooked', 'semver', 'atomic-batcher', '@smithy/service-error-classification', '@smithy/types', 'emitter-listener', 'shimmer', 'async-hook-jl', 'stack-chain']) {
      fs.mkdirSync(path.dirname(path.join(folder, 'node_modules', name)), { recursive: true });
      fs.symlinkSync(path.join(__dirname, '..', '..', 'node_modules', name), path.join(folder, 'node_modules', name), 'dir');
    }
    fs.writeFileSync(path.join(folder, 'package.json'), '{}');
    fs.writeFileSync(path.join(folder, 'f.js'), `const AWSXRay = require('aws-xray-sdk-core');
      exports.handler = async () => AWSXRay.captureAsyncFunc('outer', async outer => { outer.close(); return AWSXRay.getNamespace().name; });`);
    const output = bundle({ Function: { entry: path.join(folder, 'f.js') } }).Function;
    expect(fs.readFileSync(path.join(output, 'index.js'), 'utf8')).toContain('cls@contexts');
    const { results, documents } = await host.run(output, [{}]);
    expect(results).toEqual([{ value: 'Renamed' }]);
    expect(documents).toMatchObject([{ name: 'outer', parent_id: PARENT }]);
  });
});
