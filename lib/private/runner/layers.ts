import * as fs from 'fs';
import { createRequire } from 'module';
import * as path from 'path';
import { JobInputs, JobResult, NodejsLayerJob, PythonLayerJob } from '../bundling/bundling-job';
import { findEsbuild } from './nodejs/esbuild-installation';
import { normalizePythonPackage } from './python/normalize-package';
import { installRequirements } from './python/installer';
import { XRAY_SDK_REQUIREMENTS } from './runtime-files';

/** Only this package's own version decides what a layer holds, and that is part of every key. */
const NO_INPUTS: JobInputs = { files: [], folders: [] };

/** Lays the X-Ray SDK for Node.js into `nodejs/node_modules`, as one file. */
export async function bundleNodejsLayer(job: NodejsLayerJob): Promise<JobResult> {
  const ours = createRequire(__filename);
  const entry = ours.resolve('aws-xray-sdk-core');
  const { version } = ours('aws-xray-sdk-core/package.json') as { version: string };
  const directory = path.join(job.outputDir, 'nodejs', 'node_modules', 'aws-xray-sdk-core');
  const { esbuild, version: esbuildVersion } = await findEsbuild(__dirname);
  await esbuild.build({
    entryPoints: [entry],
    outfile: path.join(directory, 'index.js'),
    absWorkingDir: path.dirname(entry),
    bundle: true,
    platform: 'node',
    target: 'node18',
    format: 'cjs',
    minifyWhitespace: true,
    minifySyntax: true,
    logLevel: 'silent',
  });
  fs.writeFileSync(path.join(directory, 'package.json'), JSON.stringify({ name: 'aws-xray-sdk-core', version, main: 'index.js' }));
  return { tool: `esbuild ${esbuildVersion}`, inputs: NO_INPUTS };
}

/** Lays the X-Ray SDK for Python and wrapt into `python`, in pure Python, so that one layer serves every version and architecture. */
export async function bundlePythonLayer(job: PythonLayerJob): Promise<JobResult> {
  // Beside the layer and then moved into it: the installer leaves files beside its target.
  const directory = `${job.outputDir}.python`;
  fs.mkdirSync(directory);
  const tool = await installRequirements([...XRAY_SDK_REQUIREMENTS], {
    // Any version will do: the compiled part, which is all that depends on it, is taken out below.
    pythonVersion: '3.13', architecture: 'x86_64', directory, installArgs: [], noDependencies: true,
  }, job.outputDir);
  for (const name of fs.readdirSync(path.join(directory, 'wrapt'))) {
    if (name.endsWith('.so')) {
      fs.rmSync(path.join(directory, 'wrapt', name));
    }
  }
  normalizePythonPackage(directory);
  fs.renameSync(directory, path.join(job.outputDir, 'python'));
  return { tool, inputs: NO_INPUTS };
}
