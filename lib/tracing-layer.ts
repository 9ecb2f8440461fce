import { Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { BundledCode } from './private/bundling/bundled-code';
import { Bundler } from './private/languages/bundler';
import { Languages } from './private/languages/languages';
import { validationError } from './private/validation-error';

/**
 * Properties of a `TracingLayer`.
 */
export interface TracingLayerProps {
  /**
   * A runtime of the family whose SDK the layer holds. The layer serves every version of that family.
   */
  readonly runtime: lambda.Runtime;

  /**
   * Architecture of the functions that use the layer.
   *
   * @default Architecture.X86_64
   */
  readonly architecture?: lambda.Architecture;
}

/**
 * A layer with the AWS X-Ray SDK of one runtime family, without what the runtime already has (boto3 and botocore for Python) or the function
 * brings (the AWS SDK for Java).
 */
export class TracingLayer extends lambda.LayerVersion {
  /**
   * The layer that the functions of a stack share, made on first use.
   *
   * @throws for a runtime family that cannot take its SDK from a layer
   */
  public static of(scope: Construct, runtime: lambda.Runtime, architecture: lambda.Architecture = lambda.Architecture.X86_64): TracingLayer {
    const stack = Stack.of(scope);
    const id = `TracingLayer-${bundlerOf(scope, runtime).language}-${architecture.name}`;
    return (stack.node.tryFindChild(id) as TracingLayer | undefined) ?? new TracingLayer(stack, id, { runtime, architecture });
  }

  /** @internal */
  public readonly _code: BundledCode;

  constructor(scope: Construct, id: string, props: TracingLayerProps) {
    const { language, sdkLayer, sdkLicense } = bundlerOf(scope, props.runtime);
    const architecture = props.architecture ?? lambda.Architecture.X86_64;
    const code = new BundledCode(sdkLayer!);
    super(scope, id, {
      description: `AWS X-Ray SDK for ${language}`,
      license: sdkLicense,
      // No list of runtimes: Lambda allows five, and the content serves every version of the family.
      compatibleArchitectures: [architecture],
      code,
    });
    this._code = code;
  }
}

/** The language whose runtimes are of that family. */
function bundlerOf(scope: Construct, runtime: lambda.Runtime): Bundler {
  const bundler = Languages.of(scope).all.find(({ family, sdkLayer }) => family === runtime.family && sdkLayer);
  if (!bundler) {
    throw validationError(scope, 'TF129', `runtime '${runtime.name}' cannot take the tracing SDK from a layer; only Node.js, Python and Java can`);
  }
  return bundler;
}
