import * as fs from 'fs';
import * as path from 'path';
import { JobResult, OWN_INPUTS } from '../../bundling/bundling-job';
import { PythonCaptureLayerJob } from '../../languages/python-job';
import { pythonRuntimeFile } from '../runtime-files';

/** Lays the package `cdk_traced_function` into the layer: the one that goes into a function's own package, but with settings from environment variables. */
export async function bundlePythonCaptureLayer(job: Pick<PythonCaptureLayerJob, 'outputDir'>): Promise<JobResult> {
  const target = path.join(job.outputDir, 'python', 'cdk_traced_function');
  fs.mkdirSync(target, { recursive: true });
  const modules = fs.readdirSync(pythonRuntimeFile('open_telemetry')).filter(file => file.endsWith('.py')).map(file => `open_telemetry/${file}`);
  for (const file of [...modules, 'daemon_socket.py', 'handler_records.py', 'layer/settings.py']) {
    fs.copyFileSync(pythonRuntimeFile(file), path.join(target, path.basename(file)));
  }
  return { tool: 'no installer needed', inputs: OWN_INPUTS };
}
