import { Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { IConstruct } from 'constructs';
import { BundledCode } from '../bundling/bundled-code';
import { LAYER_LICENSES } from '../layer-licenses';

/** Runtime families with a layer that captures calls, and the handler in it that calls the function's own. */
export const CAPTURE_HANDLERS = {
  nodejs: '/opt/nodejs/cdk-traced-function/handler.handler',
  python: 'cdk_traced_function.handler',
} as const;

export type CaptureLayerFamily = keyof typeof CAPTURE_HANDLERS;

/** The layer that the functions of a stack share, made on first use. It serves every version and architecture. */
export function captureLayer(scope: IConstruct, family: CaptureLayerFamily): lambda.LayerVersion {
  const stack = Stack.of(scope);
  const id = `CaptureLayer-${family}`;
  return stack.node.tryFindChild(id) as lambda.LayerVersion | undefined ?? new lambda.LayerVersion(stack, id, {
    description: `Records what functions call (${family})`,
    license: LAYER_LICENSES.capture,
    code: new BundledCode({ language: family, kind: `${family}-capture-layer` }),
  });
}
