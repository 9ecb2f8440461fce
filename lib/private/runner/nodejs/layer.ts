import * as fs from 'fs';
import { isBuiltin } from 'module';
import * as path from 'path';
import { findEsbuild } from './esbuild-installation';
import { readDaemonAddress } from './lean-xray-sdk';
import { packageOf } from './native-addons';
import { bundleOwnModules, RUNTIME_PREFIX } from './own-modules';
import { JobResult, OWN_INPUTS } from '../../bundling/bundling-job';
import { asInstalled, requireShipped, resolveFrom, shippedFile } from '../../files/shipped-packages';
import { NodejsLayerJob } from '../../languages/nodejs-job';
import { writeLicenses } from '../license-texts';

/** Lays the X-Ray SDK for Node.js into `nodejs/node_modules`, as one file. */
export async function bundleNodejsLayer(job: NodejsLayerJob): Promise<JobResult> {
  const entry = shippedFile('aws-xray-sdk-core');
  const { version } = requireShipped<{ version: string }>('aws-xray-sdk-core/package.json');
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
        // What comes with this package lies in no node_modules once it is published.
        build.onResolve({ filter: /^[@\w]/, namespace: 'file' }, ({ kind, importer, path: name }) =>
          kind === 'entry-point' || isBuiltin(name) || name.startsWith(RUNTIME_PREFIX) ? undefined : { path: resolveFrom(importer, name) });
      },
    }],
  });
  fs.writeFileSync(path.join(directory, 'package.json'), JSON.stringify({ name: 'aws-xray-sdk-core', version, main: 'index.js' }));
  writeLicenses(directory, Object.keys(metafile.inputs).flatMap(input => packageOf(asInstalled(path.resolve(path.dirname(entry), input))) ?? []));
  return { tool: `esbuild ${esbuildVersion}`, inputs: OWN_INPUTS };
}
