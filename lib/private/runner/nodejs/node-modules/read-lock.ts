import * as fs from 'fs';
import { createRequire } from 'module';
import * as path from 'path';
import { LockGraph } from './lock-graph';
import { readNpmLock } from './npm-lock';
import { readPnpmLock } from './pnpm-lock';
import { Manifest, parseYarn1, readYarnLock } from './yarn-lock';
import { BundlingError } from '../../bundling-error';

/**
 * Reads the lock file of a project.
 *
 * @throws for one that cannot be read, with what to do
 */
export function readLock(lockFile: string): LockGraph {
  const text = fs.readFileSync(lockFile, 'utf8');
  try {
    switch (path.basename(lockFile)) {
      case 'package-lock.json':
      case 'npm-shrinkwrap.json':
        return readNpmLock(text);
      case 'pnpm-lock.yaml':
        return readPnpmLock(parseYaml(text) as Parameters<typeof readPnpmLock>[0]);
      case 'yarn.lock': {
        const isFirst = !/^__metadata:/m.test(text);
        const entries = (isFirst ? parseYarn1(text) : parseYaml(text)) as Parameters<typeof readYarnLock>[0];
        const { __metadata, ...packages } = entries as Record<string, never>;
        return readYarnLock(packages, folder => manifest(path.join(path.dirname(lockFile), folder)));
      }
      default:
        throw new BundlingError('TF333', 'lock files of npm (package-lock.json), pnpm (pnpm-lock.yaml) and yarn (yarn.lock) can be read');
    }
  } catch (error) {
    throw new BundlingError('TF334', `cannot read the lock file '${lockFile}' for 'nodeModules': ${(error as Error).message}`);
  }
}

/** CDK brings a parser along, and always has. */
function parseYaml(text: string): unknown {
  const cdk = createRequire(createRequire(__filename).resolve('aws-cdk-lib/package.json'));
  const { parse } = cdk('yaml') as { parse(source: string, options?: object): unknown };
  return parse(text, { maxAliasCount: -1 });
}

function manifest(folder: string): Manifest | undefined {
  try {
    return JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')) as Manifest;
  } catch {
    return undefined; // a folder of sources has none
  }
}
