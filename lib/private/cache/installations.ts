import * as fs from 'fs';
import * as path from 'path';
import { keepForLater, moveUnlessThere, packageCacheRoot } from './user-cache';

/** What package managers have installed for packages, and that several packages, now or later, are made with. */
export type InstallationKind = 'node-modules';

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
  const now = new Date();
  keepForLater(() => fs.utimesSync(kept, now, now)); // what is used is pruned last
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
    moveUnlessThere(temporary, kept);
  });
  return directory;
}
