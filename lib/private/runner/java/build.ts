import { JobInputs } from '../../bundling/bundling-job';
import { JavaJob } from '../../languages/java-job';

/** Coordinates of an artifact in a Maven repository. */
export interface JavaArtifact {
  /** `group:name` */
  readonly id: string;
  readonly version: string;
}

/** An artifact on disk: a jar, or a folder of classes where it is another module of the same build. */
export interface JavaDependency extends JavaArtifact {
  readonly file: string;
}

/** What a build has made. */
export interface JavaClassPath {
  /** Folders of the project's own classes and resources. */
  readonly classes: string[];
  /** A jar that holds the classes and all dependencies, where the project makes one. */
  readonly shadedJar?: string;
  /** What the build has packed itself, if that is asked for; it may not exist. */
  readonly artifact?: string;
  /** What the classes need at run time, without the project itself. */
  readonly dependencies: JavaDependency[];
}

/** Artifacts to fetch beside those of the project. */
export interface JavaResolution {
  readonly artifacts: JavaArtifact[];
  /** Versions that count instead of those that an artifact asks for, by id. */
  readonly versions: Record<string, string>;
  /** Ids that are left out, with what only they need. */
  readonly exclusions: string[];
}

/** What is asked of a build tool. */
export interface JavaBuildRequest extends Pick<JavaJob, 'projectDir' | 'buildArgs' | 'environment' | 'artifact'> {
  /** Folder for the copy of the project and all that comes of it. */
  readonly workDir: string;
  /** A folder that is no part of the project, although it may lie in it: CDK's output. */
  readonly skip: string;
}

/** A build tool with a copy of a project. */
export interface JavaBuild {
  /** Name and version of the tool. */
  readonly tool: string;
  /** The copy; what lies in it was built just now, and is not on other machines. */
  readonly directory: string;
  readonly inputs: JobInputs;
  classPath(): Promise<JavaClassPath>;
  resolve(resolution: JavaResolution): Promise<JavaDependency[]>;
}

