import * as fs from 'fs';
import * as path from 'path';
import type { OnResolveArgs, Plugin, PluginBuild } from 'esbuild';
import { preferEsModulesOfAws } from './aws-es-modules';
import { emitDecoratorMetadata } from './decorator-metadata';
import { EXTERNAL_NAMESPACE, isExternal } from './external-modules';
import { leanXRaySdk, parameterRegistration, readDaemonAddress } from './lean-xray-sdk';
import { captureLibraries } from './library-capture';
import { joinOpenTelemetryApi } from './open-telemetry-api';
import { bundleOwnModules, ownModule } from './own-modules';
import { joinRuntimeApi } from './runtime-api';
import { setupSource } from './setup-module';
import { shippedFile } from '../../files/shipped-packages';
import { NodejsJob } from '../../languages/nodejs-job';

/** Generated entries: one for each job, which sets the instrumentation up and imports the user's handler after that. */
export const ENTRY_NAMESPACE = 'cdk-traced-entry';

/** What an entry imports first. */
export const SETUP_NAMESPACE = 'cdk-traced-setup';

/**
 * The file with the base class of all AWS SDK v3 clients, as ES module and as CommonJS: `@aws-sdk/smithy-client` up to 3.3xx, `@smithy/smithy-client`,
 * and `@smithy/core` 3.24 and newer.
 */
export const CLIENT_FILE = new RegExp('[\\\\/](?:' + [
  '@aws-sdk[\\\\/]smithy-client[\\\\/]dist-(?:es|cjs)[\\\\/]client',
  '@smithy[\\\\/]smithy-client[\\\\/]dist-es[\\\\/]client',
  '@smithy[\\\\/]smithy-client[\\\\/]dist-cjs[\\\\/]index',
  '@smithy[\\\\/]core[\\\\/]dist-es[\\\\/]submodules[\\\\/]client[\\\\/]smithy-client[\\\\/]client',
  '@smithy[\\\\/]core[\\\\/]dist-cjs[\\\\/]submodules[\\\\/]client[\\\\/]index',
].join('|') + ')\\.js$');

/** Registered by the setup, called by each copy of the base class when it is loaded. */
const HOOK = 'globalThis[Symbol.for("cdk-traced-function.captureClient")]';

/** Unique in a build, and the same whatever else is built: it gets into source maps. */
export function entryName(job: NodejsJob): string {
  return `${ENTRY_NAMESPACE}:${nameWithin(job)}`;
}

/** The same for all modules that are generated for a job, each in a namespace of its own. */
export function nameWithin(job: NodejsJob): string {
  return `${path.relative(job.projectRoot, job.entry).split(path.sep).join('/')}#${job.handlerExport}`;
}

/**
 * @param jobs with equal options
 * @param keep names of parts of the X-Ray SDK that stay as they are
 * @param hasMetadata whether modules are to have decorator metadata
 */
export function tracedEntryPlugin(jobs: NodejsJob[], keep: ReadonlySet<string>, hasMetadata: boolean): Plugin {
  return {
    name: 'cdk-traced-function',
    setup(build: PluginBuild) {
      generateEntries(build, jobs, job => `${SETUP_NAMESPACE}:${nameWithin(job)}`);
      instrument(build, jobs, keep);
      if (hasMetadata) {
        emitDecoratorMetadata(build, jobs);
      }
      if (!jobs[0].more.esbuild?.mainFields) {
        preferEsModulesOfAws(build);
      }
    },
  };
}

/** @param setup the module that an entry imports before the handler, if it is traced */
export function generateEntries(build: PluginBuild, jobs: NodejsJob[], setup: (job: NodejsJob) => string | Promise<string>): void {
  generate(build, ENTRY_NAMESPACE, jobs, async job => entrySource(job, job.instrumentation === 'none' ? undefined : await setup(job)));
}

