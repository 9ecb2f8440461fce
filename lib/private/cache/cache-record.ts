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

/** Name in the cache of the package of a record. */
export function packageName({ hash, onlyFile }: Pick<CacheRecord, 'hash' | 'onlyFile'>): string {
  return `package-${hash}${onlyFile ? '.file' : ''}`;
}
