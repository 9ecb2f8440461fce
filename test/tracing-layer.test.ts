import { NestedStack, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { NODEJS_ENTRY, PYTHON_ENTRY, testApp, testStack, WITHOUT_BUNDLING } from './test-app';
import { Instrumentation, SdkDelivery, TracedFunction, TracedFunctionProps, TracingLayer } from '../lib';

const sdkDelivery = SdkDelivery.sharedLayer();

function add(stack: Stack, id: string, props: Partial<TracedFunctionProps> = {}): TracedFunction {
  return new TracedFunction(stack, id, { entry: NODEJS_ENTRY, sdkDelivery, ...props });
}

function layersOf(stack: Stack, functionId: string): any[] | undefined {
  const functions = Template.fromStack(stack).findResources('AWS::Lambda::Function');
  return Object.entries(functions).find(([id]) => id.startsWith(functionId))![1].Properties.Layers;
}

function layerIds(stack: Stack): string[] {
  return Object.keys(Template.fromStack(stack).findResources('AWS::Lambda::LayerVersion'));
}

test('functions of a stack share one layer for each family and architecture', () => {
  const stack = testStack();
  const arm64 = { architecture: lambda.Architecture.ARM_64 };
  add(stack, 'One');
  add(stack, 'Two', { runtime: lambda.Runtime.NODEJS_22_X });
  add(stack, 'Three', arm64);
  add(stack, 'Four', { entry: PYTHON_ENTRY });
  add(stack, 'Five', { entry: PYTHON_ENTRY, runtime: lambda.Runtime.PYTHON_3_12 });
  expect(layerIds(stack)).toHaveLength(3);
  expect(layersOf(stack, 'One')).toEqual(layersOf(stack, 'Two'));
  expect(layersOf(stack, 'Four')).toEqual(layersOf(stack, 'Five'));
  expect(layersOf(stack, 'Three')).not.toEqual(layersOf(stack, 'One'));
  Template.fromStack(stack).hasResourceProperties('AWS::Lambda::LayerVersion', { CompatibleArchitectures: ['arm64'], Description: 'AWS X-Ray SDK for nodejs' });
});

test('trimming what is in a package is refused with the layer, which has all of the SDK', () => {
  const trimmed = (trim: boolean) => add(testStack(), 'Function', { instrumentation: Instrumentation.xraySdk({ trim }) });
  expect(() => trimmed(true)).toThrow(/option 'trim' has no effect with SdkDelivery\.sharedLayer\(\).*remove 'trim' or 'sdkDelivery'/);
  expect(() => trimmed(false)).not.toThrow(); // it says what the layer is
});

test('a function without the layer has none', () => {
  const stack = testStack();
  add(stack, 'Bundled', { sdkDelivery: SdkDelivery.bundled() });
  add(stack, 'Plain', { instrumentation: Instrumentation.none() });
  expect(layerIds(stack)).toEqual([]);
  expect(layersOf(stack, 'Bundled')).toBeUndefined();
});

test('each stack has a layer of its own, a nested one too', () => {
  const app = testApp(WITHOUT_BUNDLING);
  const [first, second] = [new Stack(app, 'First'), new Stack(app, 'Second')];
  const nested = new NestedStack(second, 'Nested');
  [first, second, nested].forEach(stack => add(stack, 'Function'));
  for (const stack of [first, second, nested]) {
    expect(layersOf(stack, 'Function')).toEqual([{ Ref: layerIds(stack)[0] }]);
  }
});

test('layers of the user come first and stay', () => {
  const stack = testStack();
  const theirs = lambda.LayerVersion.fromLayerVersionArn(stack, 'Theirs', 'arn:aws:lambda:eu-west-1:123456789012:layer:theirs:1');
  add(stack, 'Function', { layers: [theirs] });
  expect(layersOf(stack, 'Function')).toEqual(['arn:aws:lambda:eu-west-1:123456789012:layer:theirs:1', { Ref: layerIds(stack)[0] }]);
});

test('fails for a runtime that links its SDK', () => {
  expect(() => TracingLayer.of(testStack(), lambda.Runtime.PROVIDED_AL2023))
    .toThrow("Stack 'Stack': runtime 'provided.al2023' cannot take the tracing SDK from a layer; only Node.js, Python and Java can");
});
