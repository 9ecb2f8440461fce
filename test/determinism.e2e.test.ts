import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { linkTree } from './link-tree';
import { temporaryFolder } from './test-app';
import { directoryHash } from '../lib/private/files/directory-hash';

const ROOT = path.dirname(__dirname);
const PROJECT = ['bin', 'lambda', 'lib', 'runtime', 'scripts', 'cdk.json', 'package.json', 'package-lock.json', 'tsconfig.json'];

/** A clone of this project as far as a synth needs it, with packages of its own: links to their files cost no room. */
function cloneProject(folder: string): string {
  for (const name of PROJECT) {
    fs.cpSync(path.join(ROOT, name), path.join(folder, name), { recursive: true });
  }
  linkTree(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
  return folder;
}

/** What `cdk synth` made: its template, and the hash of each asset's contents by the name that the template refers to. */
interface Synthesized {
  readonly template: any;
  readonly assets: Record<string, string>;
}

function synth(folder: string, umask: number): Synthesized {
  const output = temporaryFolder();
  const before = process.umask(umask);
  try {
    const cdk = path.join(folder, 'node_modules', 'aws-cdk', 'bin', 'cdk');
    const run = spawnSync(process.execPath, [cdk, 'synth', 'xraystarter', '--quiet', '--output', output], { cwd: folder, encoding: 'utf8' });
    if (run.status !== 0) {
      throw new Error(`cdk synth in ${folder} ended with ${run.status}:\n${run.stderr}`);
    }
  } finally {
    process.umask(before);
  }
  const names = fs.readdirSync(output).filter(name => name.startsWith('asset.') && fs.statSync(path.join(output, name)).isDirectory());
  return {
    template: JSON.parse(fs.readFileSync(path.join(output, 'xraystarter.template.json'), 'utf8')),
    assets: Object.fromEntries(names.map(name => [name, directoryHash(path.join(output, name))])),
  };
}

test('two clones in different folders make the same template and the same packages, whatever the umask', () => {
  const here = synth(ROOT, 0o022);
  const there = synth(cloneProject(path.join(temporaryFolder(), 'somewhere', 'else')), 0o077);
  expect(there.template).toEqual(here.template);
  expect(there.assets).toEqual(here.assets);
  const functions = Object.values<any>(here.template.Resources).filter(({ Properties }) => Properties?.TracingConfig && Properties.Code);
  expect(functions.filter(({ Properties }) => `asset.${Properties.Code.S3Key.replace('.zip', '')}` in here.assets)).toHaveLength(3);
});
