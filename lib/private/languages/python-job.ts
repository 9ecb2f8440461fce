import { BundlingJob, Capture, InstrumentationKind, LambdaArchitecture } from '../bundling/bundling-job';

export interface PythonJob extends BundlingJob {
  readonly language: 'python';
  readonly kind: 'python';
  /** Absolute path of the folder with the sources. */
  readonly sourceDir: string;
  /** Absolute path of the folder with the requirements, which may be the one around the sources. */
  readonly projectDir: string;
  /** Handler as Lambda writes it, relative to the folder: `app.handler`, `api/app.handler`. */
  readonly handler: string;
  readonly instrumentation: InstrumentationKind;
  readonly capture: Capture;
  readonly sdkInLayer: boolean;
  /** Whether what the requirements name, and the SDK, come from a layer. */
  readonly dependenciesInLayer: boolean;
  /** Such as `3.14`. */
  readonly pythonVersion: string;
  readonly architecture: LambdaArchitecture;
  /** Patterns in the syntax of `.gitignore`. */
  readonly exclude: string[];
  /** Absolute path of the folder that links in the sources may lead into. */
  readonly linkRoot: string;
  readonly installArgs: string[];
}

export interface PythonLayerJob extends BundlingJob {
  readonly language: 'python';
  readonly kind: 'python-layer';
}

/** What one Python function requires. */
export interface PythonDependencyLayerJob extends BundlingJob {
  readonly language: 'python';
  readonly kind: 'python-dependency-layer';
  /** Absolute path of the folder with the requirements. */
  readonly sourceDir: string;
  readonly instrumentation: InstrumentationKind;
  /** Whether the tracing SDK belongs into the layer. */
  readonly withSdk: boolean;
  /** Such as `3.14`. */
  readonly pythonVersion: string;
  readonly architecture: LambdaArchitecture;
  readonly installArgs: string[];
}

/** A layer that records what functions call whose packages stay as they are. */
export interface PythonCaptureLayerJob extends BundlingJob {
  readonly language: 'python';
  readonly kind: 'python-capture-layer';
}
