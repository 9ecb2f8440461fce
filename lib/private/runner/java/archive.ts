import * as fs from 'fs';
import * as path from 'path';
import type { Zippable } from 'fflate';
import { requireShipped } from '../../files/shipped-packages';
import { BundlingError } from '../bundling-error';

const { unzipSync, zipSync } = requireShipped<typeof import('fflate')>('fflate');

/** fflate writes local times, and this is the same wall clock everywhere; the format knows none before 1980. */
const MODIFIED = new Date(1980, 0, 1);

/** What differs from build to build in a manifest, by the tools that write it: Maven, Gradle, Ant, bnd. */
const VOLATILE_ATTRIBUTES = /^(?:Created-By|Built-By|Build-\S+|Bnd-LastModified|Tool|Archiver-Version|Implementation-Build-\S+):/i;

/** Bytes of the files of a jar by their names in it; with a filter, of those alone. */
export function readJar(jar: string, filter: (name: string) => boolean = () => true): Map<string, Buffer> {
  const files = unzipSync(fs.readFileSync(jar), { filter: file => !file.name.endsWith('/') && filter(file.name) });
  return new Map(Object.entries(files).map(([name, bytes]) => [name, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)]));
}

/** Names of the files in a jar. */
export function listJar(jar: string): string[] {
  const names: string[] = [];
  unzipSync(fs.readFileSync(jar), {
    filter: ({ name }) => {
      names.push(name);
      return false; // nothing is decompressed
    },
  });
  return names.filter(name => !name.endsWith('/'));
}

/** Writes a jar whose bytes follow from the names and contents of its files alone. */
export function writeJar(jar: string, files: ReadonlyMap<string, Buffer>): void {
  const entries: Zippable = {};
  // The manifest has to be first for tools that read a jar as a stream.
  const manifestFirst = (name: string) => name === 'META-INF/MANIFEST.MF' ? '' : name;
  for (const name of [...files.keys()].sort((a, b) => manifestFirst(a) < manifestFirst(b) ? -1 : 1)) {
    entries[name] = new Uint8Array(normalizeEntry(name, files.get(name)!));
  }
  fs.writeFileSync(jar, zipSync(entries, { mtime: MODIFIED, os: 0, level: 6 }));
}

/** Copies a jar that was built just now, without what the next build would write otherwise. A signed one is left as it is: it would no longer verify. */
export function copyBuiltJar(from: string, to: string): void {
  const files = readJar(from);
  if ([...files.keys()].some(name => /^META-INF\/[^/]+\.SF$/i.test(name))) {
    fs.copyFileSync(from, to);
    return;
  }
  writeJar(to, files);
}

/** Makes a jar of a folder. */
export function jarFolder(directory: string, to: string): void {
  const names = fs.readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter(name => fs.statSync(path.join(directory, name)).isFile());
  writeJar(to, new Map(names.map(name => [name.split(path.sep).join('/'), fs.readFileSync(path.join(directory, name))])));
}

/** Unpacks a jar into a folder, without signatures, which the merged files of such a jar no longer match. */
export function unpackJar(jar: string, directory: string): void {
  for (const [name, bytes] of readJar(jar, file => !/^META-INF\/[^/]+\.(?:SF|RSA|DSA|EC)$/i.test(file))) {
    const file = path.join(directory, name);
    if (path.relative(directory, file).startsWith('..')) {
      throw new BundlingError('TF605', `'${jar}' has a file outside of itself: '${name}'`);
    }
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, normalizeEntry(name, bytes));
  }
}

/** A file of a jar, without what differs from build to build. */
export function normalizeEntry(name: string, bytes: Buffer): Buffer {
  if (name === 'META-INF/MANIFEST.MF') {
    return Buffer.from(stableManifest(bytes.toString('utf8')));
  }
  // Java's own writer of properties puts the time into a comment.
  return /^META-INF\/maven\/.*\/pom\.properties$/.test(name) ? Buffer.from(bytes.toString('utf8').replace(/^#.*\r?\n/gm, '')) : bytes;
}

function stableManifest(text: string): string {
  // A line that starts with a blank continues the one before it.
  const lines = text.replace(/\r?\n /g, '\u0000').split(/\r?\n/);
  return lines.filter(line => !VOLATILE_ATTRIBUTES.test(line)).join('\r\n').replace(/\u0000/g, '\r\n ');
}
