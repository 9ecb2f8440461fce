import * as fs from 'fs';
import * as path from 'path';
import type { StoredPackage } from '../files/copy-package';

/** In bytes, without compression. */
export interface PackageSize {
  readonly bytes: number;
  /** What lies at the top of the package, or in a folder that only holds libraries; the largest first. */
  readonly parts: readonly { readonly name: string; readonly bytes: number }[];
}

/** Folders that are shown by what lies in them. */
const LIBRARY_FOLDERS = new Set(['python', 'nodejs', 'nodejs/node_modules', 'node_modules', 'java', 'java/lib', 'lib']);

export function packageSize({ path: directory, onlyFile }: StoredPackage): PackageSize {
  if (onlyFile) {
    const { size } = fs.statSync(directory);
    return { bytes: size, parts: [{ name: onlyFile, bytes: size }] };
  }
  const parts: { name: string; bytes: number }[] = [];
  const add = (name: string) => {
    const file = path.join(directory, name);
    const stats = fs.lstatSync(file);
    if (stats.isDirectory() && (name === '' || LIBRARY_FOLDERS.has(name))) {
      fs.readdirSync(file).forEach(entry => add(path.posix.join(name, entry)));
    } else {
      parts.push({ name, bytes: stats.isDirectory() ? bytesIn(file) : stats.size });
    }
  };
  add('');
  parts.sort((a, b) => b.bytes - a.bytes);
  return { bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0), parts };
}

function bytesIn(directory: string): number {
  return fs.readdirSync(directory, { withFileTypes: true }).reduce((sum, entry) => {
    const file = path.join(directory, entry.name);
    return sum + (entry.isDirectory() ? bytesIn(file) : fs.lstatSync(file).size);
  }, 0);
}
