import * as fs from 'fs';
import * as path from 'path';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LambdaEnvironment, PARENT, ROOT } from './lambda-environment';
import { bundle, bundlingError } from './packages';
import { fixture, projectFolder, temporaryFolder } from './test-app';
import { Bundling, Instrumentation, NodejsBundlingOptions, SdkDelivery, TracedFunctionProps } from '../lib';
import { NOTHING_LEFT_OUT } from '../lib/private/bundling/bundling-job';
import type { NodejsJob } from '../lib/private/languages/nodejs-job';
import { bundleNodejs } from '../lib/private/runner/nodejs/nodejs';

const nodejs = (name: string, options: NodejsBundlingOptions = {}, more: Partial<TracedFunctionProps> = {}): TracedFunctionProps =>
  ({ entry: fixture('nodejs', name), bundling: Bundling.nodejs(options), ...more });
const esm: NodejsBundlingOptions = { format: OutputFormat.ESM };
const fromRuntime: NodejsBundlingOptions = { externalModules: ['@aws-sdk/*', '@smithy/*'] };
const layer = { sdkDelivery: SdkDelivery.sharedLayer() };

// The runtime's own copies of the AWS SDK, as far as a test can have them.
const RUNTIME_MODULES = path.join(__dirname, '..', 'node_modules');

let packages: Record<string, string>;
let environment: LambdaEnvironment;

beforeAll(async () => {
  environment = await LambdaEnvironment.start();
  packages = bundle({
    Cjs: nodejs('put-item.ts'),
    Esm: nodejs('put-item.ts', esm),
    Minified: nodejs('put-item.ts', { minify: true }),
    Readable: nodejs('put-item.ts', { minify: false }),
    FromRuntime: nodejs('put-item.ts', fromRuntime),
    FromRuntimeEsm: nodejs('put-item.ts', { ...fromRuntime, ...esm }),
    LayerCjs: nodejs('put-item.ts', {}, layer),
    LayerEsm: nodejs('put-item.ts', esm, layer),
    LayerFromRuntime: nodejs('put-item.ts', fromRuntime, layer),
    OwnCapture: nodejs('own-capture.ts'),
    OwnCaptureLayer: nodejs('own-capture.ts', {}, layer),
    TopLevelAwait: nodejs('top-level-await.mts', esm),
    Assigned: nodejs('assigned.cjs', {}, { handler: 'index.delete' }),
    Untraced: nodejs('put-item.ts', {}, { instrumentation: Instrumentation.none() }),
    SourceMap: nodejs('throws.ts', { sourceMap: true }),
    OldRuntime: nodejs('put-item.ts', {}, { runtime: lambda.Runtime.NODEJS_22_X }),
  });
});
afterAll(async () => environment.stop());

const LAMBDA_RUNTIME = `
  import(process.argv[1]).then(async module => {
    const handler = module[process.argv[2]] ?? module.default[process.argv[2]];
    console.log(JSON.stringify(await handler({ id: 'a' }, {})));
  });`;

function codeFile(id: string): string {
  return path.join(packages[id], fs.readdirSync(packages[id]).find(name => /^index\.m?js$/.test(name))!);
}

async function invoke(id: string, { handler = 'handler', nodePath = '' } = {}) {
  return environment.run([process.execPath, '--enable-source-maps', '-e', LAMBDA_RUNTIME, codeFile(id), handler], packages[id], { NODE_PATH: nodePath });
}

const layerModules = () => path.join(packages.TracingLayernodejsx8664, 'nodejs', 'node_modules');
const putItem = { name: 'DynamoDB', namespace: 'aws', trace_id: ROOT, parent_id: PARENT, aws: { operation: 'PutItem', table_name: 'items', request_id: 'REQUEST' } };

test.each<[string, () => string]>([
  ['Cjs', () => ''],
  ['Esm', () => ''],
  ['Minified', () => ''],
  ['Readable', () => ''],
  ['OldRuntime', () => ''],
  ['FromRuntime', () => RUNTIME_MODULES],
  ['FromRuntimeEsm', () => RUNTIME_MODULES],
  ['LayerCjs', layerModules],
  ['LayerEsm', layerModules],
  ['LayerFromRuntime', () => [layerModules(), RUNTIME_MODULES].join(path.delimiter)],
])('%s: a call of a plain handler is recorded once, and carries the trace on', async (id, nodePath) => {
  const { output, documents, calls } = await invoke(id, { nodePath: nodePath() });
  expect(output).toBe('"a"');
  expect(documents.filter(document => document.namespace === 'aws')).toMatchObject([putItem]);
  const { id: subsegment } = documents.find(document => document.namespace === 'aws')!;
  expect(calls).toEqual([{ operation: 'DynamoDB_20120810.PutItem', traceHeader: `Root=${ROOT};Parent=${subsegment};Sampled=1` }]);
});

