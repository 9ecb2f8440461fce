import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { listJar } from './archive';
import { JavaBuild, JavaBuildRequest, JavaClassPath, JavaDependency, JavaResolution } from './build';
import { copyJavaProject, isWithin, JavaBuildFiles, JavaProjectCopy, wrapperCandidates } from './project';
import { ancestors } from '../../files/ancestors';
import { BundlingError } from '../bundling-error';
import { runCommand } from '../run-command';
import { commandLine, findTool, Tool } from '../tool';

const DEPENDENCY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';

export const MAVEN_BUILD_FILES: JavaBuildFiles = {
  build: /^pom\.xml$/,
  output: 'target',
  above: ['pom.xml', '.mvn'],
  upwardPaths: text => {
    const pom = withoutComments(text);
    const parent = /<parent>[\s\S]*?<\/parent>/.exec(pom)?.[0];
    return [
      ...[...pom.matchAll(/>\s*(?:\$\{(?:project\.)?basedir\}\/)?(\.\.\/[^<]*?)\s*</g)].map(match => match[1]),
      // Where Maven looks for a parent that says nothing else.
      ...(parent && !parent.includes('<relativePath') ? ['../pom.xml'] : []),
    ];
  },
};

/** Plugins after which a jar of their making is what the project wants to have deployed. */
const SHADING = /maven-(?:shade|assembly)-plugin/;

/** What Maven says offline of what it has not got yet. */
const NOT_THERE_OFFLINE = /in offline mode|has not been downloaded from it before|during a previous attempt|Error resolving version for plugin|No plugin found for prefix/;

/** A project in a copy of its own, built by its wrapper, else by the `mvn` on the PATH, else in Docker. */
export async function openMavenBuild(request: JavaBuildRequest): Promise<JavaBuild> {
  const { projectDir, workDir } = request;
  const root = mavenRoot(projectDir);
  const copy = copyJavaProject(root, projectDir, MAVEN_BUILD_FILES, path.join(workDir, 'project'), request.skip);
  const repository = path.join(os.homedir(), '.m2');
  fs.mkdirSync(repository, { recursive: true }); // as Maven does, but owned by the user when Maven runs in a container
  const tool = await findTool({
    name: 'Maven',
    candidates: [...wrapperCandidates('mvnw', 'mvnw.cmd', projectDir, root), { argv: ['mvn'], versionArgs: ['--version'] }],
    docker: { image: 'maven:3-eclipse-temurin-25', argv: ['mvn', `-Dmaven.repo.local=${path.join(repository, 'repository')}`] },
    install: 'a JDK (https://adoptium.net, to which JAVA_HOME has to point if it is set) and Maven (https://maven.apache.org), '
      + "or add Maven's wrapper to the project with 'mvn wrapper:wrapper'",
  }, [workDir, repository]);
  return new MavenBuild(tool, request, copy, root);
}

class MavenBuild implements JavaBuild {
  public readonly tool: string;
  public readonly directory: string;
  public readonly inputs: JavaBuild['inputs'];

  constructor(
    private readonly maven: Tool, private readonly request: JavaBuildRequest, private readonly copy: JavaProjectCopy, private readonly root: string,
  ) {
    this.tool = maven.label;
    this.directory = path.join(request.workDir, 'project');
    const settings = ['settings.xml', 'toolchains.xml'].map(name => path.join(os.homedir(), '.m2', name));
    this.inputs = { files: [...copy.inputs.files, ...settings], folders: copy.inputs.folders };
  }

  public async classPath(): Promise<JavaClassPath> {
    const { projectDir } = this.copy;
    const shades = this.poms().some(pom => SHADING.test(pom));
    const list = path.join(this.request.workDir, 'dependencies.txt');
    const module = path.relative(this.copy.root, projectDir);
    await this.run([
      '-f', path.join(this.copy.root, 'pom.xml'),
      // Only this module and those of the same build that it needs.
      ...module ? ['-pl', module.split(path.sep).join('/'), '-am'] : [],
      '-Dmaven.test.skip=true', ...this.request.buildArgs,
      // A jar is made of the classes only when another plugin works on with it.
      shades || this.request.artifact !== undefined ? 'package' : 'process-classes',
      ...listDependencies(list),
    ]);
    const classes = path.join(projectDir, 'target', 'classes');
    if (this.request.artifact !== undefined) {
      return { classes: [classes], dependencies: readDependencies(list), artifact: path.join(projectDir, this.request.artifact) };
    }
    if (!fs.existsSync(classes)) {
      throw new BundlingError('TF618', `the Maven build of '${this.request.projectDir}' left no classes in target/classes; ` +
        "set 'entry' to the module that holds the handler, and leave the build's <directory> at its default");
    }
    return { classes: [classes], dependencies: readDependencies(list), shadedJar: shades ? findShadedJar(path.join(projectDir, 'target'), classes) : undefined };
  }

