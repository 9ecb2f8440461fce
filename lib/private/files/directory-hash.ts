import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';

/**
 * SHA-256 (64 hexadecimal digits) of a folder's contents: relative paths with '/', whether a file is executable, and the SHA-256 of its bytes.
 * Times, owners and the folder's own place do not count, so that the same package has the same hash on every machine.
 */
export function directoryHash(directory: string): string {
  return filesHash(listFiles(directory, '').map(file => {
    const absolute = path.join(directory, file);
    return { file, executable: (fs.statSync(absolute).mode & 0o111) !== 0, hash: createHash('sha256').update(fs.readFileSync(absolute)).digest('hex') };
  }));
}

/**
 * The same for a folder with these files, for whoever knows their hashes already.
 *
 * @param files sorted; `file` is the relative path, `hash` the SHA-256 of its bytes
 */
export function filesHash(files: readonly { readonly file: string; readonly executable: boolean; readonly hash: string }[]): string {
  const all = createHash('sha256');
  files.forEach(({ file, executable, hash }) => all.update(`${file}\0${executable ? 'x' : '-'}\0${hash}\0`));
  return all.digest('hex');
}

function listFiles(directory: string, prefix: string): string[] {
  return fs.readdirSync(path.join(directory, prefix), { withFileTypes: true })
    .sort((a, b) => a.name < b.name ? -1 : 1)
    .flatMap(entry => entry.isDirectory() ? listFiles(directory, `${prefix}${entry.name}/`) : [`${prefix}${entry.name}`]);
}