test.each<[string, () => string]>([['OwnCapture', () => ''], ['OwnCaptureLayer', layerModules]])(
  '%s: a client that the handler captures itself is recorded once', async (id, nodePath) => {
    const { documents } = await invoke(id, { nodePath: nodePath() });
    expect(documents.filter(document => document.namespace === 'aws')).toMatchObject([putItem]);
  });

test('an ES module may await at its top level, and a named import of node:http is recorded', async () => {
  const { output, documents } = await invoke('TopLevelAwait');
  expect(output).toBe('"200"');
  expect(documents).toContainEqual(expect.objectContaining({ name: 'DynamoDB', trace_id: ROOT }));
  expect(documents).toContainEqual(expect.objectContaining({ namespace: 'remote', name: '127.0.0.1' }));
});

test('module.exports, a handler named by a reserved word, and two clients at once are recorded', async () => {
  const { output, documents } = await invoke('Assigned', { handler: 'delete' });
  expect(output).toBe('2');
  expect(documents.filter(document => document.namespace === 'aws').map(document => document.aws?.operation)).toEqual(['GetItem', 'GetItem']);
});

test('a call is one subsegment, not one for the client and one for its connection', async () => {
  const { documents } = await invoke('Cjs');
  expect(documents.map(document => document.name)).toEqual(['DynamoDB']);
});

test('a function without instrumentation sends nothing', async () => {
  const { output, documents, calls } = await invoke('Untraced');
  expect([output, documents, calls.length]).toEqual(['"a"', [], 1]);
});

test('a request that is not sampled sends nothing', async () => {
  const { documents } = await environment.run([process.execPath, '-e', LAMBDA_RUNTIME, codeFile('Cjs'), 'handler'], packages.Cjs, {
    _X_AMZN_TRACE_ID: `Root=${ROOT};Parent=${PARENT};Sampled=0`,
  });
  expect(documents).toEqual([]);
});

test('stack traces and source maps name the files of the project', async () => {
  await expect(invoke('SourceMap')).rejects.toThrow(/thrown in line 4[\s\S]*at .*test\/fixtures\/nodejs\/throws\.ts:4:9/);
  const { sources } = JSON.parse(fs.readFileSync(path.join(packages.SourceMap, 'index.js.map'), 'utf8'));
  expect(sources).toEqual(expect.arrayContaining(['test/fixtures/nodejs/throws.ts', 'test/fixtures/nodejs/described.ts']));
  expect(sources.filter((source: string) => path.isAbsolute(source) || source.startsWith('..'))).toEqual([]);
});

test('with the layer the SDK is in the layer and not in the package', () => {
  expect(fs.readFileSync(codeFile('Cjs'), 'utf8')).toContain('Disabling centralized sampling');
  expect(fs.readFileSync(codeFile('LayerCjs'), 'utf8')).not.toContain('Disabling centralized sampling');
  expect(fs.readdirSync(layerModules())).toEqual(['aws-xray-sdk-core']);
});

test('no path of this machine is in a package', () => {
  const root = path.dirname(__dirname);
  for (const [id, folder] of Object.entries(packages)) {
    const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(name => path.join(folder, name)).filter(file => fs.statSync(file).isFile());
    expect([id, names.filter(file => fs.readFileSync(file, 'utf8').includes(root))]).toEqual([id, []]);
  }
});

describe('verification', () => {
  test('fails when the AWS client is bundled but its base class is not', () => {
    expect(bundlingError({ Function: nodejs('put-item.ts', { externalModules: ['@smithy/*'] }) }))
      .toMatch(/^cannot bundle 'Stack\/Function': the AWS client '.*@aws-sdk\/client-dynamodb.*' in the package of '.*put-item\.ts' has no base class that can be captured/);
  });

  test('fails when the SDK is left out', () => {
    expect(bundlingError({ Function: nodejs('put-item.ts', { externalModules: ['aws-xray-sdk-core'] }) }))
      .toMatch(/the finished package of '.*put-item\.ts' does not hold aws-xray-sdk-core; take it off 'externalModules', or use SdkDelivery\.sharedLayer\(\)/);
  });

  test('fails with a hint when an await at the top level meets CommonJS', () => {
    expect(bundlingError({ Function: nodejs('top-level-await.mts') })).toMatch(/Top-level await is currently not supported with the "cjs" output format.*OutputFormat\.ESM/);
  });
});

test('a project\'s own SDK is the one in the package', () => {
  const folder = projectFolder({
    'package.json': '{}',
    'f.js': "exports.handler = async () => require('aws-xray-sdk-core').own;",
    'node_modules/aws-xray-sdk-core/index.js': "module.exports = { own: 'the project copy', captureHTTPsGlobal() {}, captureAWSv3Client() {} };",
  });
  const { Function: output } = bundle({ Function: { entry: path.join(folder, 'f.js') } });
  const code = fs.readFileSync(path.join(output, 'index.js'), 'utf8');
  expect(code).toContain('the project copy');
  expect(code).not.toContain('Disabling centralized sampling');
});

