import * as fs from 'fs';
import * as path from 'path';

/** Where a package lies: a folder, or, if `onlyFile` is its name in the package, the one file. */
export interface StoredPackage {
  readonly path: string;
  readonly onlyFile?: string;
}

/** Copies the contents of a package into a folder, which exists, and lets everybody read it. */
export function copyPackage({ path: stored, onlyFile }: StoredPackage, to: string): void {
  if (onlyFile) {
    fs.copyFileSync(stored, path.join(to, onlyFile), fs.constants.COPYFILE_FICLONE);
    fs.chmodSync(to, 0o755);
  } else {
    copyFolder(stored, to);
  }
}

/** What `fs.cpSync` does, in a quarter of the time: an app may have a thousand packages. */
function copyFolder(from: string, to: string): void {
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) {
      fs.mkdirSync(target);
      copyFolder(source, target);
    } else if (entry.isFile()) {
      fs.copyFileSync(source, target, fs.constants.COPYFILE_FICLONE);
    } else {
      fs.cpSync(source, target, { recursive: true, verbatimSymlinks: true });
    }
  }
  fs.chmodSync(to, 0o755);
}
