import * as fs from 'fs';
import * as path from 'path';
import { copyCapture } from './capture';
import { JobResult, OWN_INPUTS } from '../../bundling/bundling-job';
import { PythonCaptureLayerJob } from '../../languages/python-job';
import { pythonRuntimeFile } from '../runtime-files';

/** Lays the package `cdk_traced_function` into the layer: the one that goes into a function's own package, but with settings from environment variables. */
export async function bundlePythonCaptureLayer(job: Pick<PythonCaptureLayerJob, 'outputDir'>): Promise<JobResult> {
  const target = path.join(job.outputDir, 'python', 'cdk_traced_function');
  fs.mkdirSync(target, { recursive: true });
  copyCapture('open-telemetry', target);
  fs.copyFileSync(pythonRuntimeFile('layer/settings.py'), path.join(target, 'settings.py'));
  return { tool: 'no installer needed', inputs: OWN_INPUTS };
}
