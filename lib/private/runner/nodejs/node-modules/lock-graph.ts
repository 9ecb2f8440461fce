/** A package as a lock file pins it. */
export interface LockedPackage {
  /** As the registry knows it, which differs from what it is imported as when it is aliased. */
  readonly name: string;
  readonly version: string;
  /** Address of its archive; of its repository when it comes from Git. */
  readonly resolved?: string;
  readonly integrity?: string;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
  readonly hasInstallScript?: boolean;
  /** A package of the workspace, which no registry has. */
  readonly isLocal?: boolean;
  /** Whether the package manager changes it after it was unpacked. */
  readonly isPatched?: boolean;
}

/** What a package needs: the name that it imports, and the package. */
export interface Dependency {
  readonly name: string;
  readonly key: string;
  readonly isOptional: boolean;
}

/** The packages of a lock file, whichever package manager wrote it. */
export interface LockGraph {
  /** The package that the modules of a folder of the project get under this name. */
  find(name: string, folders: readonly string[]): string | undefined;
  /** Keys of all packages of this name. */
  all(name: string): string[];
  get(key: string): LockedPackage;
  dependenciesOf(key: string): Dependency[];
}

export type PlatformArchitecture = 'x64' | 'arm64';

/** Whether a package is for Lambda's Linux, by what it says of itself. */
export function isForLambda({ os, cpu, libc }: Pick<LockedPackage, 'os' | 'cpu' | 'libc'>, architecture: PlatformArchitecture): boolean {
  return allows(os, 'linux') && allows(cpu, architecture) && allows(libc, 'glibc');
}

function allows(list: readonly string[] | undefined, value: string): boolean {
  const all = typeof list === 'string' ? [list] : list ?? [];
  const wanted = all.filter(item => !item.startsWith('!'));
  return !all.includes(`!${value}`) && (wanted.length === 0 || wanted.includes(value) || wanted.includes('any'));
}
