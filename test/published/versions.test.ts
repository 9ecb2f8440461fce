import * as fs from 'fs';
import * as path from 'path';
import { assembly, HANDLERS, npm, npmPack, PROJECT, run, writeFiles } from './published-app';
import { temporaryFolder } from '../test-app';

const { devDependencies, peerDependencies } = JSON.parse(fs.readFileSync(path.join(PROJECT, 'package.json'), 'utf8'));
const FLOOR = peerDependencies['aws-cdk-lib'].replace('^', '') as string;
const NEWEST = devDependencies['aws-cdk-lib'] as string;
const VERSIONS = [FLOOR, '2.250.0', NEWEST];
/** Before property injection, and before the default runtimes. npm refuses it; other installers only warn. */
const TOO_OLD = '2.180.0';
const LARGEST_TARBALL = 700_000;
const MOST_PACKAGES = 20;

const APP = `
const { App, Aspects, Stack } = require('aws-cdk-lib');
const lambda = require('aws-cdk-lib/aws-lambda');
const { NodejsFunction } = require('aws-cdk-lib/aws-lambda-nodejs');
const { Traced, TracedFunction, TracedFunctions } = require('cdk-traced-function');

const app = new App({ outdir: process.argv[2] });
const runtime = process.argv[3] && new lambda.Runtime(process.argv[3], lambda.RuntimeFamily.NODEJS);
const traced = new Stack(app, 'Traced');
new TracedFunction(traced, 'Node', { entry: 'lambda/hello.ts', runtime });
if (!runtime) {
  new TracedFunction(traced, 'Python', { entry: 'lambda/python' });
  new TracedFunction(traced, 'Go', { entry: 'lambda/go' });
}
const existing = new Stack(app, 'Existing');
TracedFunctions.everywhere(existing);
new NodejsFunction(existing, 'Rebundled', { entry: 'lambda/hello.ts', runtime: runtime || lambda.Runtime.NODEJS_24_X, depsLockFilePath: 'package-lock.json' });
new lambda.Function(existing, 'Inline', { code: lambda.Code.fromInline('exports.handler = async () => 1'), handler: 'index.handler', runtime: runtime || lambda.Runtime.NODEJS_22_X });
const single = new Stack(app, 'Single');
const fn = new lambda.Function(single, 'Fn', { code: lambda.Code.fromInline('exports.handler = async () => 1'), handler: 'index.handler', runtime: runtime || lambda.Runtime.NODEJS_22_X });
if (fn.with) fn.with(new Traced());
else Aspects.of(fn).add(new Traced());
app.synth();
`;

const TYPES = `
import { App, Aspects, Stack } from 'aws-cdk-lib';
import { Bundling, Instrumentation, SdkDelivery, Traced, TracedFunction, TracedFunctions } from 'cdk-traced-function';

const app = new App();
const report: string[] = TracedFunctions.everywhere(app).report.map(entry => entry.path);
const stack = new Stack(app, report[0]);
const fn = new TracedFunction(stack, 'Fn', {
  entry: 'x', bundling: Bundling.nodejs({ minify: true }), instrumentation: Instrumentation.openTelemetry(), sdkDelivery: SdkDelivery.bundled(),
});
fn.with(new Traced());
Aspects.of(stack).add(new Traced());
`;

let archive: string;
const apps = new Map<string, string>();

beforeAll(() => {
  archive = npmPack();
  for (const version of [...VERSIONS, TOO_OLD]) {
    const app = writeFiles(path.join(temporaryFolder(), 'app'), { ...HANDLERS, 'app.js': APP, 'types.ts': TYPES, 'package.json': '{"name":"app","version":"1.0.0","private":true}' });
    const constructs = version === TOO_OLD ? '10.4.2' : version === FLOOR ? peerDependencies.constructs.replace('^', '') : devDependencies.constructs;
    npm(['install', '--prefer-offline', ...version === TOO_OLD ? ['--legacy-peer-deps'] : [], archive, `aws-cdk-lib@${version}`, `constructs@${constructs}`, '@aws-sdk/client-dynamodb'], app);
    apps.set(version, app);
  }
});

