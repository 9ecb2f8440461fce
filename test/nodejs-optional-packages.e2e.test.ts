import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { bundle, bundlingError } from './packages';
import { projectFolder, testApp } from './test-app';
import { Bundling, Instrumentation, NodejsBundlingOptions, TracedFunction } from '../lib';

const project = projectFolder({
  'package.json': '{}',
  'handler.ts': "import { connect } from 'framework'; export const handler = async () => connect();",
  'plain.ts': 'export const handler = async () => 1;',
  'direct.ts': "import cache from 'cache-client'; import { connect } from 'framework'; export const handler = async () => [cache, connect()];",
  'node_modules/framework/package.json': JSON.stringify({
    name: 'framework', main: 'lib/index.js', peerDependencies: { 'cache-client': '*' }, peerDependenciesMeta: { 'cache-client': { optional: true }, '@scope/queue': { optional: true } },
    optionalDependencies: { accelerator: '1' },
  }),
  // As loaders of frameworks do: esbuild sees no try around the call.
  'node_modules/framework/lib/index.js': [
    "const load = (name, loader) => { try { return loader(); } catch (error) { return name + ': ' + error.code; } };",
    "exports.connect = () => [load('cache', () => require('cache-client/lib/client')), load('queue', () => require('@scope/queue/x')), load('accelerator', () => require('accelerator'))];",
  ].join('\n'),
  'node_modules/needy/package.json': '{"name":"needy","main":"index.js"}',
  'node_modules/needy/index.js': "module.exports = () => require('never-installed');",
  'node_modules/fonts/package.json': '{"name":"fonts","main":"js/fonts.js"}',
  'node_modules/fonts/js/fonts.js': "const fs = require('fs'); exports.font = () => fs.readFileSync(__dirname + '/data/Sans.afm', 'utf8'); exports.other = () => fs.readFileSync(__dirname + '/none', 'utf8');",
  'node_modules/fonts/js/data/Sans.afm': 'a font',
  'node_modules/profile/package.json': '{"name":"profile","main":"index.js"}',
  'node_modules/profile/index.js': "module.exports = () => new URL('./colours.icc', require('u' + 'rl').pathToFileURL(__filename).href).href;",
  'node_modules/profile/colours.icc': 'colours',
  'node_modules/no-fonts/package.json': '{"name":"no-fonts","main":"index.js"}',
  'node_modules/no-fonts/index.js': "module.exports = () => require('fs').readFileSync(__dirname + '/created-at-run-time', 'utf8');",
  'pdf.ts': "import { font } from 'fonts'; import profile from 'profile'; import other from 'no-fonts'; export const handler = async () => [font(), profile(), other];",
  'node_modules/placed/package.json': '{"name":"placed","type":"module","exports":"./index.js"}',
  'node_modules/placed/index.js': "export const place = new URL('beside.txt', import.meta.url).protocol; export const meta = typeof import.meta.env;",
  'placed.ts': "import { place, meta } from 'placed'; export const handler = async () => [place, meta];",
  'needy.ts': "import needy from 'needy'; import { connect } from 'framework'; export const handler = async () => [needy(), connect()];",
});
const fn = (file: string) => ({ entry: path.join(project, file) });

test('what a package calls optional may be missing, and changes nothing for other functions', async () => {
  const alone = bundle({ Plain: fn('plain.ts') });
  const packages = bundle({ Framework: fn('handler.ts'), Plain: fn('plain.ts') });
  expect(path.basename(packages.Plain)).toBe(path.basename(alone.Plain));
  const text = fs.readFileSync(path.join(packages.Framework, 'index.js'), 'utf8');
  expect(['cache-client/lib/client', '@scope/queue/x', 'accelerator'].filter(name => !text.includes(`require("${name}")`))).toEqual([]);
});

test('a package that is not optional for what imports it still has to be there', () => {
  expect(bundlingError({ Direct: fn('direct.ts') })).toMatch(/direct\.ts:1:\d+: Could not resolve "cache-client" \(install 'cache-client' in the project/);
  const message = bundlingError({ Needy: fn('needy.ts') });
  expect(message).toContain('Could not resolve "never-installed"');
  expect(message).not.toContain('accelerator');
});

test('a package that reads files beside its code is told of, unless they are there', () => {
  const warningsFor = (options: NodejsBundlingOptions) => {
    const stack = new Stack(testApp(), 'Stack');
    new TracedFunction(stack, 'Function', { ...fn('pdf.ts'), bundling: Bundling.nodejs(options) });
    return Annotations.fromStack(stack).findWarning('*', Match.anyValue()).map(({ entry }) => entry.data as string).filter(text => text.includes('fileBesideCode'));
  };
  expect(warningsFor({})).toEqual([expect.stringMatching(/^'fonts', which is bundled, reads 'node_modules\/fonts\/js\/data\/Sans\.afm' from beside its code.*nodeModules: \['fonts'\]/), expect.stringMatching(/^'profile', /)]);
  expect(warningsFor({ copyFiles: { [path.join(project, 'node_modules/fonts/js/data')]: 'data', [path.join(project, 'node_modules/profile/colours.icc')]: '.' } })).toEqual([]);
});

test('an ES module of a package knows where it lies, in CommonJS too', () => {
  const { Placed } = bundle({ Placed: { ...fn('placed.ts'), instrumentation: Instrumentation.none() } });
  const script = 'require(process.argv[1]).handler().then(answer => console.log(JSON.stringify(answer)))';
  expect(JSON.parse(execFileSync(process.execPath, ['-e', script, path.join(Placed, 'index.js')], { encoding: 'utf8' }))).toEqual(['file:', 'undefined']);
});
