import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { JavaBuild, JavaBuildRequest, JavaClassPath, JavaDependency, JavaResolution } from './build';
import { copyJavaProject, JavaBuildFiles, JavaProjectCopy, wrapperCandidates } from './project';
import { ancestors } from '../../files/ancestors';
import { BundlingError } from '../bundling-error';
import { runCommand } from '../run-command';
import { javaRuntimeFile } from '../runtime-files';
import { commandLine, findTool, Tool } from '../tool';

const SETTINGS = ['settings.gradle', 'settings.gradle.kts'];

export const GRADLE_BUILD_FILES: JavaBuildFiles = {
  build: /\.gradle(?:\.kts)?$/,
  output: 'build',
  above: SETTINGS,
  // includeBuild('../x'), apply from: '../x', files("../x"): all that a build reads outside of itself is a text of this form.
  upwardPaths: text => [...text.matchAll(/["'](?:\$\{?(?:rootDir|projectDir|rootProject\.projectDir)\}?\/)?(\.\.\/[^"'\n$]*)["']/g)].map(match => match[1]),
};

/** A project in a copy of its own, built by its wrapper, else by the `gradle` on the PATH, else in Docker. */
export async function openGradleBuild(request: JavaBuildRequest): Promise<JavaBuild> {
  const { projectDir, workDir } = request;
  const root = ancestors(projectDir).find(folder => SETTINGS.some(name => fs.existsSync(path.join(folder, name)))) ?? projectDir;
  const copy = copyJavaProject(root, projectDir, GRADLE_BUILD_FILES, path.join(workDir, 'project'), request.skip);
  const home = process.env.GRADLE_USER_HOME ?? path.join(os.homedir(), '.gradle');
  fs.mkdirSync(home, { recursive: true });
  const tool = await findTool({
    name: 'Gradle',
    candidates: [...wrapperCandidates('gradlew', 'gradlew.bat', projectDir, root), { argv: ['gradle'], versionArgs: ['--version'] }],
    docker: { image: 'gradle:jdk25', argv: ['gradle', '--gradle-user-home', home, '--no-daemon'] },
    install: 'a JDK (https://adoptium.net, to which JAVA_HOME has to point if it is set) and Gradle (https://gradle.org), '
      + "or add Gradle's wrapper to the project with 'gradle wrapper'",
  }, [workDir, home]);
  return new GradleBuild(tool, request, copy, root, home);
}

class GradleBuild implements JavaBuild {
  public readonly tool: string;
  public readonly directory: string;
  public readonly inputs: JavaBuild['inputs'];

  constructor(
    private readonly gradle: Tool, private readonly request: JavaBuildRequest, private readonly copy: JavaProjectCopy,
    private readonly root: string, home: string,
  ) {
    this.tool = gradle.label;
    this.directory = path.join(request.workDir, 'project');
    this.inputs = { files: [...copy.inputs.files, path.join(home, 'gradle.properties')], folders: copy.inputs.folders };
  }

  public async classPath(): Promise<JavaClassPath> {
    const { artifact } = this.request;
    const { shadedJar, ...classPath } = await this.run<Omit<JavaClassPath, 'shadedJar'> & { shadedJar: string | null }>(
      'cdkTracedFunctionClassPath', {}, artifact === undefined ? [] : ['assemble'],
    );
    const packed = artifact === undefined ? { shadedJar: shadedJar ?? undefined } : { artifact: path.join(this.copy.projectDir, artifact) };
    return { ...classPath, ...packed };
  }

  public async resolve(resolution: JavaResolution): Promise<JavaDependency[]> {
    return this.run<JavaDependency[]>('cdkTracedFunctionResolve', { resolution });
  }

  private async run<T>(task: string, request: object, tasksBefore: string[] = []): Promise<T> {
    const { projectDir } = this.copy;
    const requestFile = path.join(this.request.workDir, `${task}.json`);
    const answer = path.join(this.request.workDir, `${task}.answer.json`);
    const initScript = path.join(this.request.workDir, 'traced-function.init.gradle');
    fs.copyFileSync(javaRuntimeFile('traced-function.init.gradle'), initScript); // a container sees only the work folder
    fs.writeFileSync(requestFile, JSON.stringify({ ...request, projectDir, answer }));
    await runCommand([
      ...commandLine(this.gradle, Object.keys(this.request.environment)), '--quiet', '--console=plain', '--project-dir', projectDir, '--init-script', initScript,
      `-DcdkTracedFunction.request=${requestFile}`,
      // The added tasks are not made for it, and what it would keep is of a folder that is gone afterwards.
      '-Dorg.gradle.configuration-cache=false', '-Dorg.gradle.unsafe.configuration-cache=false',
      ...this.request.buildArgs, ...tasksBefore, task,
    ], { cwd: this.copy.root, env: this.request.environment }).catch((error: Error) => {
      throw new BundlingError('TF617', `${this.tool} cannot build '${this.request.projectDir}': ${error.message.split(this.copy.root).join(this.root)}`);
    });
    return JSON.parse(fs.readFileSync(answer, 'utf8')) as T;
  }
}
