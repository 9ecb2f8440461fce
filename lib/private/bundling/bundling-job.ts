/**
 * What the constructs hand to the bundling runner, as JSON. A job says what to make; the runner decides with which tool.
 * What a job of a language holds beside this stands in `languages/<language>-job.ts`.
 */
export interface BundlingJob {
  /** The language whose runner makes the package. */
  readonly language: string;
  /** What that runner makes: a function's package, or the contents of a layer. */
  readonly kind: string;
  /** Folder that receives the finished package. */
  readonly outputDir: string;
  /** Folder for whatever the runner needs on the way; it does not exist yet, and is removed afterwards. */
  readonly workDir: string;
  /** The folder of all assets of the app, which may lie inside a function's sources. */
  readonly assetDir: string;
  /** Construct paths of the functions and layers that use the package. */
  readonly consumers: string[];
}

/** What only the plan knows of a job. */
export type AddedByPlan = 'outputDir' | 'workDir' | 'assetDir' | 'consumers';

/** A job before the plan has given it its folders and consumers. */
export type RequestOf<J extends BundlingJob> = Omit<J, AddedByPlan>;
export type JobRequest = RequestOf<BundlingJob> & { readonly [detail: string]: unknown };

/** What goes into a package to record what it does. */
export type InstrumentationKind = 'xray-sdk' | 'open-telemetry' | 'none';

/** What is recorded of a function. It is settled when the package is made. */
export interface Capture {
  /** Kinds of clients whose calls are recorded, and `logs` where their lines name the trace. */
  readonly clients: readonly ('aws-sdk' | 'http' | 'fetch' | 'sql' | 'logs')[];
  /** What happens at a call outside of an invocation, as the X-Ray SDK names it. */
  readonly contextMissing: 'LOG_ERROR' | 'IGNORE_ERROR' | 'RUNTIME_ERROR';
  /** Whether each invocation says if it is the first of its environment. */
  readonly coldStart: boolean;
  /** Whether each invocation records what the handler returns. */
  readonly response: boolean;
  readonly recording: Recording;
  /** What happens to the traces of the messages that a function handles; absent: they are not looked at. */
  readonly messages?: MessageCapture;
  /** What is recorded of requests that Lambda does not sample; absent: nothing. */
  readonly sampling?: SamplingCapture;
}

export interface SamplingCapture {
  /** Milliseconds from which a request is kept that is not sampled. Those that fail are kept unless there is a ratio. */
  readonly slowerThan?: number;
  /** From 0 to 1: the share of requests that is recorded as if it were sampled. */
  readonly ratio?: number;
}

export interface MessageCapture {
  /** Whether the sender's trace goes on, or Lambda's own links to it. */
  readonly mode: 'continue' | 'link';
  /** Kinds of payloads that carry a header, by the names of `PayloadContext`. */
  readonly payloads: readonly string[];
}

/** What is recorded of what may hold personal data. */
export interface Recording {
  readonly s3Keys: boolean;
  readonly urlPaths: boolean;
  readonly exceptionMessages: boolean;
  /** Regular expressions that every language reads alike; what matches becomes `***`. */
  readonly redact: readonly string[];
}

export const NOTHING_LEFT_OUT: Recording = { s3Keys: true, urlPaths: true, exceptionMessages: true, redact: [] };

export type LambdaArchitecture = 'x86_64' | 'arm64';

export interface RunnerInput {
  readonly jobs: BundlingJob[];
  /** Absolute path of each language's runner, a module that exports a `LanguageRunner` as `runner`. */
  readonly runners: { readonly [language: string]: string };
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
  /** What whoever deploys the package should know. */
  readonly warnings?: readonly JobWarning[];
  /** What the package was made from; absent when that cannot be told, and then it is made anew each time. */
  readonly inputs?: JobInputs;
}

/** A warning of a construct, as `Annotations.addWarningV2` takes it. */
export interface JobWarning {
  /** Stable, so that it can be acknowledged. */
  readonly id: string;
  readonly text: string;
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

/** Of what is made from nothing but this package, whose version is part of every key. */
export const OWN_INPUTS: JobInputs = { files: [], folders: [] };
