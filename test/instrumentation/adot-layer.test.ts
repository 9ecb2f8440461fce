import { execFileSync } from 'child_process';
import * as fs from 'fs';
import { createRequire } from 'module';
import * as path from 'path';
import { Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { AdotLayerOptions, Bundling, Instrumentation, SdkDelivery, TracedFunction, TracedFunctionProps } from '../../lib';
import { ADOT_LAYERS } from '../../lib/private/adot-layer-versions';
import { bundle } from '../packages';
import { GO_ENTRY, NODEJS_ENTRY, PYTHON_ENTRY, projectFolder, testApp, WITHOUT_BUNDLING } from '../test-app';

const JAVA_ENTRY = path.join(__dirname, '..', 'fixtures', 'java', 'put-item');
const NEWER = 'arn:aws:lambda:eu-west-1:615299751070:layer:AWSOpenTelemetryDistroJs:99';

function stackIn(region?: string): Stack {
  return new Stack(testApp(WITHOUT_BUNDLING), 'Stack', region ? { env: { account: '123456789012', region } } : undefined);
}

function add(stack: Stack, options: AdotLayerOptions = {}, props: Partial<TracedFunctionProps> = {}): TracedFunction {
  return new TracedFunction(stack, 'Function', { entry: NODEJS_ENTRY, instrumentation: Instrumentation.adotLayer(options), ...props });
}

test('a function gets the layer of its region, the wrapper, and the policy', () => {
  const stack = stackIn('eu-west-1');
  add(stack);
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::Lambda::Function', {
    Layers: ['arn:aws:lambda:eu-west-1:615299751070:layer:AWSOpenTelemetryDistroJs:15'],
    TracingConfig: { Mode: 'Active' },
    Handler: 'index.handler',
    Environment: { Variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/otel-instrument', OTEL_AWS_APPLICATION_SIGNALS_ENABLED: 'false', OTEL_AWS_LAMBDA_FAST_START: Match.absent() } },
  });
  expect(policies(template)).toEqual(['service-role/AWSLambdaBasicExecutionRole', 'AWSXRayDaemonWriteAccess']);
});

function policies(template: Template): string[] {
  return Object.values(template.findResources('AWS::IAM::Role')).flatMap(role => role.Properties.ManagedPolicyArns)
    .map(arn => arn['Fn::Join'][1].join('').replace(/^.*:policy\//, ''));
}

test.each([
  ['nodejs', NODEJS_ENTRY, 'af-south-1', 'arn:aws:lambda:af-south-1:904233096616:layer:AWSOpenTelemetryDistroJs:15'],
  ['python', PYTHON_ENTRY, 'us-east-1', 'arn:aws:lambda:us-east-1:615299751070:layer:AWSOpenTelemetryDistroPython:29'],
  ['java', JAVA_ENTRY, 'eu-central-2', 'arn:aws:lambda:eu-central-2:156041407956:layer:AWSOpenTelemetryDistroJava:16'],
  ['nodejs', NODEJS_ENTRY, 'cn-north-1', 'arn:aws-cn:lambda:cn-north-1:440179912924:layer:AWSOpenTelemetryDistroJs:8'],
])('%s: the handler stays the user\'s, the layer is that of the language and the region', (_, entry, region, arn) => {
  const stack = stackIn(region);
  const traced = add(stack, {}, { entry });
  Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', { Layers: [arn] });
  expect(stack.resolve((traced.node.defaultChild as lambda.CfnFunction).handler)).not.toMatch(/cdk_traced/);
});

test('where the region is known at deployment only, one mapping serves the functions of the stack', () => {
  const stack = stackIn();
  add(stack);
  new TracedFunction(stack, 'Python', { entry: PYTHON_ENTRY, instrumentation: Instrumentation.adotLayer() });
  const template = Template.fromStack(stack);
  const { AdotLayerArns: mapping } = template.findMappings('AdotLayerArns');
  expect(Object.keys(mapping)).toEqual(Object.keys(ADOT_LAYERS));
  expect(mapping['us-west-2']).toEqual({
    nodejs: 'arn:aws:lambda:us-west-2:615299751070:layer:AWSOpenTelemetryDistroJs:15',
    python: 'arn:aws:lambda:us-west-2:615299751070:layer:AWSOpenTelemetryDistroPython:33',
    java: 'arn:aws:lambda:us-west-2:615299751070:layer:AWSOpenTelemetryDistroJava:16',
  });
  expect(Object.keys(template.findMappings('*'))).toEqual(['AdotLayerArns']);
  template.hasResourceProperties('AWS::Lambda::Function', { Layers: [{ 'Fn::FindInMap': ['AdotLayerArns', { Ref: 'AWS::Region' }, 'nodejs'] }] });
  template.hasResourceProperties('AWS::Lambda::Function', { Layers: [{ 'Fn::FindInMap': ['AdotLayerArns', { Ref: 'AWS::Region' }, 'python'] }] });
});

test('options reach the layer', () => {
  const stack = stackIn('eu-west-1');
  add(stack, { layerVersionArn: NEWER, fastStart: true, applicationSignals: true });
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::Lambda::Function', {
    Layers: [NEWER], Environment: { Variables: { OTEL_AWS_APPLICATION_SIGNALS_ENABLED: 'true', OTEL_AWS_LAMBDA_FAST_START: 'true' } },
  });
  expect(policies(template)).toContain('CloudWatchLambdaApplicationSignalsExecutionRolePolicy');
});

