/**
 * What the constructs hand to the bundling runner, as JSON. A job says what to make; the runner decides with which tool.
 */
interface JobBase {
  /** Folder that receives the finished package. Set by the plan. */
  readonly outputDir: string;
  /** Construct paths of the functions and layers that use the package. */
  readonly consumers: string[];
}

/** What goes into a package to record what it does. */
export type InstrumentationKind = 'xray-sdk' | 'open-telemetry' | 'none';

/** What is recorded of a function. It is settled when the package is made. */
export interface Capture {
  /** Kinds of clients whose calls are recorded. */
  readonly clients: readonly ('aws-sdk' | 'http' | 'fetch' | 'sql')[];
  /** What happens at a call outside of an invocation, as the X-Ray SDK names it. */
  readonly contextMissing: 'LOG_ERROR' | 'IGNORE_ERROR' | 'RUNTIME_ERROR';
  /** Whether each invocation says if it is the first of its environment. */
  readonly coldStart: boolean;
  /** Whether each invocation records what the handler returns. */
  readonly response: boolean;
  readonly recording: Recording;
}

/** What is recorded of what may hold personal data. */
export interface Recording {
  readonly s3Keys: boolean;
  readonly urlPaths: boolean;
  readonly exceptionMessages: boolean;
  /** Regular expressions that every language reads alike; what matches becomes `***`. */
  readonly redact: readonly string[];
}

/** What is recorded of a Node.js function. */
export interface NodejsCapture extends Capture {
  /** Whether the package leaves out what it does not need of the X-Ray SDK. */
  readonly trim: boolean;
}

export interface NodejsJob extends JobBase {
  readonly kind: 'nodejs';
  /** Absolute path of the handler's file. */
  readonly entry: string;
  /** Absolute path of the folder that source paths are relative to. */
  readonly projectRoot: string;
  /** Name under which the entry exports the handler; with dots when it is a member of what is exported. */
  readonly handlerExport: string;
  readonly instrumentation: InstrumentationKind;
  readonly capture: NodejsCapture;
  /** Whether the handler's export can be replaced by what instruments the function at run time; CommonJS that esbuild makes has getters. */
  readonly plainExports: boolean;
  readonly sdkInLayer: boolean;
  /** Major version of the runtime, `24` for nodejs24.x. */
  readonly nodeVersion: number;
  readonly minify?: boolean;
  readonly sourceMap: boolean;
  readonly esm: boolean;
  readonly external: string[];
  readonly define: Record<string, string>;
  readonly loader: Record<string, string>;
  readonly banner: string;
  readonly tsconfig?: string;
}

export interface PythonJob extends JobBase {
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
  readonly exclude: string[];
  readonly installArgs: string[];
}

export interface GoJob extends JobBase {
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

export interface JavaJob extends JobBase {
  readonly kind: 'java';
  /** Absolute path of the folder with pom.xml or build.gradle(.kts). */
  readonly projectDir: string;
  readonly buildTool: 'maven' | 'gradle';
  /** Class, perhaps with a method: `com.example.Handler`, `com.example.Handler::handle`. */
  readonly handler: string;
  /** Java of the runtime, `21` for java21. */
  readonly javaVersion: number;
  readonly instrumentation: InstrumentationKind;
  readonly sdkInLayer: boolean;
  readonly buildArgs: string[];
  readonly environment: Record<string, string>;
}

export interface NodejsLayerJob extends JobBase {
  readonly kind: 'nodejs-layer';
}

export interface PythonLayerJob extends JobBase {
  readonly kind: 'python-layer';
}

/** What one Python function requires. */
export interface PythonDependencyLayerJob extends JobBase {
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

export interface JavaLayerJob extends JobBase {
  readonly kind: 'java-layer';
}

export type LambdaArchitecture = 'x86_64' | 'arm64';
export type BundlingJob = NodejsJob | PythonJob | GoJob | JavaJob | NodejsLayerJob | PythonLayerJob | PythonDependencyLayerJob | JavaLayerJob;

/** A job before the plan has given it an output folder and its consumers. */
export type JobRequest = BundlingJob extends infer J ? J extends BundlingJob ? Omit<J, 'outputDir' | 'consumers'> : never : never;

export interface RunnerInput {
  readonly jobs: BundlingJob[];
}

/** What the runner gives back. */
export interface RunnerOutput {
  /** One for each job, in the order of the jobs. */
  readonly results: JobResult[];
}

/** The same as JSON: `common` of a job's inputs are positions in `common`. */
export interface RunnerOutputJson {
  readonly results: (Omit<JobResult, 'inputs'> & { readonly inputs?: Omit<JobInputs, 'common'> & { readonly common?: number[] } })[];
  readonly common: JobInputs[];
}

export interface JobResult {
  /** What went wrong and what to do about it; absent when the package is there. */
  readonly error?: string;
  /** Name and version of the tool that did the work, such as `esbuild 0.28.2`. */
  readonly tool?: string;
  /** Of the package, as `directoryHash` gives it, when the runner has seen to its modes too. */
  readonly hash?: string;
  /** What the package was made from; absent when that cannot be told, and then it is made anew each time. */
  readonly inputs?: JobInputs;
}

/** Absolute paths that decide what a package holds. */
export interface JobInputs {
  /** Files whose bytes count, whether they exist or not: one that appears may take the place of another. */
  readonly files: string[];
  /** Folders in which a new or missing name counts. */
  readonly folders: string[];
  /** What other packages were made from too. One object for all of them, so that it is looked at and kept once. */
  readonly common?: readonly JobInputs[];
}
