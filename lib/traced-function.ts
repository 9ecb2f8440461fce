import { Annotations } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { Instrumentation, InstrumentationConfig } from './instrumentation';
import { isAssumedByEdge } from './private/adoption/edge-functions';
import { BundledCode } from './private/bundling/bundled-code';
import { checkPackageSize } from './private/bundling/check-package-size';
import { existingRuntime } from './private/cdk-version';
import { checkInstrumentation, checkNumberOfLayers, mostRequestsAtOnce } from './private/instrumentation-checks';
import { Bundler, BundlerResult } from './private/languages/bundler';
import { Languages } from './private/languages/languages';
import { checkBundlingOptions, checkProps } from './private/languages/option-checks';
import { attachManagedPolicy } from './private/tracing-permission';
import { FutureConstruct, validationError, withFiles } from './private/validation-error';
import { TracedFunctionProps } from './traced-function-props';
import { TracingLayer } from './tracing-layer';

/**
 * A Lambda function that AWS X-Ray traces: active tracing, the permission to send, the tracing SDK in its package or in a shared layer,
 * and its AWS SDK clients captured without a change to the handler.
 */
export class TracedFunction extends lambda.Function {
  constructor(scope: Construct, id: string, props: TracedFunctionProps) {
    const plan = planFunction(scope, id, props);
    const { entry, runtime, instrumentation, sdkDelivery, bundling, tracing, ...options } = props;
    const code = new BundledCode(plan.bound.job);
    super(scope, id, {
      ...options,
      runtime: plan.runtime,
      handler: plan.bound.handler,
      code,
      environment: mergeEnvironment({ ...plan.bound.environment, ...plan.instrumentation.environment }, props.environment),
      layers: plan.layer ? [...props.layers ?? [], plan.layer] : props.layers,
    });
    // Set here and not in the props above, which would add an inline statement with the actions that the managed policy already allows.
    (this.node.defaultChild as lambda.CfnFunction).tracingConfig = { mode: tracing ?? lambda.Tracing.ACTIVE };
    const dependencies = plan.bound.dependencyLayer && new BundledCode(plan.bound.dependencyLayer);
    if (dependencies) {
      this.addDependencyLayer(dependencies);
    }
    if (plan.instrumentation.layerArn) {
      this.addLayers(lambda.LayerVersion.fromLayerVersionArn(this, 'AdotLayer', plan.instrumentation.layerArn));
    }
    this.refuseEdge();
    this.node.addValidation({
      validate: () => {
        checkPackageSize(this, { 'package': code, 'dependency layer': dependencies, 'tracing layer': plan.layer?._code });
        return [];
      },
    });
    if (!plan.instrumentation.allowsConcurrency) {
      this.refuseConcurrency();
    }
    plan.bound.warnings?.forEach(warning => Annotations.of(this).addWarningV2(warning.id, warning.message));
    plan.instrumentation.managedPolicies.forEach(name => attachManagedPolicy(this, this.role!, name));
  }

  /** A distribution may come to use a version of a function that is there already. */
  private refuseEdge(): void {
    this.node.addValidation({
      validate: () => isAssumedByEdge(this.role)
        ? [`TracedFunction '${this.node.path}': Lambda@Edge has no X-Ray, no layers and no environment variables; use lambda.Function`] : [],
    });
  }

  /** A capacity provider is given to a function that is there already. */
  private refuseConcurrency(): void {
    this.node.addValidation({
      validate: () => {
        const { capacityProviderConfig } = this.node.defaultChild as lambda.CfnFunction;
        if (capacityProviderConfig === undefined || mostRequestsAtOnce(capacityProviderConfig) === 1) {
          return [];
        }
        return [`TracedFunction '${this.node.path}': with a capacity provider several requests run at the same time in one environment, and the X-Ray SDK would mix ` +
          'their traces up; set its perExecutionEnvironmentMaxConcurrency to 1, or use Instrumentation.openTelemetry()'];
      },
    });
  }

  private addDependencyLayer(code: BundledCode): void {
    this.addLayers(new lambda.LayerVersion(this, 'Dependencies', {
      description: `What ${this.node.id} requires`,
      // Compiled packages fit one version and one architecture.
      compatibleRuntimes: [this.runtime],
      compatibleArchitectures: [this.architecture],
      code,
    }));
  }
}

interface FunctionPlan {
  readonly runtime: lambda.Runtime;
  readonly bound: BundlerResult;
  readonly instrumentation: InstrumentationConfig;
  readonly layer?: TracingLayer;
}