  public async resolve({ artifacts, versions, exclusions }: JavaResolution): Promise<JavaDependency[]> {
    const element = (id: string, inner: string) => {
      const [group, name] = id.split(':');
      return `<groupId>${group}</groupId><artifactId>${name}</artifactId>${inner}`;
    };
    const excluded = `<exclusions>${exclusions.map(id => `<exclusion>${element(id, '')}</exclusion>`).join('')}</exclusions>`;
    const dependency = (id: string, version: string, inner = '') => `<dependency>${element(id, `<version>${version}</version>${inner}`)}</dependency>`;
    // In the project's folder, so that its .mvn and the settings that it names count here too.
    const pom = path.join(this.copy.root, 'cdk-traced-function-pom.xml');
    fs.writeFileSync(pom, `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>${element('cdk-traced-function:tracing', '')}<version>1</version><packaging>pom</packaging>
  <dependencyManagement><dependencies>
    ${Object.entries(versions).map(([id, version]) => dependency(id, version)).join('\n    ')}
  </dependencies></dependencyManagement>
  <dependencies>
    ${artifacts.map(({ id, version }) => dependency(id, version, excluded)).join('\n    ')}
  </dependencies>
</project>
`);
    const list = path.join(this.request.workDir, 'tracing.txt');
    await this.run(['-f', pom, ...listDependencies(list)]);
    return readDependencies(list);
  }

  /** Without the network where everything is there already. */
  private async run(args: string[]): Promise<void> {
    // Maven is gone before the second compiler has paid off: it halves the time.
    const env = { MAVEN_OPTS: process.env.MAVEN_OPTS ?? '-XX:TieredStopAtLevel=1', ...this.request.environment };
    const options = { cwd: this.copy.root, env };
    const command = [...commandLine(this.maven, Object.keys(env)), '--batch-mode', '--quiet'];
    try {
      await runCommand([...command, '--offline', ...args], options);
    } catch (error) {
      if (!NOT_THERE_OFFLINE.test((error as Error).message)) {
        throw this.inUsersTerms(error as Error);
      }
      await runCommand([...command, ...args], options).catch((again: Error) => {
        throw this.inUsersTerms(again);
      });
    }
  }

  private inUsersTerms(error: Error): Error {
    return new BundlingError('TF619', `${this.tool} cannot build '${this.request.projectDir}': ${error.message.split(this.copy.root).join(this.root)}`);
  }

  /** Texts of the project's own build file and of those above it in the build. */
  private poms(): string[] {
    return ancestors(this.copy.projectDir).filter(folder => isWithin(folder, this.directory))
      .map(folder => path.join(folder, 'pom.xml'))
      .filter(file => fs.existsSync(file))
      .map(file => withoutComments(fs.readFileSync(file, 'utf8')));
  }
}

/** The topmost folder whose build includes the project: that of the project itself, unless one above lists it as a module. */
function mavenRoot(projectDir: string): string {
  return ancestors(projectDir).slice(1).reduce((root, folder) => {
    const pom = path.join(folder, 'pom.xml');
    const modules = fs.existsSync(pom) ? [...withoutComments(fs.readFileSync(pom, 'utf8')).matchAll(/<module>\s*([^<]*?)\s*<\/module>/g)] : [];
    return modules.some(match => [root, path.join(root, 'pom.xml')].includes(path.resolve(folder, match[1]))) ? folder : root;
  }, projectDir);
}

function listDependencies(file: string): string[] {
  return [`${DEPENDENCY_PLUGIN}:list`, '-DincludeScope=runtime', '-DoutputAbsoluteArtifactFilename=true', '-DappendOutput=false', `-DoutputFile=${file}`];
}

/** Lines `   group:name:type[:classifier]:version:scope:file`, perhaps with the name of the Java module after it. */
function readDependencies(file: string): JavaDependency[] {
  return fs.readFileSync(file, 'utf8').split('\n').flatMap(line => {
    // eslint-disable-next-line no-control-regex -- some versions colour the module's name
    const plain = line.replace(/\u001b\[[\d;]*m/g, '').replace(/ -- module .*$/, '').trim();
    const match = /^(?<group>[^:\s]+):(?<name>[^:]+):(?<type>[^:]+):(?:[^:]+:)?(?<version>[^:]+):(?:compile|runtime|system):(?<file>.+)$/.exec(plain);
    if (!match) {
      return [];
    }
    const { group, name, type, version, file: target } = match.groups!;
    return type === 'pom' ? [] : [{ id: `${group}:${name}`, version, file: target }];
  });
}

/** The largest jar of the build, if it holds more classes than the project has itself. */
function findShadedJar(target: string, classes: string): string | undefined {
  const [largest] = fs.readdirSync(target)
    .filter(name => name.endsWith('.jar') && !/-(?:sources|javadoc|tests)\.jar$/.test(name))
    .map(name => path.join(target, name))
    .sort((a, b) => fs.statSync(b).size - fs.statSync(a).size);
  const isClass = (name: string) => name.endsWith('.class');
  const own = fs.readdirSync(classes, { recursive: true, encoding: 'utf8' }).filter(isClass).length;
  return largest && listJar(largest).filter(isClass).length > own ? largest : undefined;
}

function withoutComments(xml: string): string {
  return xml.replace(/<!--[\s\S]*?-->/g, '');
}
