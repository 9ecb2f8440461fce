// What is compared with, installed on first use into a cache outside of the project.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'cdk-traced-function-bench');
const run = promisify(execFile);

/**
 * A folder of the cache that `install` has filled, once. A folder that was not finished is not found.
 *
 * @param {object} versions what is installed: another version is another folder
 * @param {(folder: string) => Promise<void>} install
 */
export async function cached(name, versions, log, install) {
  const folder = join(cache, `${name}-${createHash('sha256').update(JSON.stringify(versions)).digest('hex').slice(0, 12)}`);
  if (existsSync(folder)) return folder;
  log(`installing ${Object.entries(versions).map(([what, version]) => `${what} ${version}`).join(', ')} (once)`);
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    await install(unfinished);
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}

/** @returns {Promise<string>} the node_modules folder */
export async function npmPeers(name, dependencies, log) {
  const folder = await cached(name, dependencies, log, async unfinished => {
    writeFileSync(join(unfinished, 'package.json'), JSON.stringify({ name: `bench-${name}`, private: true, dependencies }));
    await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'], { cwd: unfinished, maxBuffer: 1e8 });
  });
  return join(folder, 'node_modules');
}

/** @returns {Promise<string>} a folder with the packages, as `pip install --target` leaves them */
export async function pipPeers(name, requirements, log) {
  return cached(name, requirements, log, async unfinished => {
    const names = Object.entries(requirements).map(([what, version]) => `${what}==${version}`);
    await run('python3', ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', unfinished, ...names], { maxBuffer: 1e8 });
  });
}
