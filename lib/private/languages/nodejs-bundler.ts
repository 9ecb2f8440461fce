import * as fs from 'fs';
import * as path from 'path';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { OutputFormat, SourceMapMode } from 'aws-cdk-lib/aws-lambda-nodejs';
import { Bundler, BundlerRequest, BundlerResult } from './bundler';
import { callbackStyle, isPlainlyAsync } from './callback-style';
import { captureFrom } from './capture';
import { parseEsbuildArgs } from './esbuild-args';
import { nodejsHandler } from './nodejs-handler';
import { Commands, NodeModules, NodejsJob, NodejsLayerJob, OUTPUT_DIR } from './nodejs-job';
import { NodejsBundlingOptions } from '../../bundling';
import { RequestOf } from '../bundling/bundling-job';
import { ancestors } from '../files/ancestors';
import { LAYER_LICENSES } from '../layer-licenses';
import { FIRST_WITHOUT_CALLBACKS } from '../nodejs-runtimes';
import { validationError } from '../validation-error';

const EXTENSIONS = ['.ts', '.mts', '.cts', '.tsx', '.js', '.mjs', '.cjs', '.jsx'];
const LOCK_FILES = ['package-lock.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock', 'bun.lockb'];
const AWS_SDK = ['@aws-sdk/*', '@smithy/*'];
/** `OutputFormat.ESM`: to load its module takes as long as to plan ten functions. */
const ESM = 'esm' as OutputFormat.ESM;
const ENABLE_SOURCE_MAPS = '--enable-source-maps';

export const nodejsBundler: Bundler = {
  language: 'nodejs',
  name: 'Node.js',
  family: lambda.RuntimeFamily.NODEJS,
  defaultRuntime: lambda.Runtime.NODEJS_24_X,
  accepts: `a ${EXTENSIONS.join(', ')} file (Node.js)`,

  runner: () => require.resolve('../runner/nodejs/runner'),
  tools: [],
  environment: /^(?:NODE_PATH$|ESBUILD_)/,
  captureOptions: kind => [
    'captureAwsSdk', 'captureHttp', 'captureFetch', 'captureSql', 'contextMissing', 'captureColdStart', 'captureResponse', 'annotations', 'recording', 'trim',
    ...kind === 'open-telemetry' ? ['logs', 'messages', 'sampling'] as const : [],
  ],
  // The X-Ray SDK keeps the trace of the running request in one variable. https://github.com/aws/aws-xray-sdk-node/issues/760
  keepsRequestsApart: kind => kind !== 'xray-sdk',
  sdkLayer: { language: 'nodejs', kind: 'nodejs-layer' } satisfies RequestOf<NodejsLayerJob>,
  sdkLicense: LAYER_LICENSES.nodejs,

  canRunOn: () => true,
  canHandle: entry => fs.statSync(entry).isFile() && EXTENSIONS.includes(path.extname(entry)),

  bind(request: BundlerRequest): BundlerResult {
    const options = request.options as NodejsBundlingOptions;
    const { captureOptions } = request;
    const { handler, exported, isOptional } = nodejsHandler(request);
    const root = options.projectRoot === undefined ? projectRoot(request, options) : existing(request, 'projectRoot', options.projectRoot);
    const sourceMap = sourceMapMode(request, options);
    const nodeModules = nodeModulesOf(request, options);
    const version = nodeVersion(request.runtime);
    const withoutCallbacks = version >= FIRST_WITHOUT_CALLBACKS;
    const source = withoutCallbacks ? fs.readFileSync(request.entry, 'utf8') : '';
    return {
      warnings: withoutCallbacks && request.instrumentation === 'none' ? callbackWarnings(request, source, exported, version) : undefined,
      handler,
      environment: sourceMap && sourceMap !== 'external' ? { NODE_OPTIONS: ENABLE_SOURCE_MAPS } : {},
      job: {
        language: 'nodejs',
        kind: 'nodejs',
        entry: request.entry,
        projectRoot: root,
        handlerExport: exported,
        instrumentation: request.instrumentation,
        capture: {
          ...captureFrom(captureOptions, [
            ['aws-sdk', captureOptions.captureAwsSdk], ['http', captureOptions.captureHttp], ['fetch', captureOptions.captureFetch], ['sql', captureOptions.captureSql],
            ['logs', captureOptions.logs?._traceId ?? false],
          ]),
          trim: captureOptions.trim ?? true,
        },
        adaptsCallbacks: withoutCallbacks && request.instrumentation !== 'none' && !isPlainlyAsync(source, exported),
        plainExports: request.instrumentedByLayer,
        sdkInLayer: request.sdkInLayer,
        nodeVersion: version,
        minify: options.minify,
        sourceMap,
        esm: options.format === ESM,
        external: [...externalModules(request, options), ...nodeModules?.names.flatMap(name => [name, `${name}/*`]) ?? []],
        define: options.define ?? {},
        loader: options.loader ?? {},
        banner: options.banner ?? '',
        tsconfig: options.tsconfig && existing(request, 'tsconfig', options.tsconfig),
        more: withoutUndefined({
          esbuild: esbuildOptions(request, options, root),
          nodeModules,
          copyFiles: copyFiles(request, options),
          commands: commands(request, options, root),
          environment: options.environment,
          handlerOptional: isOptional || undefined,
          architecture: request.architecture === 'arm64' ? 'arm64' as const : undefined,
        }),
      } satisfies RequestOf<NodejsJob>,
    };
  },

  sourceOf: request => typeof request.entry === 'string' ? path.dirname(request.entry) : __dirname,
};

