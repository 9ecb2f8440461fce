import { BundlingJob, Capture, InstrumentationKind } from '../bundling/bundling-job';

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

export interface NodejsLayerJob extends BundlingJob {
  readonly language: 'nodejs';
  readonly kind: 'nodejs-layer';
}

/** A layer that records what functions call whose packages stay as they are. */
export interface NodejsCaptureLayerJob extends BundlingJob {
  readonly language: 'nodejs';
  readonly kind: 'nodejs-capture-layer';
}