const unused = (n: number) => (stack: Stack) =>
  Array.from({ length: n }, (_, i) => lambda.LayerVersion.fromLayerVersionArn(stack, `L${i}`, `arn:aws:lambda:eu-west-1:123456789012:layer:l${i}:1`));

type Contradiction = Partial<TracedFunctionProps> & { withLayers?: (stack: Stack) => lambda.ILayerVersion[]; region?: string };
const cdkLayer: lambda.AdotInstrumentationConfig = {
  layerVersion: lambda.AdotLayerVersion.fromJavaScriptSdkLayerVersion(lambda.AdotLambdaLayerJavaScriptSdkVersion.LATEST),
  execWrapper: lambda.AdotLambdaExecWrapper.REGULAR_HANDLER,
};

test.each<[string, AdotLayerOptions, Contradiction, RegExp]>([
  ['a region without the layer', {}, { region: 'us-gov-west-1' }, /no ADOT layer for nodejs is known in the region 'us-gov-west-1'.*layerVersionArn/],
  ['a region without the layer of the language', {}, { region: 'me-south-1', entry: PYTHON_ENTRY }, /no ADOT layer for python is known in the region 'me-south-1'/],
  ['a fast start of a layer that has none', { fastStart: true }, {}, /'fastStart' is ignored by the built-in ADOT layer versions \(of [0-9-]+\); set 'layerVersionArn' to a newer one/],
  ['a layer of another language', { layerVersionArn: NEWER }, { entry: PYTHON_ENTRY }, /is not for the entry's language; take AWSOpenTelemetryDistroPython/],
  ['a layer with a collector', { layerVersionArn: 'arn:aws:lambda:eu-west-1:901920570463:layer:aws-otel-nodejs-amd64-ver-1-30-1:1' }, {}, /is a layer with a collector/],
  ['an ARN that is none', { layerVersionArn: 'AWSOpenTelemetryDistroJs' }, {}, /is not the ARN of a layer's version; it ends in ':layer:NAME:VERSION'/],
  ['Go', {}, { entry: GO_ENTRY }, /AWS has no ADOT layer for Go; use Instrumentation\.xraySdk\(\)/],
  ['an AWS SDK in the package', {}, { bundling: Bundling.nodejs({ externalModules: ['sharp'] }) },
    /externalModules leaves the AWS SDK in the package, where the ADOT layer does not see it; add '@aws-sdk\/\*' and '@smithy\/\*'/],
  ['a shared layer', {}, { sdkDelivery: SdkDelivery.sharedLayer() }, /Instrumentation\.adotLayer\(\) has a layer of its own/],
  ['a wrapper of the user\'s', {}, { environment: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/other' } }, /the environment variable AWS_LAMBDA_EXEC_WRAPPER would override/],
  ['CDK\'s own layer beside it', {}, { adotInstrumentation: cdkLayer }, /'adotInstrumentation' of lambda\.FunctionOptions adds a layer with a collector/],
  ['a sixth layer', {}, { withLayers: unused(5) }, /would have 6 layers \(5 in 'layers', 1 ADOT layer\); Lambda allows 5/],
])('fails with %s', (_, options, { withLayers, region = 'eu-west-1', ...props }, message) => {
  const stack = stackIn(region);
  expect(() => add(stack, options, { ...props, ...withLayers && { layers: withLayers(stack) } })).toThrow(message);
  expect(() => add(stack, options, { ...props, ...withLayers && { layers: unused(5)(stackIn(region)) } })).toThrow(/^TracedFunction 'Stack\/Function': /);
});

test('the package leaves the AWS SDK to the runtime, and the layer can replace the handler', () => {
  const packages = bundle({
    Cjs: { entry: NODEJS_ENTRY, instrumentation: Instrumentation.adotLayer() },
    Esm: { entry: NODEJS_ENTRY, instrumentation: Instrumentation.adotLayer(), bundling: Bundling.nodejs({ format: OutputFormat.ESM }) },
    Plain: { entry: NODEJS_ENTRY, instrumentation: Instrumentation.none() },
  });
  const cjs = path.join(packages.Cjs, 'index.js');
  for (const file of [cjs, path.join(packages.Esm, 'index.mjs')]) {
    expect(fs.readFileSync(file, 'utf8').length).toBeLessThan(3_000);
    expect(fs.readFileSync(file, 'utf8')).toMatch(/@aws-sdk\/client-dynamodb/);
  }
  const load = createRequire(__filename);
  const previous = process.env.NODE_PATH;
  const handlerOf = (file: string) => Object.getOwnPropertyDescriptor(load(file), 'handler');
  // What the layer's hook does; esbuild's own export refuses it.
  fs.symlinkSync(path.join(__dirname, '..', '..', 'node_modules'), path.join(packages.Cjs, 'node_modules'));
  expect(handlerOf(cjs)).toMatchObject({ writable: true, configurable: true });
  expect(handlerOf(path.join(packages.Plain, 'index.js'))).toMatchObject({ configurable: false });
  expect(process.env.NODE_PATH).toBe(previous);
});

test('the table is made by the script, from what ADOT publishes', () => {
  const arn = (region: string, name: string, version: number) => `"${region}": "arn:aws:lambda:${region}:123456789012:layer:AWSOpenTelemetryDistro${name}:${version}",`;
  const make = (text: string) => {
    const folder = projectFolder({ 'table.js': text });
    const target = path.join(folder, 'made.ts');
    const script = path.join(__dirname, '..', '..', 'scripts', 'renew-adot-layers.mjs');
    execFileSync(process.execPath, [script, path.join(folder, 'table.js'), '2026-01-02', target], { stdio: 'pipe' });
    return fs.readFileSync(target, 'utf8');
  };
  const made = make([arn('eu-west-1', 'Python', 26), arn('af-south-1', 'Js', 2), arn('eu-west-1', 'DotNet', 9), arn('eu-west-1', 'Java', 16)].join('\n'));
  expect(made).toContain("ADOT_LAYERS_DATE = '2026-01-02'");
  expect(made).toContain("  'af-south-1': ['123456789012', 2],\n  'eu-west-1': ['123456789012', undefined, 26, 16],\n};");
  expect(() => make('nothing')).toThrow(/has the table moved/);
});
