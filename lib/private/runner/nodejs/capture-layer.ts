import * as path from 'path';
import { findEsbuild } from './esbuild-installation';
import { bundleOwnModules, RUNTIME_PREFIX } from './own-modules';
import { JobResult, OWN_INPUTS } from '../../bundling/bundling-job';
import { NodejsCaptureLayerJob } from '../../languages/nodejs-job';
import { writeLicenses } from '../license-texts';

/** An ES module has no `require`, which CommonJS modules within it call for Node's own. */
const REQUIRE_BANNER = 'import{createRequire as __cdkTracedFunctionCreateRequire}from"node:module";const require=__cdkTracedFunctionCreateRequire(import.meta.url);';

/** Lays the handler that records calls off the wire into the layer, as one file. See `runtime/nodejs/layer`. */
export async function bundleNodejsCaptureLayer(job: Pick<NodejsCaptureLayerJob, 'outputDir'>): Promise<JobResult> {
  const { esbuild, version } = await findEsbuild(__dirname);
  await esbuild.build({
    entryPoints: [`${RUNTIME_PREFIX}layer/handler.mjs`],
    outfile: path.join(job.outputDir, 'nodejs', 'cdk-traced-function', 'handler.mjs'),
    absWorkingDir: __dirname,
    bundle: true,
    platform: 'node',
    target: 'node18',
    format: 'esm',
    supported: { 'top-level-await': true },
    minify: true,
    banner: { js: REQUIRE_BANNER },
    logLevel: 'silent',
    plugins: [{ name: 'cdk-traced-function', setup: bundleOwnModules }],
  });
  writeLicenses(path.join(job.outputDir, 'nodejs', 'cdk-traced-function'));
  return { tool: `esbuild ${version}`, inputs: OWN_INPUTS };
}
