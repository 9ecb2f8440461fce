import * as fs from 'fs';
import * as path from 'path';
import type { Metafile } from 'esbuild';
import { tsconfigCandidates } from './tsconfig-paths';
import { JobInputs } from '../../bundling/bundling-job';
import { ancestors } from '../../files/ancestors';
import { NodejsJob } from '../../languages/nodejs-job';

/** What package managers write when they change what is installed. */
const INSTALL_RECORDS = [
  'package-lock.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock', 'bun.lockb', 'npm-shrinkwrap.json',
  'node_modules/.package-lock.json', 'node_modules/.yarn-integrity', 'node_modules/.yarn-state.yml', 'node_modules/.modules.yaml', '.pnp.cjs',
];

const NONE: readonly string[] = [];
const IS_INSTALLED = /[\\/]node_modules[\\/]/;

/** What esbuild read for the packages of one build, and what would have made it read something else. Packages have most of that in common. */
export class NodejsInputs {
  private readonly above = new Map<string, JobInputs>();
  private readonly common = new Map<readonly string[], JobInputs>();
  private readonly configurations = new Map<string, string[]>();

  /** @param esbuildManifest absolute path of esbuild's package.json */
  constructor(private readonly esbuildManifest: string) {}

  /**
   * @param inputs keys of esbuild's metafile: paths relative to the project root, some with a plugin's namespace in front
   * @param imports what they import, as it is written there
   * @param common more of them: the same array for all packages that have them in common
   */
  public of(job: NodejsJob, inputs: readonly string[], imports: readonly string[], common: readonly string[] = NONE): JobInputs {
    const files = filesOf(job, inputs);
    const own = files.filter(file => !IS_INSTALLED.test(file));
    // A new file beside an own one may be what an import resolves to from now on; installed packages change with the install records.
    const folders = [...new Set([...own, job.entry].map(file => path.dirname(file)))];
    const configurations = job.tsconfig ? this.configuration(job.tsconfig)
      : [...new Set(folders.flatMap(ancestors))].flatMap(folder => this.configuration(path.join(folder, 'tsconfig.json')));
    return {
      folders: [...new Set(own.map(file => path.dirname(file)))],
      files: [
        ...files,
        ...packageManifests(files),
        ...folders.flatMap(folder => this.surroundings(folder)),
        ...job.tsconfig ? this.configuration(job.tsconfig) : [],
        ...tsconfigCandidates(configurations, imports),
      ],
      common: [this.ancestors(folders), this.installed(job, common)],
    };
  }

  private ancestors(folders: string[]): JobInputs {
    const all = [...new Set(folders.flatMap(folder => ancestors(path.dirname(folder))))].sort();
    const key = all.join('\0');
    if (!this.above.has(key)) {
      this.above.set(key, { files: all.flatMap(folder => this.surroundings(folder)), folders: [] });
    }
    return this.above.get(key)!;
  }

  private installed(job: NodejsJob, inputs: readonly string[]): JobInputs {
    let common = this.common.get(inputs);
    if (!common) {
      const files = filesOf(job, inputs);
      common = { files: [...files, ...packageManifests(files), this.esbuildManifest], folders: [] };
      this.common.set(inputs, common);
    }
    return common;
  }

  /** What counts in a folder from which something is imported, and in those above it. */
  private surroundings(folder: string): string[] {
    return [...['package.json', 'node_modules', ...INSTALL_RECORDS].map(name => path.join(folder, name)), ...this.configuration(path.join(folder, 'tsconfig.json'))];
  }

  /** A TypeScript configuration and those that it extends by path; one from a package changes with the install records. */
  private configuration(file: string): string[] {
    let files = this.configurations.get(file);
    if (!files) {
      this.configurations.set(file, [file]); // one that extends itself ends here
      files = [file, ...extended(file).flatMap(target => this.configuration(target))];
      this.configurations.set(file, files);
    }
    return files;
  }
}

function filesOf(job: NodejsJob, inputs: readonly string[]): string[] {
  return inputs
    .filter(input => !/^cdk-traced-[a-z]+:/.test(input))
    .map(input => path.resolve(job.projectRoot, input.replace(/^[a-z-]+:(?=[/\\])/, '').replace(/[?#].*$/, '')));
}

/** What modules import, as it is written there. */
export function importsOf(metafile: Metafile, inputs: readonly string[]): string[] {
  const imports = inputs.filter(input => !IS_INSTALLED.test(input)).flatMap(input => metafile.inputs[input].imports);
  return [...new Set(imports.map(({ original, path: found }) => original ?? found))];
}

/** The package.json of each installed package that was read: its fields decide which of its files are. */
function packageManifests(files: string[]): string[] {
  return [...new Set(files.flatMap(file => {
    const match = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(file);
    return match ? [path.join(match[1], 'package.json')] : [];
  }))];
}

/** Paths that a TypeScript configuration extends. */
function extended(file: string): string[] {
  if (!fs.existsSync(file)) {
    return [];
  }
  const field = /"extends"\s*:\s*(\[[^\]]*\]|"[^"]*")/.exec(fs.readFileSync(file, 'utf8'))?.[1] ?? '';
  return [...field.matchAll(/"(\.{1,2}\/[^"]*|\/[^"]*)"/g)]
    .map(match => path.resolve(path.dirname(file), match[1]))
    .map(target => target.endsWith('.json') ? target : `${target}.json`);
}
