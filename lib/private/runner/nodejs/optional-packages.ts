import * as fs from 'fs';
import * as path from 'path';
import type { BuildOptions, BuildResult, Message, OnResolveArgs, Plugin } from 'esbuild';
import { EsbuildInstallation } from './esbuild-installation';
import { ancestors } from '../../files/ancestors';

interface Manifest {
  readonly name?: string;
  readonly optionalDependencies?: Record<string, string>;
  readonly peerDependenciesMeta?: Record<string, { readonly optional?: boolean } | undefined>;
}

/** Imports that could not be resolved in this process, all of them of optional packages. Found once, they save a failing build. */
const missing = new Set<string>();

/**
 * Bundles. Where an installed package imports another one that its package.json calls optional, and that is not installed, the import stays in the package as it is:
 * the code goes on without it there, as it does unbundled. esbuild itself allows that in a `try` only.
 */
export async function buildWithoutMissing<T extends BuildOptions>(esbuild: EsbuildInstallation['esbuild'], options: T): Promise<BuildResult<T>> {
  for (;;) {
    try {
      const plugins = [...missing.size > 0 ? [leaveOutMissing([...missing])] : [], ...options.plugins ?? []];
      return await (esbuild.build({ ...options, plugins } as BuildOptions) as Promise<BuildResult<T>>);
    } catch (error) {
      const found = missingImports((error as { errors?: Message[] }).errors ?? [], options.absWorkingDir!).filter(name => !missing.has(name));
      if (found.length === 0) {
        throw error;
      }
      found.forEach(name => missing.add(name));
    }
  }
}

function missingImports(errors: readonly Message[], root: string): string[] {
  return errors.flatMap(({ text, location }) => {
    const name = /^Could not resolve "([^"./][^"]*)"$/.exec(text)?.[1];
    return name !== undefined && location && isOptional(name, path.resolve(root, location.file)) ? [name] : [];
  });
}

function leaveOutMissing(names: string[]): Plugin {
  const filter = new RegExp(`^(?:${names.map(name => name.replace(/[.+?^${}()|[\]\\]/g, '\\$&')).join('|')})$`);
  return {
    name: 'cdk-traced-function-optional-packages',
    setup(build) {
      build.onResolve({ filter }, async ({ path: name, importer, kind, resolveDir, pluginData }: OnResolveArgs) => {
        if (pluginData === 'resolving' || !isOptional(name, importer)) {
          return undefined;
        }
        const found = await build.resolve(name, { kind, resolveDir, importer, pluginData: 'resolving' });
        return found.errors.length === 0 ? found : { path: name, external: true };
      });
    },
  };
}

/** Whether the installed package that a file belongs to can do without another one, as its package.json says. */
function isOptional(imported: string, importer: string): boolean {
  const [name] = /^(?:@[^/]+\/)?[^/]+/.exec(imported)!;
  if (!/[\\/]node_modules[\\/]/.test(importer)) {
    return false;
  }
  const manifest = ancestors(path.dirname(importer)).map(folder => read(path.join(folder, 'package.json'))).find(found => found?.name !== undefined);
  return manifest?.peerDependenciesMeta?.[name]?.optional === true || manifest?.optionalDependencies?.[name] !== undefined;
}

function read(file: string): Manifest | undefined {
  return fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) as Manifest : undefined;
}
