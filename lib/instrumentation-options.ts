import { LogCorrelation } from './log-correlation';
import { MessageTracing } from './message-tracing';
import { TraceSampling } from './trace-sampling';

/**
 * What happens at a call that is recorded outside of an invocation: while the function loads, or after its response.
 */
export enum ContextMissing {
  /** One line in the function's log, once. */
  LOG_ERROR = 'LOG_ERROR',

  /** Nothing. */
  IGNORE_ERROR = 'IGNORE_ERROR',

  /** The call throws. For `fetch`, the error is logged instead. */
  RUNTIME_ERROR = 'RUNTIME_ERROR',
}

/**
 * What may hold personal data, and is recorded unless it is switched off here. Passwords in URLs, query strings, header values, bodies, items and
 * the text of queries are never recorded. For all languages.
 */
export interface RecordingOptions {
  /**
   * Whether the keys of S3 objects are recorded. The name of the bucket always is.
   *
   * @default true
   */
  readonly s3Keys?: boolean;

  /**
   * Whether the paths of URLs are recorded. Scheme, host and port always are.
   *
   * @default true
   */
  readonly urlPaths?: boolean;

  /**
   * Whether the messages of exceptions are recorded, without URLs' passwords and queries, and without the values in messages of databases.
   * The class and the stack always are.
   *
   * @default true
   */
  readonly exceptionMessages?: boolean;

  /**
   * Regular expressions, such as `[\\w.]+@[\\w.]+`. What matches is replaced by `***` in whatever is recorded, the handler's own annotations included.
   * They are case-sensitive, and written in what JavaScript, Python, Go and Java have in common: without flags, look-around and back-references.
   *
   * @default - nothing is replaced
   */
  readonly redact?: string[];
}

/**
 * What is recorded of a function, whichever SDK records it. For Node.js, Python and Go; for Java those options that say so.
 */
export interface InstrumentationOptions {
  /**
   * Whether calls of AWS SDK clients are recorded. For Java, too.
   *
   * @default true
   */
  readonly captureAwsSdk?: boolean;

  /**
   * Whether calls with `node:http` and `node:https`, and with libraries made on them, are recorded; in Python those with `http.client`, urllib,
   * urllib3, requests, httpx and aiohttp; in Java those with java.net.http, HttpURLConnection, Apache HttpClient and OkHttp.
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
   * Whether queries with `pg`, `mysql2`, `mysql`, `mongodb` and `ioredis` are recorded, in Python those with sqlite3, psycopg2, psycopg, asyncpg, pg8000,
   * PyMySQL, mysql-connector and pymongo, in Java those with JDBC, and with libraries made on them; their text is not.
   *
   * @default true
   */
  readonly captureSql?: boolean;

  /**
   * What happens at a call outside of an invocation. The environment variable `AWS_XRAY_CONTEXT_MISSING` overrides this option.
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

  /**
   * Whether the lines of loggers that write JSON name the trace: `xray_trace_id`, `trace_id` and `span_id`. For Node.js with OpenTelemetry (pino, winston and Powertools'
   * Logger, bundled), and for Python (`logging`, also with Lambda's own JSON format, Powertools' Logger, structlog). Lines of text stay as they are.
   *
   * @default LogCorrelation.off()
   */
  readonly logs?: LogCorrelation;

  /**
   * What is left out of what is recorded. For all languages.
   *
   * @default - what may hold personal data is recorded; secrets never are
   */
  readonly recording?: RecordingOptions;
}

/**
 * How a function is instrumented with the AWS X-Ray SDK.
 */
export interface XRaySdkOptions extends InstrumentationOptions {
  /**
   * Whether to strip the parts of the X-Ray SDK that a Node.js function does not use. The recorded documents
   * are the same. Only versions of the SDK that are known byte for byte are trimmed. For Node.js.
   *
   * @default true
   */
  readonly trim?: boolean;
}

/**
 * How a function is instrumented with OpenTelemetry.
 */
export interface OpenTelemetryOptions extends InstrumentationOptions {
  /**
   * In whose trace a function works that is given messages, such as those of a queue. For Node.js and Python.
   *
   * @default MessageTracing.off()
   */
  readonly messages?: MessageTracing;

  /**
   * What is recorded of requests that Lambda does not sample. For Node.js and Python.
   *
   * @default TraceSampling.asLambda()
   */
  readonly sampling?: TraceSampling;
}

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
