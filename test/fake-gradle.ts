import * as fs from 'fs';
import * as path from 'path';
import { classFile, jar } from './java-classes';
import { projectFolder, temporaryFolder } from './test-app';

/** `group:name:version` of an artifact, and the names and contents of what is in its jar. */
type Repository = Record<string, Record<string, Uint8Array | string>>;

const REGISTRATION = 'software/amazon/awssdk/global/handlers/execution.interceptors';
const INTERCEPTOR = 'com/amazonaws/xray/interceptors/TracingInterceptor';
const markers: Record<string, string> = {
  'jackson-annotations': 'com/fasterxml/jackson/annotation/JsonCreator', 'jackson-core': 'com/fasterxml/jackson/core/JsonFactory',
  'jackson-databind': 'com/fasterxml/jackson/databind/ObjectMapper',
};

/** The artifacts that the tests need, each with as little as says what it is. */
export function repository(): Repository {
  const jackson = ['2.15.4', '2.18.6'].flatMap(version => Object.entries(markers).map(([name, marker]) =>
    [`com.fasterxml.jackson.core:${name}:${version}`, { [`${marker}.class`]: classFile(marker) }]));
  return {
    ...Object.fromEntries(jackson),
    'software.amazon.awssdk:aws-core:2.30.0': { 'software/amazon/awssdk/awscore/AwsClient.class': classFile('software/amazon/awssdk/awscore/AwsClient') },
    'com.amazonaws:aws-java-sdk-core:1.12.780': { 'com/amazonaws/AmazonWebServiceClient.class': classFile('com/amazonaws/AmazonWebServiceClient') },
    'com.amazonaws:aws-xray-recorder-sdk-core:2.21.0': { 'com/amazonaws/xray/AWSXRay.class': classFile('com/amazonaws/xray/AWSXRay') },
    'com.amazonaws:aws-xray-recorder-sdk-aws-sdk-v2:2.20.0': { [`${INTERCEPTOR}.class`]: classFile(INTERCEPTOR) },
    'com.amazonaws:aws-xray-recorder-sdk-aws-sdk-v2-instrumentor:2.20.0': { [REGISTRATION]: INTERCEPTOR.replace(/\//g, '.') },
    'example:library:1.0': { 'example/library/Library.class': classFile('example/library/Library') },
  };
}

export interface GradleProject {
  /** Of the app's own classes; the handler is added. */
  readonly classes?: Record<string, Uint8Array>;
  /** `group:name:version`, of the repository. */
  readonly dependencies?: string[];
  /** Whether the build has a task shadowJar; what it leaves out, by the beginning of the name. */
  readonly shadow?: { readonly without?: string };
  /** Without it the wrapper lies in the folder above. */
  readonly wrapperAbove?: boolean;
}

/**
 * A Gradle project whose wrapper stands in for Gradle, which is not to be had everywhere: it keeps its arguments, and answers the init script's two
 * tasks as that script does with real Gradle. What it compiles is there already, and what it resolves comes from a repository of the test's own.
 */
export class FakeGradle {
  public readonly projectDir: string;
  /** Folder of the whole build. */
  public readonly root: string;
  private readonly log: string;

  constructor({ classes = {}, dependencies = [], shadow, wrapperAbove = false }: GradleProject = {}) {
    const folder = temporaryFolder();
    this.log = path.join(folder, 'log');
    const jars: Record<string, string> = {};
    for (const [coordinates, files] of Object.entries(repository())) {
      const [group, name, version] = coordinates.split(':');
      const file = path.join(folder, 'repository', group, `${name}-${version}.jar`);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      fs.writeFileSync(file, jar(files, new Date(2020, 0, 1))); // as in a real repository, the same for all
      jars[coordinates] = file;
    }
    const all = { 'example/Handler.class': classFile('example/Handler', { methods: ['handleRequest', 'count'] }), ...classes };
    const compiled = Object.fromEntries(Object.entries(all).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]));
    const merged = Object.assign({}, all, ...dependencies.map(id => repository()[id]));
    const shaded = Object.fromEntries(Object.entries(merged).filter(([name]) => !shadow?.without || !name.startsWith(shadow.without)));
    fs.writeFileSync(path.join(folder, 'shaded.jar'), jar({ 'META-INF/MANIFEST.MF': 'Manifest-Version: 1.0\r\nCreated-By: here and now\r\n\r\n', ...shaded as Record<string, Uint8Array> }));
    this.root = projectFolder({
      'settings.gradle.kts': 'include("app")\n',
      'app/build.gradle.kts': 'plugins { java }\n',
      'app/src/main/java/example/Handler.java': 'package example;\n\npublic class Handler implements com.amazonaws.services.lambda.runtime.RequestHandler<Object, Object> {}\n',
      'app/build/classes/stale': 'of an earlier build',
    });
    this.projectDir = path.join(this.root, 'app');
    const script = `#!${process.execPath}
      const fs = require('fs'), path = require('path');
      const args = process.argv.slice(2);
      if (args[0] === '--version') { console.log('Gradle 8.14'); process.exit(0); }
      fs.appendFileSync(${JSON.stringify(this.log)}, JSON.stringify({ args, cwd: process.cwd(), variable: process.env.BUILD_VARIABLE }) + '\\n');
      const jars = ${JSON.stringify(jars)};
      const request = JSON.parse(fs.readFileSync(args.find(a => a.startsWith('-DcdkTracedFunction.request=')).split('=')[1], 'utf8'));
      const describe = coordinates => {
        const [group, name, version] = coordinates.split(':');
        if (!jars[coordinates]) { console.error('Could not find ' + coordinates + '. Broken: ' + path.join(request.projectDir, 'build.gradle.kts')); process.exit(1); }
        return { id: group + ':' + name, version, file: jars[coordinates] };
      };
      let answer;
      if (args.at(-1) === 'cdkTracedFunctionClassPath') {
        const classes = path.join(request.projectDir, 'build', 'classes', 'java', 'main');
        for (const [name, bytes] of Object.entries(${JSON.stringify(compiled)})) {
          fs.mkdirSync(path.dirname(path.join(classes, name)), { recursive: true });
          fs.writeFileSync(path.join(classes, name), Buffer.from(bytes, 'base64'));
        }
        fs.copyFileSync(${JSON.stringify(path.join(folder, 'shaded.jar'))}, path.join(request.projectDir, 'build', 'app-all.jar'));
        answer = {
          classes: [classes], dependencies: ${JSON.stringify(dependencies)}.map(describe),
          shadedJar: ${JSON.stringify(shadow !== undefined)} ? path.join(request.projectDir, 'build', 'app-all.jar') : null,
        };
      } else {
        const { artifacts, versions, exclusions } = request.resolution;
        const needs = { 'aws-sdk-v2-instrumentor': ['com.amazonaws:aws-xray-recorder-sdk-aws-sdk-v2:2.20.0', 'software.amazon.awssdk:aws-core:2.30.0',
          'com.fasterxml.jackson.core:jackson-annotations:2.18.6', 'com.fasterxml.jackson.core:jackson-core:2.18.6', 'com.fasterxml.jackson.core:jackson-databind:2.18.6'] };
        const all = artifacts.flatMap(a => [a.id + ':' + a.version, ...Object.entries(needs).flatMap(([end, more]) => a.id.endsWith(end) ? more : [])]);
        answer = all.map(c => c.split(':')).filter(([g, n]) => !exclusions.includes(g + ':' + n)).map(([g, n, v]) => describe([g, n, versions[g + ':' + n] ?? v].join(':')));
      }
      fs.writeFileSync(request.answer, JSON.stringify(answer));
    `;
    fs.writeFileSync(path.join(wrapperAbove ? this.root : this.projectDir, 'gradlew'), script, { mode: 0o755 });
  }

  /** What the wrapper was asked, oldest first, without the questions for its version. */
  public get runs(): { args: string[]; cwd: string; variable?: string }[] {
    return fs.existsSync(this.log) ? fs.readFileSync(this.log, 'utf8').trim().split('\n').map(line => JSON.parse(line)) : [];
  }
}
