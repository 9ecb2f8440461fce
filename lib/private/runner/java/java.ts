import * as fs from 'fs';
import * as path from 'path';
import { copyBuiltJar, jarFolder, listJar, unpackJar } from './archive';
import { holdsJar, unpackArtifact } from './artifact';
import { JavaBuild, JavaBuildRequest, JavaClassPath, JavaDependency } from './build';
import { redirectClients } from './capture';
import { checkFramework, nameSpringApplication, SPRING_ADAPTER } from './frameworks';
import { openGradleBuild } from './gradle';
import { openMavenBuild } from './maven';
import { addOpenTelemetry } from './open-telemetry';
import { checkOwnXraySdk } from './own-xray-sdk';
import { JavaPackage } from './package';
import { isWithin } from './project';
import { instrumentorsFor, resolveXraySdk, resolveXraySdkLayer, VERSIONS } from './xray-sdk';
import { addXraySdkCapture } from './xray-sdk-capture';
import { JobInputs, JobResult, JobWarning, NOTHING_LEFT_OUT, OWN_INPUTS } from '../../bundling/bundling-job';
import { JavaJob, JavaLayerJob } from '../../languages/java-job';
import { errorText } from '../bundling-error';
import { writeLicenses } from '../license-texts';

/** Whose jars bring no licence text of their own. */
const LICENSED = { 'xray-sdk': ['AWS X-Ray SDK for Java'], 'open-telemetry': [] };

/** Fills the output folder of each job, which are of one project, with classes at its root and jars in `lib`: there Lambda's class loader looks for them. */
export async function bundleJava(jobs: JavaJob[]): Promise<Map<JavaJob, JobResult>> {
  const [job] = jobs;
  const build = await (job.buildTool === 'maven' ? openMavenBuild : openGradleBuild)(buildRequest(job, job.projectDir, job));
  const classPath = await build.classPath();
  const results = new Map<JavaJob, JobResult>();
  for (const alike of groupBy(jobs, each => [each.instrumentation, each.capture, each.sdkInLayer, each.handler.startsWith(SPRING_ADAPTER)])) {
    const { directory, warnings } = await fillPackage(alike[0], build, classPath);
    const finished = new JavaPackage(directory);
    const result: JobResult = { tool: build.tool, inputs: inputsOf(build, classPath), warnings };
    if (alike[0].instrumentation !== 'none' && holdsRecorder(finished.directory)) {
      writeLicenses(path.join(finished.directory, 'META-INF'), LICENSED[alike[0].instrumentation], 'LICENSE.cdk-traced-function');
    }
    for (const each of alike) {
      try {
        finished.verify(each, instrumentorsFor(each, classPath.dependencies));
        fs.cpSync(finished.directory, each.outputDir, { recursive: true });
        results.set(each, result);
      } catch (error) {
        results.set(each, { error: errorText(error) });
      }
    }
  }
  return results;
}

/** Whether anything was added to the package: a function that calls nothing gets nothing. */
function holdsRecorder(directory: string): boolean {
  const lib = path.join(directory, 'lib');
  return fs.existsSync(path.join(directory, 'cdktracedfunction')) || (fs.existsSync(lib) && fs.readdirSync(lib).some(name => name.startsWith('aws-xray-recorder-sdk-')));
}

/** Functions that one build can serve. */
export function groupJavaJobs(jobs: JavaJob[]): JavaJob[][] {
  return groupBy(jobs, ({ projectDir, buildTool, buildArgs, environment, artifact }) => [projectDir, buildTool, buildArgs, environment, artifact]);
}

function groupBy<T>(items: T[], key: (item: T) => unknown): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const text = JSON.stringify(key(item));
    groups.set(text, [...groups.get(text) ?? [], item]);
  }
  return [...groups.values()];
}

/** Lays the X-Ray SDK into `java/lib`, where Lambda's runtime looks for the jars of layers. */
export async function bundleJavaLayer(job: JavaLayerJob): Promise<JobResult> {
  const projectDir = path.join(job.workDir, 'empty');
  fs.mkdirSync(projectDir, { recursive: true });
  const build = await openMavenBuild(buildRequest(job, projectDir, { buildArgs: [], environment: {} }));
  const folder = path.join(job.outputDir, 'java');
  copyJars(await resolveXraySdkLayer(build), path.join(folder, 'lib'), build);
  await addXraySdkCapture(job, folder, { recording: NOTHING_LEFT_OUT });
  writeLicenses(folder, LICENSED['xray-sdk']);
  return { tool: build.tool, inputs: OWN_INPUTS };
}

function buildRequest({ workDir, assetDir }: JavaJob | JavaLayerJob, projectDir: string, options: Pick<JavaJob, 'buildArgs' | 'environment' | 'artifact'>): JavaBuildRequest {
  const { buildArgs, environment, artifact } = options;
  return { projectDir, buildArgs, environment, artifact, workDir: path.join(workDir, 'build'), skip: assetDir };
}

