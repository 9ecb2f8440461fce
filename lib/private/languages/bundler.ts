import * as lambda from 'aws-cdk-lib/aws-lambda';
import { CaptureOptions } from './capture-options';
import { InstrumentationKind, JobRequest, LambdaArchitecture } from '../bundling/bundling-job';
import { ErrorScope } from '../validation-error';

/** What a function asks of the bundler of its language. Paths are absolute. */
export interface BundlerRequest {
  /** What errors name. */
  readonly scope: ErrorScope;
  /** File or folder that the user named. It exists. */
  readonly entry: string;
  readonly runtime: lambda.Runtime;
  /** As the user gave it. */
  readonly handler?: string;
  /** Variables that the user gives the function. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly architecture: LambdaArchitecture;
  readonly instrumentation: InstrumentationKind;
  /** Of those that the language names in `captureOptions`; the bundler settles their defaults. */
  readonly captureOptions: CaptureOptions;
  /** Whether a layer instruments the function at run time. */
  readonly instrumentedByLayer: boolean;
  readonly sdkInLayer: boolean;
  /** Options of the language, as `Bundling` got them. */
  readonly options: object;
  /** Whether the options were those of another construct, where one without effect was no mistake. */
  readonly isAdopted?: boolean;
}

/** What the function needs from its bundler. */
export interface BundlerResult {
  readonly job: JobRequest;
  /** What goes into a layer of the function's own. */
  readonly dependencyLayer?: JobRequest;
  /** Handler of the finished package, as Lambda wants it. */
  readonly handler: string;
  /** What would fail on Lambda although it can be bundled. */
  readonly warnings?: { readonly id: string; readonly message: string }[];
  /** Environment variables that the package needs, merged with those of the user. */
  readonly environment: Record<string, string>;
}

/** One language. It only describes; its runner does the work. */
export interface Bundler {
  /** As jobs and `Bundling` name it: `nodejs`. */
  readonly language: string;
  /** For people: `Node.js`. */
  readonly name: string;
  readonly family: lambda.RuntimeFamily;
  readonly defaultRuntime: lambda.Runtime;
  /** What `canHandle` accepts, for the error that no language does. */
  readonly accepts: string;
  /** Programs that make the packages: an installation of another version makes other ones. */
  readonly tools: readonly string[];
  /** Names of environment variables that change what the tools make. */
  readonly environment: RegExp;
  /** Contents of the layer with the X-Ray SDK, where a layer can serve the language. */
  readonly sdkLayer?: JobRequest;
  /** SPDX expression for what that layer holds. */
  readonly sdkLicense?: string;
  /** Absolute path of the module that exports the language's `LanguageRunner`; it is not loaded by the app. */
  runner(): string;
  /** Options of `Instrumentation.xraySdk()` and `openTelemetry()` that have an effect. */
  captureOptions(kind: InstrumentationKind): readonly (keyof CaptureOptions)[];
  /** Whether requests that run at the same time in one environment are kept apart. */
  keepsRequestsApart(kind: InstrumentationKind): boolean;
  canHandle(entry: string): boolean;
  /** Whether the runtime, which is of the family, can run what the bundler makes. */
  canRunOn(runtime: lambda.Runtime): boolean;
  bind(request: BundlerRequest): BundlerResult;
  /** A folder that exists and has the sources of a job, for a stack whose functions are not bundled. */
  sourceOf(request: JobRequest): string;
}
