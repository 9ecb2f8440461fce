import { Stack, Token } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { AdotLayerOptions, ContextMissing, OpenTelemetryOptions, XRaySdkOptions } from './instrumentation-options';
import { AdotLanguage, adotLayerArn } from './private/adot-layers';
import { InstrumentationKind, NodejsCapture } from './private/bundling/bundling-job';
import { NOTHING_LEFT_OUT, recordingOf } from './private/recording';
import { validationError } from './private/validation-error';

/** @internal */
export interface InstrumentationRequest {
  /** Stands for the function in errors. */
  readonly errorScope: Construct;
  /** Where the function is made. */
  readonly scope: Construct;
  readonly language: 'nodejs' | 'python' | 'go' | 'java';
}

/** @internal */
export interface InstrumentationConfig {
  /** What the bundler does. */
  readonly kind: InstrumentationKind;
  readonly capture: NodejsCapture;
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

const LANGUAGE_NAMES = { nodejs: 'Node.js', python: 'Python', go: 'Go', java: 'Java' };

/** An option without effect is refused. */
const HONOURED_BY: Record<keyof XRaySdkOptions, readonly InstrumentationRequest['language'][]> = {
  captureAwsSdk: ['nodejs', 'python'],
  captureHttp: ['nodejs', 'python'],
  captureFetch: ['nodejs'],
  captureSql: ['nodejs', 'python'],
  contextMissing: ['nodejs', 'python'],
  annotations: ['nodejs', 'python'],
  captureColdStart: ['nodejs', 'python'],
  captureResponse: ['nodejs', 'python'],
  recording: ['python'],
  trim: ['nodejs'],
};

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

  /** @internal */
  public abstract _bind(request: InstrumentationRequest): InstrumentationConfig;
}

/** What is made part of the package. */
class BundledInstrumentation extends Instrumentation {
  constructor(private readonly kind: InstrumentationKind, private readonly options: XRaySdkOptions) {
    super();
  }

  public _bind({ errorScope, scope, language }: InstrumentationRequest): InstrumentationConfig {
    this.refuseOptions(errorScope, language);
    const { options } = this;
    const clients = ([
      ['aws-sdk', options.captureAwsSdk], ['http', options.captureHttp], ['fetch', options.captureFetch], ['sql', options.captureSql],
    ] as const).filter(([, wanted]) => wanted ?? true).map(([client]) => client);
    return {
      kind: this.kind,
      capture: {
        clients,
        contextMissing: options.contextMissing ?? ContextMissing.LOG_ERROR,
        coldStart: options.captureColdStart ?? false,
        response: options.captureResponse ?? false,
        recording: recordingOf(errorScope, options.recording),
        trim: options.trim ?? true,
      },
      byLayer: false,
      environment: options.annotations ? { [ANNOTATIONS]: annotationsAsJson(errorScope, scope, options.annotations) } : {},
      managedPolicies: [XRAY_POLICY],
      // The X-Ray SDK keeps the trace of the running request in one variable. https://github.com/aws/aws-xray-sdk-node/issues/760
      allowsConcurrency: this.kind !== 'xray-sdk' || language !== 'nodejs',
    };
  }

  private refuseOptions(errorScope: Construct, language: InstrumentationRequest['language']): void {
    const given = Object.entries(this.options).filter(([, value]) => value !== undefined).map(([name]) => name as keyof XRaySdkOptions);
    for (const name of given.filter(option => !HONOURED_BY[option].includes(language))) {
      const languages = HONOURED_BY[name].map(honouring => LANGUAGE_NAMES[honouring]).join(' and ');
      throw validationError(errorScope, `Instrumentation.${this.kind === 'xray-sdk' ? 'xraySdk' : 'openTelemetry'}() option '${name}' is supported for ${languages} only, ` +
        `but the entry is ${LANGUAGE_NAMES[language]}; remove it`);
    }
  }
}

class AdotLayerInstrumentation extends Instrumentation {
  constructor(private readonly options: AdotLayerOptions) {
    super();
  }

  public _bind({ errorScope, scope, language }: InstrumentationRequest): InstrumentationConfig {
    if (language === 'go') {
      throw validationError(errorScope, 'AWS has no ADOT layer for Go; use Instrumentation.xraySdk()');
    }
    const { layerVersionArn, fastStart = false, applicationSignals = false } = this.options;
    if (fastStart && (layerVersionArn === undefined || language === 'java')) {
      throw validationError(errorScope, language === 'java' ? "ADOT's layer for Java has no fast start; leave 'fastStart' out"
        : "'fastStart' needs an ADOT layer newer than those known here, of 2026-07-22, which take no notice of it; give the ARN of one as 'layerVersionArn'");
    }
    if (layerVersionArn !== undefined && !Token.isUnresolved(layerVersionArn)) {
      this.checkArn(errorScope, layerVersionArn, language);
    }
    return {
      kind: 'none',
      capture: { clients: [], contextMissing: ContextMissing.LOG_ERROR, coldStart: false, response: false, recording: NOTHING_LEFT_OUT, trim: false },
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

  private checkArn(errorScope: Construct, arn: string, language: AdotLanguage): void {
    if (!/^arn:[\w-]+:lambda:[\w-]+:\d{12}:layer:[\w-]+:\d+$/.test(arn)) {
      throw validationError(errorScope, `layerVersionArn '${arn}' is not the ARN of a layer's version; it ends in ':layer:NAME:VERSION'`);
    }
    if (/:layer:aws-otel-/.test(arn)) {
      throw validationError(errorScope, `layerVersionArn '${arn}' is a layer with a collector, which AWS no longer recommends; ` +
        'take one named AWSOpenTelemetryDistro... from https://aws-otel.github.io/docs/getting-started/lambda');
    }
    const name = { nodejs: 'Js', python: 'Python', java: 'Java' }[language];
    const published = /:layer:AWSOpenTelemetryDistro(\w+):/.exec(arn)?.[1];
    if (published !== undefined && published !== name) {
      throw validationError(errorScope, `layerVersionArn '${arn}' is not for the entry's language; take AWSOpenTelemetryDistro${name}`);
    }
  }
}

function annotationsAsJson(errorScope: Construct, scope: Construct, annotations: Record<string, string>): string {
  for (const [key, value] of Object.entries(annotations)) {
    // https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html#api-segmentdocuments-annotations
    if (!/^[A-Za-z0-9_.]{1,500}$/.test(key)) {
      throw validationError(errorScope, `'${key}' cannot be the name of an annotation; X-Ray takes up to 500 letters A-Z, digits, '_' and '.'`);
    }
    if (!Token.isUnresolved(value) && value.length > 1_000) {
      throw validationError(errorScope, `the annotation '${key}' is ${value.length} characters long; X-Ray takes up to 1,000`);
    }
  }
  if (Object.keys(annotations).length > 50) {
    throw validationError(errorScope, `${Object.keys(annotations).length} annotations are more than the 50 that X-Ray takes for a trace`);
  }
  return Token.isUnresolved(Object.values(annotations)) ? Stack.of(scope).toJsonString(annotations) : JSON.stringify(annotations);
}