/** @returns the folder with the package, and what is to be said of it */
async function fillPackage(job: JavaJob, build: JavaBuild, classPath: JavaClassPath): Promise<{ directory: string; warnings: JobWarning[] }> {
  const directory = path.join(job.workDir, 'package');
  fs.rmSync(directory, { recursive: true, force: true }); // of functions of the same project with other options
  const { dependencies } = classPath;
  checkFramework(job, dependencies);
  if (job.instrumentation === 'xray-sdk') {
    checkOwnXraySdk(job.projectDir, dependencies, VERSIONS.core);
  }
  layOut(job, classPath, directory, build);
  nameSpringApplication(directory, job);
  if (job.instrumentation === 'none') {
    return { directory, warnings: [] };
  }
  const { sources, signed } = redirectClients(directory, redirectedKinds(job, dependencies));
  const warnings = signed.map(jar => ({
    id: 'signedJar', text: `the jar ${jar} of '${job.projectDir}' is signed, so that its calls of clients are not recorded: a changed one would no longer verify`,
  }));
  if (job.instrumentation === 'open-telemetry') {
    await addOpenTelemetry(job, dependencies, directory, [...sources]);
    return { directory, warnings };
  }
  if (!job.sdkInLayer) {
    const sdk = await resolveXraySdk(build, dependencies, instrumentorsFor(job, dependencies), sources.size > 0);
    copyJars(sdk.filter(jar => !holds(directory, classPath, jar)), path.join(directory, 'lib'), build);
  }
  const { recording } = job.capture;
  const layer = job.sdkInLayer ? (await resolveXraySdkLayer(build)).map(({ file }) => file) : [];
  await addXraySdkCapture(job, directory, { recording, layer, clients: [...sources] });
  return { directory, warnings };
}

/** Clients whose calls are to be redirected: not those for which the project has a recorder of its own. */
function redirectedKinds({ capture: { clients } }: JavaJob, dependencies: readonly JavaDependency[]): ('http' | 'sql')[] {
  const recordsSql = dependencies.some(({ id }) => /^com\.amazonaws:aws-xray-recorder-sdk-sql|^io\.opentelemetry\.instrumentation:opentelemetry-jdbc/.test(id));
  return [...clients.includes('http') ? ['http' as const] : [], ...clients.includes('sql') && !recordsSql ? ['sql' as const] : []];
}

function layOut({ projectDir, artifact }: JavaJob, classPath: JavaClassPath, directory: string, build: JavaBuild): void {
  fs.mkdirSync(directory, { recursive: true });
  if (artifact !== undefined) {
    unpackArtifact(classPath.artifact!, { projectDir, artifact }, classPath.dependencies, directory);
    return;
  }
  if (classPath.shadedJar) {
    unpackJar(classPath.shadedJar, directory);
    return;
  }
  for (const classes of classPath.classes) {
    fs.cpSync(classes, directory, { recursive: true });
  }
  copyJars(classPath.dependencies, path.join(directory, 'lib'), build);
}

function copyJars(dependencies: JavaDependency[], directory: string, build: JavaBuild): void {
  fs.mkdirSync(directory, { recursive: true });
  for (const { id, version, file } of dependencies) {
    const [group, name] = id.split(':');
    const isFolder = fs.statSync(file).isDirectory();
    const base = isFolder ? `${name}-${version}.jar` : path.basename(file);
    // Two groups may have an artifact of the same name.
    const target = path.join(directory, fs.existsSync(path.join(directory, base)) ? `${group}.${base}` : base);
    if (isFolder) {
      jarFolder(file, target);
    } else if (isWithin(file, build.directory)) {
      copyBuiltJar(file, target);
    } else {
      fs.copyFileSync(file, target);
    }
  }
}

/** Whether a package has an artifact already: by its name in `lib`, or, where all jars were merged into one, by its classes under their own names. */
function holds(directory: string, classPath: JavaClassPath, { id, file }: JavaDependency): boolean {
  if (!classPath.shadedJar && !classPath.artifact) {
    return classPath.dependencies.some(dependency => dependency.id === id);
  }
  if (classPath.artifact && holdsJar(directory, file)) {
    return true;
  }
  const classes = listJar(file).filter(name => name.endsWith('.class') && !name.startsWith('META-INF/'));
  // What an artifact without classes says, another's file of the same name may have overwritten.
  return classes.length > 0 && classes.every(name => fs.existsSync(path.join(directory, name)));
}

/** The project's files, and the dependencies that may change under their name. */
function inputsOf(build: JavaBuild, { dependencies }: JavaClassPath): JobInputs {
  const changing = dependencies.filter(({ id, version }) => version.endsWith('-SNAPSHOT') || id.startsWith('file:'))
    .map(({ file }) => file)
    .filter(file => !isWithin(file, build.directory));
  return { files: [...build.inputs.files, ...changing], folders: build.inputs.folders };
}
