/**
 * What happens at a call that is recorded outside of an invocation: while the function loads, or after its response.
 */
export enum ContextMissing {
  /** One line in the function's log, once. */
  LOG_ERROR = 'LOG_ERROR',

  /** Nothing. */
  IGNORE_ERROR = 'IGNORE_ERROR',

  /** The call fails; one with `fetch` is told of in the log. */
  RUNTIME_ERROR = 'RUNTIME_ERROR',
}

/**
 * What is recorded of a function, whichever SDK records it. For Node.js and Python.
 */
export interface InstrumentationOptions {
  /**
   * Whether calls of AWS SDK clients are recorded.
   *
   * @default true
   */
  readonly captureAwsSdk?: boolean;

  /**
   * Whether calls with `node:http` and `node:https`, and with libraries made on them, are recorded; in Python those with requests and httpx, and
   * with OpenTelemetry also those with urllib3 and `http.client`.
   *
   * @default true
   */
  readonly captureHttp?: boolean;

  /**
   * Whether calls with `fetch` and undici are recorded. For Node.js.
   *
   * @default true
   */
  readonly captureFetch?: boolean;

  /**
   * Whether queries with `pg`, `mysql2` and `mysql` are recorded, in Python those with sqlite3, mysql-connector, PyMySQL, psycopg, pg8000 and
   * pymongo; their text is not.
   *
   * @default true
   */
  readonly captureSql?: boolean;

  /**
   * What happens at a call outside of an invocation. The environment variable `AWS_XRAY_CONTEXT_MISSING` has the last word.
   * In Python it is for OpenTelemetry: the X-Ray SDK leaves such calls out, and says nothing.
   *
   * @default ContextMissing.LOG_ERROR
   */
  readonly contextMissing?: ContextMissing;

  /**
   * Annotations of every invocation, such as `{ service: 'orders', stage: 'prod' }`. Traces can be searched by them.
   * They are recorded with a subsegment for the handler, which without annotations is only made when the handler fails.
   *
   * @default - none
   */
  readonly annotations?: { [key: string]: string };

  /**
   * Whether each invocation has the annotation `ColdStart`: whether it was the first of its environment.
   *
   * @default false
   */
  readonly captureColdStart?: boolean;

  /**
   * Whether what the handler returns is recorded as metadata. It may hold personal data.
   *
   * @default false
   */
  readonly captureResponse?: boolean;
}

/**
 * How a function is instrumented with the AWS X-Ray SDK.
 */
export interface XRaySdkOptions extends InstrumentationOptions {
  /**
   * Whether a Node.js package leaves out what it does not use of the SDK, and what the SDK does at each call for nothing. The recorded documents
   * are the same. Only versions of the SDK that are known byte for byte are trimmed. For Node.js.
   *
   * @default true
   */
  readonly trim?: boolean;
}

/**
 * How a function is instrumented with OpenTelemetry.
 */
export interface OpenTelemetryOptions extends InstrumentationOptions {}

/**
 * How a function is instrumented with AWS's own layer of OpenTelemetry.
 *
 * @see https://aws-otel.github.io/docs/getting-started/lambda
 */
export interface AdotLayerOptions {
  /**
   * ARN of the layer's version.
   *
   * @default - the version in the function's region that was listed on 2026-07-22
   */
  readonly layerVersionArn?: string;

  /**
   * Whether the layer starts a smaller SDK, which sends traces only. Node.js and Python layers newer than those of 2026-07-22 can.
   *
   * @default false
   */
  readonly fastStart?: boolean;

  /**
   * Whether the layer sends what CloudWatch Application Signals needs, for which AWS charges.
   *
   * @default false
   */
  readonly applicationSignals?: boolean;
}
