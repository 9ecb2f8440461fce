import * as fs from 'fs';
import * as path from 'path';
import { App, CfnOutput, LegacyStackSynthesizer, NestedStack, Stack, Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Bundling, Instrumentation, SdkDelivery, TracedFunction, TracedFunctionProps } from '../../../lib';
import { fixture, NODEJS_ENTRY, projectFolder, temporaryFolder, testApp } from '../../test-app';

const ENTRY = fixture('nodejs', 'return-event.cjs');

function add(stack: Stack, id: string, props: Partial<TracedFunctionProps> = {}): TracedFunction {
  return new TracedFunction(stack, id, { entry: ENTRY, ...props });
}

/** Asset hashes of a stack's functions, by construct id. */
function assetHashes(stack: Stack): Record<string, string> {
  const functions = Template.fromStack(stack).findResources('AWS::Lambda::Function');
  return Object.fromEntries(Object.entries(functions)
    .map(([id, { Properties }]) => [id.replace(/[0-9A-F]{8}$/, ''), String(Properties.Code.S3Key).replace('.zip', '')]));
}

/** Folders of finished packages, which hold the one file of a function. */
function packages(app: App): string[] {
  return fs.readdirSync(app.outdir).filter(name => name.startsWith('asset.')).map(name => path.join(app.outdir, name));
}

function manifestPaths(folder: string): string[] {
  const [manifest] = fs.readdirSync(folder).filter(name => name.endsWith('.assets.json'));
  const { files } = JSON.parse(fs.readFileSync(path.join(folder, manifest), 'utf8'));
  return Object.values<any>(files).filter(file => file.source.packaging === 'zip').map(file => path.resolve(folder, file.source.path));
}

/**
 * A project whose own esbuild counts its calls before it passes them on, and has functions `f0.ts`, `f1.ts`...
 * `calls` gives one line for each call: the process it came from.
 */
function countingProject(functions: number, source = 'export const handler = async () => 1;'): { folder: string; calls: () => string[] } {
  const log = path.join(temporaryFolder(), 'calls');
  const esbuild = `
    const real = require(${JSON.stringify(require.resolve('esbuild'))});
    const { appendFileSync } = require('fs');
    const count = name => (...args) => { appendFileSync(${JSON.stringify(log)}, process.pid + '\\n'); return real[name](...args); };
    module.exports = { ...real, version: 'counting ' + real.version, build: count('build'), buildSync: count('buildSync'), context: count('context') };`;
  const files = Object.fromEntries(Array.from({ length: functions }, (_, i) => [`f${i}.ts`, source]));
  const folder = projectFolder({ 'package.json': '{}', 'node_modules/esbuild/index.js': esbuild, ...files });
  return { folder, calls: () => fs.existsSync(log) ? fs.readFileSync(log, 'utf8').trim().split('\n') : [] };
}

