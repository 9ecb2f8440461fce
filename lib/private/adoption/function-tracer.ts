import { CfnResource } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct, IConstruct } from 'constructs';
import { CAPTURE_HANDLERS, captureLayer, CaptureLayerFamily } from './capture-layer';
import { isEdgeFunction } from './edge-functions';
import { isCdkHandler, recordsItself } from './function-code';
import { FunctionResource } from './function-resource';
import { explicitVersions } from './function-versions';
import { CDK_HANDLER, ReportEntry, TracingReport } from './tracing-report';
import { Instrumentation, InstrumentationConfig } from '../../instrumentation';
import { TracedFunction } from '../../traced-function';
import { TracingLayer } from '../../tracing-layer';
import { Bundler } from '../languages/bundler';
import { captureFrom } from '../languages/capture';
import { CaptureOptions } from '../languages/capture-options';
import { Languages } from '../languages/languages';
import { allowTracing, allowTracingOfReference } from '../tracing-permission';
import { FutureConstruct } from '../validation-error';

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const MOST_LAYERS = 5;

/** Handlers of other vendors' layers run the function's own; an exec wrapper may do anything. */
const EXEC_WRAPPER = 'AWS_LAMBDA_EXEC_WRAPPER';

export interface TracerOptions {
  readonly instrumentation?: Instrumentation;
  readonly inlinePermissions: boolean;
  readonly override: boolean;
  readonly cdkHandlers: boolean;
}

/** What is known of a function from the time when it was made. */
export interface FunctionOrigin {
  /** Whether `tracing` was set to `Tracing.DISABLED`, of which nothing is left in the template. */
  readonly isDisabled?: boolean;
  /** How its package came to hold the tracing. */
  readonly rebundled?: {
    readonly as: string;
    readonly notes: string[];
    readonly instrumentation: InstrumentationConfig;
    readonly environment: Record<string, string>;
  };
  /** Why its source was not bundled with tracing although it is known. */
  readonly notRebundled?: string;
}

type Outcome = Pick<ReportEntry, 'level' | 'reason'>;

/** Makes a function that exists a traced one, without a change to its package. */
export class FunctionTracer {
  constructor(private readonly options: TracerOptions) {}

  public trace(resource: CfnResource, origin: FunctionOrigin = {}): void {
    const fn = new FunctionResource(resource);
    const report = TracingReport.of(resource);
    if (report.has(fn.path)) {
      return;
    }
    const changes: string[] = [];
    const outcome = this.leaveAlone(fn, origin) ?? this.change(fn, origin, changes);
    report.add({ path: fn.path, ...outcome, changes });
  }

  /** Functions that are traced already, or must not or shall not be. */
  private leaveAlone(fn: FunctionResource, origin: FunctionOrigin): Outcome | undefined {
    if (fn.construct instanceof TracedFunction) {
      return { level: 'traced-function' };
    }
    if (isEdgeFunction(fn)) {
      return { level: 'untraced', reason: 'Lambda@Edge has no X-Ray, no layers and no environment variables' };
    }
    if (!this.options.cdkHandlers && isCdkHandler(fn)) {
      return { level: 'untraced', reason: CDK_HANDLER };
    }
    if (origin.isDisabled && !this.options.override) {
      return { level: 'untraced', reason: "'tracing' is Tracing.DISABLED; set 'override' to trace it" };
    }
    return undefined;
  }

  private change(fn: FunctionResource, origin: FunctionOrigin, changes: string[]): Outcome {
    const { rebundled } = origin;
    if (rebundled) {
      return this.completeRebundled(fn, rebundled, changes);
    }
    if (fn.tracingMode === undefined || fn.tracingMode === 'Disabled') {
      fn.tracingMode = 'Active';
      changes.push('tracing mode: Active');
    }
    changes.push(...this.allow(fn));
    const outcome = this.instrument(fn, changes);
    const reasons = [outcome.reason, origin.notRebundled, fn.tracingMode === 'PassThrough' ? 'mode PassThrough, as set: only what a caller has sampled is traced' : undefined, ...explicitVersions(fn)];
    return { level: outcome.level, reason: reasons.filter(Boolean).join('; ') || undefined };
  }

