import * as fs from 'fs';
import * as path from 'path';
import { packageOf } from './native-addons';
import { JobWarning } from '../../bundling/bundling-job';
import { NodejsJob } from '../../languages/nodejs-job';

const READS: readonly RegExp[] = [
  /\b(?:readFile(?:Sync)?|createReadStream|readdir(?:Sync)?|new\s+Worker|fork)\s*\(\s*(?:[\w$.]+\s*\(\s*)?__dirname\s*[,+]\s*(['"`])([^'"`\n$]+)\1/g,
  /\bnew\s+URL\s*\(\s*(['"`])(\.{1,2}\/[^'"`\n$]+)\1\s*,/g,
];
const PACKAGES_OF_AWS = /[\\/]node_modules[\\/]@(?:aws-sdk|smithy)[\\/]/;

/** By file of an installed package: what it reads beside itself. */
const known = new Map<string, string | undefined>();

/**
 * Installed packages that read files beside their code, such as fonts: the code is bundled, and the files would be missing when it runs.
 *
 * @param inputs keys of esbuild's metafile
 */
export function filesBesideCode(job: NodejsJob, inputs: readonly string[]): JobWarning[] {
  const found = new Map<string, string>();
  for (const input of inputs) {
    const name = packageOf(input);
    const file = path.resolve(job.projectRoot, input);
    const read = name === undefined || PACKAGES_OF_AWS.test(file) ? undefined : firstRead(file);
    if (read !== undefined && !found.has(name!) && !isCopied(job, read)) {
      found.set(name!, read);
    }
  }
  return [...found].map(([name, read]) => ({
    id: 'cdk-traced-function:fileBesideCode',
    text: `'${name}', which is bundled, reads '${path.relative(job.projectRoot, read).split(path.sep).join('/')}' from beside its code, where the package of the function does not have it; ` +
      `set the bundling option nodeModules: ['${name}'], which installs it with its files, or lay them beside the function's code with 'copyFiles'`,
  }));
}

function firstRead(file: string): string | undefined {
  if (!known.has(file)) {
    const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
    const files = READS.flatMap(pattern => [...text.matchAll(pattern)].map(match => path.join(path.dirname(file), match[2])));
    known.set(file, files.find(read => fs.existsSync(read)));
  }
  return known.get(file);
}

/** Whether the user sees to it. */
function isCopied({ more }: NodejsJob, read: string): boolean {
  return more.commands !== undefined || (more.copyFiles ?? [])
    .some(({ from, to }) => from === read || read.startsWith(from + path.sep) || path.basename(to) === path.basename(read));
}
