import { BundlingJob, Capture, InstrumentationKind, LambdaArchitecture } from '../bundling/bundling-job';

/** Which part of what a project requires is installed, and in which environment. */
export interface PythonChoices {
  readonly extras: readonly string[];
  readonly groups: readonly string[];
  /** Variables of the installer, and of the tools that export lock files. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What is installed for which platform, and how. */
export interface PythonInstallation extends PythonChoices {
  /** Such as `3.14`. */
  readonly pythonVersion: string;
  readonly architecture: LambdaArchitecture;
  readonly installArgs: readonly string[];
  readonly installer: 'any' | 'uv' | 'pip';
  /** Whether tests, type stubs and headers of the installed packages are left out. */
  readonly slim: boolean;
  /** Whether the installed packages' compiled files lose their symbols. */
  readonly strip: boolean;
}

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
  readonly installation: PythonInstallation;
  /** Patterns in the syntax of `.gitignore`. */
  readonly exclude: string[];
  /** Whether a pattern may match nothing. */
  readonly excludeMayMiss: boolean;
  /** Absolute path of the folder that links in the sources may lead into. */
  readonly linkRoot: string;
}

export interface PythonLayerJob extends BundlingJob {
  readonly language: 'python';
  readonly kind: 'python-layer';
}

/** What a Python project requires. */
export interface PythonDependencyLayerJob extends BundlingJob {
  readonly language: 'python';
  readonly kind: 'python-dependency-layer';
  /** Absolute path of the folder with the requirements. */
  readonly sourceDir: string;
  readonly instrumentation: InstrumentationKind;
  /** Whether the tracing SDK belongs into the layer. */
  readonly withSdk: boolean;
  readonly installation: PythonInstallation;
  /** What lies beside the requirements and goes into the layer too; nothing in a layer of one function's dependencies. */
  readonly sources?: { readonly exclude: readonly string[]; readonly linkRoot: string };
}

/** A layer that records what functions call whose packages stay as they are. */
export interface PythonCaptureLayerJob extends BundlingJob {
  readonly language: 'python';
  readonly kind: 'python-capture-layer';
}
