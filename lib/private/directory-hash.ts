import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';

/**
 * SHA-256 (64 hexadecimal digits) of a folder's contents: relative paths with '/', whether a file is executable, and its bytes.
 * Times, owners and the folder's own place do not count, so that the same package has the same hash on every machine.
 */
export function directoryHash(directory: string): string {
  const hash = createHash('sha256');
  for (const file of listFiles(directory, '')) {
    const absolute = path.join(directory, file);
    const executable = (fs.statSync(absolute).mode & 0o111) !== 0;
    const contents = fs.readFileSync(absolute);
    hash.update(`${file}\0${executable ? 'x' : '-'}\0${contents.length}\0`);
    hash.update(contents);
  }
  return hash.digest('hex');
}

function listFiles(directory: string, prefix: string): string[] {
  return fs.readdirSync(path.join(directory, prefix), { withFileTypes: true })
    .sort((a, b) => a.name < b.name ? -1 : 1)
    .flatMap(entry => entry.isDirectory() ? listFiles(directory, `${prefix}${entry.name}/`) : [`${prefix}${entry.name}`]);
}
