import * as fs from 'fs';
import * as path from 'path';
import { packageName, parseRecord } from './cache-record';

/** What the cache may grow to. */
export interface CacheBounds {
  readonly records: number;
  readonly bytes: number;
}

const BOUNDS: CacheBounds = { records: 10_000, bytes: 4 * 2 ** 30 };
const HOUR = 60 * 60 * 1_000;
/** Its time is that of the last look at the whole cache. */
const STAMP = 'pruned';

/** Folders in the cache with what package managers have installed, an entry for each installation. */
const INSTALLATIONS = ['node-modules', 'python-dependencies'];
/** Entries that the cache writes. Anything else in its folder is somebody else's. */
const OWN = /^(?:[0-9a-f]{64}\.json|package-[0-9a-f]{64}(?:\.file)?|inputs-[0-9a-f]{64}\.json|tool-[0-9a-f]{64}|new-[0-9a-f-]{36}|(?:inputs-)?[0-9a-f]{64}\.json\.\d+\.new)$/;
const OWN_INSTALLATION = /^[0-9a-f]{64}(?:\.new-\w+)?(?:\.sha256)?$/;

/**
 * Removes the packages and installations that were not used for longest, until the cache is within its bounds, and what no record names.
 * What was used or written within the last hour stays: another synth may be at work with it. The whole is looked at once an hour.
 *
 * @param root folder of the cache; it need not exist
 */
export function prunePackageCache(root: string, bounds = BOUNDS): void {
  const stamp = path.join(root, STAMP);
  const last = modified(stamp);
  if (!fs.existsSync(root) || (last !== undefined && Date.now() - last < HOUR)) {
    return;
  }
  fs.writeFileSync(stamp, '');
  if (last === undefined) {
    return; // a new cache
  }
  const installations = INSTALLATIONS.flatMap(folder => list(path.join(root, folder))
    .filter(name => OWN_INSTALLATION.test(name)).map(name => path.join(folder, name)));
  const names = [...list(root).filter(name => OWN.test(name)), ...installations];
  const isOld = (name: string) => Date.now() - (modified(path.join(root, name)) ?? Infinity) > HOUR;
  const units = names.filter(name => /^[0-9a-f]{64}\.json$/.test(name) || (name.includes(path.sep) && !name.includes('.new-')) || name.startsWith('tool-'))
    .map(name => ({ name, used: modified(path.join(root, name)) ?? 0 }))
    .sort((a, b) => b.used - a.used);
  const kept = new Set<string>();
  let bytes = 0;
  units.forEach(({ name }, position) => {
    const needed = name.endsWith('.json') ? neededBy(path.join(root, name)) : [name];
    bytes += needed.filter(other => !kept.has(other)).reduce((sum, other) => sum + size(path.join(root, other)), 0);
    if (!isOld(name) || (position < bounds.records && bytes <= bounds.bytes)) {
      [name, ...needed].forEach(other => kept.add(other));
    }
  });
  names.filter(name => !kept.has(name) && isOld(name)).forEach(name => fs.rmSync(path.join(root, name), { recursive: true, force: true }));
}

function list(folder: string): string[] {
  return fs.existsSync(folder) ? fs.readdirSync(folder) : [];
}

/** Entries of the cache that a record is nothing without; none when the record cannot be read. */
function neededBy(recordFile: string): string[] {
  try {
    const record = parseRecord(fs.readFileSync(recordFile, 'utf8'));
    return record ? [packageName(record), ...record.common] : [];
  } catch {
    return []; // gone by now
  }
}

/** Milliseconds since 1970, or undefined when it is not there: another synth may be removing the same. */
function modified(file: string): number | undefined {
  return fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}

function size(file: string): number {
  const stats = fs.statSync(file, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) {
    return stats?.size ?? 0;
  }
  return fs.readdirSync(file).reduce((sum, name) => sum + size(path.join(file, name)), 0);
}