function generate(build: PluginBuild, namespace: string, jobs: NodejsJob[], source: (job: NodejsJob) => string | Promise<string>): void {
  const byName = new Map(jobs.map(job => [nameWithin(job), job]));
  build.onResolve({ filter: new RegExp(`^${namespace}:`) }, args => ({ path: args.path.slice(namespace.length + 1), namespace }));
  build.onLoad({ filter: /.*/, namespace }, async args => {
    const job = byName.get(args.path)!;
    return { contents: await source(job), loader: 'js', resolveDir: path.dirname(job.entry) };
  });
}

/** What the set-up imports, and what takes the place of modules that a function has. */
export function instrument(build: PluginBuild, jobs: NodejsJob[], keep: ReadonlySet<string>): void {
  const [{ instrumentation, capture, external, sdkInLayer }] = jobs;
  joinRuntimeApi(build, jobs[0]);
  if (instrumentation === 'none') {
    bundleOwnModules(build);
    return;
  }
  generate(build, SETUP_NAMESPACE, jobs, setupSource);
  if (capture.clients.includes('aws-sdk')) {
    captureBundledClients(build);
    captureExternalClients(build, external);
  }
  captureLibraries(build, capture.clients, external);
  if (instrumentation === 'open-telemetry') {
    joinOpenTelemetryApi(build, external);
  } else {
    resolveSdk(build, sdkInLayer);
    readDaemonAddress(build);
    if (!sdkInLayer && capture.trim) {
      leanXRaySdk(build, keep);
    }
  }
  bundleOwnModules(build); // last: it takes what no other wants
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
export function captureExternalClients(build: PluginBuild, external: string[]): void {
  build.onResolve({ filter: /^@aws-sdk\/(?:client|lib)-/ }, args => {
    if (args.namespace === EXTERNAL_NAMESPACE || !isExternal(args.path, external)) {
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
      parameterRegistration(args.path.split('/')[1]),
      'module.exports = sdk;',
    ].join('\n'),
    loader: 'js',
  }));
}

/**
 * A project that has the X-Ray SDK uses its own copy, so that the handler and the capture share one; others get this package's.
 * With a layer neither is bundled: `require` finds the layer, which `import` does not.
 */
function resolveSdk(build: PluginBuild, inLayer: boolean): void {
  build.onResolve({ filter: /^aws-xray-sdk-core$/ }, async (args: OnResolveArgs) => {
    if (args.pluginData === 'resolving') {
      return undefined;
    }
    if (inLayer) {
      return args.namespace === EXTERNAL_NAMESPACE ? { path: args.path, external: true } : { path: args.path, namespace: EXTERNAL_NAMESPACE };
    }
    const users = await build.resolve(args.path, { kind: args.kind, resolveDir: args.resolveDir, pluginData: 'resolving' });
    return users.errors.length === 0 ? users : ownModule(shippedFile(args.path));
  });
  build.onLoad({ filter: /^aws-xray-sdk-core$/, namespace: EXTERNAL_NAMESPACE }, args => ({
    contents: `module.exports = require(${JSON.stringify(args.path)});`,
    loader: 'js',
  }));
}

function entrySource(job: NodejsJob, setup: string | undefined): string {
  const [first, ...members] = job.handlerExport.split('.');
  const member = (object: string, names: string[]) => names.reduce((expression, name) => `${expression}?.[${JSON.stringify(name)}]`, object);
  const found = [
    member(`handlerModule.${first}`, members),
    // A CommonJS module that assigns module.exports has its handler on the default export.
    member('whole', [first, ...members]),
    ...job.handlerExport === 'handler' ? ['(typeof whole === "function" ? whole : undefined)'] : [],
  ];
  return [
    ...(setup ? [`import { trace } from ${JSON.stringify(setup)};`] : []),
    `import * as handlerModule from ${JSON.stringify(`./${path.basename(job.entry)}`)};`,
    'const whole = handlerModule.default;',
    `const tracedHandler = ${setup ? `trace(${found.join(' ?? ')})` : found.join(' ?? ')};`,
    // Not declared under its own name, which may be a word that JavaScript keeps for itself: 'default', 'delete'.
    `export { tracedHandler as ${[first, ...members].pop()} };`,
  ].join('\n');
}
