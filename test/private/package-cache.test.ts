import * as fs from 'fs';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Instrumentation, TracedFunction, TracedFunctionProps } from '../../lib';
import * as runner from '../../lib/private/run-bundling-runner';
import { FakeGradle } from '../fake-gradle';
import { projectFolder, temporaryFolder, testApp } from '../test-app';

// The real runner, counted.
jest.mock('../../lib/private/run-bundling-runner', () => {
  const actual = jest.requireActual<typeof runner>('../../lib/private/run-bundling-runner');
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

/** What a test does to a project, and whether the package differs afterwards or only might have. */
type Mutation = (root: string) => void;

const write = (file: string, text: string): Mutation => root => {
  fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  fs.writeFileSync(path.join(root, file), text);
};
const remove = (file: string): Mutation => root => fs.rmSync(path.join(root, file));

describe('a Node.js package', () => {
  const project = () => projectFolder({
    'package.json': '{"name":"app"}',
    'package-lock.json': '{"lockfileVersion":3}',
    'tsconfig.base.json': '{"compilerOptions":{"target":"ES2022"}}',
    'tsconfig.json': '{"extends":"./tsconfig.base.json"}',
    'src/handler.ts': "import { greeting } from './greeting'; import dep from 'dep'; export const handler = async () => greeting + dep;",
    'src/greeting.ts': "export const greeting = 'hello';",
    'node_modules/dep/package.json': '{"name":"dep","main":"a.js"}',
    'node_modules/dep/a.js': "module.exports = 'a';",
    'node_modules/dep/b.js': "module.exports = 'b';",
  });

  test('is not bundled again when nothing has changed', () => {
    const entry = path.join(project(), 'src/handler.ts');
    const first = synth({ entry });
    expect(first.bundled).toBe(true);
    expect(synth({ entry })).toEqual({ hash: first.hash, bundled: false });
  });

  test.each<[string, Mutation]>([
    ['the entry', write('src/handler.ts', 'export const handler = async () => 1;')],
    ['a file that it imports', write('src/greeting.ts', "export const greeting = 'hallo';")],
    ['an installed package', write('node_modules/dep/a.js', "module.exports = 'changed';")],
    ['which file of an installed package is read', write('node_modules/dep/package.json', '{"name":"dep","main":"b.js"}')],
    ['a new file that takes the place of an imported one', write('src/greeting.tsx', "export const greeting = 'tsx';")],
    ['the TypeScript configuration', write('tsconfig.json', '{"compilerOptions":{"target":"ES2020"}}')],
    ['a configuration that it extends', write('tsconfig.base.json', '{"compilerOptions":{"target":"ES2019","useDefineForClassFields":true}}')],
    ['a new configuration beside the entry', write('src/tsconfig.json', '{"compilerOptions":{"experimentalDecorators":true}}')],
    ['the lock file', write('package-lock.json', '{"lockfileVersion":3,"packages":{}}')],
    ['a package nearer to the entry', write('src/node_modules/dep/index.js', "module.exports = 'near';")],
    ['the package type', write('package.json', '{"name":"app","sideEffects":false}')],
  ])('is bundled again after a change of %s', (_, mutate) => {
    const root = project();
    const entry = path.join(root, 'src/handler.ts');
    synth({ entry });
    mutate(root);
    expect(synth({ entry }).bundled).toBe(true);
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

  test.each<[string, NodeJS.ProcessEnv]>([['NODE_PATH', { NODE_PATH: '/elsewhere' }], ['PATH', { PATH: '/usr/bin:/bin' }]])(
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

  test('is bundled again with other options', () => {
    const entry = path.join(project(), 'src/handler.ts');
    synth({ entry });
    expect(synth({ entry, instrumentation: Instrumentation.xraySdk() }).bundled).toBe(true);
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
    const cache = process.env.CDK_TRACED_FUNCTION_CACHE!;
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

  test.each<[string, Mutation]>([
    ['the handler', write('app.py', 'def handler(event, context): return 1\n')],
    ['a module in a folder', write('helper/__init__.py', 'X = 1\n')],
    ['a new file', write('helper/data.json', '{}')],
    ['a file that is gone', remove('helper/__init__.py')],
    ['the requirements', write('requirements.txt', '# still none\n')],
    ['a new lock file', write('pyproject.toml', '[project]\nname = "x"\nversion = "1"\n')],
  ])('is made again after a change of %s', (_, mutate) => {
    const entry = project();
    synth({ entry, handler: 'app.handler' });
    mutate(entry);
    expect(synth({ entry, handler: 'app.handler' }).bundled).toBe(true);
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

  test.each<[string, Mutation]>([
    ['a source', write('app/src/main/java/example/Handler.java', 'changed')],
    ['a new source', write('app/src/main/java/example/Other.java', 'package example;')],
    ['a source that is gone', remove('app/src/main/java/example/Handler.java')],
    ['the build file', write('app/build.gradle.kts', 'plugins { `java-library` }')],
    ['the settings of the whole build', write('settings.gradle.kts', 'include("app", "other")')],
    ['a file that the build may read', write('gradle/libs.versions.toml', '[versions]')],
    ['the wrapper', root => fs.appendFileSync(path.join(root, 'app/gradlew'), '\n')],
  ])('is built again after a change of %s', (_, mutate) => {
    const { projectDir: entry, root } = new FakeGradle();
    synth({ entry, handler: 'example.Handler' });
    mutate(root);
    expect(synth({ entry, handler: 'example.Handler' }).bundled).toBe(true);
  });
});

test('two synths at the same time leave one whole package', async () => {
  const root = projectFolder({ 'package.json': '{}', 'handler.js': 'exports.handler = async () => 1;' });
  const { execFile } = await import('child_process');
  const script = `
    const { App, Stack } = require('aws-cdk-lib');
    const { TracedFunction } = require(${JSON.stringify(path.resolve(__dirname, '../../lib/index.ts'))});
    const app = new App({ outdir: process.argv[1] });
    new TracedFunction(new Stack(app, 'S'), 'F', { entry: ${JSON.stringify(path.join(root, 'handler.js'))} });
    app.synth();`;
  const synths = Array.from({ length: 3 }, () => new Promise<void>((resolve, reject) => execFile(process.execPath,
    ['--import', require.resolve('tsx'), '-e', script, path.join(temporaryFolder(), 'cdk.out')],
    { cwd: path.resolve(__dirname, '../..'), env: { ...process.env } }, (error, _, stderr) => error ? reject(new Error(stderr)) : resolve())));
  await Promise.all(synths);
  const cached = fs.readdirSync(process.env.CDK_TRACED_FUNCTION_CACHE!);
  expect(cached.map(name => name.replace(/[0-9a-f]{64}/, 'HASH')).sort()).toEqual(['HASH.json', 'inputs-HASH.json', 'inputs-HASH.json', 'package-HASH', 'pruned']);
  expect(fs.readdirSync(path.join(process.env.CDK_TRACED_FUNCTION_CACHE!, cached.find(name => name.startsWith('package-'))!))).toEqual(['index.js']);
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
