import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';

let told = false;

/** Does what only later synths gain from. Where it cannot be done (a folder that is read-only, a full disk), this synth goes on, and says so once. */
export function keepForLater(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!told) {
      told = true;
      process.stderr.write(`cdk-traced-function: nothing is kept for the next synth (${(error as Error).message}); ` +
        "set CDK_TRACED_FUNCTION_CACHE to a folder that can be written, or to 'off'\n");
    }
  }
}

/** Folder of all that is kept between synths; none when that is switched off. */
export function packageCacheRoot(): string | undefined {
  const setting = process.env.CDK_TRACED_FUNCTION_CACHE;
  return setting === 'off' ? undefined : setting ? path.resolve(setting) : path.join(userCacheDir(), 'packages');
}

/** Folder of this package in the user's cache, by the conventions of the platform. */
export function userCacheDir(): string {
  const base = process.env.XDG_CACHE_HOME ?? (process.platform === 'win32' ? process.env.LOCALAPPDATA : undefined) ?? path.join(os.homedir(), '.cache');
  return path.join(base, 'cdk-traced-function');
}

/** Removes all but the newest entries of a folder. */
export function keepNewest(directory: string, number: number): void {
  const entries = fs.readdirSync(directory).map(name => ({ name, time: fs.statSync(path.join(directory, name)).mtimeMs }));
  entries.sort((a, b) => b.time - a.time).slice(number)
    .forEach(({ name }) => fs.rmSync(path.join(directory, name), { recursive: true, force: true }));
}

export function moveUnlessThere(from: string, to: string): void {
  try {
    fs.renameSync(from, to);
  } catch (error) {
    // Another synth was first; its package has the same contents.
    fs.rmSync(from, { recursive: true, force: true });
    if (!fs.existsSync(to)) {
      throw error;
    }
  }
}
