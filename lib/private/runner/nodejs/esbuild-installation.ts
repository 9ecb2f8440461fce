import * as fs from 'fs';
import { createRequire } from 'module';
import * as path from 'path';
import type * as Esbuild from 'esbuild';
import { ESBUILD_VERSION, esbuildLock } from './esbuild-lock';
import { userCacheDir } from '../../cache/user-cache';
import { BundlingError } from '../bundling-error';
import { runCommand } from '../run-command';

/** The oldest that is tested. */
const OLDEST = [0, 21, 5];

export interface EsbuildInstallation {
  readonly esbuild: typeof Esbuild;
  readonly version: string;
  /** Its package.json, which changes when it does. */
  readonly manifest: string;
}

const told = new Set<string>();

/** Under way in this process: functions with different options, and the layer, ask for it at the same time. */
let installing: Promise<void> | undefined;

/**
 * Finds esbuild: the project's own first, then the one that comes with this package, then one in the user's cache, into which it is installed.
 *
 * @throws with the places searched and what to install
 */
export async function findEsbuild(projectRoot: string): Promise<EsbuildInstallation> {
  const cache = path.join(userCacheDir(), `esbuild-${ESBUILD_VERSION}`);
  const places = [projectRoot, __dirname, process.cwd(), cache];
  for (const found of places.map(load)) {
    if (found && isTested(found.version)) {
      return found;
    }
    if (found && !told.has(found.manifest)) {
      told.add(found.manifest);
      process.stderr.write(`cdk-traced-function: esbuild ${found.version} (${path.dirname(found.manifest)}) is older than ${OLDEST.join('.')}, so another one is used\n`);
    }
  }
  try {
    await (installing ??= install(cache));
  } catch (error) {
    throw new BundlingError('TF319', `cannot find esbuild (looked from ${places.join(', ')}), nor install it: ${(error as Error).message}\nRun 'npm install --save-dev esbuild' in your project`);
  }
  const installed = load(cache);
  if (!installed) {
    throw new BundlingError('TF320', `esbuild was installed into ${cache} but cannot be loaded from there; run 'npm install --save-dev esbuild' in your project`);
  }
  return installed;
}

/** Whole or not at all: another synth may look for it at this moment, or install it too. */
async function install(cache: string): Promise<void> {
  process.stderr.write(`cdk-traced-function: installing esbuild ${ESBUILD_VERSION} into ${cache}\n`);
  fs.mkdirSync(path.dirname(cache), { recursive: true });
  const unfinished = fs.mkdtempSync(`${cache}-`);
  try {
    fs.writeFileSync(path.join(unfinished, 'package.json'), JSON.stringify({ private: true, dependencies: { esbuild: ESBUILD_VERSION } }));
    fs.writeFileSync(path.join(unfinished, 'package-lock.json'), JSON.stringify(esbuildLock()));
    await runCommand(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: unfinished });
    if (!load(cache)) {
      fs.rmSync(cache, { recursive: true, force: true });
      fs.renameSync(unfinished, cache);
    }
  } catch (error) {
    if (!load(cache)) throw error; // the other synth was faster
  } finally {
    fs.rmSync(unfinished, { recursive: true, force: true });
  }
}

/** A version of another form is a stand-in's, or a build of one's own. */
function isTested(version: string): boolean {
  const numbers = /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? OLDEST;
  const difference = numbers.map((number, i) => number - OLDEST[i]).find(d => d !== 0);
  return (difference ?? 0) >= 0;
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