describe('one run for the whole app', () => {
  test('20 copies of a function in TypeScript take as many esbuild calls as one: for their own code, and for what they have in common', () => {
    const { folder, calls } = countingProject(20);
    const app = testApp();
    const stacks = [new Stack(app, 'First'), new Stack(app, 'Second')];
    for (let i = 0; i < 20; i++) {
      add(stacks[i % 2], `F${i}`, { entry: path.join(folder, `f${i}.ts`) });
    }
    app.synth();
    expect(calls()).toHaveLength(2);
    expect(Object.keys({ ...assetHashes(stacks[0]), ...assetHashes(stacks[1]) })).toHaveLength(20);
  });

  test('copies in folders without a project of their own do too', () => {
    const { folder, calls } = countingProject(0);
    fs.rmSync(path.join(folder, 'package.json'));
    const cwd = process.cwd();
    try {
      process.chdir(folder);
      const app = testApp();
      const stack = new Stack(app, 'Stack');
      for (let i = 0; i < 3; i++) {
        fs.mkdirSync(path.join(folder, `copy${i}`));
        fs.writeFileSync(path.join(folder, `copy${i}`, 'handler.ts'), 'export const handler = async () => 1;');
        add(stack, `F${i}`, { entry: `copy${i}/handler.ts` });
      }
      app.synth();
      expect(calls()).toHaveLength(2);
    } finally {
      process.chdir(cwd);
    }
  });

  test('different options take calls of their own, in one process', () => {
    const { folder, calls } = countingProject(3);
    const app = testApp();
    const stack = new Stack(app, 'Stack');
    add(stack, 'Plain', { entry: path.join(folder, 'f0.ts') });
    add(stack, 'Minified', { entry: path.join(folder, 'f1.ts'), bundling: Bundling.nodejs({ minify: true }) });
    add(stack, 'Untraced', { entry: path.join(folder, 'f2.ts'), instrumentation: Instrumentation.none() });
    app.synth();
    expect(calls()).toHaveLength(2 + 2 + 1);
    expect(new Set(calls()).size).toBe(1);
  });

  test('equal functions are bundled once and share their asset', () => {
    const app = testApp();
    const stack = new Stack(app, 'Stack');
    add(stack, 'One');
    add(stack, 'Two', { memorySize: 512 });
    const { One, Two } = assetHashes(stack);
    expect(One).toBe(Two);
    expect(packages(app)).toHaveLength(1);
  });

  test('a function added after a first synth is bundled in a second', () => {
    const { folder, calls } = countingProject(2);
    const stack = new Stack(testApp(), 'Stack');
    add(stack, 'First', { entry: path.join(folder, 'f0.ts') });
    const before = assetHashes(stack);
    add(stack, 'Second', { entry: path.join(folder, 'f1.ts') });
    Stage.of(stack)!.synth({ force: true, errorOnDuplicateSynth: false });
    expect(assetHashes(stack)).toMatchObject(before);
    expect(Object.keys(assetHashes(stack))).toEqual(['First', 'Second']);
    expect(new Set(calls()).size).toBe(2);
  });

  test('nothing but packages and CDK\'s own files stays in the output folder', () => {
    const app = testApp();
    add(new Stack(app, 'Stack'), 'Function');
    app.synth();
    expect(fs.readdirSync(app.outdir).filter(name => !/^asset\.[0-9a-f]{64}$|\.json$|^cdk\.out$/.test(name))).toEqual([]);
  });
});

