import * as fs from 'fs';
import { createRequire } from 'module';
import * as path from 'path';
import { findEsbuild } from './esbuild-installation';
import { readDaemonAddress } from './lean-xray-sdk';
import { packageOf } from './native-addons';
import { bundleOwnModules } from './own-modules';
import { JobResult, OWN_INPUTS } from '../../bundling/bundling-job';
import { NodejsLayerJob } from '../../languages/nodejs-job';
import { writeLicenses } from '../license-texts';

/** Lays the X-Ray SDK for Node.js into `nodejs/node_modules`, as one file. */
export async function bundleNodejsLayer(job: NodejsLayerJob): Promise<JobResult> {
  const ours = createRequire(__filename);
  const entry = ours.resolve('aws-xray-sdk-core');
  const { version } = ours('aws-xray-sdk-core/package.json') as { version: string };
  const directory = path.join(job.outputDir, 'nodejs', 'node_modules', 'aws-xray-sdk-core');
  const { esbuild, version: esbuildVersion } = await findEsbuild(__dirname);
  const { metafile } = await esbuild.build({
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
    metafile: true,
    plugins: [{
      name: 'cdk-traced-function-layer',
      setup(build) {
        readDaemonAddress(build);
        bundleOwnModules(build);
      },
    }],
  });
  fs.writeFileSync(path.join(directory, 'package.json'), JSON.stringify({ name: 'aws-xray-sdk-core', version, main: 'index.js' }));
  writeLicenses(directory, Object.keys(metafile.inputs).flatMap(input => packageOf(path.resolve(path.dirname(entry), input)) ?? []));
  return { tool: `esbuild ${esbuildVersion}`, inputs: OWN_INPUTS };
}
