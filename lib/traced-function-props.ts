import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Bundling } from './bundling';
import { Instrumentation } from './instrumentation';
import { SdkDelivery } from './sdk-delivery';

/**
 * Properties of a `TracedFunction`.
 *
 * `tracing` differs from `lambda.Function`'s: it is `Tracing.ACTIVE` unless set, `Tracing.PASS_THROUGH` traces only what an upstream service
 * has sampled, and `Tracing.DISABLED` is refused. Lambda samples one request a second and 5 % of the rest; that rate cannot be set for a function.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
 */
export interface TracedFunctionProps extends lambda.FunctionOptions {
  /**
   * The handler's file, or its folder. The language follows from it: a `.ts`, `.js`, `.mjs` or `.cjs` file is Node.js; a `.py` file, or a folder with
   * `requirements.txt`, `pyproject.toml` or `uv.lock`, is Python; a `.go` file, or a folder with `go.mod`, is Go; a folder with `pom.xml`,
   * `build.gradle` or `build.gradle.kts` is Java (or Kotlin, Scala, Groovy). What a Python function requires is read in this folder, or that of this file.
   *
   * Relative paths start at the folder in which the CDK app runs.
   */
  readonly entry: string;

  /**
   * The runtime, which has to be of the entry's language.
   *
   * @default - `nodejs24.x`, `python3.14`, `provided.al2023` or `java21`, after the entry's language
   */
  readonly runtime?: lambda.Runtime;

  /**
   * The handler as Lambda writes it, such as `app.handler`.
   *
   * @default - Node.js: the export `handler`; Python: `handler`, `lambda_handler` or `main` in `handler.py`, `index.py`, `app.py`,
   * `lambda_function.py` or `main.py`, or in the entry when that is a file; Go: the binary; Java: the class in `src/main` that implements `RequestHandler` or `RequestStreamHandler`
   */
  readonly handler?: string;

  /**
   * What records the calls that the function makes.
   *
   * @default Instrumentation.xraySdk()
   */
  readonly instrumentation?: Instrumentation;

  /**
   * Where the function finds the tracing SDK.
   *
   * @default SdkDelivery.bundled()
   */
  readonly sdkDelivery?: SdkDelivery;

  /**
   * Bundling options of the entry's language.
   *
   * @default - the defaults of each option
   */
  readonly bundling?: Bundling;
}
