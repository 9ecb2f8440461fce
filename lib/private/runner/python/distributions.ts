import * as fs from 'fs';
import * as path from 'path';
import { normalizedName } from './names';

/** One installed distribution, as its `.dist-info` folder describes it. */
export interface Distribution {
  readonly name: string;
  readonly version: string;
  /** Lines of `Requires-Dist`. */
  readonly requires: readonly string[];
  /** Tags of the wheel that it comes from. */
  readonly tags: readonly string[];
  /** Whether it comes from a folder, a repository or an address instead of an index. */
  readonly isDirect: boolean;
  /** Name of the `.dist-info` folder. */
  readonly folder: string;
}

/** What is installed in a folder. */
export function distributions(directory: string): Distribution[] {
  return fs.readdirSync(directory).filter(name => name.endsWith('.dist-info') && fs.existsSync(path.join(directory, name, 'METADATA'))).map(folder => {
    const read = (name: string) => {
      const file = path.join(directory, folder, name);
      return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
    };
    const metadata = read('METADATA').split(/\r?\n\r?\n/)[0];
    const values = (text: string, key: string) => [...text.matchAll(new RegExp(`^${key}: *(.*?)\\r?$`, 'gm'))].map(([, value]) => value);
    return {
      name: normalizedName(values(metadata, 'Name')[0] ?? folder),
      version: values(metadata, 'Version')[0] ?? '',
      requires: values(metadata, 'Requires-Dist'),
      tags: values(read('WHEEL'), 'Tag'),
      isDirect: fs.existsSync(path.join(directory, folder, 'direct_url.json')),
      folder,
    };
  });
}

/** Rows of a distribution's `RECORD`: path, hash, size. */
export function readRecord(directory: string, { folder }: Pick<Distribution, 'folder'>): string[] {
  const file = path.join(directory, folder, 'RECORD');
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split(/\r?\n/).filter(line => line !== '') : [];
}

/** The path in a row of a `RECORD`, which is CSV. */
export function recordedPath(row: string): string {
  const [, quoted, bare] = /^(?:"((?:[^"]|"")*)"|([^,]*)),/.exec(row) ?? [];
  return quoted?.replaceAll('""', '"') ?? bare ?? row;
}
