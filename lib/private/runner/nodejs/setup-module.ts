import { RUNTIME_PREFIX } from './own-modules';
import { NodejsJob } from '../../languages/nodejs-job';

/** Where what is in a package only together with a library, such as the capture of a database's client, finds the recorder. */
const RECORDER = 'globalThis[Symbol.for("cdk-traced-function.recorder")]';

/** Source of the module that an entry imports before the user's: it captures the clients, and exports `trace`, which wraps the handler. */
export function setupSource(job: NodejsJob): string {
  const { clients, contextMissing, coldStart, messages, recording, response } = job.capture;
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
  }
  if (!recording.s3Keys || !recording.urlPaths || !recording.exceptionMessages || recording.redact.length > 0) {
    const options = JSON.stringify(recording);
    if (isXRay) {
      use('leaveOut', 'xray-sdk/recording.mjs', `leaveOut(AWSXRay, ${options});`);
    } else {
      use('setRecording', 'capture/redaction.mjs', `setRecording(${options});`);
    }
  }
  if (isXRay) {
    use('xrayRecorder', 'xray-sdk/recorder.mjs', `const recorder = xrayRecorder(AWSXRay, "${contextMissing}");`);
  } else {
    const place = placeOf(job.capture, use);
    use('openTelemetryRecorder', 'open-telemetry/recorder.mjs', `const recorder = openTelemetryRecorder("${contextMissing}"${place && `, ${place}`});`);
  }
  if (['aws-sdk', 'sql', 'logs'].some(client => clients.includes(client as 'logs'))) {
    statements.push(`${RECORDER} = recorder;`);
  }
  if (clients.includes('logs')) {
    use('currentInvocation', 'open-telemetry/invocation.mjs', 'recorder.invocation = currentInvocation;');
  }
  if (clients.includes('aws-sdk')) {
    use('captureAwsClients', `${folder}/aws-clients.mjs`, `captureAwsClients(${isXRay ? 'AWSXRay' : 'recorder'});`);
    if (messages?.payloads.length) {
      statements.push(`writePayloads(${JSON.stringify(messages.payloads)});`);
    }
  }
  if (clients.includes('http')) {
    use('captureHttp', 'capture/http.mjs', 'captureHttp(recorder);');
  }
  if (clients.includes('fetch')) {
    use('captureFetch', 'capture/fetch.mjs', 'captureFetch(recorder);');
  }
  if (job.adaptsCallbacks) {
    use('adaptCallbacks', 'callback-adapter.mjs');
  }
  if (response) {
    use('limited', 'response.mjs');
  }
  const handler = job.adaptsCallbacks ? 'adaptCallbacks(handler)' : 'handler';
  use('traceHandler', 'traced-handler.mjs', `export const trace = handler => traceHandler(${handler}, recorder, { coldStart: ${coldStart}${response ? ', response: limited' : ''} });`);
  return [...imports, ...statements].join('\n');
}

/** An expression with what decides where an invocation belongs; empty when that is where Lambda says. */
function placeOf({ messages, sampling }: NodejsJob['capture'], use: (names: string, file: string) => void): string {
  let place = '';
  if (messages) {
    use('messageTracing', 'open-telemetry/messages.mjs');
    const kinds = JSON.stringify(messages.payloads);
    if (messages.payloads.length > 0) {
      use('payloadReader, writePayloads', 'open-telemetry/payloads.mjs');
    }
    place = `messageTracing("${messages.mode}"${messages.payloads.length > 0 ? `, payloadReader(${kinds})` : ''})`;
  }
  if (sampling) {
    use('traceSampling', 'open-telemetry/sampling.mjs');
    place = `traceSampling(${[JSON.stringify(sampling), ...place ? [place] : []].join(', ')})`;
  }
  return place;
}