  /** Its package is bundled when the template is resolved, so that its properties cannot be looked at yet. */
  private completeRebundled(fn: FunctionResource, { as, notes, instrumentation, environment }: NonNullable<FunctionOrigin['rebundled']>, changes: string[]): Outcome {
    const construct = fn.construct!;
    const resource = construct.node.defaultChild as lambda.CfnFunction;
    changes.push('code: bundled with tracing', `handler: ${resource.handler}`);
    if (resource.tracingConfig === undefined) {
      resource.tracingConfig = { mode: lambda.Tracing.ACTIVE };
      changes.push('tracing mode: Active');
    }
    changes.push(...this.allow(fn));
    if (instrumentation.layerArn) {
      construct.addLayers(lambda.LayerVersion.fromLayerVersionArn(construct, 'AdotLayer', instrumentation.layerArn));
      changes.push('layer: ADOT');
    }
    if (Object.keys(environment).length > 0) {
      // What the user has set stays.
      const own = (construct as unknown as { environment?: { has?(name: string): boolean } }).environment;
      const missing = Object.entries(environment).filter(([name]) => !own?.has?.(name));
      missing.forEach(([name, value]) => construct.addEnvironment(name, value));
      changes.push(...missing.length > 0 ? [`variables: ${missing.map(([name]) => name).join(', ')}`] : []);
    }
    return { level: 'rebundled', reason: [`made by ${as}`, ...notes].join('; ') };
  }

  private allow(fn: FunctionResource): string[] {
    const { construct, resource } = fn;
    if (construct?.role) {
      return [allowTracing(construct, construct.role, this.options.inlinePermissions)].filter(change => change !== undefined);
    }
    if (fn.isSam && fn.properties.Role === undefined) {
      return []; // SAM makes the role, and adds the permission to it when tracing is active
    }
    return [allowTracingOfReference(resource, fn.properties.Role, this.options.inlinePermissions)].filter(change => change !== undefined);
  }

  private instrument(fn: FunctionResource, changes: string[]): Outcome {
    const family = fn.runtime && familyOf(fn.runtime);
    if (fn.isImage) {
      return segments('its package is a container image; make it with TracedFunction, or add the SDK to the image');
    }
    if (!fn.runtime) {
      return segments('its runtime is only known at deployment');
    }
    if (!family) {
      return segments(`the runtime ${fn.runtime} takes its tracing SDK from no layer; make the function with TracedFunction, or call the SDK in its code`);
    }
    const { layers, variables } = fn;
    if (!layers || !variables) {
      return segments(`its ${layers ? 'environment variables' : 'layers'} are only known at deployment`);
    }
    if (variables[EXEC_WRAPPER] !== undefined) {
      return segments(`it has an exec wrapper, ${typeof variables[EXEC_WRAPPER] === 'string' ? variables[EXEC_WRAPPER] : 'known at deployment'}, which decides what is run`);
    }
    if (Object.values(CAPTURE_HANDLERS).includes(fn.properties.Handler)) {
      return { level: 'layer', reason: 'has the layer already' };
    }
    if (recordsItself(fn)) {
      return segments('its code records its calls itself, with the X-Ray SDK');
    }
    if (layers.length >= MOST_LAYERS) {
      return segments(`it has ${layers.length} layers, and Lambda allows ${MOST_LAYERS}; put some of them together`);
    }
    const bundler = Languages.of(fn.resource).named(family);
    const { config, reason } = bindForAny(this.options.instrumentation ?? Instrumentation.openTelemetry(), fn.resource, fn.path, bundler);
    if (config.kind === 'none' && !config.byLayer) {
      return segments('Instrumentation.none()');
    }
    return this.addLayer(fn, family, config, changes, reason);
  }

