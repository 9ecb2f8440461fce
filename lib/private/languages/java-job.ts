import { BundlingJob, Capture, InstrumentationKind } from '../bundling/bundling-job';

export interface JavaJob extends BundlingJob {
  readonly language: 'java';
  readonly kind: 'java';
  /** Absolute path of the folder with pom.xml or build.gradle(.kts). */
  readonly projectDir: string;
  readonly buildTool: 'maven' | 'gradle';
  /** Class, perhaps with a method: `com.example.Handler`, `com.example.Handler::handle`. */
  readonly handler: string;
  /** Java of the runtime, `21` for java21. */
  readonly javaVersion: number;
  readonly instrumentation: InstrumentationKind;
  readonly capture: Capture;
  readonly sdkInLayer: boolean;
  /** What the build packs itself, relative to the project's folder. */
  readonly artifact?: string;
  readonly buildArgs: string[];
  readonly environment: Record<string, string>;
}

export interface JavaLayerJob extends BundlingJob {
  readonly language: 'java';
  readonly kind: 'java-layer';
}
