import * as fs from 'fs';
import * as path from 'path';
import { JavaJob } from '../bundling-job';
import { jarFolder } from './java-archive';
import { JavaArtifact } from './java-build';
import { INSTRUMENTORS } from './java-xray-sdk';
import { runCommand } from './run-command';
import { findTool } from './tool';
import { javaRuntimeFile } from './xray-sdk';

const OPEN_TELEMETRY_API = 'io.opentelemetry:opentelemetry-api';

/** What finds clients of the AWS SDK by itself, and records them with OpenTelemetry's API. */
const OWN_AWS_CAPTURE = 'io.opentelemetry.instrumentation:opentelemetry-aws-sdk-2.2-autoconfigure';

const SPANS = ['Daemon', 'Otlp', 'RecordedSpan', 'Trace'];

/** The oldest Java that functions may run on, so that any compiler of today gives the same. */
const RELEASE = '17';

/** What of a project is recorded with OpenTelemetry. */
interface JavaOpenTelemetry {
  readonly awsClients: boolean;
  /** Whether it can make spans of its own. */
  readonly ownSpans: boolean;
}

/**
 * Adds to a package, as a jar in `lib`, what records calls of AWS clients and the spans of the handler's own: compiled against the package's own libraries.
 *
 * @param directory with all else that belongs into the package
 */
export async function addOpenTelemetry(job: JavaJob, dependencies: readonly JavaArtifact[], directory: string): Promise<void> {
  const recorded = openTelemetryOf(job, dependencies);
  if (!recorded.awsClients && !recorded.ownSpans) {
    return;
  }
  const classes = `${job.outputDir}.classes`;
  fs.mkdirSync(classes, { recursive: true });
  const names = [
    ...SPANS, ...recorded.awsClients ? ['AwsCalls'] : [], ...recorded.ownSpans ? ['OpenTelemetryApi', 'AutoConfiguredOpenTelemetrySdk'] : [],
  ];
  await compile(names, directory, classes, job);
  if (recorded.awsClients) {
    // The AWS SDK reads all files of this name on the class path.
    const registration = path.join(classes, INSTRUMENTORS[0].registration);
    fs.mkdirSync(path.dirname(registration), { recursive: true });
    fs.writeFileSync(registration, 'cdktracedfunction.AwsCalls\n');
  }
  fs.mkdirSync(path.join(directory, 'lib'), { recursive: true });
  jarFolder(classes, path.join(directory, 'lib', 'cdk-traced-function.jar'));
}

function openTelemetryOf({ projectDir }: JavaJob, dependencies: readonly JavaArtifact[]): JavaOpenTelemetry {
  const has = (id: string) => dependencies.some(dependency => dependency.id === id);
  const [v2, v1] = INSTRUMENTORS;
  if (has(v1.sdk)) {
    throw new Error(`'${projectDir}' uses version 1 of the AWS SDK (${v1.sdk}), which Instrumentation.openTelemetry() does not capture; ` +
      'move to version 2 (software.amazon.awssdk), or use Instrumentation.xraySdk()');
  }
  if (has(v2.id)) {
    throw new Error(`'${projectDir}' depends on ${v2.id}, which records each call a second time; take it out, or use Instrumentation.xraySdk()`);
  }
  const ownSpans = has(OPEN_TELEMETRY_API);
  const ownSdk = 'io.opentelemetry:opentelemetry-sdk-extension-autoconfigure';
  if (has(ownSdk)) {
    throw new Error(`'${projectDir}' depends on ${ownSdk}, which would send the spans elsewhere; keep ${OPEN_TELEMETRY_API} alone, or use Instrumentation.none()`);
  }
  return { awsClients: has(v2.sdk) && !has(OWN_AWS_CAPTURE), ownSpans };
}

async function compile(names: string[], directory: string, classes: string, { outputDir }: JavaJob): Promise<void> {
  const sources = `${outputDir}.sources`;
  fs.mkdirSync(sources, { recursive: true }); // a container sees only the work folder
  const files = names.map(name => path.join(sources, `${name}.java`));
  files.forEach(file => fs.copyFileSync(javaRuntimeFile(path.join('open_telemetry', path.basename(file))), file));
  const { JAVA_HOME } = process.env;
  const tool = await findTool({
    name: 'Java',
    candidates: [...JAVA_HOME ? [path.join(JAVA_HOME, 'bin', 'javac')] : [], 'javac'].map(javac => ({ argv: [javac], versionArgs: ['-version'] })),
    docker: { image: 'maven:3-eclipse-temurin-25', argv: ['javac'] },
    install: 'a JDK (https://adoptium.net, to which JAVA_HOME has to point if it is set)',
  }, [path.dirname(outputDir)]);
  const classPath = [directory, path.join(directory, 'lib', '*')].join(path.delimiter);
  await runCommand([...tool.argv, '--release', RELEASE, '-encoding', 'UTF-8', '-proc:none', '-nowarn', '-cp', classPath, '-d', classes, ...files], { cwd: sources });
}
