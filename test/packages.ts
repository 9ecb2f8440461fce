import * as path from 'path';
import { Stack, Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { testApp } from './test-app';
import { TracedFunction, TracedFunctionProps } from '../lib';

/** Bundles functions together, as an app does. Gives the folder of each finished package by the function's id; a layer by `TracingLayernodejsx8664`. */
export function bundle(functions: Record<string, TracedFunctionProps>): Record<string, string> {
  const stack = new Stack(testApp(), 'Stack');
  for (const [id, props] of Object.entries(functions)) {
    new TracedFunction(stack, id, props);
  }
  return packageFolders(stack);
}

export function packageFolders(stack: Stack): Record<string, string> {
  const template = Template.fromStack(stack);
  const code = [
    ...Object.entries(template.findResources('AWS::Lambda::Function')).map(([id, resource]) => [id, resource.Properties.Code.S3Key]),
    ...Object.entries(template.findResources('AWS::Lambda::LayerVersion')).map(([id, resource]) => [id, resource.Properties.Content.S3Key]),
  ];
  return Object.fromEntries(code.map(([id, key]) =>
    [id.replace(/[0-9A-F]{8}$/, ''), path.join(Stage.of(stack)!.assetOutdir, `asset.${key.replace('.zip', '')}`)]));
}

/** The error of bundling, for a test that reads it. */
export function bundlingError(functions: Record<string, TracedFunctionProps>): string {
  try {
    bundle(functions);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error(`${Object.keys(functions).join(', ')} could be bundled`);
}
