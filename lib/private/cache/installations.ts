import * as fs from 'fs';
import * as path from 'path';
import { isCacheShared, keepForLater, moveUnlessThere, packageCacheRoot } from './user-cache';
import { directoryHash } from '../files/directory-hash';

/** What package managers have installed for packages, and that several packages, now or later, are made with. */
export type InstallationKind = 'node-modules' | 'python-dependencies';

/**
 * @param key SHA-256 of all that decides what is installed
 * @returns absolute path of a folder
 */
export function findInstallation(kind: InstallationKind, key: string): string | undefined {
  const root = packageCacheRoot();
  const kept = root && path.join(root, kind, key);
  if (!kept || !fs.existsSync(kept)) {
    return undefined;
  }
  if (isCacheShared() && !isAsKept(kept)) {
    process.stderr.write(`cdk-traced-function: what the cache holds in ${kept} is not what was put there, so it is installed anew\n`);
    keepForLater(() => fs.rmSync(kept, { recursive: true, force: true }));
    return undefined;
  }
  const now = new Date();
  keepForLater(() => [kept, hashFile(kept)].filter(file => fs.existsSync(file)).forEach(file => fs.utimesSync(file, now, now))); // what is used is pruned last
  return kept;
}

/** Keeps a copy of a folder, where anything is kept; gives the folder to use from now on. */
export function keepInstallation(kind: InstallationKind, key: string, directory: string): string {
  const root = packageCacheRoot();
  if (!root) {
    return directory;
  }
  const kept = path.join(root, kind, key);
  keepForLater(() => {
    fs.mkdirSync(path.dirname(kept), { recursive: true });
    const temporary = fs.mkdtempSync(`${kept}.new-`);
    fs.cpSync(directory, temporary, { recursive: true, verbatimSymlinks: true });
    fs.writeFileSync(`${temporary}.sha256`, directoryHash(temporary));
    // The hash comes first: an installation without one counts for nothing where it would be asked for.
    fs.renameSync(`${temporary}.sha256`, hashFile(kept));
    moveUnlessThere(temporary, kept);
  });
  return directory;
}

function hashFile(kept: string): string {
  return `${kept}.sha256`;
}

function isAsKept(kept: string): boolean {
  try {
    return fs.readFileSync(hashFile(kept), 'utf8') === directoryHash(kept);
  } catch {
    return false; // without a hash, or not readable
  }
}
