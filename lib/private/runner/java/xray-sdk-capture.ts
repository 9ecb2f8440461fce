import * as fs from 'fs';
import * as path from 'path';
import { listJar } from './archive';
import { addCompiled, redirectClients } from './capture';
import { NOTHING_LEFT_OUT, Recording } from '../../bundling/bundling-job';
import { JavaJob, JavaLayerJob } from '../../languages/java-job';
import { BundlingError } from '../bundling-error';

/** What sends subsegments in every version of the X-Ray SDK that works on Lambda. */
const SENDER = 'com/amazonaws/xray/contexts/LambdaSegmentContext.class';

/** What subsegments pass before they are sent, and what that needs. */
const SENDING = ['xray_sdk/XRaySdk', 'capture/DaemonAddress', 'capture/Guard', 'capture/Texts'];

/** What makes subsegments of calls. */
const RECORDING = ['xray_sdk/Recorder', 'capture/ClientCall', 'capture/PassedOn', 'capture/Trace', 'capture/Database'];

interface XRaySdkCapture {
  readonly recording: Recording;
  /** Jars of the layer that the X-Ray SDK comes in, where it is not in the package. */
  readonly layer?: readonly string[];
  /** Files of `runtime/java` with what calls of clients come to. */
  readonly clients?: readonly string[];
}

/**
 * Has the X-Ray SDK leave out what is not to be recorded, send what has ended at once and harm nobody when it fails, and adds what records calls of clients with it.
 *
 * @param directory of a package or of a layer, with the X-Ray SDK if it belongs there
 */
export async function addXraySdkCapture(
  job: JavaJob | JavaLayerJob, directory: string, { recording, layer = [], clients = [] }: XRaySdkCapture,
): Promise<void> {
  const { sources } = redirectClients(directory, ['xray-sdk']);
  const isHere = sources.size > 0;
  if (!isHere && holdsSdk(directory)) {
    throw new BundlingError('TF630', 'the X-Ray SDK in the package is of a version in whose classes nothing is found that sends subsegments; ' +
      "leave the version out of the project, so that the construct's own is taken, or use Instrumentation.openTelemetry()");
  }
  const isDefault = JSON.stringify(recording) === JSON.stringify(NOTHING_LEFT_OUT);
  if (!isHere && clients.length === 0 && (layer.length === 0 || isDefault)) {
    return;
  }
  const names = new Set([...SENDING, ...clients.length > 0 ? RECORDING : [], ...clients]);
  await addCompiled(job, directory, [...names], { recording, jars: [...layer] });
}

function holdsSdk(directory: string): boolean {
  const lib = path.join(directory, 'lib');
  return fs.existsSync(path.join(directory, SENDER)) ||
    (fs.existsSync(lib) ? fs.readdirSync(lib) : []).some(name => /xray.*\.jar$/.test(name) && listJar(path.join(lib, name)).includes(SENDER));
}
