import { Dependency, LockedPackage, LockGraph } from './lock-graph';
import { BundlingError } from '../../bundling-error';

interface PnpmEntry {
  readonly resolution?: { readonly [field in 'integrity' | 'tarball' | 'repo' | 'commit' | 'type']?: string };
  readonly name?: string;
  readonly version?: string;
  readonly os?: string[];
  readonly cpu?: string[];
  readonly libc?: string[];
  readonly requiresBuild?: boolean;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

type Importer = Record<'dependencies' | 'optionalDependencies' | 'devDependencies', Record<string, string | { readonly version: string }> | undefined>;

interface PnpmLock {
  readonly lockfileVersion: string | number;
  readonly importers?: Record<string, Importer>;
  readonly packages?: Record<string, PnpmEntry>;
  readonly snapshots?: Record<string, PnpmEntry>;
}

/** `pnpm-lock.yaml` of pnpm 8 (version 6) and newer. */
export function readPnpmLock(lock: PnpmLock): LockGraph {
  const version = parseFloat(String(lock.lockfileVersion));
  if (!(version >= 6)) {
    throw new BundlingError('TF332', `it is of version ${lock.lockfileVersion}; run 'pnpm install' with pnpm 8 or newer`);
  }
  const entries = new Map(Object.entries(lock.packages ?? {}).map(([key, entry]) => [key.replace(/^\//, ''), entry]));
  const snapshots = new Map(Object.entries(lock.snapshots ?? lock.packages ?? {}).map(([key, entry]) => [key.replace(/^\//, ''), entry]));
  const importers = lock.importers ?? { '.': lock as unknown as Importer };
  // An alias, or what comes from elsewhere, has its whole key in the place of a version.
  const keyOf = (name: string, reference: string) => {
    const key = reference.replace(/^\//, '');
    return snapshots.has(`${name}@${key}`) ? `${name}@${key}` : key;
  };
  const parse = (key: string) => /^((?:@[^/@]+\/)?[^/@]+)@([^(]*)/.exec(key)?.slice(1) ?? [key, ''];
  return {
    find: (name, folders) => {
      for (const folder of folders) {
        const importer = importers[folder === '' ? '.' : folder];
        const found = importer && (importer.dependencies?.[name] ?? importer.optionalDependencies?.[name] ?? importer.devDependencies?.[name]);
        if (found !== undefined) {
          return keyOf(name, typeof found === 'string' ? found : found.version);
        }
      }
      return undefined;
    },
    all: name => [...snapshots.keys()].filter(key => parse(key)[0] === name),
    get: key => {
      if (/^(?:link|workspace|file):/.test(key) || !snapshots.has(key)) {
        return { name: key, version: '', isLocal: true };
      }
      const { name, version: own, resolution, os, cpu, libc, requiresBuild } = entries.get(key) ?? entries.get(key.replace(/\(.*$/, ''))!;
      const [parsedName, parsedVersion] = parse(key);
      const repository = resolution?.repo && `git+${resolution.repo}#${resolution.commit}`;
      return {
        name: name ?? parsedName, version: own ?? parsedVersion, integrity: resolution?.integrity, resolved: repository ?? resolution?.tarball,
        os, cpu, libc, hasInstallScript: requiresBuild, isLocal: resolution?.type === 'directory', isPatched: key.includes('(patch_hash='),
      } satisfies LockedPackage;
    },
    dependenciesOf: key => {
      const { dependencies, optionalDependencies } = snapshots.get(key) ?? {};
      const of = (references: Record<string, string> | undefined, isOptional: boolean): Dependency[] =>
        Object.entries(references ?? {}).map(([name, reference]) => ({ name, key: keyOf(name, reference), isOptional }));
      return [...of(optionalDependencies, true), ...of(dependencies, false)];
    },
  };
}
