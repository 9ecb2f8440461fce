import * as fs from 'fs';
import * as path from 'path';
import { packageOf } from './native-addons';
import { OWN_NAMESPACE } from './own-modules';
import { NodejsJob } from '../../languages/nodejs-job';
import { licenseText, writeLicenses } from '../license-texts';

const NONE = Buffer.alloc(0);

/**
 * What the licences of what records calls ask for, as one comment at the end of the code, where esbuild puts those of the function's own packages.
 *
 * @param inputs keys of esbuild's metafile
 */
export function legalComment(job: NodejsJob, inputs: readonly string[]): Buffer {
  return job.instrumentation === 'none' ? NONE : Buffer.from(`\n/*!\n${licenseText(packagesOf(inputs))}*/\n`);
}

/** The same where the code is written already. Who keeps such comments out of the code gets a file beside it. */
export function addLegalComment(job: NodejsJob, inputs: readonly string[]): void {
  const { legalComments = 'eof' } = (job.more.esbuild ?? {}) as { legalComments?: string };
  if (job.instrumentation === 'none') {
    return;
  }
  if (legalComments === 'eof' || legalComments === 'inline') {
    fs.appendFileSync(path.join(job.outputDir, `index${job.esm ? '.mjs' : '.js'}`), legalComment(job, inputs));
  } else {
    writeLicenses(job.outputDir, packagesOf(inputs), 'LICENSE.cdk-traced-function');
  }
}

/** Also those that the project has installed itself: they may be there only to record calls. */
function packagesOf(inputs: readonly string[]): string[] {
  return inputs.flatMap(input => packageOf(input.startsWith(`${OWN_NAMESPACE}:`) ? input.slice(OWN_NAMESPACE.length + 1) : input) ?? []);
}
