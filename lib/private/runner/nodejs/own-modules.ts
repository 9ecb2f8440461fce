import * as fs from 'fs';
import { isBuiltin } from 'module';
import * as path from 'path';
import type { OnResolveResult, PluginBuild } from 'esbuild';
import { asInstalled, resolveFrom } from '../../files/shipped-packages';
import { nodejsRuntimeFile, PACKAGE_ROOT } from '../runtime-files';

/**
 * Files of this package and of the SDKs that come with it. esbuild writes the names of modules into what it makes, and the package lies in another
 * place on each machine (npm's folder, jsii's cache), so they are named after their place in it.
 */
export const OWN_NAMESPACE = 'cdk-traced-function';

/** How generated modules, and files that take the place of others, import a file of `runtime/nodejs`. */
export const RUNTIME_PREFIX = 'cdk-traced-function/runtime/';

/** What a module of this package carries through the build. */
interface OwnModule {
  /** Absolute path. */
  readonly file: string;
}

/** Their imports are found as Node finds them, whatever the project calls external: the runtime does not have what the SDK needs. */
export function bundleOwnModules(build: PluginBuild): void {
  build.onResolve({ filter: new RegExp(`^${RUNTIME_PREFIX}`) }, args => ownModule(nodejsRuntimeFile(args.path.slice(RUNTIME_PREFIX.length))));
  build.onResolve({ filter: /.*/, namespace: OWN_NAMESPACE }, args => isBuiltin(args.path)
    ? { path: args.path, external: true }
    : ownModule(resolveFrom((args.pluginData as OwnModule).file, args.path)));
  build.onLoad({ filter: /.*/, namespace: OWN_NAMESPACE }, async args => {
    const { file } = args.pluginData as OwnModule;
    return {
      contents: await fs.promises.readFile(file, 'utf8'),
      loader: file.endsWith('.json') ? 'json' : 'js',
      resolveDir: path.dirname(file),
      pluginData: args.pluginData as OwnModule,
    };
  });
}

/** @param file absolute path of a file of this package or of one of its dependencies */
export function ownModule(file: string): OnResolveResult {
  return { path: asInstalled(path.relative(PACKAGE_ROOT, file)).split(path.sep).join('/'), namespace: OWN_NAMESPACE, pluginData: { file } satisfies OwnModule };
}

/** The file on disk that a module stands for, as a callback of a plugin gets it. */
export function fileOf(module: { path: string; pluginData?: unknown }): string {
  return (module.pluginData as OwnModule | undefined)?.file ?? module.path;
}
