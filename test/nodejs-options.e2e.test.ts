import * as fs from 'fs';
import * as path from 'path';
import { Charset, ICommandHooks, OutputFormat, SourceMapMode } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LambdaEnvironment } from './lambda-environment';
import { linkTree } from './link-tree';
import { bundle, bundlingError } from './packages';
import { projectFolder, tracedFunction } from './test-app';
import { Bundling, NodejsBundlingOptions, TracedFunctionProps } from '../lib';

const REPOSITORY = path.dirname(__dirname);

const project = projectFolder({
  'package.json': '{}',
  'tsconfig.json': '{"extends":"./base.json","compilerOptions":{"target":"es2022"}}',
  'base.json': '{"compilerOptions":{"experimentalDecorators":true,"emitDecoratorMetadata":true,/* a comment */}}',
  'plain.ts': 'export const handler = async () => 1;',
  // A package that has both formats is taken as esbuild takes it.
  'node_modules/both/package.json': '{"name":"both","main":"main.js","module":"module.mjs","exports":null}',
  'node_modules/both/main.js': "module.exports = () => 'main';",
  'node_modules/both/module.mjs': "export default () => 'module';",
  'node_modules/conditional/package.json': '{"name":"conditional","exports":{"lambda":"./lambda.js","default":"./default.js"}}',
  'node_modules/conditional/lambda.js': "module.exports = 'for Lambda';",
  'node_modules/conditional/default.js': "module.exports = 'for all';",
  'both.ts': "const both = require('both'); export const handler = async () => typeof both === 'function' ? both() : both.default();",
  'options.ts': [
    "import conditional from 'conditional'; import { swapped } from 'swapped-out';",
    'declare const INJECTED: string; class Named {}; export const handler = async () => { DEV: throw new Error(); console.log("dropped"); debugger; return [conditional, swapped, INJECTED, Named.name, "é"]; };',
  ].join('\n'),
  'inject.ts': "export const INJECTED = 'injected';",
  'swapped-in.ts': "export const swapped = 'swapped in';",
  'own-names.ts': [
    "import { createRequire } from 'module'; import { fileURLToPath } from 'url'; import * as path from 'path';",
    'const require = createRequire(import.meta.url); const __filename = fileURLToPath(import.meta.url); const __dirname = path.dirname(__filename);',
    "export const handler = async () => [typeof require('fs').existsSync, __dirname === process.env.LAMBDA_TASK_ROOT, path.basename(__filename)];",
  ].join('\n'),
  'names.ts': "export const handler = async () => [typeof require('fs').existsSync, __dirname === process.env.LAMBDA_TASK_ROOT, require('path').basename(__filename)];",
  'place.mts': "import { createRequire } from 'module'; export const handler = async () => [typeof createRequire(import.meta.url)('fs').existsSync, import.meta.dirname === process.env.LAMBDA_TASK_ROOT];",
  // What stands in the metadata of a type is known only to a compiler that knows all files.
  'kinds.ts': "export enum Kind { A = 'a' } export enum Level { Low } export type Name = string; export interface Shape { x: number } export class Repository { find() { return 'found'; } }",
  'decorated.ts': [
    "import { Kind, Level, Name, Shape, Repository } from './kinds';",
    'const types: string[] = []; declare const Reflect: any; Reflect.metadata ??= (key: string, value: any) => () => { types.push(`${key}=${[value].flat().map((v: any) => v?.name).join()}`); };',
    'const mark = (..._: any[]): any => undefined;',
    '@mark class Service { constructor(private repository: Repository, kind: Kind, level: Level, name: Name, shape: Shape, _when?: Date) {} @mark count: number = 0; }',
    'export const handler = async () => [types, new Service(new Repository(), Kind.A, Level.Low, "", { x: 1 })["repository"].find()];',
  ].join('\n'),
  'fails.ts': 'const nothing: any = undefined;\nexport const handler = async () => nothing.x;',
  'reads.ts': "import { readFileSync, readdirSync } from 'fs'; export const handler = async () => [readFileSync(__dirname + '/licence.txt', 'utf8'), readdirSync(__dirname + '/fonts')];",
  'assets/licence.txt': 'free',
  'assets/fonts/a.ttf': 'A', 'assets/fonts/b/b.ttf': 'B',
});
// The project's own compiler is this repository's.
fs.mkdirSync(path.join(project, 'node_modules'), { recursive: true });
linkTree(path.join(REPOSITORY, 'node_modules', 'typescript'), path.join(project, 'node_modules', 'typescript'));

