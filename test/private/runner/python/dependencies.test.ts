import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Bundling, PythonDependencies, SdkDelivery, TracedFunctionProps } from '../../../../lib';
import { PYTHON_ENTRY, tracedFunction } from '../../../test-app';

const ownLayer = Bundling.python({ dependencies: PythonDependencies.ownLayer() });

/** The function's resource, and the ids of all layers. */
function synthesized(props: Partial<TracedFunctionProps>) {
  const fn = tracedFunction({ entry: PYTHON_ENTRY, ...props });
  const template = Template.fromStack(fn.stack);
  const [resource] = Object.values(template.findResources('AWS::Lambda::Function'));
  const layers = Object.keys(template.findResources('AWS::Lambda::LayerVersion'));
  return { template, layers, used: (resource.Properties.Layers ?? []).map((layer: any) => layer.Ref) };
}

test.each([
  ['by default', {}],
  ['when that is asked for', { bundling: Bundling.python({ dependencies: PythonDependencies.bundled() }) }],
])('there is no layer %s', (_, props) => {
  expect(synthesized(props)).toMatchObject({ layers: [], used: [] });
});

test('a layer of the function\'s own is for its runtime and architecture', () => {
  const { PYTHON_3_13: runtime } = lambda.Runtime;
  const { template, layers, used } = synthesized({ bundling: ownLayer, runtime, architecture: lambda.Architecture.ARM_64 });
  expect(layers).toEqual([expect.stringMatching(/^FunctionDependencies/)]);
  expect(used).toEqual(layers);
  template.hasResourceProperties('AWS::Lambda::LayerVersion', {
    CompatibleRuntimes: ['python3.13'], CompatibleArchitectures: ['arm64'], Description: 'What Function requires',
  });
});

test('it stands beside the shared layer of the SDK, and behind the user\'s own', () => {
  const first = tracedFunction();
  const users = lambda.LayerVersion.fromLayerVersionArn(first.stack, 'Users', 'arn:aws:lambda:eu-west-1:123456789012:layer:users:1');
  const { layers, used } = synthesized({ bundling: ownLayer, sdkDelivery: SdkDelivery.sharedLayer(), layers: [users] });
  expect(layers).toHaveLength(2);
  expect(used).toEqual([undefined, expect.stringMatching(/^TracingLayerpython/), expect.stringMatching(/^FunctionDependencies/)]);
});
