import { BundlingJob, Capture, InstrumentationKind, LambdaArchitecture } from '../bundling/bundling-job';

/** What is recorded of a Node.js function. */
export interface NodejsCapture extends Capture {
  /** Whether the package leaves out what it does not need of the X-Ray SDK. */
  readonly trim: boolean;
}

export interface NodejsJob extends BundlingJob {
  readonly language: 'nodejs';
  readonly kind: 'nodejs';
  /** Absolute path of the handler's file. */
  readonly entry: string;
  /** Absolute path of the folder that source paths are relative to. */
  readonly projectRoot: string;
  /** Name under which the entry exports the handler; with dots when it is a member of what is exported. */
  readonly handlerExport: string;
  readonly instrumentation: InstrumentationKind;
  readonly capture: NodejsCapture;
  /** Whether the handler may answer by a callback, or by Lambda's context, on a runtime that knows neither. */
  readonly adaptsCallbacks: boolean;
  /** Whether the handler's export can be replaced by what instruments the function at run time; CommonJS that esbuild makes has getters. */
  readonly plainExports: boolean;
  readonly sdkInLayer: boolean;
  /** Major version of the runtime, `24` for nodejs24.x. */
  readonly nodeVersion: number;
  readonly minify?: boolean;
  readonly sourceMap: false | 'linked' | 'external' | 'inline' | 'both';
  readonly esm: boolean;
  readonly external: string[];
  readonly define: Record<string, string>;
  readonly loader: Record<string, string>;
  readonly banner: string;
  readonly tsconfig?: string;
  /** What seldom is set. */
  readonly more: NodejsMore;
}

/** All but `esbuild` leaves the package out of the common part. */
export interface NodejsMore {
  /** Options of esbuild's JavaScript API, laid over those above: objects and lists are added to them. */
  readonly esbuild?: Record<string, unknown>;
  readonly nodeModules?: NodeModules;
  /** Absolute paths, and where each goes in the package. */
  readonly copyFiles?: { readonly from: string; readonly to: string }[];
  readonly commands?: Commands;
  readonly environment?: Record<string, string>;
  /** Whether the entry may export no handler: what runs it is not Lambda's own runtime. */
  readonly handlerOptional?: boolean;
  /** Where it is not x86_64, which matters to native addons alone. */
  readonly architecture?: 'arm64';
}

/** Packages that are installed beside the code. */
export interface NodeModules {
  readonly names: string[];
  /** Absolute path. */
  readonly lockFile: string;
  readonly architecture: LambdaArchitecture;
}

/** For the shell of this machine. In them `OUTPUT_DIR` stands for the folder of the package. */
export interface Commands {
  readonly beforeBundling: string[];
  readonly beforeInstall: string[];
  readonly afterBundling: string[];
  /** Absolute paths of what they read; unknown when it is missing. */
  readonly inputs?: string[];
}

/** In commands, the package's folder, which is not known when they are written. */
export const OUTPUT_DIR = '/cdk-traced-function/output-dir';

export interface NodejsLayerJob extends BundlingJob {
  readonly language: 'nodejs';
  readonly kind: 'nodejs-layer';
}

/** A layer that records what functions call whose packages stay as they are. */
export interface NodejsCaptureLayerJob extends BundlingJob {
  readonly language: 'nodejs';
  readonly kind: 'nodejs-capture-layer';
}