let environment: LambdaEnvironment;
beforeAll(async () => environment = await LambdaEnvironment.start());
afterAll(async () => environment.stop());

const fn = (file: string, options: NodejsBundlingOptions = {}, more: Partial<TracedFunctionProps> = {}): TracedFunctionProps =>
  ({ entry: path.join(project, file), bundling: Bundling.nodejs(options), ...more });
const inProject = (name: string) => path.join(project, name);

const RUN = 'import(process.argv[1]).then(async module => console.log(JSON.stringify(await module.handler({}, {}))))';
async function result(folder: string): Promise<unknown> {
  const file = fs.readdirSync(folder).find(name => /^index\.m?js$/.test(name))!;
  return JSON.parse((await environment.run([process.execPath, '-e', RUN, path.join(folder, file)], folder)).output);
}
const code = (folder: string) => fs.readFileSync(path.join(folder, 'index.js'), 'utf8');

const hooks: ICommandHooks = {
  beforeBundling: (input, output) => [`printf before > ${input}/generated.txt`, `test -d ${output}`],
  beforeInstall: () => ['false'],
  afterBundling: (input, output) => [`cp ${input}/generated.txt ${output}/$NAME_OF_FILE`],
};

test('what functions are bundled with does what its name says', async () => {
  const packages = bundle({
    Both: fn('both.ts'),
    BothModule: fn('both.ts', { mainFields: ['module', 'main'] }),
    Options: fn('options.ts', {
      conditions: ['lambda'], alias: { 'swapped-out': './swapped-in.ts' }, inject: ['inject.ts'], keepNames: true, minify: true, drop: ['console', 'debugger'], dropLabels: ['DEV'],
      charset: Charset.UTF8, banner: '/* first */', footer: '/* last */', target: 'node20',
    }),
    Arguments: fn('options.ts', {
      conditions: ['lambda'],
      esbuildArgs: { '--alias': ['swapped-out=./swapped-in.ts'], '--inject': [inProject('inject.ts')], '--keep-names': true, '--drop-labels': 'DEV', 'drop:console': '', '--log-override:x': 'silent' },
    }),
    OwnNames: fn('own-names.ts', { format: OutputFormat.ESM }),
    Names: fn('names.ts', { format: OutputFormat.ESM }),
    Place: fn('place.mts'),
    Decorated: fn('decorated.ts'),
    DecoratedEsm: fn('decorated.ts', { format: OutputFormat.ESM, sourceMap: true }),
    Copies: fn('reads.ts', { copyFiles: { [inProject('assets/licence.txt')]: '.', [inProject('assets/fonts')]: 'fonts' } }),
    Hooks: fn('plain.ts', { commandHooks: hooks, environment: { NAME_OF_FILE: 'copied.txt' } }),
  });
  const results = Object.fromEntries(await Promise.all(Object.entries(packages).map(async ([id, folder]) => [id, await result(folder)])));
  const types = ['design:type=Number', 'design:paramtypes=Repository,String,Number,String,Object,Date'];
  expect(results).toEqual({
    Both: 'main',
    BothModule: 'module',
    Options: ['for Lambda', 'swapped in', 'injected', 'Named', 'é'],
    Arguments: ['for Lambda', 'swapped in', 'injected', 'Named', 'é'],
    OwnNames: ['function', true, 'index.mjs'],
    Names: ['function', true, 'index.mjs'],
    Place: ['function', true],
    Decorated: [expect.arrayContaining(types), 'found'],
    DecoratedEsm: [expect.arrayContaining(types), 'found'],
    Copies: ['free', ['a.ttf', 'b']],
    Hooks: 1,
  });
  expect(code(packages.Options)).toMatch(/^\/\* first \*\/\n[^]*é[^]*\/\* last \*\/\s*\/\*!/);
  expect(code(packages.Options)).not.toMatch(/dropped|debugger/);
  expect(fs.readFileSync(path.join(packages.Hooks, 'copied.txt'), 'utf8')).toBe('before');
});

