import { execFileSync, spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { hasMaven, javaProgram } from './java-runtime';
import { LambdaEnvironment, PARENT, ROOT } from './lambda-environment';
import { linkTree } from './link-tree';
import { LOCAL_PYTHON } from './local-python';
import { fixture, GO_ENTRY, JAVA_ENTRY, NODEJS_ENTRY, temporaryFolder } from './test-app';
import { directoryHash } from '../lib/private/files/directory-hash';

const project = path.dirname(__dirname);
const { devDependencies } = JSON.parse(fs.readFileSync(path.join(project, 'package.json'), 'utf8'));

let environment: LambdaEnvironment;
let app: string;
let withEsbuild: Synthesized;

/** What an app's synth has made. */
interface Synthesized {
  /** Folder of each package, by the construct's id. */
  readonly packages: Record<string, string>;
  readonly template: unknown;
  /** What was printed. */
  readonly log: string;
  /** Folder of the cloud assembly. */
  readonly output: string;
}

beforeAll(async () => {
  environment = await LambdaEnvironment.start();
  const archive = npmPack();
  app = path.join(temporaryFolder(), 'app');
  for (const [file, source] of Object.entries({
    'app.js': fixture('package-app.js'),
    'nodejs/put-item.ts': NODEJS_ENTRY,
    'python/handler.py': fixture('python', 'select.py'),
    'go': GO_ENTRY,
    ...hasMaven ? { java: JAVA_ENTRY } : {},
  })) {
    fs.cpSync(source, path.join(app, file), { recursive: true });
  }
  fs.writeFileSync(path.join(app, 'package.json'), JSON.stringify({ name: 'app', version: '1.0.0', private: true }));
  fs.writeFileSync(path.join(app, 'local-platform.js'), [
    "const lambda = require('aws-cdk-lib/aws-lambda');",
    `exports.architecture = lambda.Architecture.custom(${JSON.stringify(LOCAL_PYTHON.architecture.name)});`,
    `exports.pythonRuntime = new lambda.Runtime(${JSON.stringify(LOCAL_PYTHON.runtime.name)}, lambda.RuntimeFamily.PYTHON);`,
  ].join('\n'));
  npm(['install', '--prefer-offline', archive, `aws-cdk-lib@${devDependencies['aws-cdk-lib']}`, `constructs@${devDependencies.constructs}`], app);
  withEsbuild = synth(app);
});
afterAll(async () => environment.stop());

function npm(args: string[], cwd: string): string {
  return execFileSync('npm', [...args, '--no-audit', '--no-fund', '--loglevel=error'], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}

function npmPack(): string {
  const written = fs.statSync(path.join(project, '.jsii'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = fs.readdirSync(path.join(project, 'lib'), { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'));
  if (sources.some(file => fs.statSync(path.join(project, 'lib', file)).mtimeMs > written)) {
    throw new Error("the compiled library is missing or older than lib; run 'npx jsii'");
  }
  const folder = temporaryFolder();
  npm(['pack', '--pack-destination', folder], project);
  return path.join(folder, fs.readdirSync(folder)[0]);
}

function synth(folder: string, { umask = 0o022, variables = {} as Record<string, string> } = {}): Synthesized {
  const output = temporaryFolder();
  const before = process.umask(umask);
  const run = spawnSync(process.execPath, ['app.js', output], { cwd: folder, env: { ...process.env, ...variables }, encoding: 'utf8' });
  process.umask(before);
  if (run.status !== 0) {
    throw new Error(`the app ended with ${run.status}:\n${run.stderr}`);
  }
  const template = JSON.parse(fs.readFileSync(path.join(output, 'Stack.template.json'), 'utf8'));
  const packages = Object.entries<any>(template.Resources).flatMap(([id, { Properties: { Code, Content } = {} as any }]) => {
    const key = (Code ?? Content)?.S3Key;
    return key ? [[id.replace(/[0-9A-F]{8}$/, ''), path.join(output, `asset.${key.replace('.zip', '')}`)]] : [];
  });
  return { template, packages: Object.fromEntries(packages), log: run.stderr, output };
}

/** @param ids of the packages; all if undefined */
function contents({ packages }: Synthesized, ids?: string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(packages).filter(([id]) => ids?.includes(id) ?? true).map(([id, folder]) => [id, directoryHash(folder)]));
}

/** A second folder with the same app, deeper down. */
function copyOfApp(): string {
  const copy = path.join(temporaryFolder(), 'some', 'where', 'else');
  fs.mkdirSync(path.dirname(copy), { recursive: true });
  linkTree(app, copy);
  return copy;
}

function esbuildFolders(folder: string): string[] {
  return ['node_modules', 'node_modules/cdk-traced-function/node_modules']
    .flatMap(modules => ['esbuild', '@esbuild'].map(name => path.join(folder, modules, name))).filter(name => fs.existsSync(name));
}

const HANDLERS = {
  nodejs: 'import(process.argv[1]).then(async m => console.log(JSON.stringify(await (m.handler ?? m.default.handler)({ id: "a" }, {}))))',
  python: 'import cdk_traced_function, json; print(json.dumps(cdk_traced_function.handler({}, None)))',
};

describe('the package from npm pack, in an app of its own', () => {
  test('has nothing in it but what is published', () => {
    const installed = path.join(app, 'node_modules', 'cdk-traced-function');
    expect(fs.readdirSync(installed).filter(name => !/^(?:API\.md|README\.md|LICENSE|NOTICE|THIRD-PARTY-LICENSES|package\.json|\.jsii|build|runtime|node_modules)$/.test(name))).toEqual([]);
    expect(fs.readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter(name => /^build\/.*(?<!\.d)\.ts$|\.test\./.test(name))).toEqual([]);
  });

  test('has a command that knows its packages by their marks', () => {
    const { status, stdout, stderr } = spawnSync(path.join(app, 'node_modules', '.bin', 'cdk-traced'), ['doctor', withEsbuild.output, '--format', 'json'], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    const { functions } = JSON.parse(stdout);
    expect(functions.length).toBeGreaterThan(3);
    // A package in Java that calls nothing over HTTP holds nothing but the X-Ray SDK.
    expect(functions.filter(({ recorder, runtime }: any) => recorder !== 'cdk-traced-function' && !(/^java/.test(runtime) && recorder === 'X-Ray SDK'))).toEqual([]);
  });

  test.each(['Node', 'Esm', 'Layer'])('traces a function in TypeScript: %s', async id => {
    const { packages } = withEsbuild;
    const file = path.join(packages[id], id === 'Esm' ? 'index.mjs' : 'index.js');
    // As on Lambda: the layer's modules, and the runtime's own AWS SDK.
    const runtime = path.join(temporaryFolder(), 'node_modules');
    fs.mkdirSync(runtime);
    ['@aws-sdk', '@smithy', '@aws-crypto', '@aws', 'tslib'].filter(name => fs.existsSync(path.join(project, 'node_modules', name)))
      .forEach(name => fs.symlinkSync(path.join(project, 'node_modules', name), path.join(runtime, name)));
    const layer = path.join(packages[Object.keys(packages).find(name => name.startsWith('TracingLayernodejs'))!], 'nodejs', 'node_modules');
    const { output, documents } = await environment.run([process.execPath, '-e', HANDLERS.nodejs, file], packages[id], { NODE_PATH: [layer, runtime].join(path.delimiter) });
    expect([output, documents]).toMatchObject(['"a"', [{ namespace: 'aws', name: 'DynamoDB', trace_id: ROOT, parent_id: PARENT }]]);
  });

  test('traces a function in Python', async () => {
    const { output, documents } = await environment.run(['python3', '-B', '-c', HANDLERS.python], withEsbuild.packages.Python, { PYTHONPATH: withEsbuild.packages.Python });
    expect([output, documents]).toMatchObject(['42', expect.arrayContaining([expect.objectContaining({ trace_id: ROOT, sql: expect.anything() })])]);
  });

  (process.platform === 'linux' ? test : test.skip)('traces a function in Go', async () => {
    const { output, documents } = await environment.serve(path.join(withEsbuild.packages.Go, 'bootstrap'), { id: 'a' });
    expect(output).toBe('"a"');
    expect(documents).toContainEqual(expect.objectContaining({ namespace: 'aws', name: 'DynamoDB', parent_id: PARENT }));
  });

  (process.platform === 'linux' && hasMaven ? test : test.skip)('traces a function in Java', async () => {
    const { output, documents } = await environment.serve(javaProgram(withEsbuild.packages.Java, 'example.PutItem'), { id: 'a' });
    expect(output).toBe('"a"');
    expect(documents).toContainEqual(expect.objectContaining({ namespace: 'aws', name: 'DynamoDb', parent_id: PARENT }));
  });

  test('uses the app\'s own esbuild, and makes the same packages in another folder with another umask', () => {
    const copy = copyOfApp();
    const [own] = esbuildFolders(copy).filter(folder => folder.endsWith(path.join('node_modules', 'esbuild')));
    const real = path.join(path.dirname(own), 'esbuild-real');
    fs.renameSync(own, real);
    fs.mkdirSync(own);
    fs.writeFileSync(path.join(own, 'index.js'), `
      const real = require(${JSON.stringify(real)});
      module.exports = { ...real, build: options => { console.error('the app has its own esbuild'); return real.build(options); } };`);
    const copied = synth(copy, { umask: 0o077 });
    expect(copied.log).toContain('the app has its own esbuild');
    expect(copied.template).toEqual(withEsbuild.template);
    expect(contents(copied)).toEqual(contents(withEsbuild));
  });

  test('lies outside an app in another language, installs esbuild into the user\'s cache, and makes the same packages', () => {
    const copy = copyOfApp();
    ['python', 'go', 'java'].forEach(name => fs.rmSync(path.join(copy, name), { recursive: true, force: true })); // esbuild has no part in them
    esbuildFolders(copy).forEach(folder => fs.rmSync(folder, { recursive: true }));
    // As jsii does it: the app's folder has no packages, and the library is in a folder of its own.
    const kernel = temporaryFolder();
    fs.renameSync(path.join(copy, 'node_modules'), path.join(kernel, 'node_modules'));
    const cache = temporaryFolder();
    const variables = {
      XDG_CACHE_HOME: cache,
      NODE_PATH: path.join(kernel, 'node_modules'),
      npm_config_prefer_offline: 'true',
    };
    expect(() => synth(copy, { variables: { ...variables, PATH: temporaryFolder() } }))
      .toThrow(/cannot find esbuild \(looked from .*\), nor install it: cannot start 'npm'.*\nRun 'npm install --save-dev esbuild' in your project/);
    const fallback = synth(copy, { variables });
    expect(fallback.log.match(/cdk-traced-function: installing esbuild [\d.]+ into /g)).toHaveLength(1);
    expect(fs.readdirSync(path.join(cache, 'cdk-traced-function'))).toEqual([expect.stringMatching(/^esbuild-[\d.]+$/)]);
    expect(Object.keys(fallback.packages)).toEqual(expect.arrayContaining(['Node', 'Esm', 'Layer']));
    expect(contents(fallback)).toEqual(contents(withEsbuild, Object.keys(fallback.packages)));
    expect(synth(copy, { variables }).log).not.toContain('installing esbuild');
  });
});
