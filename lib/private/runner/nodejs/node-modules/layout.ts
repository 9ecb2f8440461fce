import { isForLambda, LockGraph, LockedPackage, PlatformArchitecture } from './lock-graph';
import { BundlingError } from '../../bundling-error';

/** An entry of `packages` in `package-lock.json`. */
interface LockEntry extends Partial<LockedPackage> {
  readonly dependencies?: Record<string, string>;
}

/** Files for `npm ci`. */
export interface InstallationPlan {
  readonly manifest: { readonly name: string; readonly version: string; readonly dependencies: Record<string, string> };
  readonly lock: { readonly lockfileVersion: 3; readonly packages: Record<string, LockEntry> };
}

interface Place {
  readonly folder: string;
  readonly key: string;
  readonly parent?: Place;
  readonly children: Map<string, Place>;
}

const ROOT = { name: 'node-modules', version: '1.0.0' };

/**
 * What has to be installed for some packages, and where, so that each finds what the lock file gives it.
 *
 * @param wanted keys in the graph, by the names under which they are imported
 * @throws for what no registry has
 */
export function planInstallation(graph: LockGraph, wanted: ReadonlyMap<string, string>, architecture: PlatformArchitecture): InstallationPlan {
  const root: Place = { folder: '', key: '', children: new Map() };
  const queue: Place[] = [];
  const put = (parent: Place, name: string, key: string) => {
    const place: Place = { folder: `${parent.folder ? `${parent.folder}/` : ''}node_modules/${name}`, key, parent, children: new Map() };
    parent.children.set(name, place);
    queue.push(place);
  };
  wanted.forEach((key, name) => put(root, name, key));
  const packages: Record<string, LockEntry> = {};
  for (let place = queue.shift(); place; place = queue.shift()) {
    // What a package is for is settled here; npm would hold it against this machine.
    const { name, version, isLocal, isPatched, os, cpu, libc, ...entry } = graph.get(place.key);
    refuseUnpublished(place, isLocal, isPatched);
    const dependencies: Record<string, string> = {};
    for (const dependency of graph.dependenciesOf(place.key)) {
      const needed = graph.get(dependency.key);
      if (dependency.isOptional && (needed.isLocal || !isForLambda(needed, architecture))) {
        continue;
      }
      dependencies[dependency.name] = specOf(needed, dependency.name);
      let level: Place | undefined = place;
      while (level && !level.children.has(dependency.name)) {
        level = level.parent;
      }
      if (level?.children.get(dependency.name)!.key !== dependency.key) {
        // Beside the package itself where the name is taken: higher up it could come between another package and what that one has found.
        put(level ? place : root, dependency.name, dependency.key);
      }
    }
    packages[place.folder] = withoutUndefined({
      ...place.folder.endsWith(`node_modules/${name}`) ? {} : { name }, version, ...entry, ...Object.keys(dependencies).length > 0 ? { dependencies } : {},
    });
  }
  const dependencies = Object.fromEntries([...wanted].map(([name, key]) => [name, specOf(graph.get(key), name)]));
  const sorted = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => a < b ? -1 : 1));
  return { manifest: { ...ROOT, dependencies }, lock: { lockfileVersion: 3, packages: { '': { ...ROOT, dependencies }, ...sorted } } };
}

function specOf({ name, version, resolved }: LockedPackage, importedAs: string): string {
  return resolved?.startsWith('git') ? resolved : name === importedAs ? version : `npm:${name}@${version}`;
}

function refuseUnpublished({ folder, key }: Place, isLocal: boolean | undefined, isPatched: boolean | undefined): void {
  const name = folder.replace(/^.*node_modules\//, '');
  if (isLocal) {
    throw new BundlingError('TF326', `'${name}' (${key}) is a package of the workspace, which no registry has, so it cannot be one of 'nodeModules'; leave it out, and it is bundled like the function's own code`);
  }
  if (isPatched) {
    throw new BundlingError('TF327', `'${name}' (${key}) is patched by the package manager, and the patch would be missing from what 'nodeModules' installs; publish the patched package, or copy it with 'copyFiles'`);
  }
}

function withoutUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
