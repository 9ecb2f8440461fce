import { BundlingJob, InstrumentationKind, LambdaArchitecture } from '../bundling/bundling-job';

export interface GoJob extends BundlingJob {
  readonly language: 'go';
  readonly kind: 'go';
  /** Absolute path of the folder with go.mod. */
  readonly moduleRoot: string;
  /** Package to build, relative to the module: `.`, `./cmd/api`. */
  readonly package: string;
  readonly instrumentation: InstrumentationKind;
  readonly architecture: LambdaArchitecture;
  readonly tags: string[];
  readonly buildArgs: string[];
  readonly environment: Record<string, string>;
}
