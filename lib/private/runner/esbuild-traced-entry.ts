import * as fs from 'fs';
import { createRequire, isBuiltin } from 'module';
import * as path from 'path';
import type { OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild';
import { NodejsJob } from '../bundling-job';
import { nodejsRuntimeFile, PACKAGE_ROOT } from './xray-sdk';

/** Generated entries: one for each job, which captures first and imports the user's handler after that. */
export const ENTRY_NAMESPACE = 'cdk-traced-entry';

/**
 * Files of this package and of the SDK that comes with it. esbuild writes the names of modules into what it makes, and the package lies in another
 * place on each machine (npm's folder, jsii's cache), so they are named after their place in it.
 */
const OWN_NAMESPACE = 'cdk-traced-function';

/** Imported by the generated entries. */
const RUNTIME_MODULE = 'cdk-traced-function/runtime';

/** Stand-ins for modules that are not in the package but on Lambda: the SDK in the layer, AWS clients of the runtime. */
const EXTERNAL_NAMESPACE = 'cdk-traced-external';

/**
 * The file with the base class of all AWS SDK v3 clients, as ES module and as CommonJS: `@smithy/smithy-client`, and `@smithy/core` 3.24 and newer.
 */
export const CLIENT_FILE = new RegExp('[\\\\/]@smithy[\\\\/](?:' + [
  'smithy-client[\\\\/]dist-es[\\\\/]client',
  'smithy-client[\\\\/]dist-cjs[\\\\/]index',
  'core[\\\\/]dist-es[\\\\/]submodules[\\\\/]client[\\\\/]smithy-client[\\\\/]client',
  'core[\\\\/]dist-cjs[\\\\/]submodules[\\\\/]client[\\\\/]index',
].join('|') + ')\\.js$');

/** Registered by the runtime file, called by each copy of the base class when it is loaded. */
const HOOK = 'globalThis[Symbol.for("cdk-traced-function.captureClient")]';

/** What a module of this package carries through the build. */
interface OwnModule {
  /** Absolute path. */
  readonly file: string;
  /** Folder from which the project's own SDK is looked for. */
  readonly projectDir: string;
}

/** Unique in a build, and the same whatever else is built: it gets into source maps. */
export function entryName(job: NodejsJob): string {
  const entry = path.relative(job.projectRoot, job.entry).split(path.sep).join('/');
  return `${ENTRY_NAMESPACE}:${entry}#${job.handlerExport}${job.instrumentation === 'none' ? '?none' : ''}`;
}

export function tracedEntryPlugin(jobs: NodejsJob[]): Plugin {
  return {
    name: 'cdk-traced-function',
    setup(build: PluginBuild) {
      const byName = new Map(jobs.map(job => [entryName(job), job]));
      build.onResolve({ filter: new RegExp(`^${ENTRY_NAMESPACE}:`) }, args => ({ path: args.path.slice(ENTRY_NAMESPACE.length + 1), namespace: ENTRY_NAMESPACE }));
      build.onLoad({ filter: /.*/, namespace: ENTRY_NAMESPACE }, args => {
        const job = byName.get(`${ENTRY_NAMESPACE}:${args.path}`)!;
        return { contents: entrySource(job), loader: 'js', resolveDir: path.dirname(job.entry) };
      });
      resolveSdk(build, jobs[0]);
      bundleOwnModules(build, jobs[0]);
      if (jobs.some(job => job.instrumentation === 'xray-sdk')) {
        captureBundledClients(build);
        captureExternalClients(build, jobs[0].external);
      }
    },
  };
}

/** Their imports are found as Node finds them, whatever the project calls external: the runtime does not have what the SDK needs. */
function bundleOwnModules(build: PluginBuild, job: NodejsJob): void {
  build.onResolve({ filter: new RegExp(`^${RUNTIME_MODULE}$`), namespace: ENTRY_NAMESPACE }, args => ({
    // One for each folder: each finds the project's SDK from there.
    path: `runtime of ${path.relative(job.projectRoot, args.resolveDir).split(path.sep).join('/') || '.'}`,
    namespace: OWN_NAMESPACE,
    pluginData: { file: nodejsRuntimeFile('xray-sdk.mjs'), projectDir: args.resolveDir } satisfies OwnModule,
  }));
  build.onResolve({ filter: /.*/, namespace: OWN_NAMESPACE }, args => {
    if (isBuiltin(args.path)) {
      return { path: args.path, external: true };
    }
    const importer = args.pluginData as OwnModule;
    return ownModule(createRequire(importer.file).resolve(args.path), importer.projectDir);
  });
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

function ownModule(file: string, projectDir: string): OnResolveResult {
  const name = path.relative(PACKAGE_ROOT, file).split(path.sep).join('/');
  return { path: name, namespace: OWN_NAMESPACE, pluginData: { file, projectDir } satisfies OwnModule };
}

/** Appends a call of the hook to the base class, wherever the package takes it from and however many copies it has. */
function captureBundledClients(build: PluginBuild): void {
  build.onLoad({ filter: CLIENT_FILE, namespace: 'file' }, async args => ({
    contents: `${await fs.promises.readFile(args.path, 'utf8')}\n;${HOOK}?.(${args.path.includes('dist-cjs') ? 'module.exports.Client' : 'Client'});\n`,
    loader: 'js',
    resolveDir: path.dirname(args.path),
  }));
}

/** Clients that are left to the runtime have their base class there: it is reached through the client when that is loaded. */
function captureExternalClients(build: PluginBuild, external: string[]): void {
  const patterns = external.map(name => new RegExp(`^${name.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*')}$`));
  build.onResolve({ filter: /^@aws-sdk\/(?:client|lib)-/ }, args => {
    if (args.namespace === EXTERNAL_NAMESPACE || !patterns.some(pattern => pattern.test(args.path))) {
      return undefined;
    }
    return { path: args.path, namespace: EXTERNAL_NAMESPACE };
  });
  build.onLoad({ filter: /^@aws-sdk\//, namespace: EXTERNAL_NAMESPACE }, args => ({
    contents: [
      `const sdk = require(${JSON.stringify(args.path)});`,
      'for (const value of Object.values(sdk)) {',
      '  for (let c = value; typeof c === "function" && c.prototype; c = Object.getPrototypeOf(c)) {',
      `    if (Object.hasOwn(c.prototype, "send") && Object.hasOwn(c.prototype, "destroy")) ${HOOK}?.(c);`,
      '  }',
      '}',
      'module.exports = sdk;',
    ].join('\n'),
    loader: 'js',
  }));
}

/**
 * A project that has the X-Ray SDK uses its own copy, so that the handler and the capture share one; others get this package's.
 * With a layer neither is bundled: `require` finds the layer, which `import` does not.
 */
function resolveSdk(build: PluginBuild, job: NodejsJob): void {
  build.onResolve({ filter: /^aws-xray-sdk-core$/ }, async (args: OnResolveArgs) => {
    if (args.pluginData === 'resolving') {
      return undefined;
    }
    if (job.sdkInLayer) {
      return args.namespace === EXTERNAL_NAMESPACE ? { path: args.path, external: true } : { path: args.path, namespace: EXTERNAL_NAMESPACE };
    }
    const projectDir = args.namespace === OWN_NAMESPACE ? (args.pluginData as OwnModule).projectDir : args.resolveDir;
    const users = await build.resolve(args.path, { kind: args.kind, resolveDir: projectDir, pluginData: 'resolving' });
    return users.errors.length === 0 ? users : ownModule(createRequire(__filename).resolve(args.path), projectDir);
  });
  build.onLoad({ filter: /^aws-xray-sdk-core$/, namespace: EXTERNAL_NAMESPACE }, args => ({
    contents: `module.exports = require(${JSON.stringify(args.path)});`,
    loader: 'js',
  }));
}

function entrySource(job: NodejsJob): string {
  const name = JSON.stringify(job.handlerExport);
  return [
    ...(job.instrumentation === 'xray-sdk' ? [`import '${RUNTIME_MODULE}';`] : []),
    `import * as handlerModule from ${JSON.stringify(`./${path.basename(job.entry)}`)};`,
    // A CommonJS module that assigns module.exports has its handler on the default export.
    `const tracedHandler = handlerModule.${job.handlerExport} ?? handlerModule["def" + "ault"]?.[${name}];`,
    // Not declared under its own name, which may be a word that JavaScript keeps for itself: 'default', 'delete'.
    `export { tracedHandler as ${job.handlerExport} };`,
  ].join('\n');
}
