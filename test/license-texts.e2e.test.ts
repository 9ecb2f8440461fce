import * as fs from 'fs';
import * as path from 'path';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { packageFolders } from './packages';
import { NODEJS_ENTRY, projectFolder, testApp, testStack } from './test-app';
import { Bundling, Instrumentation, NodejsBundlingOptions, SdkDelivery, TracedFunction, TracedFunctionProps, TracingLayer } from '../lib';
import { captureLayer } from '../lib/private/adoption/capture-layer';

const project = projectFolder({
  'plain.ts': 'export const handler = async () => 1;',
  'fails.ts': 'const nothing: any = undefined;\nexport const handler = async () => nothing.x;',
  'python/requirements.txt': '', 'python/handler.py': 'def handler(event, context):\n    return 1\n',
});
const stack = new Stack(testApp(), 'Stack');
const add = (id: string, options: NodejsBundlingOptions = {}, more: Partial<TracedFunctionProps> = {}) =>
  new TracedFunction(stack, id, { entry: path.join(project, 'plain.ts'), bundling: Bundling.nodejs(options), ...more });

let packages: Record<string, string>;
beforeAll(() => {
  add('Linked');
  add('Whole', { esbuildArgs: { '--keep-names': true } });
  add('WithClient', {}, { entry: NODEJS_ENTRY });
  add('OpenTelemetry', {}, { instrumentation: Instrumentation.openTelemetry() });
  add('WithoutComments', { esbuildArgs: { '--legal-comments': 'none' } });
  add('Mapped', { sourceMap: true }, { entry: path.join(project, 'fails.ts') });
  add('Untraced', {}, { instrumentation: Instrumentation.none() });
  add('InLayer', {}, { sdkDelivery: SdkDelivery.sharedLayer() });
  new TracedFunction(stack, 'Python', { entry: path.join(project, 'python'), handler: 'handler.handler', instrumentation: Instrumentation.openTelemetry() });
  captureLayer(stack, 'nodejs');
  captureLayer(stack, 'python');
  packages = packageFolders(stack);
});

const APACHE = 'TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION';
const code = (id: string) => fs.readFileSync(path.join(packages[id], 'index.js'), 'utf8');

test.each([
  ['Linked', ['cdk-traced-function (Apache-2.0)', 'aws-xray-sdk-core (Apache-2.0)', APACHE]],
  ['WithClient', ['aws-xray-sdk-core (Apache-2.0)', APACHE]],
  ['Whole', ['aws-xray-sdk-core (Apache-2.0)', APACHE]],
  ['OpenTelemetry', ['cdk-traced-function (Apache-2.0)', APACHE]],
  ['Mapped', ['cdk-traced-function (Apache-2.0)', APACHE]],
  ['InLayer', ['cdk-traced-function (Apache-2.0)', APACHE]],
])('%s: one comment at the end of the code has the texts of what the package holds', (id, parts) => {
  const comments = code(id).split('/*!\nThis package contains, to record calls:');
  expect(comments).toHaveLength(2);
  expect(parts.filter(part => !comments[1].includes(part))).toEqual([]);
  expect(comments[1].trimEnd()).toMatch(/\*\/$/);
});

test('of what a package does not hold, it has no text', () => {
  expect(code('OpenTelemetry')).not.toMatch(/aws-xray-sdk-core \(|BSD|semver \(/);
  expect(code('InLayer')).not.toContain('aws-xray-sdk-core (');
  expect(code('Untraced')).not.toContain('Apache');
});

test('where comments are kept out of the code, a file beside it has them', () => {
  expect(code('WithoutComments')).not.toContain('Apache License');
  expect(fs.readFileSync(path.join(packages.WithoutComments, 'LICENSE.cdk-traced-function'), 'utf8')).toContain('aws-xray-sdk-core (Apache-2.0)');
});

test('packages of Python and layers have a file', () => {
  const files = {
    Python: 'cdk_traced_function/LICENSE',
    TracingLayernodejsx8664: 'nodejs/node_modules/aws-xray-sdk-core/LICENSE',
    CaptureLayernodejs: 'nodejs/cdk-traced-function/LICENSE',
    CaptureLayerpython: 'python/cdk_traced_function/LICENSE',
  };
  for (const [id, file] of Object.entries(files)) {
    expect(fs.readFileSync(path.join(packages[id], file), 'utf8')).toContain(APACHE);
  }
  // The layer's SDK is untrimmed.
  expect(fs.readFileSync(path.join(packages.TracingLayernodejsx8664, files.TracingLayernodejsx8664), 'utf8')).toMatch(/cls-hooked \(BSD-2-Clause\)[^]*atomic-batcher \(MIT\)|atomic-batcher \(MIT\)[^]*cls-hooked \(BSD-2-Clause\)/);
});

test('each layer says which licences its contents have', () => {
  const layers = testStack();
  for (const runtime of [lambda.Runtime.NODEJS_22_X, lambda.Runtime.PYTHON_3_13, lambda.Runtime.JAVA_21]) {
    TracingLayer.of(layers, runtime);
  }
  captureLayer(layers, 'python');
  const licenses = Object.values(Template.fromStack(layers).findResources('AWS::Lambda::LayerVersion')).map(({ Properties }) => Properties.LicenseInfo);
  expect(licenses).toEqual([expect.stringMatching(/Apache-2\.0.*MIT/), 'Apache-2.0 AND BSD-2-Clause', 'Apache-2.0', 'Apache-2.0']);
});
