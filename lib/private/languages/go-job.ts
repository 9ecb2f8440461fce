import { BundlingJob, Capture, InstrumentationKind, LambdaArchitecture } from '../bundling/bundling-job';

export interface GoJob extends BundlingJob {
  readonly language: 'go';
  readonly kind: 'go';
  /** Absolute path of the folder with go.mod. */
  readonly moduleRoot: string;
  /** Package to build, relative to the module: `.`, `./cmd/api`. */
  readonly package: string;
  readonly instrumentation: InstrumentationKind;
  readonly capture: Capture;
  readonly architecture: LambdaArchitecture;
  /** Whether C is compiled. */
  readonly cgo: boolean;
  /** Version of the C library on Lambda; undefined when it is not known. */
  readonly glibc?: string;
  readonly tags: string[];
  /** Words for `go build`, without `-tags`. */
  readonly buildArgs: string[];
  readonly environment: Record<string, string>;
}
