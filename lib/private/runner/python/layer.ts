import * as fs from 'fs';
import * as path from 'path';
import { installRequirements } from './installer';
import { normalizePythonPackage } from './normalize-package';
import { XRAY_SDK_LINES } from './xray-sdk';
import { JobResult, OWN_INPUTS } from '../../bundling/bundling-job';
import { PythonLayerJob } from '../../languages/python-job';

/** Lays the X-Ray SDK for Python and wrapt into `python`, in pure Python, so that one layer serves every version and architecture. */
export async function bundlePythonLayer(job: PythonLayerJob): Promise<JobResult> {
  // Beside the layer and then moved into it: the installer leaves files beside its target.
  const directory = path.join(job.workDir, 'python');
  fs.mkdirSync(directory, { recursive: true });
  const tool = await installRequirements({ lines: XRAY_SDK_LINES, noDependencies: true }, {
    // Any version will do: the compiled part, which is all that depends on it, is taken out below.
    pythonVersion: '3.13', architecture: 'x86_64', directory, installArgs: [], installer: 'any', extras: [], groups: [], environment: {}, slim: false, strip: false,
  }, job.workDir);
  for (const name of fs.readdirSync(path.join(directory, 'wrapt'))) {
    if (name.endsWith('.so')) {
      fs.rmSync(path.join(directory, 'wrapt', name));
    }
  }
  normalizePythonPackage(directory);
  fs.renameSync(directory, path.join(job.outputDir, 'python'));
  return { tool, inputs: OWN_INPUTS };
}
