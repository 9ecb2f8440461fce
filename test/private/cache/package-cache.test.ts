import * as fs from 'fs';
import * as path from 'path';
import { App, Stack, Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { Bundling, Instrumentation, TracedFunction, TracedFunctionProps } from '../../../lib';
import * as runner from '../../../lib/private/bundling/run-bundling-runner';
import { findInstallation, keepInstallation } from '../../../lib/private/cache/installations';
import { prunePackageCache } from '../../../lib/private/cache/prune-package-cache';
import { packageCacheRoot } from '../../../lib/private/cache/user-cache';
import { directoryHash } from '../../../lib/private/files/directory-hash';
import { FakeGradle } from '../../fake-gradle';
import { projectFolder, temporaryFolder, testApp } from '../../test-app';

// The real runner, counted.
jest.mock('../../../lib/private/bundling/run-bundling-runner', () => {
  const actual = jest.requireActual<typeof runner>('../../../lib/private/bundling/run-bundling-runner');
  return { runBundlingRunner: jest.fn(actual.runBundlingRunner) };
});
const run = jest.mocked(runner.runBundlingRunner);

beforeEach(() => {
  process.env.CDK_TRACED_FUNCTION_CACHE = temporaryFolder();
  run.mockClear();
});

afterAll(() => process.env.CDK_TRACED_FUNCTION_CACHE = 'off');

/** Synthesises an app with one function. Gives the hash of its package, and whether anything was bundled for it. */
function synth(props: TracedFunctionProps): { hash: string; bundled: boolean } {
  const before = run.mock.calls.length;
  const stack = new Stack(testApp(), 'Stack');
  new TracedFunction(stack, 'Function', { instrumentation: Instrumentation.none(), ...props });
  const [fn] = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function'));
  return { hash: fn.Properties.Code.S3Key, bundled: run.mock.calls.length > before };
}

/** Synthesises an app with these functions. Gives the names of those for which something was bundled. */
function bundledOf(functions: { readonly [name: string]: TracedFunctionProps }): string[] {
  run.mockClear();
  const stack = new Stack(testApp(), 'Stack');
  Object.entries(functions).forEach(([name, props]) => new TracedFunction(stack, name, { instrumentation: Instrumentation.none(), ...props }));
  Template.fromStack(stack);
  return run.mock.calls.flatMap(([input]) => input.jobs.flatMap(job => job.consumers)).map(consumer => consumer.replace('Stack/', '')).sort();
}

/** What a test does to a project, and whether the package differs afterwards or only might have. */
type Mutation = (root: string) => void;

const write = (file: string, text: string): Mutation => root => {
  fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  fs.writeFileSync(path.join(root, file), text);
};
const remove = (file: string): Mutation => root => fs.rmSync(path.join(root, file));

/** Where esbuild's own package finds the program for this platform. */
function esbuildBinary(): string {
  return require.resolve(`@esbuild/${process.platform}-${process.arch}/bin/esbuild`, { paths: [path.dirname(require.resolve('esbuild/package.json'))] });
}

describe('a Node.js package', () => {
  const project = () => projectFolder({
    'package.json': '{"name":"app"}',
    'package-lock.json': '{"lockfileVersion":3}',
    'tsconfig.base.json': '{"compilerOptions":{"target":"ES2022"}}',
    'tsconfig.json': '{"extends":"./tsconfig.base.json"}',
    'src/app/paths.ts': "import { config } from '@/config'; import dep from 'dep'; export const handler = async () => config + dep;",
    'src/tsconfig.json': '{"compilerOptions":{"baseUrl":".","paths":{"@/*":["generated/*","../written/*"]}}}',
    'written/config.ts': "export const config = 'written';",
    'other/handler.ts': 'export const handler = async () => 4;',
    'src/api/handler.ts': "import dep from 'dep'; export const handler = async () => dep;",
    'src/handler.ts': "import { greeting } from './greeting'; import dep from 'dep'; export const handler = async () => greeting + dep;",
    'src/greeting.ts': "export const greeting = 'hello';",
    'node_modules/dep/package.json': '{"name":"dep","main":"a.js"}',
    'node_modules/dep/a.js': "module.exports = 'a';",
    'node_modules/dep/b.js': "module.exports = 'b';",
    'node_modules/esbuild/package.json': '{"name":"esbuild","main":"index.js","version":"0.0.1"}',
    'node_modules/esbuild/index.js': `module.exports = require(${JSON.stringify(require.resolve('esbuild'))});`,
  });

  test('is not bundled again when nothing has changed', () => {
    const entry = path.join(project(), 'src/handler.ts');
    const first = synth({ entry });
    expect(first.bundled).toBe(true);
    expect(synth({ entry })).toEqual({ hash: first.hash, bundled: false });
  });

  const changes: [string, Mutation, string?][] = [
    ['the entry', write('src/handler.ts', 'export const handler = async () => 1;')],
    ['a file that it imports', write('src/greeting.ts', "export const greeting = 'hallo';")],
    ['an installed package', write('node_modules/dep/a.js', "module.exports = 'changed';")],
    ['which file of an installed package is read', write('node_modules/dep/package.json', '{"name":"dep","main":"b.js"}')],
    ['a new file that takes the place of an imported one', write('src/greeting.tsx', "export const greeting = 'tsx';")],
    ['the TypeScript configuration', write('src/tsconfig.json', '{"compilerOptions":{"target":"ES2020"}}')],
    ['a configuration in a folder above', write('tsconfig.json', '{"compilerOptions":{"target":"ES2020"}}'), 'other/handler.ts'],
    ['a configuration that it extends', write('tsconfig.base.json', '{"compilerOptions":{"target":"ES2019","useDefineForClassFields":true}}'), 'other/handler.ts'],
    ['a new configuration beside the entry', write('src/api/tsconfig.json', '{"compilerOptions":{"experimentalDecorators":true}}'), 'src/api/handler.ts'],
    ['the lock file', write('package-lock.json', '{"lockfileVersion":3,"packages":{}}')],
    ['a package nearer to the entry', write('src/node_modules/dep/index.js', "module.exports = 'near';")],
    ['a package in a folder between the entry and the project', write('src/node_modules/dep/index.js', "module.exports = 'near';"), 'src/api/handler.ts'],
    ['a file that an earlier path of the TypeScript configuration finds', write('src/generated/config.ts', "export const config = 'generated';"), 'src/app/paths.ts'],
    ['a file that its base URL finds', write('src/dep.ts', "export default 'own';"), 'src/app/paths.ts'],
    ['the version of esbuild', write('node_modules/esbuild/package.json', '{"name":"esbuild","main":"index.js","version":"0.0.2"}')],
    ['the package type', write('package.json', '{"name":"app","sideEffects":false}')],
  ];

  test('is bundled again after a change of anything that may count', () => {
    const projects = changes.map(([name, mutate, file = 'src/handler.ts']) => ({ name, mutate, file, root: project() }));
    const functions = Object.fromEntries(projects.map(({ name, root, file }) => [name, { entry: path.join(root, file) }]));
    bundledOf(functions);
    expect(bundledOf(functions)).toEqual([]);
    projects.forEach(({ mutate, root }) => mutate(root));
    expect(bundledOf(functions)).toEqual(Object.keys(functions).sort());
    expect(bundledOf(functions)).toEqual([]);
  });

  test('is bundled again after a change of a configuration that is named', () => {
    const root = project();
    write('other.json', '{"compilerOptions":{"target":"ES2020"}}')(root);
    const props = { entry: path.join(root, 'src/handler.ts'), bundling: Bundling.nodejs({ tsconfig: path.join(root, 'other.json') }) };
    synth(props);
    write('other.json', '{"compilerOptions":{"target":"ES2022"}}')(root);
    expect(synth(props).bundled).toBe(true);
  });

  test('is bundled again after a change that leaves size and time stamps of a file as they were', () => {
    const root = project();
    const [entry, file] = ['src/handler.ts', 'src/greeting.ts'].map(name => path.join(root, name));
    const before = fs.statSync(file);
    const first = synth({ entry });
    fs.writeFileSync(file, "export const greeting = 'HELLO';");
    fs.utimesSync(file, before.atime, before.mtime);
    expect(synth({ entry }).hash).not.toEqual(first.hash);
  });

  test.each<[string, NodeJS.ProcessEnv]>([
    ['NODE_PATH', { NODE_PATH: '/elsewhere' }], ['PATH', { PATH: '/usr/bin:/bin' }], ['ESBUILD_BINARY_PATH', { ESBUILD_BINARY_PATH: esbuildBinary() }],
  ])(
    'is bundled again with another %s', (name, environment) => {
      const entry = path.join(project(), 'src/handler.ts');
      synth({ entry });
      const before = process.env[name];
      Object.assign(process.env, environment);
      try {
        expect(synth({ entry }).bundled).toBe(true);
      } finally {
        if (before === undefined) {
          delete process.env[name];
        } else {
          process.env[name] = before;
        }
      }
    });

  const options: [string, Partial<TracedFunctionProps>][] = [
    ['instrumentation', { instrumentation: Instrumentation.xraySdk() }],
    ['what is recorded', { instrumentation: Instrumentation.xraySdk({ captureResponse: true }) }],
    ['handler', { handler: 'index.other' }],
    ['runtime', { runtime: lambda.Runtime.NODEJS_22_X }],
    ['format', { bundling: Bundling.nodejs({ format: OutputFormat.ESM }) }],
    ['minification', { bundling: Bundling.nodejs({ minify: true }) }],
    ['source maps', { bundling: Bundling.nodejs({ sourceMap: true }) }],
    ['external modules', { bundling: Bundling.nodejs({ externalModules: ['dep'] }) }],
    ['definitions', { bundling: Bundling.nodejs({ define: { X: '1' } }) }],
    ['loaders', { bundling: Bundling.nodejs({ loader: { '.txt': 'text' } }) }],
    ['banner', { bundling: Bundling.nodejs({ banner: '/* ours */' }) }],
  ];

  test('is bundled again with another option', () => {
    const root = project();
    const entry = path.join(root, 'src/handler.ts');
    write('src/handler.ts', "import dep from 'dep'; export const handler = async () => dep; export const other = handler;")(root);
    synth({ entry });
    const functions = Object.fromEntries(options.map(([name, props]) => [name, { entry, ...props }]));
    expect(bundledOf({ ...functions, same: { entry } })).toEqual(Object.keys(functions).sort());
    expect(bundledOf({ ...functions, same: { entry } })).toEqual([]);
  });

  test('is the only one bundled again when a file of it alone has changed', () => {
    const root = project();
    write('src/other.ts', 'export const handler = async () => 2;')(root);
    const twoFunctions = () => {
      const stack = new Stack(testApp(), 'Stack');
      for (const name of ['handler', 'other']) {
        new TracedFunction(stack, name, { entry: path.join(root, 'src', `${name}.ts`), instrumentation: Instrumentation.none() });
      }
      Template.fromStack(stack);
    };
    twoFunctions();
    write('src/greeting.ts', "export const greeting = 'hallo';")(root);
    run.mockClear();
    twoFunctions();
    expect(run.mock.calls.map(([input]) => input.jobs.flatMap(job => job.consumers))).toEqual([['Stack/handler']]);
  });

  test('is made anew when its record or its contents were lost', () => {
    const entry = path.join(project(), 'src/handler.ts');
    const { hash } = synth({ entry });
    const cache = packageCacheRoot()!;
    const [record] = fs.readdirSync(cache).filter(name => /^[0-9a-f]{64}\.json$/.test(name));
    fs.truncateSync(path.join(cache, record), 10);
    expect(synth({ entry })).toEqual({ hash, bundled: true });
    fs.readdirSync(cache).filter(name => name.startsWith('package-')).forEach(name => fs.rmSync(path.join(cache, name), { recursive: true }));
    expect(synth({ entry })).toEqual({ hash, bundled: true });
    fs.readdirSync(cache).filter(name => name.startsWith('inputs-')).forEach(name => fs.truncateSync(path.join(cache, name), 10));
    expect(synth({ entry })).toEqual({ hash, bundled: true });
    expect(synth({ entry })).toEqual({ hash, bundled: false });
  });

  test('is made anew each time when the cache is off', () => {
    process.env.CDK_TRACED_FUNCTION_CACHE = 'off';
    const entry = path.join(project(), 'src/handler.ts');
    synth({ entry });
    expect(synth({ entry }).bundled).toBe(true);
  });

  test('fails again after a failure, and works once the cause is gone', () => {
    const root = project();
    const entry = path.join(root, 'src/handler.ts');
    write('src/handler.ts', 'export const handler = ;')(root);
    expect(() => synth({ entry })).toThrow(/handler\.ts/);
    expect(() => synth({ entry })).toThrow(/handler\.ts/);
    write('src/handler.ts', 'export const handler = async () => 3;')(root);
    expect(synth({ entry }).bundled).toBe(true);
  });
});

describe('a Python package', () => {
  const project = () => projectFolder({ 'app.py': 'import helper\ndef handler(event, context): pass\n', 'helper/__init__.py': '', 'requirements.txt': '# none\n' });

  test('is not made again when nothing has changed', () => {
    const entry = project();
    synth({ entry });
    expect(synth({ entry }).bundled).toBe(false);
  });

  const changes: [string, Mutation][] = [
    ['the handler', write('app.py', 'def handler(event, context): return 1\n')],
    ['a module in a folder', write('helper/__init__.py', 'X = 1\n')],
    ['a new file', write('helper/data.json', '{}')],
    ['a file that is gone', remove('helper/__init__.py')],
    ['the requirements', write('requirements.txt', '# still none\n')],
    ['a new lock file', write('pyproject.toml', '[project]\nname = "x"\nversion = "1"\n')],
  ];

  test('is made again after a change of anything that may count', () => {
    const projects = changes.map(([name, mutate]) => ({ name, mutate, entry: project() }));
    const functions = Object.fromEntries(projects.map(({ name, entry }) => [name, { entry, handler: 'app.handler' }]));
    bundledOf(functions);
    expect(bundledOf(functions)).toEqual([]);
    projects.forEach(({ mutate, entry }) => mutate(entry));
    expect(bundledOf(functions)).toEqual(Object.keys(functions).sort());
  });

  test.each<[string, string, Mutation]>([
    ['a project in a folder beside it', '-e ../common[extra]', write('../common/common/__init__.py', 'X = 2\n')],
    ['a new module of such a project', '../common', write('../common/common/more.py', 'X = 2\n')],
    ['a file with wheels that it names', '--find-links ../wheels', write('../wheels/a.whl', 'other bytes')],
  ])('is made again after a change of %s', (_, line, mutate) => {
    const folder = projectFolder({
      'function/app.py': 'def handler(event, context): pass\n',
      'function/requirements.txt': `${line}\n`,
      'wheels/a.whl': '',
      'common/common/__init__.py': 'X = 1\n',
      'common/pyproject.toml': '[project]\nname = "common"\nversion = "1"\noptional-dependencies = { extra = [] }\n[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n',
    });
    const props = { entry: path.join(folder, 'function'), instrumentation: Instrumentation.none() };
    const first = synth(props);
    expect(synth(props)).toEqual({ hash: first.hash, bundled: false });
    mutate(props.entry);
    expect(synth(props).bundled).toBe(true);
  });

  test('is not made again for what is left out of it', () => {
    const entry = project();
    synth({ entry });
    write('__pycache__/app.cpython-311.pyc', 'x')(entry);
    expect(synth({ entry }).hash).toEqual(synth({ entry }).hash);
  });
});

describe('a Java package', () => {
  test('is not built again when nothing has changed, nor for what a build leaves', () => {
    const gradle = new FakeGradle();
    const first = synth({ entry: gradle.projectDir });
    write('app/build/libs/app.jar', 'x')(gradle.root);
    expect(synth({ entry: gradle.projectDir })).toEqual({ hash: first.hash, bundled: false });
    expect(gradle.runs).toHaveLength(1);
  });

  const changes: [string, Mutation][] = [
    ['a source', write('app/src/main/java/example/Handler.java', 'changed')],
    ['a new source', write('app/src/main/java/example/Other.java', 'package example;')],
    ['a source that is gone', remove('app/src/main/java/example/Handler.java')],
    ['the build file', write('app/build.gradle.kts', 'plugins { `java-library` }')],
    ['the settings of the whole build', write('settings.gradle.kts', 'include("app", "other")')],
    ['a file that the build may read', write('gradle/libs.versions.toml', '[versions]')],
    ['the wrapper', root => fs.appendFileSync(path.join(root, 'app/gradlew'), '\n')],
  ];

  test('is built again after a change of anything that may count', () => {
    const builds = changes.map(([name, mutate]) => ({ name, mutate, gradle: new FakeGradle() }));
    const functions = Object.fromEntries(builds.map(({ name, gradle }) => [name, { entry: gradle.projectDir, handler: 'example.Handler' }]));
    bundledOf(functions);
    expect(bundledOf(functions)).toEqual([]);
    builds.forEach(({ mutate, gradle }) => mutate(gradle.root));
    expect(bundledOf(functions)).toEqual(Object.keys(functions).sort());
  });
});

test('two synths at the same time leave one whole package', async () => {
  const root = projectFolder({ 'package.json': '{}', 'handler.js': 'exports.handler = async () => 1;' });
  const { execFile } = await import('child_process');
  const script = `
    const { App, Stack } = require('aws-cdk-lib');
    const { TracedFunction } = require(${JSON.stringify(path.resolve(__dirname, '../../../lib/index.ts'))});
    const app = new App({ outdir: process.argv[1] });
    new TracedFunction(new Stack(app, 'S'), 'F', { entry: ${JSON.stringify(path.join(root, 'handler.js'))} });
    app.synth();`;
  const synths = Array.from({ length: 3 }, () => new Promise<void>((resolve, reject) => execFile(process.execPath,
    ['--import', require.resolve('tsx'), '-e', script, path.join(temporaryFolder(), 'cdk.out')],
    { cwd: path.resolve(__dirname, '../../..'), env: { ...process.env } }, (error, _, stderr) => error ? reject(new Error(stderr)) : resolve())));
  await Promise.all(synths);
  const cached = fs.readdirSync(packageCacheRoot()!).filter(name => !name.startsWith('tool-'));
  expect(cached.map(name => name.replace(/[0-9a-f]{64}/, 'HASH')).sort()).toEqual(['CACHEDIR.TAG', 'HASH.json', 'inputs-HASH.json', 'inputs-HASH.json', 'package-HASH.file', 'pruned']);
  const { onlyFile } = JSON.parse(fs.readFileSync(path.join(packageCacheRoot()!, cached.find(name => /^[0-9a-f]{64}\.json$/.test(name))!), 'utf8'));
  expect(onlyFile).toBe('index.js');
});

test.each([1, 2, 3, 8])('a synth that is killed while it keeps its packages (at file %i) harms no later one', async at => {
  const entries = Array.from({ length: 4 }, (_, i) => i)
    .map(i => path.join(projectFolder({ 'package.json': '{}', 'handler.js': `exports.handler = async () => ${i};` }), 'handler.js'));
  const cache = packageCacheRoot()!;
  const { spawnSync } = await import('child_process');
  const script = `
    const fs = require('fs');
    const rename = fs.renameSync;
    let number = 0;
    fs.renameSync = (from, to) => {
      if (to.startsWith(${JSON.stringify(cache)}) && ++number === ${at}) process.kill(process.pid, 'SIGKILL');
      rename(from, to);
    };
    const { App, Stack } = require('aws-cdk-lib');
    const { TracedFunction } = require(${JSON.stringify(path.resolve(__dirname, '../../../lib/index.ts'))});
    const app = new App({ outdir: process.argv[1] });
    const stack = new Stack(app, 'S');
    ${JSON.stringify(entries)}.forEach((entry, i) => new TracedFunction(stack, 'F' + i, { entry }));
    app.synth();`;
  const killed = spawnSync(process.execPath, ['--import', require.resolve('tsx'), '-e', script, path.join(temporaryFolder(), 'cdk.out')], {
    cwd: path.resolve(__dirname, '../../..'), encoding: 'utf8', env: { ...process.env },
  });
  // On a slow machine the bundling says that it goes on.
  const unexpected = killed.stderr.split('\n').filter(line => line !== '' && !/^cdk-traced-function: bundling /.test(line));
  expect([killed.signal, unexpected]).toEqual(['SIGKILL', []]);

  const stack = stackOf(entries);
  Template.fromStack(stack);
  const { outdir } = Stage.of(stack)!;
  const made = fs.readdirSync(outdir).filter(name => name.startsWith('asset.'));
  expect(made).toHaveLength(entries.length);
  expect(made.map(name => `asset.${directoryHash(path.join(outdir, name))}`)).toEqual(made);
  run.mockClear();
  Template.fromStack(stackOf(entries));
  expect(run).not.toHaveBeenCalled();
});

function stackOf(entries: string[]): Stack {
  const stack = new Stack(testApp(), 'S');
  entries.forEach((entry, i) => new TracedFunction(stack, `F${i}`, { entry }));
  return stack;
}

test('the cache lies in the user\'s cache folder unless another is named', () => {
  const { CDK_TRACED_FUNCTION_CACHE, XDG_CACHE_HOME } = process.env;
  try {
    delete process.env.CDK_TRACED_FUNCTION_CACHE;
    process.env.XDG_CACHE_HOME = '/home/me/.cache';
    expect(packageCacheRoot()).toBe('/home/me/.cache/cdk-traced-function/packages');
    process.env.CDK_TRACED_FUNCTION_CACHE = 'here';
    expect(packageCacheRoot()).toBe(path.resolve('here/cdk-traced-function'));
    process.env.CDK_TRACED_FUNCTION_CACHE = 'off';
    expect(packageCacheRoot()).toBeUndefined();
  } finally {
    Object.assign(process.env, { CDK_TRACED_FUNCTION_CACHE });
    delete process.env.XDG_CACHE_HOME;
    Object.assign(process.env, XDG_CACHE_HOME === undefined ? {} : { XDG_CACHE_HOME });
  }
});

describe('a cache that others can write', () => {
  const { stderr } = process;
  const files = { 'package.json': '{}', 'handler.js': 'exports.handler = async () => 1;' };
  const recordOf = () => path.join(packageCacheRoot()!, fs.readdirSync(packageCacheRoot()!).find(name => /^[0-9a-f]{64}\.json$/.test(name))!);

  test('is in a folder of its own, marked, for its owner alone', () => {
    synth({ entry: path.join(projectFolder(files), 'handler.js') });
    const root = packageCacheRoot()!;
    expect([path.dirname(root), fs.statSync(root).mode & 0o777]).toEqual([process.env.CDK_TRACED_FUNCTION_CACHE, 0o700]);
    expect(fs.readFileSync(path.join(root, 'CACHEDIR.TAG'), 'utf8')).toMatch(/^Signature: 8a477f597d28d172789f06886806bc55/);
  });

  test.each<[string, object]>([
    ['a file outside', { onlyFile: '../../escaped' }], ['an absolute file', { onlyFile: '/tmp/escaped' }], ['the folder above', { onlyFile: '..' }],
    ['a folder outside', { hash: '../../home/.ssh', onlyFile: undefined }], ['no list of inputs', { inputs: {} }], ['inputs from elsewhere', { common: ['../inputs.json'] }],
  ])('is not believed when a record names %s', (_, change) => {
    const entry = path.join(projectFolder(files), 'handler.js');
    const { hash } = synth({ entry });
    const record = JSON.parse(fs.readFileSync(recordOf(), 'utf8'));
    fs.writeFileSync(recordOf(), JSON.stringify({ ...record, ...change }));
    expect(synth({ entry })).toEqual({ hash, bundled: true });
    expect(synth({ entry })).toEqual({ hash, bundled: false });
  });

  test('is not believed when a package is another one than was put there', () => {
    const entry = path.join(projectFolder(files), 'handler.js');
    const { hash } = synth({ entry });
    const stored = path.join(packageCacheRoot()!, `package-${hash.replace('.zip', '')}.file`);
    fs.writeFileSync(stored, 'exports.handler = async () => "other";');
    const write_ = jest.spyOn(stderr, 'write').mockReturnValue(true);
    try {
      expect(synth({ entry })).toEqual({ hash, bundled: true });
      expect(write_).toHaveBeenCalledWith(expect.stringMatching(/what the cache holds in .* is not what was put there/));
    } finally {
      write_.mockRestore();
    }
    expect(synth({ entry })).toEqual({ hash, bundled: false });
    expect(fs.readFileSync(stored, 'utf8')).not.toContain('other');
  });

  test('is read and not written where a variable says so', () => {
    const entry = path.join(projectFolder(files), 'handler.js');
    synth({ entry });
    const contents = () => fs.readdirSync(packageCacheRoot()!).map(name => [name, fs.statSync(path.join(packageCacheRoot()!, name)).mtimeMs]);
    const before = contents();
    process.env.CDK_TRACED_FUNCTION_CACHE_READ_ONLY = '1';
    try {
      expect(synth({ entry }).bundled).toBe(false);
      expect(synth({ entry: path.join(projectFolder(files), 'handler.js') }).bundled).toBe(true);
    } finally {
      delete process.env.CDK_TRACED_FUNCTION_CACHE_READ_ONLY;
    }
    expect(contents()).toEqual(before);
  });
});

test('the cache of another user is told of and not used', () => {
  const entry = path.join(projectFolder({ 'package.json': '{}', 'handler.js': 'exports.handler = async () => 1;' }), 'handler.js');
  synth({ entry });
  const uid = fs.statSync(packageCacheRoot()!).uid;
  const lines: string[] = [];
  const spies = [
    jest.spyOn(process, 'getuid').mockReturnValue(uid + 1),
    jest.spyOn(process.stderr, 'write').mockImplementation(line => lines.push(String(line)) > 0),
  ];
  try {
    expect([synth({ entry }).bundled, synth({ entry }).bundled]).toEqual([true, true]);
  } finally {
    spies.forEach(spy => spy.mockRestore());
  }
  expect(lines).toEqual([expect.stringMatching(new RegExp(`^cdk-traced-function: the cache .* belongs to another user \\(${uid}, this one is ${uid + 1}\\), so it is not used; set `))]);
});

describe('what was installed for earlier synths', () => {
  const key = 'a'.repeat(64);
  const put = () => keepInstallation('python-dependencies', key, projectFolder({ 'six.py': 'VERSION = 1\n' }));

  test('is found again, unless it is not what was put there', () => {
    put();
    const kept = findInstallation('python-dependencies', key)!;
    expect(fs.readFileSync(path.join(kept, 'six.py'), 'utf8')).toBe('VERSION = 1\n');
    fs.appendFileSync(path.join(kept, 'six.py'), 'import evil\n');
    const spy = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      expect(findInstallation('python-dependencies', key)).toBeUndefined();
      expect(spy).toHaveBeenCalledWith(expect.stringMatching(/what the cache holds in .* is not what was put there, so it is installed anew/));
    } finally {
      spy.mockRestore();
    }
    put();
    expect(findInstallation('python-dependencies', key)).toBe(kept);
  });

  test('is not believed without its hash', () => {
    put();
    fs.rmSync(path.join(packageCacheRoot()!, 'python-dependencies', `${key}.sha256`));
    const spy = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(findInstallation('python-dependencies', key)).toBeUndefined();
    spy.mockRestore();
  });
});

