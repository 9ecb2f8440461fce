import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { systemErrorText } from '../files/system-error';

let told = false;

/** The mark of https://bford.info/cachedir/, by which backups leave a cache out, and that says whose it is. */
const TAG = { name: 'CACHEDIR.TAG', text: 'Signature: 8a477f597d28d172789f06886806bc55\n# Packages of cdk-traced-function. This folder may be deleted at any time.\n' };

/** Does what only later synths gain from. Where it cannot be done (a folder that is read-only, a full disk), this synth goes on, and says so once. */
export function keepForLater(work: () => void): void {
  if (process.env.CDK_TRACED_FUNCTION_CACHE_READ_ONLY === '1') {
    return;
  }
  try {
    prepare(packageCacheRoot());
    work();
  } catch (error) {
    if (!told) {
      told = true;
      process.stderr.write(`cdk-traced-function: nothing is kept for the next synth (${systemErrorText(error) ?? (error as Error).message}). ` +
        "Set CDK_TRACED_FUNCTION_CACHE to a folder that can be written, or to 'off'\n");
    }
  }
}

/** Makes the cache, for nobody but its owner: whoever writes into it decides what is deployed. */
function prepare(root: string | undefined): void {
  if (root === undefined || fs.existsSync(path.join(root, TAG.name))) {
    return;
  }
  fs.mkdirSync(root, { recursive: true, mode: 0o700 });
  fs.chmodSync(root, 0o700);
  fs.writeFileSync(path.join(root, TAG.name), TAG.text);
}

/**
 * Folder of all that is kept between synths; none when that is switched off, or when it belongs to another user. It holds nothing else: one that the user names
 * may hold other things too, so it is a folder in that.
 */
export function packageCacheRoot(): string | undefined {
  const root = namedCacheRoot();
  return root === undefined || isForeign(root) ? undefined : root;
}

/** Says once that a cache is passed over because it belongs to another user, who could put packages of his own into it. */
export function tellForeignCache(): void {
  const root = namedCacheRoot();
  if (root !== undefined && !toldForeign && isForeign(root)) {
    toldForeign = true;
    process.stderr.write(`cdk-traced-function: the cache ${root} belongs to another user (${fs.statSync(root).uid}, this one is ${process.getuid?.()}), so it is not used; ` +
      "set CDK_TRACED_FUNCTION_CACHE to a folder of your own, or to 'off'\n");
  }
}

let toldForeign = false;

function namedCacheRoot(): string | undefined {
  const setting = process.env.CDK_TRACED_FUNCTION_CACHE;
  if (setting === 'off') {
    return undefined;
  }
  return setting ? path.join(path.resolve(setting), 'cdk-traced-function') : path.join(userCacheDir(), 'packages');
}

function isForeign(root: string): boolean {
  const uid = process.getuid?.();
  const owner = fs.existsSync(root) ? fs.statSync(root).uid : undefined;
  // Root is what runs in containers, in which a mounted folder belongs to somebody else.
  return owner !== undefined && uid !== undefined && uid !== 0 && owner !== uid;
}

/** Whether others may write the cache, too: one that is kept between the jobs of a CI, or that lies on a shared disk. */
export function isCacheShared(): boolean {
  return Boolean(process.env.CDK_TRACED_FUNCTION_CACHE);
}

/** Folder of this package in the user's cache, by the conventions of the platform. */
export function userCacheDir(): string {
  const base = process.env.XDG_CACHE_HOME ?? (process.platform === 'win32' ? process.env.LOCALAPPDATA : undefined) ?? path.join(homeDir(), '.cache');
  return path.join(base, 'cdk-traced-function');
}

function homeDir(): string {
  try {
    return os.homedir();
  } catch {
    return path.join(os.tmpdir(), `cdk-traced-function-${process.getuid?.() ?? 'user'}`); // a user without a home
  }
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