function tsc(folder: string, options: object, files: object): void {
  const configuration = path.join(folder, 'tsconfig.check.json');
  fs.writeFileSync(configuration, JSON.stringify({ compilerOptions: { noEmit: true, strict: true, ...options }, ...files }));
  run(process.execPath, [path.join(PROJECT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', configuration], folder);
}

function synth(version: string, ...args: string[]) {
  const output = temporaryFolder();
  run(process.execPath, ['app.js', output, ...args], apps.get(version)!);
  return assembly(output);
}

test('the tarball is small, and brings no packages of types', () => {
  expect(fs.statSync(archive).size).toBeLessThan(LARGEST_TARBALL);
  const files = run('tar', ['-tzf', archive], PROJECT).split('\n');
  expect(files.filter(name => /@types\/|undici-types|\/node_modules\//.test(name))).toEqual([]);
});

test('few packages come with it', () => {
  const lock = JSON.parse(fs.readFileSync(path.join(apps.get(NEWEST)!, 'package-lock.json'), 'utf8')).packages as Record<string, { optional?: boolean }>;
  const foreign = /^node_modules\/(?:aws-cdk-lib|constructs|@aws-cdk|@aws-sdk|@smithy|@aws\b|@aws-crypto|tslib|bowser|fast-xml|@nodable|strnum|path-expression)/;
  const added = Object.keys(lock).filter(name => name && !foreign.test(name) && fs.existsSync(path.join(apps.get(NEWEST)!, name)));
  expect(added.length).toBeLessThanOrEqual(MOST_PACKAGES);
});

test('the library compiles at the floor', () => {
  const modules = path.join(apps.get(FLOOR)!, 'node_modules');
  const { compilerOptions } = JSON.parse(fs.readFileSync(path.join(PROJECT, 'tsconfig.json'), 'utf8'));
  const paths = { 'aws-cdk-lib': [`${modules}/aws-cdk-lib`], 'aws-cdk-lib/*': [`${modules}/aws-cdk-lib/*`], 'constructs': [`${modules}/constructs`] };
  tsc(apps.get(FLOOR)!, {
    ...compilerOptions, rootDir: PROJECT, outDir: undefined, noEmit: true, paths, types: ['node'], typeRoots: [path.join(PROJECT, 'node_modules', '@types')],
  }, { include: [path.join(PROJECT, 'lib', '**', '*.ts')] });
});

describe.each(VERSIONS)('with aws-cdk-lib %s', version => {
  test('types are complete', () => {
    tsc(apps.get(version)!, { module: 'node16', target: 'es2022', skipLibCheck: false, types: ['node'], typeRoots: [path.join(PROJECT, 'node_modules', '@types')] }, { files: ['types.ts'] });
  });

  test('functions are bundled and traced, as with every other version', () => {
    const { templates, assets } = synth(version);
    const functions = Object.values(templates).flatMap(template => Object.values((template as { Resources: Record<string, any> }).Resources)).filter(({ Type }) => Type === 'AWS::Lambda::Function');
    expect(functions).toHaveLength(6);
    expect(functions.map(({ Properties }) => Properties.TracingConfig)).toEqual(Array(6).fill({ Mode: 'Active' }));
    hashes.push(assets);
    expect(assets).toEqual(hashes[0]);
  });
});
const hashes: string[][] = [];

describe('with an aws-cdk-lib older than the peer dependency', () => {
  test('a default runtime that it does not have is named', () => {
    expect(() => synth(TOO_OLD)).toThrow(new RegExp(`TracedFunction 'Traced/Node': aws-cdk-lib ${TOO_OLD} has no member of lambda.Runtime for the default runtime of Node.js; update aws-cdk-lib to ${FLOOR} or newer, or set 'runtime' \\(TF149\\)`));
  });

  test('without property injection, functions get a layer, and the app is told', () => {
    const { templates } = synth(TOO_OLD, 'nodejs22.x');
    const { Resources } = templates['Existing.template.json'] as { Resources: Record<string, any> };
    expect(Object.values(Resources).filter(({ Type }) => Type === 'AWS::Lambda::Function').map(({ Properties }) => Properties.Layers?.length)).toEqual([1, 1]);
  });
});