test('a source map, wherever it goes, names the files of the project', async () => {
  const packages = bundle(Object.fromEntries(Object.entries(SourceMapMode).map(([id, sourceMapMode]) => [id, fn('fails.ts', { sourceMapMode, sourcesContent: false })])));
  const seen = await Promise.all(Object.entries(packages).map(async ([id, folder]) => {
    const map = /sourceMappingURL=data:[^,]*,(.*)/.exec(code(folder))?.[1];
    const { sources, sourcesContent } = JSON.parse(map ? Buffer.from(map, 'base64').toString() : fs.readFileSync(path.join(folder, 'index.js.map'), 'utf8'));
    const output = await environment.run([process.execPath, '--enable-source-maps', '-e', RUN, path.join(folder, 'index.js')], folder).catch(String);
    return [id, fs.readdirSync(folder).sort().join(), sources.includes('fails.ts') && sourcesContent === undefined, /fails\.ts:2:/.test(String(output))];
  }));
  expect(seen).toEqual([['DEFAULT', 'index.js,index.js.map', true, true], ['EXTERNAL', 'index.js,index.js.map', true, false], ['INLINE', 'index.js', true, true], ['BOTH', 'index.js,index.js.map', true, true]]);
});

test('a tsconfig that asks for decorator metadata needs TypeScript only where there are decorators', () => {
  const alone = projectFolder({
    'package.json': '{}', 'tsconfig.json': '{"compilerOptions":{"experimentalDecorators":true,"emitDecoratorMetadata":true}}', 'plain.ts': 'export const handler = async () => 1;',
    'decorated.ts': 'const mark = (_: any) => undefined; @mark class A {} export const handler = async () => A.name;',
  });
  const at = (name: string) => ({ entry: path.join(alone, name) });
  bundle({ Plain: at('plain.ts') });
  expect(bundlingError({ Decorated: at('decorated.ts') })).toMatch(/tsconfig\.json' sets emitDecoratorMetadata, which only TypeScript itself emits, and it is not installed .*npm install --save-dev typescript/);
});

test('commands that fail are named with the hook, and no value of a variable is', () => {
  const failing: ICommandHooks = { beforeBundling: () => [], beforeInstall: () => [], afterBundling: (_, output) => [`ls ${output}/none`] };
  const error = bundlingError({ Function: fn('plain.ts', { commandHooks: failing, environment: { SECRET: 'not to be seen' } }) });
  expect(error).toMatch(/commandHooks\.afterBundling\(\) failed: 'bash -c ls .*none' ended with status \d+/);
  expect(error).not.toContain('not to be seen');
});

test.each<[string, Record<string, unknown>, RegExp]>([
  ['a typing mistake', { nodeModule: ['sharp'] }, /Bundling\.nodejs\(\) has no option 'nodeModule': did you mean 'nodeModules'\?/],
  ['another letter case', { sourcemap: true }, /no option 'sourcemap': did you mean 'sourceMap'\?/],
  ['an option of NodejsFunction', { forceDockerBundling: true }, /no option 'forceDockerBundling': nothing runs in Docker/],
  ['an option of another language', { installArgs: [] }, /no option 'installArgs': it is one of Bundling\.python\(\)/],
  ['what nobody has', { frobnicate: 1 }, /no option 'frobnicate'; its options are minify, /],
  ['a string for a list', { externalModules: 'aws-sdk' }, /bundling option 'externalModules' has to be a list of strings, got "aws-sdk"/],
  ['a number in an object', { environment: { PORT: 80 } }, /bundling option 'environment' has to be an object whose values are strings, got one with PORT as number/],
  ['a mode without a map', { sourceMap: false, sourceMapMode: 'inline' }, /sourceMapMode has no effect without a source map/],
  ['an argument that esbuild does not have', { esbuildArgs: { '--keep-name': true } }, /esbuildArgs '--keep-name' is not an option of esbuild: did you mean '--keep-names'\?/],
  ['an argument that the construct sets', { esbuildArgs: { '--outfile': 'x.js' } }, /esbuildArgs '--outfile' cannot be given: the construct sets it/],
  ['an argument that is an option', { esbuildArgs: { '--format': 'esm' } }, /esbuildArgs '--format' cannot be given: use the bundling option 'format'/],
  ['an argument of another form', { esbuildArgs: { '--log-limit': 'many' } }, /esbuildArgs '--log-limit' cannot be "many": write a number as a string/],
  ['an option given twice', { keepNames: true, esbuildArgs: { '--keep-names': true } }, /esbuildArgs has 'keepNames' too/],
  ['a copy to somewhere else', { copyFiles: { 'package.json': '../x' } }, /copyFiles 'package\.json' goes to '\.\.\/x', which is not in the package/],
  ['a copy of nothing', { copyFiles: { 'no-such-file': '.' } }, /cannot find 'no-such-file' of the bundling option 'copyFiles' \(looked for .*no-such-file\)/],
  ['a version with a name', { nodeModules: ['sharp@0.33'] }, /nodeModules 'sharp@0\.33' is not the name of a package/],
  ['inputs of nothing', { commandHooksInputs: ['package.json'] }, /commandHooksInputs has no effect without 'commandHooks'/],
])('%s is refused', (_, options, message) => {
  expect(() => tracedFunction({ bundling: Bundling.nodejs(options) })).toThrow(message);
});

test.each<[string, Record<string, unknown>, RegExp]>([
  ['of NodejsFunction', { depsLockFilePath: 'x' }, /TracedFunction 'Stack\/Function': there is no prop 'depsLockFilePath': set it in Bundling\.nodejs\(\{ depsLockFilePath \}\)/],
  ['with a typing mistake', { memorysize: 256 }, /there is no prop 'memorysize': did you mean 'memorySize'\?/],
])('a prop %s is refused', (_, props, message) => {
  expect(() => tracedFunction(props)).toThrow(message);
});

describe('a handler', () => {
  const handlerOf = (handler: string, variables: Record<string, string> = {}) =>
    tracedFunction({ entry: inProject('plain.ts'), handler, environment: variables });

  test.each<[string, Record<string, string>]>([
    ['newrelic-lambda-wrapper.handler', { NEW_RELIC_LAMBDA_HANDLER: 'index.handler' }],
    ['/opt/nodejs/node_modules/datadog-lambda-js/handler.handler', { DD_LAMBDA_HANDLER: 'index.handler' }],
    ['node_modules/datadog-lambda-js/dist/handler.handler', {}],
    ['run.sh', { AWS_LAMBDA_EXEC_WRAPPER: '/opt/bootstrap' }],
  ])('%s, which is not in the entry, is kept', (handler, variables) => {
    const fnOf = handlerOf(handler, variables);
    expect((fnOf.node.defaultChild as { handler?: string }).handler).toBe(handler);
  });

  test('that a wrapper calls is the one that is traced', () => {
    const { Function: folder } = bundle({ Function: { entry: inProject('plain.ts'), handler: '/opt/wrap.handler', environment: { LUMIGO_ORIGINAL_HANDLER: 'index.handler' } } });
    expect(code(folder)).toMatch(/traceHandler|tracedHandler/);
    expect(bundlingError({ Function: { entry: inProject('plain.ts'), handler: '/opt/wrap.handler', environment: { LUMIGO_ORIGINAL_HANDLER: 'index.other' } } })).toMatch(/exports no 'other'/);
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ['somewhere.handler', {}, /handler 'somewhere\.handler' is not in the entry 'plain\.ts'; write 'index\.handler' or 'plain\.handler'\. When a layer has it, write its path/],
    ['/opt/wrap.handler', { DD_LAMBDA_HANDLER: 'src/orders.handler' }, /DD_LAMBDA_HANDLER names a handler in 'orders', but the code of the package is in 'index'; write 'index\.handler'/],
  ])('%s with %j is refused', (handler, variables, message) => {
    expect(() => handlerOf(handler, variables)).toThrow(message);
  });
});