describe('the asset', () => {
  test('is a folder with the package, named after its contents', () => {
    const app = testApp();
    const stack = new Stack(app, 'Stack');
    add(stack, 'Function');
    const { Function: hash } = assetHashes(stack);
    expect(packages(app)).toEqual([path.join(app.outdir, `asset.${hash}`)]);
    expect(fs.readdirSync(packages(app)[0])).toEqual(['index.js']);
    expect(manifestPaths(app.outdir)).toEqual(packages(app));
  });

  test('does not depend on what else the app has', () => {
    const bundling = Bundling.nodejs({ sourceMap: true, minify: false });
    const alone = new Stack(testApp(), 'Stack');
    add(alone, 'Function', { bundling });
    const together = new Stack(testApp(), 'Stack');
    add(together, 'Another', { bundling, handler: 'index.another' });
    add(together, 'Function', { bundling });
    expect(assetHashes(together).Function).toBe(assetHashes(alone).Function);
  });

  test('changes the current version when the code changes', () => {
    const folder = projectFolder({ 'package.json': '{}', 'f.js': 'exports.handler = async () => 1;' });
    const versionId = () => {
      const stack = new Stack(testApp(), 'Stack');
      const fn = add(stack, 'Function', { entry: path.join(folder, 'f.js') });
      new CfnOutput(stack, 'Version', { value: fn.currentVersion.version });
      return Object.keys(Template.fromStack(stack).findResources('AWS::Lambda::Version'))[0];
    };
    const before = versionId();
    expect(versionId()).toBe(before);
    fs.writeFileSync(path.join(folder, 'f.js'), 'exports.handler = async () => 2;');
    expect(versionId()).not.toBe(before);
  });

  test('of a stage lies in the app\'s folder, and the stage\'s manifest finds it', () => {
    const app = testApp();
    const stage = new Stage(app, 'Production');
    add(new Stack(stage, 'Stack'), 'Function');
    app.synth();
    expect(packages(app)).toHaveLength(1);
    expect(manifestPaths(path.join(app.outdir, 'assembly-Production'))).toEqual(packages(app));
  });

  test('of a nested stack is in the manifest of the stack around it', () => {
    const app = testApp();
    const stack = new Stack(app, 'Stack');
    add(new NestedStack(stack, 'Nested'), 'Function');
    app.synth();
    expect(manifestPaths(app.outdir)).toEqual(packages(app));
  });

  test('is passed in parameters by the legacy synthesizer', () => {
    const app = testApp();
    const stack = new Stack(app, 'Stack', { synthesizer: new LegacyStackSynthesizer() });
    add(stack, 'Function');
    const template = Template.fromStack(stack);
    const { Code } = Object.values(template.findResources('AWS::Lambda::Function'))[0].Properties;
    expect(Object.keys(template.findParameters('*'))).toEqual(expect.arrayContaining([Code.S3Bucket.Ref]));
    expect(app.synth().getStackByName('Stack').assets).toMatchObject([{ path: path.basename(packages(app)[0]), packaging: 'zip' }]);
  });

  test('is named in the metadata for SAM, as Code.fromAsset does', () => {
    const app = testApp({ 'aws:cdk:enable-asset-metadata': true });
    const stack = new Stack(app, 'Stack');
    add(stack, 'Function');
    Template.fromStack(stack).hasResource('AWS::Lambda::Function', {
      Metadata: { 'aws:asset:path': path.basename(packages(app)[0]), 'aws:asset:is-bundled': true, 'aws:asset:property': 'Code' },
    });
  });

  test('has an absolute path where staging is disabled', () => {
    const app = testApp({ 'aws:cdk:disable-asset-staging': true, 'aws:cdk:enable-asset-metadata': true });
    const stack = new Stack(app, 'Stack');
    add(stack, 'Function');
    Template.fromStack(stack).hasResource('AWS::Lambda::Function', { Metadata: { 'aws:asset:path': packages(app)[0] } });
    expect(manifestPaths(app.outdir)).toEqual(packages(app));
  });

  test('can be read by everybody, whatever the umask', () => {
    const umask = process.umask(0o077);
    try {
      const app = testApp();
      add(new Stack(app, 'Stack'), 'Function');
      app.synth();
      const [folder] = packages(app);
      expect([folder, path.join(folder, 'index.js')].map(file => (fs.statSync(file).mode & 0o777).toString(8))).toEqual(['755', '644']);
    } finally {
      process.umask(umask);
    }
  });
});

describe('a stack that is not deployed', () => {
  test('is not bundled', () => {
    const { folder, calls } = countingProject(2);
    const app = testApp({ 'aws:cdk:bundling-stacks': ['Wanted'] });
    const [wanted, other] = [new Stack(app, 'Wanted'), new Stack(app, 'Other')];
    add(wanted, 'Function', { entry: path.join(folder, 'f0.ts') });
    add(other, 'Function', { entry: path.join(folder, 'f1.ts') });
    const outcome = assetHashes(other).Function;
    expect(calls()).toHaveLength(2);
    expect(packages(app).map(name => path.basename(name))).not.toContain(`asset.${outcome}`);
  });

  test('needs no tool and no source that compiles', () => {
    const { folder, calls } = countingProject(1, 'this is no TypeScript');
    const app = testApp({ 'aws:cdk:bundling-stacks': [] });
    add(new Stack(app, 'Stack'), 'Function', { entry: path.join(folder, 'f0.ts'), sdkDelivery: SdkDelivery.sharedLayer() });
    app.synth();
    expect(calls()).toEqual([]);
    expect(packages(app)).toEqual([]);
  });

  test('shares the package of an equal function that is', () => {
    const app = testApp({ 'aws:cdk:bundling-stacks': ['Wanted'] });
    const [other, wanted] = [new Stack(app, 'Other'), new Stack(app, 'Wanted')];
    add(other, 'Function');
    add(wanted, 'Function');
    app.synth();
    expect(packages(app)).toHaveLength(1);
    expect(assetHashes(other).Function).not.toBe(assetHashes(wanted).Function);
  });
});