/** What `NodejsFunction` makes of the two: a mode alone asks for a source map. */
function sourceMapMode(request: BundlerRequest, options: NodejsBundlingOptions): false | 'linked' | 'external' | 'inline' | 'both' {
  const { sourceMap, sourceMapMode: mode, sourcesContent } = options;
  const isOn = sourceMap ?? mode !== undefined;
  if (!isOn && (mode !== undefined || sourcesContent !== undefined)) {
    throw validationError(request.scope, 'TF301', `${mode !== undefined ? 'sourceMapMode' : 'sourcesContent'} has no effect without a source map; set 'sourceMap' to true or leave it out`);
  }
  if (mode !== undefined && !['default', 'external', 'inline', 'both'].includes(mode)) {
    throw validationError(request.scope, 'TF302', `sourceMapMode '${mode}' is none of 'default', 'external', 'inline' and 'both'; use SourceMapMode`);
  }
  return isOn && (mode === undefined || mode === 'default' as SourceMapMode ? 'linked' : mode as 'external' | 'inline' | 'both');
}

/** What is not part of every job: a hundred functions without any of it are one call of esbuild, and share what they have in common. */
function esbuildOptions(request: BundlerRequest, options: NodejsBundlingOptions, root: string): Record<string, unknown> | undefined {
  const { target, alias, inject, keepNames, mainFields, conditions, drop, dropLabels, charset, footer, sourcesContent } = options;
  const named = withoutUndefined({
    target: target?.split(','), alias, keepNames, mainFields, conditions, drop, dropLabels, charset, sourcesContent, footer: footer === undefined ? undefined : { js: footer },
    inject: inject?.map(file => existing(request, 'inject', file, [root, process.cwd()])),
  });
  try {
    const parsed = parseEsbuildArgs(options.esbuildArgs ?? {});
    const twice = Object.keys(named).find(name => name in parsed && !['alias', 'inject', 'drop', 'dropLabels', 'footer'].includes(name));
    if (twice) {
      throw new Error(`esbuildArgs has '${twice}' too, which is a bundling option here; give it once`);
    }
    const all: Record<string, unknown> = { ...named };
    for (const [name, value] of Object.entries(parsed)) {
      const before = all[name];
      all[name] = Array.isArray(before) ? [...before, ...value as unknown[]] : before instanceof Object ? { ...before, ...value as object } : value;
    }
    return Object.keys(all).length > 0 ? all : undefined;
  } catch (error) {
    throw validationError(request.scope, 'TF303', (error as Error).message);
  }
}

function nodeModulesOf(request: BundlerRequest, options: NodejsBundlingOptions): NodeModules | undefined {
  const names = [...new Set(options.nodeModules ?? [])].sort();
  if (names.length === 0) {
    return undefined;
  }
  const wrong = names.find(name => !/^(?:@[\w.-]+\/)?[\w.-]+$/.test(name));
  if (wrong !== undefined) {
    throw validationError(request.scope, 'TF304', `nodeModules '${wrong}' is not the name of a package; write the name alone, without version or path`);
  }
  return { names, lockFile: lockFile(request, options), architecture: request.architecture };
}

function lockFile(request: BundlerRequest, options: NodejsBundlingOptions): string {
  if (options.depsLockFilePath !== undefined) {
    return existing(request, 'depsLockFilePath', options.depsLockFilePath);
  }
  const start = path.dirname(request.entry);
  const folder = findUp(start, LOCK_FILES);
  if (!folder) {
    throw validationError(request.scope, 'TF305', `nodeModules needs a lock file, which says their versions, and there is none (looked for ${LOCK_FILES.join(', ')} from ${start} upwards); ` +
      "install with npm, pnpm or yarn, or set 'depsLockFilePath'");
  }
  return path.join(folder, LOCK_FILES.find(name => fs.existsSync(path.join(folder, name)))!);
}

