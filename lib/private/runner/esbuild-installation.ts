import * as fs from 'fs';
import { createRequire } from 'module';
import * as path from 'path';
import type * as Esbuild from 'esbuild';
import { runCommand } from './run-command';
import { userCacheDir } from '../package-cache';

/** Installed when neither the project nor this package has esbuild, as in an app in another language than JavaScript. */
const ESBUILD_VERSION = '0.28.2';

export interface EsbuildInstallation {
  readonly esbuild: typeof Esbuild;
  readonly version: string;
  /** Its package.json, which changes when it does. */
  readonly manifest: string;
}

/**
 * Finds esbuild: the project's own first, then the one that comes with this package, then one in the user's cache, into which it is installed.
 *
 * @throws with the places searched and what to install
 */
export async function findEsbuild(projectRoot: string): Promise<EsbuildInstallation> {
  const cache = path.join(userCacheDir(), `esbuild-${ESBUILD_VERSION}`);
  const places = [projectRoot, __dirname, process.cwd(), cache];
  const found = places.map(load).find(Boolean);
  if (found) {
    return found;
  }
  process.stderr.write(`cdk-traced-function: installing esbuild ${ESBUILD_VERSION} into ${cache}\n`);
  try {
    fs.mkdirSync(cache, { recursive: true });
    await runCommand(['npm', 'install', '--no-save', '--no-audit', '--no-fund', '--prefix', cache, `esbuild@${ESBUILD_VERSION}`], { cwd: cache });
  } catch (error) {
    throw new Error(`cannot find esbuild (looked from ${places.join(', ')}), nor install it: ${(error as Error).message}\nRun 'npm install --save-dev esbuild' in your project`);
  }
  const installed = load(cache);
  if (!installed) {
    throw new Error(`esbuild was installed into ${cache} but cannot be loaded from there; run 'npm install --save-dev esbuild' in your project`);
  }
  return installed;
}

function load(from: string): EsbuildInstallation | undefined {
  try {
    const require = createRequire(path.join(from, 'index.js'));
    const esbuild = require('esbuild') as typeof Esbuild;
    return { esbuild, version: esbuild.version, manifest: manifestOf(require) };
  } catch {
    return undefined; // not installed there, or for another platform: the next place is tried
  }
}

/** A stand-in for esbuild, such as one that counts calls, may have no package.json. */
function manifestOf(require: NodeJS.Require): string {
  try {
    return require.resolve('esbuild/package.json');
  } catch {
    return require.resolve('esbuild');
  }
}
