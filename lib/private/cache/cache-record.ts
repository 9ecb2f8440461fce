import { InputFingerprint } from './input-fingerprint';
import { JobWarning } from '../bundling/bundling-job';

/** What is known of a package, in `<key>.json`. */
export interface CacheRecord {
  readonly hash: string;
  /** Name of the package's one file, as which it is kept; a package of several is kept as a folder. */
  readonly onlyFile?: string;
  readonly warnings?: readonly JobWarning[];
  readonly inputs: InputFingerprint[];
  /** Names of the files, `inputs-<SHA-256>.json`, with the fingerprints that it has in common with other packages. */
  readonly common: string[];
}

const HASH = /^[0-9a-f]{64}$/;

/**
 * A record as it was written.
 *
 * @returns undefined for anything else: its names become paths, and whoever shares the cache can write it
 */
export function parseRecord(text: string): CacheRecord | undefined {
  let record: Partial<CacheRecord> | null;
  try {
    record = JSON.parse(text) as Partial<CacheRecord> | null;
  } catch {
    return undefined; // cut short by a crash
  }
  const { hash, onlyFile, inputs, common } = record ?? {};
  const isName = (name: unknown) => typeof name === 'string' && name !== '' && name !== '.' && name !== '..' && !/[\\/\0:]/.test(name);
  return typeof hash === 'string' && HASH.test(hash) && (onlyFile === undefined || isName(onlyFile)) && Array.isArray(inputs) && inputs.every(isFingerprint)
    && Array.isArray(common) && common.every(name => typeof name === 'string' && /^inputs-[0-9a-f]{64}\.json$/.test(name)) ? record as CacheRecord : undefined;
}

function isFingerprint(value: unknown): boolean {
  const { path, state } = (value ?? {}) as Partial<InputFingerprint>;
  return typeof path === 'string' && typeof state === 'string';
}

/** Name in the cache of the package of a record. */
export function packageName({ hash, onlyFile }: Pick<CacheRecord, 'hash' | 'onlyFile'>): string {
  return `package-${hash}${onlyFile ? '.file' : ''}`;
}