function copyFiles(request: BundlerRequest, options: NodejsBundlingOptions): { from: string; to: string }[] | undefined {
  const entries = Object.entries(options.copyFiles ?? {});
  return entries.length === 0 ? undefined : entries.map(([from, to]) => {
    const target = path.posix.normalize(to.replace(/\\/g, '/'));
    if (to === '' || /^(?:\/|[A-Za-z]:|\.\.(?:\/|$))/.test(target)) {
      throw validationError(request.scope, 'TF306', `copyFiles '${from}' goes to '${to}', which is not in the package; write a path without '..' or '/' at its start, or '.'`);
    }
    return { from: existing(request, 'copyFiles', from), to: target };
  });
}

/** Asks for the commands now: what makes them does not get to the process that bundles. */
function commands(request: BundlerRequest, options: NodejsBundlingOptions, root: string): Commands | undefined {
  const { commandHooks: hooks, commandHooksInputs: inputs } = options;
  if (!hooks) {
    if (inputs) {
      throw validationError(request.scope, 'TF307', "commandHooksInputs has no effect without 'commandHooks'; leave it out");
    }
    return undefined;
  }
  const of = (name: 'beforeBundling' | 'beforeInstall' | 'afterBundling') => {
    const made: unknown = hooks[name]?.(root, OUTPUT_DIR) ?? [];
    if (!Array.isArray(made) || !made.every(command => typeof command === 'string')) {
      throw validationError(request.scope, 'TF308', `commandHooks.${name}() has to give a list of commands, got ${JSON.stringify(made)}`);
    }
    return made as string[];
  };
  return { beforeBundling: of('beforeBundling'), beforeInstall: of('beforeInstall'), afterBundling: of('afterBundling'), inputs: inputs?.map(file => existing(request, 'commandHooksInputs', file)) };
}

/** A layer that instruments at run time does not see clients that are in the package. */
function externalModules(request: BundlerRequest, options: NodejsBundlingOptions): string[] {
  if (!request.instrumentedByLayer || options.externalModules === undefined) {
    return options.externalModules ?? (request.instrumentedByLayer ? AWS_SDK : []);
  }
  if (!AWS_SDK.every(name => options.externalModules!.includes(name))) {
    throw validationError(request.scope, 'TF309', 'externalModules leaves the AWS SDK in the package, where the ADOT layer does not see it; ' +
      `add ${AWS_SDK.map(name => `'${name}'`).join(' and ')}, leave 'externalModules' out, or use Instrumentation.openTelemetry()`);
  }
  return options.externalModules;
}

/** A traced handler is shown to Lambda with two parameters; as it is, it would not start. */
function callbackWarnings({ entry, instrumentedByLayer }: BundlerRequest, source: string, handlerExport: string, version: number): BundlerResult['warnings'] {
  const [name] = handlerExport.split('.');
  const answer = callbackStyle(source, name);
  return answer === undefined ? undefined : [{
    id: 'cdk-traced-function:callbackHandler',
    message: `the handler '${name}' in '${entry}' answers by ${answer}, which Lambda does not support from Node.js 24 on (the runtime is nodejs${version}.x); ` +
      `return a promise, or ${instrumentedByLayer ? 'use' : "let it be traced: set 'instrumentation' to"} Instrumentation.xraySdk() or openTelemetry(), with which it works`,
  }];
}

/** Major version; the runtime that CDK picks for each region is taken for the newest. */
function nodeVersion(runtime: lambda.Runtime): number {
  const match = /^nodejs(\d+)\.x$/.exec(runtime.name);
  return Number(match?.[1] ?? 24);
}

/** The lock file's folder, else the nearest one upwards with one, else with a package.json, else the app's if it holds the entry, else the entry's own. */
function projectRoot(request: BundlerRequest, options: NodejsBundlingOptions): string {
  if (options.depsLockFilePath !== undefined) {
    return path.dirname(existing(request, 'depsLockFilePath', options.depsLockFilePath));
  }
  const start = path.dirname(request.entry);
  const app = path.relative(process.cwd(), start).startsWith('..') ? start : process.cwd();
  return findUp(start, LOCK_FILES) ?? findUp(start, ['package.json']) ?? app;
}

function findUp(start: string, names: string[]): string | undefined {
  return ancestors(start).find(folder => names.some(name => fs.existsSync(path.join(folder, name))));
}

/** Absolute path of a file or folder that the user named; relative to the app's folder unless said otherwise. */
function existing(request: BundlerRequest, option: string, file: string, bases = [process.cwd()]): string {
  const candidates = bases.map(base => path.resolve(base, file));
  const found = candidates.find(candidate => fs.existsSync(candidate));
  if (found === undefined) {
    throw validationError(request.scope, 'TF310', `cannot find '${file}' of the bundling option '${option}' (looked for ${candidates.join(', ')}); set '${option}' to a path that exists`);
  }
  return found;
}

function withoutUndefined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
