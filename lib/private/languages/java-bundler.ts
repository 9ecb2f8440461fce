import * as fs from 'fs';
import * as path from 'path';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Bundler, BundlerRequest, BundlerResult } from './bundler';
import { captureFrom } from './capture';
import { findJavaHandlers } from './java-handlers';
import { JavaJob, JavaLayerJob } from './java-job';
import { JavaBundlingOptions } from '../../bundling';
import { RequestOf } from '../bundling/bundling-job';
import { LAYER_LICENSES } from '../layer-licenses';
import { validationError } from '../validation-error';

const MAVEN_FILE = 'pom.xml';
const GRADLE_FILES = ['build.gradle', 'build.gradle.kts'];

/** Lambda's runtimes of Java 8 and 11 are older than what AWS supports the tracing SDK on. */
const RUNTIMES = [17, 21, 25];

export const javaBundler: Bundler = {
  language: 'java',
  name: 'Java',
  family: lambda.RuntimeFamily.JAVA,
  defaultRuntime: lambda.Runtime.JAVA_21,
  accepts: `a folder with ${[MAVEN_FILE, ...GRADLE_FILES].join(', ')} (Java)`,

  runner: () => require.resolve('../runner/java/runner'),
  tools: ['mvn', 'gradle', 'java', 'docker'],
  environment: /^(?:JAVA_|MAVEN_|GRADLE_|CDK_DOCKER$)/,
  captureOptions: () => ['captureAwsSdk', 'captureHttp', 'captureSql', 'recording'],
  keepsRequestsApart: () => true,
  sdkLayer: { language: 'java', kind: 'java-layer' } satisfies RequestOf<JavaLayerJob>,
  sdkLicense: LAYER_LICENSES.java,

  canRunOn: () => true,
  canHandle: entry => fs.statSync(entry).isDirectory() && [MAVEN_FILE, ...GRADLE_FILES].some(name => fs.existsSync(path.join(entry, name))),

  bind(request: BundlerRequest): BundlerResult {
    const { captureOptions } = request;
    const options = request.options as JavaBundlingOptions;
    const javaVersion = Number(/^java(\d+)$/.exec(request.runtime.name)?.[1]);
    if (!RUNTIMES.includes(javaVersion)) {
      throw validationError(request.scope,
        'TF601', `runtime '${request.runtime.name}' is too old for a traced function; use ${RUNTIMES.map(version => `java${version}`).join(', ')}`);
    }
    const handler = request.handler ?? findHandler(request);
    if (!/^[\p{L}_$][\p{L}\d_$.]*(?:::[\p{L}_$][\p{L}\d_$]*)?$/u.test(handler)) {
      throw validationError(request.scope,
        'TF602', `handler '${handler}' does not name a Java class; write it as 'com.example.Handler', or with a method as 'com.example.Handler::handle'`);
    }
    return {
      handler,
      // The OpenTelemetry API then looks for what the package has in place of an SDK.
      environment: request.instrumentation === 'open-telemetry' ? { OTEL_JAVA_GLOBAL_AUTOCONFIGURE_ENABLED: 'true' } : {},
      job: {
        language: 'java',
        kind: 'java',
        projectDir: request.entry,
        buildTool: fs.existsSync(path.join(request.entry, MAVEN_FILE)) ? 'maven' : 'gradle',
        handler,
        javaVersion,
        instrumentation: request.instrumentation,
        capture: captureFrom(captureOptions, [
          ['aws-sdk', captureOptions.captureAwsSdk], ['http', captureOptions.captureHttp], ['sql', captureOptions.captureSql],
        ]),
        sdkInLayer: request.sdkInLayer,
        ...options.artifact !== undefined && { artifact: artifactOf(request, options.artifact) },
        buildArgs: options.buildArgs ?? [],
        environment: options.environment ?? {},
      } satisfies RequestOf<JavaJob>,
    };
  },

  sourceOf: request => request.projectDir as string | undefined ?? __dirname,
};

function artifactOf({ scope, entry }: BundlerRequest, artifact: string): string {
  const relative = path.relative(entry, path.resolve(entry, artifact));
  if (relative.startsWith('..') || path.isAbsolute(artifact) || !/\.(?:jar|zip)$/.test(artifact)) {
    throw validationError(scope, 'TF603', `'artifact' '${artifact}' of Bundling.java() is not a .jar or .zip in '${entry}'; write it relative to that folder, as 'target/function.zip'`);
  }
  return relative.split(path.sep).join('/');
}

function findHandler(request: BundlerRequest): string {
  const found = findJavaHandlers(request.entry);
  if (found.length === 1) {
    return found[0];
  }
  throw validationError(request.scope, 'TF604', found.length === 0
    ? `cannot find a Java handler in '${request.entry}' (looked in src/main for a class that implements RequestHandler or RequestStreamHandler); ` +
      "set 'handler', for example 'com.example.Handler' or 'com.example.Handler::handle'"
    : `'${request.entry}' has ${found.length} classes that could be the handler (${found.join(', ')}); set 'handler' to one of them`);
}