test('a cache that cannot be written is told of, and the synth goes on', () => {
  const { CDK_TRACED_FUNCTION_CACHE } = process.env;
  const lines: string[] = [];
  const spy = jest.spyOn(process.stderr, 'write').mockImplementation(line => lines.push(String(line)) > 0);
  try {
    process.env.CDK_TRACED_FUNCTION_CACHE = path.join(projectFolder({ file: '' }), 'file');
    const props = { entry: projectFolder({ 'handler.py': 'def handler(event, context): pass\n', 'requirements.txt': 'six==1.17.0\n' }) };
    expect([synth(props).bundled, synth(props).bundled]).toEqual([true, true]);
  } finally {
    spy.mockRestore();
    Object.assign(process.env, { CDK_TRACED_FUNCTION_CACHE });
  }
  expect(lines).toEqual([expect.stringMatching(/^cdk-traced-function: nothing is kept for the next synth \(cannot make the folder '.*': a part of the path is a file.*\)\. Set CDK_TRACED_FUNCTION_CACHE to a folder that can be written, or to 'off'\n$/)]);
});

describe('the bounds of the cache', () => {
  const HOUR = 60 * 60 * 1_000;
  const cache = () => packageCacheRoot()!;
  const entries = (prefix: RegExp) => fs.readdirSync(cache()).filter(name => prefix.test(name));
  const RECORD = /^[0-9a-f]{64}\.json$/;

  /** Makes everything in the cache look as if it was written that many hours ago. */
  function age(names: string[], hours: number): void {
    const time = new Date(Date.now() - hours * HOUR);
    names.forEach(name => fs.utimesSync(path.join(cache(), name), time, time));
  }

  function fill(number: number): string[] {
    const root = projectFolder({ 'package.json': '{}' });
    return Array.from({ length: number }, (_, i) => {
      write(`f${i}.js`, `exports.handler = async () => ${i};`)(root);
      return synth({ entry: path.join(root, `f${i}.js`) }).hash.replace('.zip', '');
    });
  }

  test('what was not used for longest goes first, with its package', () => {
    const hashes = fill(4);
    const byHash = new Map(entries(RECORD).map(name => [JSON.parse(fs.readFileSync(path.join(cache(), name), 'utf8')).hash, name]));
    age(fs.readdirSync(cache()), 50);
    hashes.forEach((hash, i) => age([byHash.get(hash)!], 10 - i));
    prunePackageCache(cache(), { records: 2, bytes: 1e9 });
    expect(entries(RECORD).sort()).toEqual(hashes.slice(2).map(hash => byHash.get(hash)!).sort());
    expect(entries(/^package-/).sort()).toEqual(hashes.slice(2).map(hash => `package-${hash}.file`).sort());
  });

  test('counts bytes too', () => {
    fill(3);
    age(fs.readdirSync(cache()), 5);
    prunePackageCache(cache(), { records: 100, bytes: 1 });
    expect(fs.readdirSync(cache())).toEqual(['CACHEDIR.TAG', 'pruned']);
  });

  test('keeps what was used within the hour, and what a kept record names', () => {
    fill(2);
    age(entries(/^(?:package|inputs)-|^pruned$/), 50);
    const before = fs.readdirSync(cache()).sort();
    prunePackageCache(cache(), { records: 0, bytes: 0 });
    expect(fs.readdirSync(cache()).sort()).toEqual(before);
  });

  test('removes what a killed synth has left', () => {
    fill(1);
    fs.mkdirSync(path.join(cache(), 'new-01234567-89ab-cdef-0123-456789abcdef'));
    fs.writeFileSync(path.join(cache(), `${'0'.repeat(64)}.json`), '{"hash":');
    fs.writeFileSync(path.join(cache(), `${'1'.repeat(64)}.json.123.new`), '{');
    age(['new-01234567-89ab-cdef-0123-456789abcdef', `${'0'.repeat(64)}.json`, `${'1'.repeat(64)}.json.123.new`, 'pruned'], 5);
    prunePackageCache(cache(), { records: 1, bytes: 1e9 });
    expect(entries(/^new-|\.new$/)).toEqual([]);
    expect(entries(RECORD)).toHaveLength(1);
  });

  test('leave what the cache did not write, wherever it lies, and installations as long as packages', () => {
    fill(1);
    const named = process.env.CDK_TRACED_FUNCTION_CACHE!;
    const foreign = ['notes.json', 'package-mine', 'new-ideas/a.txt', `${'a'.repeat(63)}.json`, 'python-dependencies/mine/a.py', 'node-modules/left.txt'].flatMap(name =>
      [path.join(named, name), path.join(cache(), name)]);
    const kept = path.join(cache(), 'python-dependencies', 'b'.repeat(64));
    const forgotten = path.join(cache(), 'node-modules', 'c'.repeat(64));
    for (const file of [...foreign, path.join(kept, 'a.py'), path.join(forgotten, 'a.js')]) {
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, '');
    }
    const old = new Date(Date.now() - 1_000 * HOUR);
    [...foreign, ...foreign.map(file => path.dirname(file)), forgotten, path.join(cache(), 'pruned')].forEach(file => fs.utimesSync(file, old, old));
    age([path.relative(cache(), kept)], 3);
    const others = entries(RECORD).length + entries(/^tool-/).length; // as many tools as this machine has
    prunePackageCache(cache(), { records: others + 2, bytes: 1e9 });
    expect([...foreign, kept, forgotten].filter(file => !fs.existsSync(file))).toEqual([]);
    age(['pruned'], 3);
    prunePackageCache(cache(), { records: others + 1, bytes: 1e9 });
    expect([...foreign, kept, forgotten].filter(file => !fs.existsSync(file))).toEqual([forgotten]);
  });

  test('are looked at once an hour', () => {
    fill(1);
    age(entries(RECORD), 5);
    prunePackageCache(cache(), { records: 0, bytes: 0 });
    expect(entries(RECORD)).toHaveLength(1);
  });
});

test('an app in a temporary folder profits too', () => {
  const entry = path.join(projectFolder({ 'package.json': '{}', 'handler.js': 'exports.handler = async () => 1;' }), 'handler.js');
  synth({ entry });
  const stack = new Stack(new App({ outdir: temporaryFolder() }), 'Another');
  new TracedFunction(stack, 'Function', { entry, instrumentation: Instrumentation.none() });
  run.mockClear();
  Template.fromStack(stack);
  expect(run).not.toHaveBeenCalled();
});
