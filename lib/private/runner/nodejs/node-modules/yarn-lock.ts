import { Dependency, LockedPackage, LockGraph } from './lock-graph';

interface YarnEntry {
  readonly version: string;
  readonly resolved?: string;
  readonly integrity?: string;
  /** Since Yarn 2: `name@npm:1.0.0`. */
  readonly resolution?: string;
  readonly conditions?: string;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly dependenciesMeta?: Record<string, { readonly optional?: boolean } | undefined>;
}

export interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly resolutions?: Record<string, string>;
}

/**
 * `yarn.lock`, of Yarn 1 or of a newer one.
 *
 * @param entries by what is asked for: `a@^1.0.0, a@^1.1.0`
 * @param manifests package.json of the folders of the project; the root's is ''
 */
export function readYarnLock(entries: Record<string, YarnEntry>, manifests: (folder: string) => Manifest | undefined): LockGraph {
  const byDescriptor = new Map<string, string>();
  for (const key of Object.keys(entries)) {
    key.split(/,\s*/).forEach(descriptor => byDescriptor.set(descriptor.replace(/^"|"$/g, ''), key));
  }
  const resolutions = manifests('')?.resolutions ?? {};
  const keyOf = (name: string, range: string): string | undefined => {
    const wanted = resolutions[name] ?? resolutions[`**/${name}`] ?? range;
    const ranges = [wanted, range].flatMap(r => [r, `npm:${r}`]);
    const found = ranges.map(r => byDescriptor.get(`${name}@${r}`)).find(key => key !== undefined);
    // A patch wraps what it changes: name@patch:name@npm%3A1.0.0#...
    return found ?? [...byDescriptor].find(([descriptor]) => descriptor.startsWith(`${name}@patch:`))?.[1];
  };
  const nameOf = (key: string) => /^"?((?:@[^/@]+\/)?[^/@]+)@/.exec(key)?.[1] ?? key;
  return {
    find: (name, folders) => {
      for (const folder of folders) {
        const manifest = manifests(folder);
        const range = manifest?.dependencies?.[name] ?? manifest?.optionalDependencies?.[name] ?? manifest?.devDependencies?.[name];
        const found = range === undefined ? undefined : keyOf(name, range);
        if (found !== undefined) {
          return found;
        }
      }
      return undefined;
    },
    all: name => Object.keys(entries).filter(key => nameOf(key) === name),
    get: key => {
      const { version, resolved, integrity, resolution, conditions } = entries[key];
      const [real, protocol] = /^((?:@[^/@]+\/)?[^/@]+)@(\w+):/.exec(resolution ?? '')?.slice(1) ?? /^((?:@[^/@]+\/)?[^/@]+)@npm:/.exec(key)?.slice(1) ?? [];
      // Yarn 1 has the name of an aliased package only in what asks for it; one key may have several of these.
      const alias = resolution === undefined ? /^"?(?:@[^/@]+\/)?[^/@]+@npm:((?:@[^/@]+\/)?[^/@]+)@/.exec(key.split(/,\s*/)[0])?.[1] : undefined;
      const only = (name: string) => {
        const found = [...(conditions ?? '').matchAll(new RegExp(`\\b${name}=([\\w-]+)`, 'g'))].map(match => match[1]);
        return found.length > 0 ? found : undefined;
      };
      return {
        name: alias ?? real ?? nameOf(key), version, resolved: resolved?.replace(/#[0-9a-f]+$/, ''), integrity,
        os: only('os'), cpu: only('cpu'), libc: only('libc'),
        isLocal: ['workspace', 'link', 'portal'].includes(protocol), isPatched: protocol === 'patch',
      } satisfies LockedPackage;
    },
    dependenciesOf: key => {
      const { dependencies, optionalDependencies, dependenciesMeta } = entries[key];
      const of = (ranges: Record<string, string> | undefined, isOptional: boolean): Dependency[] =>
        Object.entries(ranges ?? {}).flatMap(([name, range]) => {
          const found = keyOf(name, range);
          return found === undefined ? [] : [{ name, key: found, isOptional: isOptional || dependenciesMeta?.[name]?.optional === true }];
        });
      return [...of(optionalDependencies, true), ...of(dependencies, false)];
    },
  };
}

/** The format of Yarn 1: blocks of `name value`, indented by two. */
export function parseYarn1(text: string): Record<string, YarnEntry> {
  const unquoted = (word: string) => word.startsWith('"') ? JSON.parse(word) as string : word;
  const entries: Record<string, Record<string, unknown>> = {};
  let entry: Record<string, unknown> = {};
  let block: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const [, indent, content] = /^( *)(.*)$/.exec(line)!;
    if (content === '' || content.startsWith('#')) {
      continue;
    }
    if (indent === '') {
      entry = entries[content.replace(/:$/, '').split(/,\s*/).map(unquoted).join(', ')] = {};
      continue;
    }
    const [, name, value] = /^("(?:[^"\\]|\\.)*"|[^\s:]+):?(?:\s+(.*))?$/.exec(content) ?? [undefined, content, undefined];
    if (indent.length === 2 && value === undefined) {
      block = {};
      entry[unquoted(name)] = block;
    } else if (value !== undefined) {
      (indent.length === 2 ? entry : block)[unquoted(name)] = unquoted(value);
    }
  }
  return entries as unknown as Record<string, YarnEntry>;
}