/** Refuses contradictions and settles every default, before the function exists. */
function planFunction(scope: Construct, id: string, props: TracedFunctionProps): FunctionPlan {
  const errorScope = new FutureConstruct('TracedFunction', [scope.node.path, id].filter(Boolean).join('/'));
  if (props.tracing === lambda.Tracing.DISABLED) {
    throw validationError(errorScope, 'TF123', "tracing 'Disabled' contradicts a traced function; use lambda.Function, or set ACTIVE or PASS_THROUGH");
  }
  if (typeof props.entry !== 'string' || props.entry === '') {
    throw validationError(errorScope, 'TF124', `entry has to be the path of a file or folder, got ${JSON.stringify(props.entry)}`);
  }
  checkKinds(errorScope, props);
  checkProps(errorScope, props);
  const { entry, bundler } = withFiles(errorScope, () => Languages.of(scope).resolveEntry(errorScope, props.entry));
  const runtime = checkRuntime(errorScope, bundler, props);
  const config = props.bundling?._bind();
  if (config && config.language !== bundler.language) {
    throw validationError(errorScope,
      'TF125', `bundling is Bundling.${config.language}(), but the entry '${props.entry}' is ${bundler.language}; use Bundling.${bundler.language}()`);
  }
  if (config) {
    checkBundlingOptions(errorScope, config);
  }
  const instrumentation = (props.instrumentation ?? Instrumentation.xraySdk())._bind({ errorScope, scope, bundler });
  const usesLayer = props.sdkDelivery?._usesLayer ?? false;
  if (usesLayer && !bundler.sdkLayer) {
    throw validationError(errorScope, 'TF126', `SdkDelivery.sharedLayer() cannot serve ${bundler.language}, which links its SDK into the binary; leave 'sdkDelivery' out`);
  }
  checkInstrumentation(errorScope, instrumentation, props);
  const sdkInLayer = usesLayer && instrumentation.kind !== 'none';
  const architecture = props.architecture ?? lambda.Architecture.X86_64;
  const bound = withFiles(errorScope, () => bundler.bind({
    scope: errorScope,
    entry,
    runtime,
    handler: props.handler,
    environment: props.environment ?? {},
    architecture: architecture.name === 'arm64' ? 'arm64' : 'x86_64',
    instrumentation: instrumentation.kind,
    captureOptions: instrumentation.captureOptions,
    instrumentedByLayer: instrumentation.byLayer,
    sdkInLayer,
    options: config?.options ?? {},
  }));
  checkNumberOfLayers(errorScope, props.layers?.length ?? 0, [
    ...sdkInLayer ? ['the tracing layer'] : [], ...bound.dependencyLayer ? ['the dependency layer'] : [], ...instrumentation.layerArn ? ['the ADOT layer'] : [],
  ]);
  return { runtime, bound, instrumentation, layer: sdkInLayer ? TracingLayer.of(scope, runtime, architecture) : undefined };
}

/** JavaScript apps have no type checks: without this, a wrong value would be ignored or fail without naming the function. */
function checkKinds(scope: FutureConstruct, props: TracedFunctionProps): void {
  for (const [name, member, example] of [
    ['bundling', '_bind', 'Bundling.nodejs({...})'], ['instrumentation', '_bind', 'Instrumentation.xraySdk()'], ['sdkDelivery', '_usesLayer', 'SdkDelivery.sharedLayer()'],
  ] as const) {
    const value: unknown = props[name];
    if (value !== undefined && !(value instanceof Object && member in value)) {
      throw validationError(scope, 'TF127', `${name} has to be made by a function such as ${example}, got ${JSON.stringify(value)}`);
    }
  }
}

function checkRuntime(scope: FutureConstruct, bundler: Bundler, props: TracedFunctionProps): lambda.Runtime {
  const runtime = props.runtime ?? existingRuntime(scope, bundler.defaultRuntime, bundler.name);
  if (runtime.family !== bundler.family || !bundler.canRunOn(runtime)) {
    throw validationError(scope,
      'TF128', `runtime '${runtime.name}' does not run the entry '${props.entry}', which is ${bundler.language}; use '${bundler.defaultRuntime.name}' or leave 'runtime' out`);
  }
  return runtime;
}

/** The user's variables win, but NODE_OPTIONS is a list to which both add. */
function mergeEnvironment(ours: Record<string, string>, users: Record<string, string> = {}): Record<string, string> {
  const merged = { ...ours, ...users };
  if (ours.NODE_OPTIONS && users.NODE_OPTIONS && !users.NODE_OPTIONS.includes(ours.NODE_OPTIONS)) {
    merged.NODE_OPTIONS = `${users.NODE_OPTIONS} ${ours.NODE_OPTIONS}`;
  }
  return merged;
}