test('options of esbuild reach the package', () => {
  const folder = projectFolder({
    'package.json': '{}',
    'f.ts': "import text from './note.txt'; import { name } from '@app/name'; export const handler = async () => [text, name, VERSION]; declare const VERSION: string;",
    'note.txt': 'from a text file',
    'src/name.ts': "export const name = 'from a path of the tsconfig';",
    'tsconfig.other.json': JSON.stringify({ compilerOptions: { paths: { '@app/*': ['./src/*'] } } }),
  });
  const bundling = Bundling.nodejs({
    loader: { '.txt': 'text' }, define: { VERSION: '"42.0"' }, banner: '/* licence */', tsconfig: path.join(folder, 'tsconfig.other.json'),
  });
  const { Function: output } = bundle({ Function: { entry: path.join(folder, 'f.ts'), bundling, instrumentation: Instrumentation.none() } });
  const code = fs.readFileSync(path.join(output, 'index.js'), 'utf8');
  expect(code).toMatch(/^\/\* licence \*\//);
  expect(['from a text file', 'from a path of the tsconfig', '42.0'].filter(text => !code.includes(text))).toEqual([]);
});

describe('files that are imported', () => {
  const folder = projectFolder({
    'package.json': '{}',
    'reads.ts': "import logo from './logo.png'; import { readFileSync } from 'fs'; import { join } from 'path'; export const handler = async () => readFileSync(join(__dirname, logo), 'utf8');",
    'other.ts': "import logo from './other.png'; export const handler = async () => logo;",
    'style.ts': "import './style.css'; export const handler = async () => 'styled';",
    'plain.ts': "export const handler = async () => 'plain';",
    'logo.png': 'the logo',
    'other.png': 'another',
    'style.css': 'a { color: red }',
  });
  const fn = (name: string, options: NodejsBundlingOptions = {}) => ({ entry: path.join(folder, name), bundling: Bundling.nodejs(options) });

  test.each<NodejsBundlingOptions>([{}, { sourceMap: true }, { minify: true }])('lie in the package of the function that imports them: %j', async options => {
    const loader = { '.png': 'file' };
    packages = { ...packages, ...bundle({ Reads: fn('reads.ts', { ...options, loader }), Other: fn('other.ts', { ...options, loader }) }) };
    expect(fs.readdirSync(packages.Reads).filter(name => name.endsWith('.png'))).toEqual([expect.stringMatching(/^logo-/)]);
    expect(fs.readdirSync(packages.Other).filter(name => name.endsWith('.png'))).toEqual([expect.stringMatching(/^other-/)]);
    expect((await invoke('Reads')).output).toBe('"the logo"');
  });

  test('do not put one function in the place of another when they are style sheets', async () => {
    packages = { ...packages, ...bundle({ Styled: fn('style.ts'), Plain: fn('plain.ts') }) };
    expect([(await invoke('Styled')).output, (await invoke('Plain')).output]).toEqual(['"styled"', '"plain"']);
  });

  test('need a loader, which the error names', () => {
    expect(bundlingError({ Function: fn('other.ts') })).toMatch(/No loader is configured for "\.png" files: .*\(name one in the bundling option 'loader'/);
  });
});

test('what esbuild warns of is told once, with the place and what to do', async () => {
  const folder = projectFolder({ 'package.json': '{"type":"module"}', 'f.ts': 'export const handler = async () => import.meta.env;' });
  const job: NodejsJob = {
    language: 'nodejs', kind: 'nodejs', workDir: temporaryFolder(), assetDir: temporaryFolder(), consumers: ['Stack/Function'], entry: path.join(folder, 'f.ts'), projectRoot: folder, outputDir: path.join(temporaryFolder(), '0'), handlerExport: 'handler',
    instrumentation: 'xray-sdk', capture: { clients: ['aws-sdk'], contextMissing: 'LOG_ERROR', coldStart: false, response: false, recording: NOTHING_LEFT_OUT, trim: true }, adaptsCallbacks: false, plainExports: false,
    sdkInLayer: false, nodeVersion: 24, sourceMap: false, esm: false, external: [], define: {}, loader: {}, banner: '', more: {},
  };
  const lines: string[] = [];
  const write = jest.spyOn(process.stderr, 'write').mockImplementation(line => lines.push(String(line)) > 0);
  try {
    await bundleNodejs([job, { ...job, outputDir: `${job.outputDir}1`, sourceMap: 'linked' }]);
  } finally {
    write.mockRestore();
  }
  expect(lines).toEqual([expect.stringMatching(/^cdk-traced-function: esbuild warns: f\.ts:1:35: "import\.meta" is not available .*\(set the bundling option 'format' to OutputFormat\.ESM\)\n$/)]);
});