describe('a failure', () => {
  function brokenApp(files: Record<string, string>): { app: App; stack: Stack } {
    const folder = projectFolder({ 'package.json': '{}', ...files });
    const app = testApp();
    const stack = new Stack(app, 'Stack');
    for (const name of Object.keys(files)) {
      for (const copy of ['A', 'B']) {
        add(stack, `${name.replace(/\W|ts$/g, '')}${copy}`, { entry: path.join(folder, name) });
      }
    }
    return { app, stack };
  }

  test('names the file and every function concerned, once, and no other', () => {
    const { app } = brokenApp({ 'broken.ts': 'export const = 1;', 'good.ts': 'export const handler = async () => 1;' });
    expect(() => app.synth()).toThrow(/^cannot bundle 'Stack\/brokenA', 'Stack\/brokenB': esbuild failed:\nbroken\.ts:1:13: Expected identifier but found "=" \(TF339\)$/);
  });

  test('tells of all that failed', () => {
    const { app } = brokenApp({ 'one.ts': 'export const = 1;', 'two.ts': 'import "./gone";' });
    expect(() => app.synth()).toThrow(/'Stack\/oneA', 'Stack\/oneB'[\s\S]*one\.ts:1:13[\s\S]*'Stack\/twoA', 'Stack\/twoB'[\s\S]*two\.ts:1:7: Could not resolve "\.\/gone"/);
  });

  test('tells of a shared cause once', () => {
    const shared = 'import "./shared"; export const handler = async () => 1;';
    const { app } = brokenApp({ 'one.ts': shared, 'two.ts': shared, 'shared.ts': 'export const = 1;' });
    let message = '';
    try {
      app.synth();
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message.match(/Expected identifier/g)).toHaveLength(1);
    expect(message).toMatch(/^cannot bundle 'Stack\/oneA', 'Stack\/oneB', 'Stack\/twoA', 'Stack\/twoB', /);
  });

  test('leaves nothing behind in the output folder', () => {
    const { app } = brokenApp({ 'broken.ts': 'export const = 1;' });
    expect(() => app.synth()).toThrow();
    expect(fs.readdirSync(app.outdir).filter(name => name.startsWith('bundling-'))).toEqual([]);
  });

  test('is thrown by a template as well as by a synth that skips validation', () => {
    const { app, stack } = brokenApp({ 'broken.ts': 'export const = 1;' });
    expect(() => Template.fromStack(stack)).toThrow('cannot bundle');
    expect(() => app.synth({ skipValidation: true, force: true })).toThrow('cannot bundle');
  });

  test('is all that is shown of it: no frames of what was not the user\'s', () => {
    const { app } = brokenApp({ 'broken.ts': 'export const = 1;' });
    let error = new Error();
    try {
      app.synth();
    } catch (thrown) {
      error = thrown as Error;
    }
    expect(error.stack).toBe(`ValidationError: ${error.message}`);
  });

  test('names a missing package and what to do about it', () => {
    const { app } = brokenApp({ 'f.ts': 'import "@scope/gone/sub"; import "left-pad"; export const handler = async () => 1;' });
    expect(() => app.synth()).toThrow(/"@scope\/gone\/sub" \(install '@scope\/gone' in the project, or list it in 'externalModules' when a layer has it\)[\s\S]*install 'left-pad'/);
  });

  test('names the missing export, its file and the function', () => {
    const { app } = brokenApp({ 'a.ts': 'export const main = async () => 1;', 'sub/a.ts': 'export const handler = async () => 1;' });
    expect(() => app.synth()).toThrow(/^cannot bundle 'Stack\/aA', 'Stack\/aB': '.*\/a\.ts' exports no 'handler'; export it, or set 'handler' to the name that it exports \(TF\d{3}\)$/);
  });
});

test('a function with the AWS SDK is captured in the same call as one without', () => {
  const app = testApp();
  const stack = new Stack(app, 'Stack');
  add(stack, 'With', { entry: NODEJS_ENTRY });
  add(stack, 'Without');
  add(stack, 'Untraced', { instrumentation: Instrumentation.none(), runtime: lambda.Runtime.NODEJS_24_X });
  const { With, Without, Untraced } = assetHashes(stack);
  const size = (hash: string) => fs.statSync(path.join(app.outdir, `asset.${hash}`, 'index.js')).size;
  expect(size(Untraced)).toBeLessThan(2_000);
  expect(size(Without)).toBeGreaterThan(size(Untraced));
  expect(size(With)).toBeGreaterThan(size(Without));
});
