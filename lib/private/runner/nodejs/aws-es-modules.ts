import * as fs from 'fs';
import * as path from 'path';
import type { PluginBuild } from 'esbuild';

/** What is published as CommonJS (`main`) and as ES modules (`module`), of which esbuild takes only what is used. */
const AWS_PACKAGE = /^@(?:aws-sdk|smithy|aws-crypto|aws)\//;

/**
 * Takes the ES modules of the packages of the AWS SDK. For all other packages esbuild's order is right, with `main` first: a `require()` of a package that has
 * both would get a module with a `default`.
 */
export function preferEsModulesOfAws(build: PluginBuild): void {
  build.onResolve({ filter: AWS_PACKAGE }, async args => {
    if (args.pluginData === 'resolving') {
      return undefined;
    }
    const { errors, warnings, path: file, external, namespace, sideEffects } = await build.resolve(args.path, {
      kind: args.kind, resolveDir: args.resolveDir, importer: args.importer, namespace: args.namespace, pluginData: 'resolving',
    });
    const module = errors.length === 0 && !external && namespace === 'file' ? esModuleOf(file) : file;
    return module === file ? undefined : { path: module, namespace, sideEffects, warnings };
  });
}

const known = new Map<string, string>();

/** The ES module that a package has in the place of its main file; the file itself when it is another one. */
export function esModuleOf(file: string): string {
  let module = known.get(file);
  if (module === undefined) {
    module = find(file);
    known.set(file, module);
  }
  return module;
}

function find(file: string): string {
  const folder = /^(.*[\\/]node_modules[\\/]@[^\\/]+[\\/][^\\/]+)[\\/]/.exec(file)?.[1];
  if (folder === undefined || !fs.existsSync(path.join(folder, 'package.json'))) {
    return file;
  }
  const { main, module } = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')) as { main?: string; module?: string };
  const isMain = main !== undefined && [main, `${main}.js`, `${main}/index.js`].some(name => path.resolve(folder, name) === file);
  const target = module !== undefined && path.resolve(folder, module);
  return isMain && target && fs.existsSync(target) ? target : file;
}
