import { JavaArtifact } from './build';
import { addCompiled } from './capture';
import { INSTRUMENTORS } from './xray-sdk';
import { JavaJob } from '../../languages/java-job';
import { BundlingError } from '../bundling-error';

const OPEN_TELEMETRY_API = 'io.opentelemetry:opentelemetry-api';

/** What finds clients of the AWS SDK by itself, and records them with OpenTelemetry's API. */
const OWN_AWS_CAPTURE = 'io.opentelemetry.instrumentation:opentelemetry-aws-sdk-2.2-autoconfigure';

const SPANS = [
  ...['Daemon', 'Otlp', 'RecordedSpan'].map(name => `open_telemetry/${name}`), ...['DaemonAddress', 'Guard', 'Texts', 'Trace'].map(name => `capture/${name}`),
];

/** What of a project is recorded with OpenTelemetry. */
interface JavaOpenTelemetry {
  readonly awsClients: boolean;
  /** Whether it can make spans of its own. */
  readonly ownSpans: boolean;
}

/**
 * Adds to a package, as a jar in `lib`, what records calls and the spans of the handler's own.
 *
 * @param directory with all else that belongs into the package
 * @param clients files of `runtime/java` with what calls of clients come to
 */
export async function addOpenTelemetry(
  job: JavaJob, dependencies: readonly JavaArtifact[], directory: string, clients: readonly string[],
): Promise<void> {
  const { awsClients, ownSpans } = openTelemetryOf(job, dependencies);
  if (!awsClients && !ownSpans && clients.length === 0) {
    return;
  }
  const names = [
    ...SPANS,
    ...awsClients ? ['open_telemetry/AwsCalls'] : [],
    ...clients.length > 0 ? ['open_telemetry/Recorder', 'capture/ClientCall', 'capture/PassedOn', 'capture/Database', ...clients] : [],
    ...ownSpans ? ['open_telemetry/OpenTelemetryApi', 'open_telemetry/AutoConfiguredOpenTelemetrySdk'] : [],
  ];
  // The AWS SDK reads all files of this name on the class path.
  const resources: Record<string, string> = awsClients ? { [INSTRUMENTORS[0].registration]: 'cdktracedfunction.AwsCalls\n' } : {};
  await addCompiled(job, directory, names, { recording: job.capture.recording, resources });
}

function openTelemetryOf(job: JavaJob, dependencies: readonly JavaArtifact[]): JavaOpenTelemetry {
  const { projectDir } = job;
  const has = (id: string) => dependencies.some(dependency => dependency.id === id);
  const [v2, v1] = INSTRUMENTORS;
  if (has(v1.sdk) && job.capture.clients.includes('aws-sdk')) {
    throw new BundlingError('TF620', `'${projectDir}' uses version 1 of the AWS SDK (${v1.sdk}), which Instrumentation.openTelemetry() does not capture; ` +
      'move to version 2 (software.amazon.awssdk), or use Instrumentation.xraySdk()');
  }
  const xraySdk = dependencies.find(({ id }) => id.startsWith('com.amazonaws:aws-xray-recorder-sdk-'));
  if (xraySdk) {
    throw new BundlingError('TF621', `'${projectDir}' depends on the X-Ray SDK (${xraySdk.id}), and with Instrumentation.openTelemetry() both would record the same calls; ` +
      'take it out of the project, or use Instrumentation.xraySdk()');
  }
  const ownSpans = has(OPEN_TELEMETRY_API);
  const ownSdk = 'io.opentelemetry:opentelemetry-sdk-extension-autoconfigure';
  if (has(ownSdk)) {
    throw new BundlingError('TF622', `'${projectDir}' depends on ${ownSdk}, which would send the spans elsewhere; keep ${OPEN_TELEMETRY_API} alone, or use Instrumentation.none()`);
  }
  return { awsClients: job.capture.clients.includes('aws-sdk') && has(v2.sdk) && !has(OWN_AWS_CAPTURE), ownSpans };
}
