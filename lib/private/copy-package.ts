import * as fs from 'fs';
import * as path from 'path';

/**
 * Copies the contents of a package into a folder, which exists, and lets everybody read it. It does what `fs.cpSync` does, in a quarter of the time:
 * an app may have a thousand packages of one file.
 */
export function copyPackage(from: string, to: string): void {
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)];
    if (entry.isDirectory()) {
      fs.mkdirSync(target);
      copyPackage(source, target);
    } else if (entry.isFile()) {
      fs.copyFileSync(source, target, fs.constants.COPYFILE_FICLONE);
    } else {
      fs.cpSync(source, target, { recursive: true, verbatimSymlinks: true });
    }
  }
  fs.chmodSync(to, 0o755);
}
