import { Stack, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { AdotLayerOptions, OpenTelemetryOptions, XRaySdkOptions } from './instrumentation-options';
import { PayloadContext } from './message-tracing';
import { ADOT_LAYERS_DATE } from './private/adot-layer-versions';
import { AdotLanguage, adotLayerArn, isAdotLanguage } from './private/adot-layers';
import { InstrumentationKind } from './private/bundling/bundling-job';
import { Bundler } from './private/languages/bundler';
import { CaptureOptions } from './private/languages/capture-options';
import { Languages } from './private/languages/languages';
import { checkRecording } from './private/recording';
import { ErrorScope, validationError } from './private/validation-error';

/** @internal */
export interface InstrumentationRequest {
  /** Stands for the function in errors. */
  readonly errorScope: ErrorScope;
  /** Where the function is made. */
  readonly scope: Construct;
  /** Of the entry. */
  readonly bundler: Bundler;
}

/** @internal */
export interface InstrumentationConfig {
  /** What the bundler does. */
  readonly kind: InstrumentationKind;
  /** Options of what is recorded, all of which have an effect for the entry's language. */
  readonly captureOptions: CaptureOptions;
  /** Whether AWS's layer instruments the function at run time, so that the package has to be one that it can see into. */
  readonly byLayer: boolean;
  /** ARN of a layer that the function gets. */
  readonly layerArn?: string;
  readonly environment: Record<string, string>;
  /** Names of AWS managed policies that the function's role needs. */
  readonly managedPolicies: string[];
  /** Whether several requests may run at the same time in one environment. */
  readonly allowsConcurrency: boolean;
}

const XRAY_POLICY = 'AWSXRayDaemonWriteAccess';

/** Environment variable with the annotations of every invocation, as JSON. */
const ANNOTATIONS = 'CDK_TRACED_FUNCTION_ANNOTATIONS';

/**
 * What records the calls that a function makes.
 */
export abstract class Instrumentation {
  /**
   * The AWS X-Ray SDK of the function's language. AWS SDK clients are captured without a change to the handler.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
   */
  public static xraySdk(options: XRaySdkOptions = {}): Instrumentation {
    return new BundledInstrumentation('xray-sdk', options);
  }

  /**
   * OpenTelemetry without a collector and without a layer: spans go to X-Ray through Lambda's own daemon. Spans that the handler makes with the
   * OpenTelemetry API (`trace.getTracer()`) are part of the trace.
   */
  public static openTelemetry(options: OpenTelemetryOptions = {}): Instrumentation {
    return new BundledInstrumentation('open-telemetry', options);
  }

  /**
   * AWS's own layer of OpenTelemetry, for Node.js, Python and Java. In a Node.js package the AWS SDK is left to the runtime, because the layer does not see
   * clients that are bundled.
   *
   * @see https://aws-otel.github.io/docs/getting-started/lambda
   */
  public static adotLayer(options: AdotLayerOptions = {}): Instrumentation {
    return new AdotLayerInstrumentation(options);
  }

  /**
   * No SDK. Lambda's own two segments are all that a trace shows of the function.
   */
  public static none(): Instrumentation {
    return new BundledInstrumentation('none', {});
  }

  /**
   * For a language: without the options that have no effect in it, where one instrumentation is for functions in several.
   *
   * @internal
   */
  public _for(_bundler: Bundler): { readonly instrumentation: Instrumentation; readonly leftOut: string[] } {
    return { instrumentation: this, leftOut: [] };
  }

  /** @internal */
  public abstract _bind(request: InstrumentationRequest): InstrumentationConfig;
}

/** What is made part of the package. */
class BundledInstrumentation extends Instrumentation {
  constructor(private readonly kind: InstrumentationKind, private readonly options: CaptureOptions) {
    super();
  }

  public _for(bundler: Bundler): { readonly instrumentation: Instrumentation; readonly leftOut: string[] } {
    const supported: readonly string[] = bundler.captureOptions(this.kind);
    const given = Object.entries(this.options).filter(([, value]) => value !== undefined);
    return {
      instrumentation: new BundledInstrumentation(this.kind, Object.fromEntries(given.filter(([name]) => supported.includes(name)))),
      leftOut: given.map(([name]) => name).filter(name => !supported.includes(name)),
    };
  }

  public _bind({ errorScope, scope, bundler }: InstrumentationRequest): InstrumentationConfig {
    this.refuseOptions(errorScope, bundler, Languages.of(scope));
    checkRecording(errorScope, this.options.recording);
    checkTracing(errorScope, this.options);
    const { options } = this;
    return {
      kind: this.kind,
      captureOptions: options,
      byLayer: false,
      environment: options.annotations ? { [ANNOTATIONS]: annotationsAsJson(errorScope, scope, options.annotations) } : {},
      managedPolicies: [XRAY_POLICY],
      allowsConcurrency: bundler.keepsRequestsApart(this.kind),
    };
  }

  private refuseOptions(errorScope: ErrorScope, { language, name }: Bundler, languages: Languages): void {
    const given = Object.entries(this.options).filter(([, value]) => value !== undefined).map(([option]) => option as keyof CaptureOptions);
    const supporting = (option: keyof CaptureOptions) => languages.all.filter(bundler => bundler.captureOptions(this.kind).includes(option));
    const idle = given.find(option => !supporting(option).some(bundler => bundler.language === language));
    if (idle && supporting(idle).length === 0) {
      throw validationError(errorScope, 'TF135', `Instrumentation.xraySdk() has no option '${idle}', which the X-Ray SDK cannot do; use Instrumentation.openTelemetry(), or remove it`);
    }
    if (idle) {
      throw validationError(errorScope, 'TF101', `Instrumentation.${this.kind === 'xray-sdk' ? 'xraySdk' : 'openTelemetry'}() option '${idle}' is supported for ` +
        `${supporting(idle).map(bundler => bundler.name).join(' and ')} only, but the entry is ${name}; remove it`);
    }
  }
}

class AdotLayerInstrumentation extends Instrumentation {
  constructor(private readonly options: AdotLayerOptions) {
    super();
  }

  public _bind({ errorScope, scope, bundler: { language } }: InstrumentationRequest): InstrumentationConfig {
    if (!isAdotLanguage(language)) {
      throw validationError(errorScope, 'TF102', `AWS has no ADOT layer for ${language === 'go' ? 'Go' : language}; use Instrumentation.xraySdk()`);
    }
    const { layerVersionArn, fastStart = false, applicationSignals = false } = this.options;
    if (fastStart && (layerVersionArn === undefined || language === 'java')) {
      throw validationError(errorScope, 'TF103', language === 'java' ? "ADOT's layer for Java has no fast start; leave 'fastStart' out"
        : `'fastStart' is ignored by the built-in ADOT layer versions (of ${ADOT_LAYERS_DATE}); set 'layerVersionArn' to a newer one`);
    }
    if (layerVersionArn !== undefined && !Token.isUnresolved(layerVersionArn)) {
      this.checkArn(errorScope, layerVersionArn, language);
    }
    return {
      kind: 'none',
      captureOptions: {},
      byLayer: true,
      layerArn: layerVersionArn ?? adotLayerArn(errorScope, scope, language),
      environment: {
        AWS_LAMBDA_EXEC_WRAPPER: '/opt/otel-instrument',
        // On unless set, at a price.
        OTEL_AWS_APPLICATION_SIGNALS_ENABLED: String(applicationSignals),
        ...fastStart && { OTEL_AWS_LAMBDA_FAST_START: 'true' },
      },
      managedPolicies: applicationSignals ? [XRAY_POLICY, 'CloudWatchLambdaApplicationSignalsExecutionRolePolicy'] : [XRAY_POLICY],
      allowsConcurrency: true,
    };
  }

  private checkArn(errorScope: ErrorScope, arn: string, language: AdotLanguage): void {
    if (!/^arn:[\w-]+:lambda:[\w-]+:\d{12}:layer:[\w-]+:\d+$/.test(arn)) {
      throw validationError(errorScope, 'TF104', `layerVersionArn '${arn}' is not the ARN of a layer's version; it ends in ':layer:NAME:VERSION'`);
    }
    if (/:layer:aws-otel-/.test(arn)) {
      throw validationError(errorScope, 'TF105', `layerVersionArn '${arn}' is a layer with a collector, which AWS no longer recommends; ` +
        'take one named AWSOpenTelemetryDistro... from https://aws-otel.github.io/docs/getting-started/lambda');
    }
    const name = { nodejs: 'Js', python: 'Python', java: 'Java' }[language];
    const published = /:layer:AWSOpenTelemetryDistro(\w+):/.exec(arn)?.[1];
    if (published !== undefined && published !== name) {
      throw validationError(errorScope, 'TF106', `layerVersionArn '${arn}' is not for the entry's language; take AWSOpenTelemetryDistro${name}`);
    }
  }
}

/** JavaScript apps have no type checks: without this, a wrong value would be taken for none. */
function checkTracing(errorScope: ErrorScope, { logs, messages, sampling }: CaptureOptions): void {
  for (const [option, value, member, example] of [
    ['logs', logs, '_traceId', 'LogCorrelation.traceId()'], ['messages', messages, '_capture', 'MessageTracing.continueTrace()'],
    ['sampling', sampling, '_capture', 'TraceSampling.keepErrors()'],
  ] as const) {
    if (value !== undefined && !(value instanceof Object && member in value)) {
      throw validationError(errorScope, 'TF132', `the instrumentation's '${option}' has to be made by a function such as ${example}, got ${JSON.stringify(value)}`);
    }
  }
  const payload = messages?._capture?.payloads.find(kind => !Object.values<string>(PayloadContext).includes(kind));
  if (payload !== undefined) {
    throw validationError(errorScope, 'TF134', `'${payload}' is no kind of payload that can carry a trace; use the members of PayloadContext`);
  }
  const ratio: unknown = sampling?._capture?.ratio;
  if (ratio !== undefined && !(typeof ratio === 'number' && ratio >= 0 && ratio <= 1)) {
    throw validationError(errorScope, 'TF133', `TraceSampling.ratio() takes a number from 0 to 1, both included, got ${String(ratio)}`);
  }
}

function annotationsAsJson(errorScope: ErrorScope, scope: Construct, annotations: Record<string, string>): string {
  for (const [key, value] of Object.entries(annotations)) {
    // https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html#api-segmentdocuments-annotations
    if (!/^[A-Za-z0-9_.]{1,500}$/.test(key)) {
      throw validationError(errorScope, 'TF107', `'${key}' cannot be the name of an annotation; X-Ray takes up to 500 letters A-Z, digits, '_' and '.'`);
    }
    if (!Token.isUnresolved(value) && value.length > 1_000) {
      throw validationError(errorScope, 'TF108', `the annotation '${key}' is ${value.length} characters long; X-Ray takes up to 1,000`);
    }
  }
  if (Object.keys(annotations).length > 50) {
    throw validationError(errorScope, 'TF109', `${Object.keys(annotations).length} annotations are more than the 50 that X-Ray takes for a trace`);
  }
  return Token.isUnresolved(Object.values(annotations)) ? Stack.of(scope).toJsonString(annotations) : JSON.stringify(annotations);
}
