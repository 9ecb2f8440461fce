import * as lambda from 'aws-cdk-lib/aws-lambda';
import { IConstruct } from 'constructs';
import { InstrumentationKind, JobRequest, LambdaArchitecture, NodejsCapture } from '../bundling/bundling-job';
import { BundlingConfig } from '../../bundling';

/** What a function asks of the bundler of its language. Paths are absolute. */
export interface BundlerRequest {
  readonly scope: IConstruct;
  /** File or folder that the user named. It exists. */
  readonly entry: string;
  readonly runtime: lambda.Runtime;
  /** As the user gave it. */
  readonly handler?: string;
  readonly architecture: LambdaArchitecture;
  readonly instrumentation: InstrumentationKind;
  readonly capture: NodejsCapture;
  /** Whether a layer instruments the function at run time. */
  readonly instrumentedByLayer: boolean;
  readonly sdkInLayer: boolean;
  readonly options: BundlingConfig['options'];
}

/** What the function needs from its bundler. */
export interface BundlerResult {
  readonly job: JobRequest;
  /** What goes into a layer of the function's own. */
  readonly dependencyLayer?: JobRequest;
  /** Handler of the finished package, as Lambda wants it. */
  readonly handler: string;
  /** Environment variables that the package needs, merged with those of the user. */
  readonly environment: Record<string, string>;
}

/** One language. It only describes; the bundling runner does the work. */
export interface Bundler {
  readonly language: BundlingConfig['language'];
  readonly family: lambda.RuntimeFamily;
  readonly defaultRuntime: lambda.Runtime;
  /** Whether the SDK can come from a layer. */
  readonly supportsLayer: boolean;
  /** What `canHandle` accepts, for the error that no language does. */
  readonly accepts: string;
  canHandle(entry: string): boolean;
  bind(request: BundlerRequest): BundlerResult;
}
