import { RUNTIME_PREFIX } from './own-modules';
import { NodejsJob } from '../../languages/nodejs-job';

/** Source of the module that an entry imports before the user's: it captures the clients, and exports `trace`, which wraps the handler. */
export function setupSource(job: NodejsJob): string {
  const { clients, contextMissing, coldStart, response } = job.capture;
  const isXRay = job.instrumentation === 'xray-sdk';
  const folder = isXRay ? 'xray-sdk' : 'open-telemetry';
  const imports: string[] = [];
  const statements: string[] = [];
  const use = (names: string, file: string, ...code: string[]) => {
    imports.push(`import { ${names} } from ${JSON.stringify(RUNTIME_PREFIX + file)};`);
    statements.push(...code);
  };
  if (isXRay) {
    imports.push('import AWSXRay from "aws-xray-sdk-core";');
    use('xrayRecorder', 'xray-sdk/recorder.mjs', `const recorder = xrayRecorder(AWSXRay, "${contextMissing}");`);
  } else {
    use('openTelemetryRecorder', 'open-telemetry/recorder.mjs', `const recorder = openTelemetryRecorder("${contextMissing}");`);
  }
  // The X-Ray SDK captures by itself what it can.
  const capturer = isXRay ? 'AWSXRay' : 'recorder';
  if (clients.includes('aws-sdk')) {
    use('captureAwsClients', `${folder}/aws-clients.mjs`, `captureAwsClients(${capturer});`);
  }
  if (clients.includes('http')) {
    use('captureHttp', `${folder}/http.mjs`, `captureHttp(${capturer});`);
  }
  if (clients.includes('fetch')) {
    use('captureFetch', 'capture/fetch.mjs', 'captureFetch(recorder);');
  }
  use('traceHandler', 'traced-handler.mjs', `export const trace = handler => traceHandler(handler, recorder, ${JSON.stringify({ coldStart, response })});`);
  return [...imports, ...statements].join('\n');
}
