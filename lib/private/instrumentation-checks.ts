import { Token } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { ErrorScope, validationError } from './validation-error';
import type { InstrumentationConfig } from '../instrumentation';
import type { TracedFunctionProps } from '../traced-function-props';

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const MOST_LAYERS = 5;

/** Refuses what contradicts the chosen instrumentation. */
export function checkInstrumentation(scope: ErrorScope, instrumentation: InstrumentationConfig, props: TracedFunctionProps): void {
  if (props.adotInstrumentation) {
    throw validationError(scope, 'TF112', "'adotInstrumentation' of lambda.FunctionOptions adds a layer with a collector, which AWS no longer recommends, " +
      'and would record every call a second time; use Instrumentation.adotLayer()');
  }
  if (props.sdkDelivery?._usesLayer && (instrumentation.byLayer || instrumentation.kind === 'open-telemetry')) {
    throw validationError(scope, 'TF113', instrumentation.byLayer
      ? "SdkDelivery.sharedLayer() is for SDKs that the construct supplies; Instrumentation.adotLayer() has a layer of its own. Leave 'sdkDelivery' out"
      : "SdkDelivery.sharedLayer() cannot take Instrumentation.openTelemetry(), which is 20 KB within the package; leave 'sdkDelivery' out");
  }
  if (props.sdkDelivery?._usesLayer && instrumentation.captureOptions.trim) {
    throw validationError(scope, 'TF170', "Instrumentation.xraySdk() option 'trim' has no effect with SdkDelivery.sharedLayer(), whose layer has the whole SDK: handlers may use any part of it; " +
      "remove 'trim' or 'sdkDelivery'");
  }
  const set = instrumentation.byLayer ? Object.keys(instrumentation.environment).filter(name => props.environment?.[name] !== undefined) : [];
  if (set.length > 0) {
    throw validationError(scope, 'TF114', `the environment variable${set.length > 1 ? 's' : ''} ${set.join(', ')} would override what Instrumentation.adotLayer() sets; ` +
      'leave it out, and use the options of adotLayer()');
  }
}

/** @param ours names of the layers that the construct adds */
export function checkNumberOfLayers(scope: ErrorScope, users: number, ours: string[]): void {
  if (users + ours.length > MOST_LAYERS) {
    throw validationError(scope, 'TF115', `the function would have ${users + ours.length} layers (${[`${users} in 'layers'`, ...ours.map(name => `1 ${name.replace(/^the /, '')}`)].join(', ')}); ` +
      `Lambda allows ${MOST_LAYERS}. Merge some${ours.length > 0 ? ', or leave out what adds a layer' : ''}`);
  }
}

/** CDK's own type has had another name in each of its versions. */
interface ManagedInstances {
  readonly lambdaManagedInstancesCapacityProviderConfig?: { readonly perExecutionEnvironmentMaxConcurrency?: number };
}

/** How many requests a capacity provider gives to one environment; undefined when that is not said. */
export function mostRequestsAtOnce(config: NonNullable<lambda.CfnFunction['capacityProviderConfig']>): number | undefined {
  if (Token.isUnresolved(config)) {
    return undefined;
  }
  const { lambdaManagedInstancesCapacityProviderConfig: managed } = config as ManagedInstances;
  return Token.isUnresolved(managed) ? undefined : managed?.perExecutionEnvironmentMaxConcurrency;
}
