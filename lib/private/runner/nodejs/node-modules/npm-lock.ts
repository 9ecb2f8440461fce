import * as path from 'path';
import { Dependency, LockedPackage, LockGraph } from './lock-graph';
import { BundlingError } from '../../bundling-error';

interface NpmEntry {
  readonly name?: string;
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly os?: string[];
  readonly cpu?: string[];
  readonly libc?: string[];
  readonly hasInstallScript?: boolean;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
}

/** `package-lock.json`: its keys are the folders in which packages lie. */
export function readNpmLock(text: string): LockGraph {
  const { packages, lockfileVersion } = JSON.parse(text) as { packages?: Record<string, NpmEntry>; lockfileVersion?: number };
  if (!packages) {
    throw new BundlingError('TF331', `it is of version ${lockfileVersion ?? 1}, which npm 6 wrote; run 'npm install' with a newer npm`);
  }
  const find = (name: string, folder: string): string | undefined => {
    for (let at = folder; ; at = path.posix.dirname(at)) {
      const key = [...at === '.' || at === '' ? [] : [at], 'node_modules', name].join('/');
      if (packages[key] && !at.endsWith('node_modules')) {
        return packages[key].link ? packages[key].resolved : key;
      }
      if (at === '.' || at === '') {
        return undefined;
      }
    }
  };
  const nameOf = (key: string) => key.replace(/^.*node_modules\//, '');
  return {
    find: (name, folders) => folders.map(folder => find(name, folder)).find(key => key !== undefined),
    all: name => Object.keys(packages).filter(key => key.includes('node_modules/') && nameOf(key) === name && !packages[key].link),
    get: key => {
      const { name, version = '', resolved, integrity, os, cpu, libc, hasInstallScript } = packages[key];
      return { name: name ?? nameOf(key), version, resolved, integrity, os, cpu, libc, hasInstallScript, isLocal: !key.includes('node_modules/') } satisfies LockedPackage;
    },
    dependenciesOf: key => {
      const { dependencies, optionalDependencies, peerDependencies } = packages[key];
      const of = (names: Record<string, string> | undefined, isOptional: boolean): Dependency[] => Object.keys(names ?? {}).flatMap(name => {
        const found = find(name, key);
        return found === undefined ? [] : [{ name, key: found, isOptional }];
      });
      return [...of(optionalDependencies, true), ...of({ ...dependencies, ...peerDependencies }, false)];
    },
  };
}