  private addLayer(fn: FunctionResource, family: 'nodejs' | 'python' | 'java', config: InstrumentationConfig, changes: string[], note: string | undefined): Outcome {
    if (config.byLayer) {
      fn.addLayer(lambda.LayerVersion.fromLayerVersionArn(fn.owner as Construct, 'AdotLayer', config.layerArn!));
      fn.addVariables(config.environment);
      changes.push('layer: ADOT', `variables: ${Object.keys(config.environment).join(', ')}`);
      return { level: 'layer', reason: ["AWS's own layer, which does not see clients that are bundled", note].filter(Boolean).join('; ') };
    }
    if (family === 'java') {
      fn.addLayer(TracingLayer.of(fn.owner as Construct, lambda.Runtime.JAVA_21, architectureOf(fn)));
      changes.push('layer: AWS X-Ray SDK for Java');
      return { level: 'layer', reason: ['calls of the AWS SDK are recorded, by what registers itself on the class path', note].filter(Boolean).join('; ') };
    }
    const { Handler: handler } = fn.properties;
    if (handler === undefined) {
      return segments('it names no handler');
    }
    const capture = captureVariable(config.captureOptions, family);
    fn.addLayer(captureLayer(fn.resource, family));
    const variables = { CDK_TRACED_FUNCTION_HANDLER: handler, ...capture && { CDK_TRACED_FUNCTION_CAPTURE: capture }, ...config.environment };
    fn.addVariables(variables);
    fn.handler = CAPTURE_HANDLERS[family];
    changes.push(`layer: capture (${family})`, `handler: ${CAPTURE_HANDLERS[family]}`, `variables: ${Object.keys(variables).join(', ')}`);
    return { level: 'layer', reason: [idleInLayer(config.captureOptions), note].filter(Boolean).join('; ') || undefined };
  }
}

/** One instrumentation is for functions in all languages, so that what has no effect in one of them is no mistake here. */
export function bindForAny(
  instrumentation: Instrumentation, scope: IConstruct, path: string, bundler: Bundler,
): { config: InstrumentationConfig; reason?: string } {
  const request = { errorScope: new FutureConstruct('TracedFunctions', path), scope: scope as Construct, bundler };
  try {
    const { instrumentation: own, leftOut } = instrumentation._for(bundler);
    return { config: own._bind(request), reason: leftOut.length > 0 ? `${leftOut.map(name => `'${name}'`).join(', ')} of the instrumentation has no effect in ${bundler.name}` : undefined };
  } catch (error) {
    return { config: Instrumentation.openTelemetry()._bind(request), reason: `Instrumentation.openTelemetry(), because: ${(error as Error).message.replace(/^\w+ '[^']*': /, '')}` };
  }
}

function segments(reason: string): Outcome {
  return { level: 'segments', reason };
}

function familyOf(runtime: string): CaptureLayerFamily | 'java' | undefined {
  return /^(nodejs|python|java)\d/.exec(runtime)?.[1] as CaptureLayerFamily | 'java' | undefined;
}

function architectureOf(fn: FunctionResource): lambda.Architecture {
  return JSON.stringify(fn.properties.Architectures) === '["arm64"]' ? lambda.Architecture.ARM_64 : lambda.Architecture.X86_64;
}

/** Options that only a package can have, because the code for them is in it. */
function idleInLayer({ logs, messages, sampling }: CaptureOptions): string | undefined {
  const idle = Object.entries({ logs: logs?._traceId, messages: messages?._capture, sampling: sampling?._capture }).filter(([, isSet]) => isSet).map(([name]) => `'${name}'`);
  return idle.length > 0 ? `${idle.join(', ')} of the instrumentation has no effect through a layer` : undefined;
}

/** What is captured, unless it is everything: a layer is shared, and takes its settings from there. */
function captureVariable(options: CaptureOptions, family: CaptureLayerFamily): string | undefined {
  const { captureAwsSdk, captureHttp, captureFetch, captureSql } = options;
  const { clients, contextMissing, coldStart, response, recording } = captureFrom(options, [
    ['aws-sdk', captureAwsSdk], ['http', captureHttp], family === 'nodejs' ? ['fetch', captureFetch] : ['sql', captureSql],
  ]);
  const chosen = {
    ...clients.length < 3 && { clients },
    ...contextMissing !== 'LOG_ERROR' && { contextMissing },
    ...coldStart && { coldStart },
    ...response && { response },
    ...options.recording && { recording },
  };
  return Object.keys(chosen).length > 0 ? JSON.stringify(chosen) : undefined;
}
