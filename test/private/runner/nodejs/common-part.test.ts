import * as fs from 'fs';
import * as path from 'path';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { Bundling, NodejsBundlingOptions, TracedFunction } from '../../../../lib';
import { projectFolder, testApp } from '../../../test-app';

const CLIENT = '@aws-sdk/client-dynamodb';
const HANDLERS: Record<string, string> = {
  'get.ts': `import { DynamoDBClient, GetItemCommand } from '${CLIENT}'; const client = new DynamoDBClient({}); export const handler = () => client.send(new GetItemCommand({} as any));`,
  'same.ts': `import { GetItemCommand, DynamoDBClient } from '${CLIENT}'; export const handler = () => new DynamoDBClient({}).send(new GetItemCommand({ x: 2 } as any));`,
  'put.ts': `import * as ddb from '${CLIENT}'; export const handler = () => new ddb.DynamoDBClient({}).send(new ddb.PutItemCommand({} as any));`,
  'require.cjs': `const { DynamoDBClient, GetItemCommand } = require('${CLIENT}'); exports.handler = () => new DynamoDBClient({}).send(new GetItemCommand({}));`,
  'later.ts': `export const handler = async () => { const { DynamoDBClient } = await import('${CLIENT}'); return new DynamoDBClient({}); };`,
  'all.ts': `import * as ddb from '${CLIENT}'; export const handler = async () => Object.keys(ddb).length;`,
  'xray.ts': 'import { getSegment } from \'aws-xray-sdk-core\'; export const handler = async () => getSegment();',
  'plain.ts': 'export const handler = async () => 1;',
};

/** Asset hash and text of the package of each handler, all made in one synth. */
function bundle(names: string[], options: NodejsBundlingOptions = {}, folder = project()): Record<string, { hash: string; text: string }> {
  const app = testApp();
  const stack = new Stack(app, 'Stack');
  const functions = names.map(name => new TracedFunction(stack, name.replace('.', ''), { entry: path.join(folder, name), bundling: Bundling.nodejs(options) }));
  const template = Template.fromStack(stack).toJSON();
  return Object.fromEntries(functions.map((fn, i) => {
    const hash = template.Resources[stack.getLogicalId(fn.node.defaultChild as any)].Properties.Code.S3Key.replace('.zip', '');
    const [file] = fs.readdirSync(path.join(app.outdir, `asset.${hash}`));
    return [names[i], { hash, text: fs.readFileSync(path.join(app.outdir, `asset.${hash}`, file), 'utf8') }];
  }));
}

function project(): string {
  const folder = projectFolder({ 'package.json': '{}', 'package-lock.json': '{}', ...HANDLERS });
  fs.symlinkSync(path.resolve(__dirname, '..', '..', '..', '..', 'node_modules'), path.join(folder, 'node_modules'));
  return folder;
}

const commonOf = (text: string) => /^var __cdkTracedFunctionCommon=.*?\n(?=var )/ms.exec(text)?.[0];

test('functions that import the same have the same common part; those that import otherwise are bundled as a whole', () => {
  const made = bundle(Object.keys(HANDLERS));
  expect(commonOf(made['get.ts'].text)).toBeTruthy();
  expect(commonOf(made['get.ts'].text)).toEqual(commonOf(made['same.ts'].text));
  expect(commonOf(made['put.ts'].text)).not.toEqual(commonOf(made['get.ts'].text));
  expect(made['put.ts'].text).not.toContain('class GetItemCommand');
  expect(made['plain.ts'].text).not.toContain('DynamoDBClient');
  for (const name of ['require.cjs', 'later.ts', 'all.ts', 'xray.ts']) {
    expect([name, made[name].text.includes('__cdkTracedFunctionCommon')]).toEqual([name, false]);
  }
});

test.each<[string, NodejsBundlingOptions]>([
  ['CommonJS', {}], ['an ES module', { format: OutputFormat.ESM }], ['minified', { minify: true }], ['a minified ES module', { format: OutputFormat.ESM, minify: true }],
])('a package depends on nothing but its function: %s', (_, options) => {
  const folder = project();
  const together = bundle(Object.keys(HANDLERS), options, folder);
  const alone = Object.assign({}, ...Object.keys(HANDLERS).map(name => bundle([name], options, folder)));
  expect(Object.fromEntries(Object.entries(alone).map(([name, made]: any) => [name, made.hash])))
    .toEqual(Object.fromEntries(Object.entries(together).map(([name, { hash }]) => [name, hash])));
});

test('a banner stands before all else, once', () => {
  const { 'get.ts': { text } } = bundle(['get.ts'], { banner: '/* of our company */' });
  expect(text.startsWith('/* of our company */\n')).toBe(true);
  expect(text.split('/* of our company */')).toHaveLength(2);
});

test('a minified package is smaller', () => {
  const sizes = [{}, { minify: true }].map(options => bundle(['get.ts'], options)['get.ts'].text.length);
  expect(sizes[1]).toBeLessThan(sizes[0] * 0.8);
});
