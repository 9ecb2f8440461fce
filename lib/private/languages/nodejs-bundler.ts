import * as fs from 'fs';
import * as path from 'path';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { ancestors } from '../files/ancestors';
import { Bundler, BundlerRequest, BundlerResult } from './bundler';
import { validationError } from '../validation-error';
import { NodejsBundlingOptions } from '../../bundling';

const EXTENSIONS = ['.ts', '.mts', '.cts', '.tsx', '.js', '.mjs', '.cjs', '.jsx'];
const LOCK_FILES = ['package-lock.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock', 'bun.lockb'];
const AWS_SDK = ['@aws-sdk/*', '@smithy/*'];
/** `OutputFormat.ESM`: to load its module takes as long as to plan ten functions. */
const ESM = 'esm' as OutputFormat.ESM;
const ENABLE_SOURCE_MAPS = '--enable-source-maps';

export const nodejsBundler: Bundler = {
  language: 'nodejs',
  family: lambda.RuntimeFamily.NODEJS,
  defaultRuntime: lambda.Runtime.NODEJS_24_X,
  supportsLayer: true,
  accepts: `a ${EXTENSIONS.join(', ')} file (Node.js)`,

  canHandle: entry => fs.statSync(entry).isFile() && EXTENSIONS.includes(path.extname(entry)),

  bind(request: BundlerRequest): BundlerResult {
    const options = request.options as NodejsBundlingOptions;
    const esm = options.format === ESM;
    // A path in the handler is how the original project lays its files out; the package has one file only.
    const [, ...exportPath] = path.posix.basename(request.handler ?? 'index.handler').split('.');
    const handlerExport = exportPath.join('.') || request.handler!;
    if (!/^[\p{L}_$][\p{L}\p{N}_$]*(?:\.[\p{L}_$][\p{L}\p{N}_$]*)*$/u.test(handlerExport)) {
      throw validationError(request.scope, `handler '${request.handler}' names no export; write 'handler' or 'index.handler'`);
    }
    return {
      handler: `index.${handlerExport.split('.').pop()}`,
      environment: options.sourceMap ? { NODE_OPTIONS: ENABLE_SOURCE_MAPS } : {},
      job: {
        kind: 'nodejs',
        entry: request.entry,
        projectRoot: projectRoot(path.dirname(request.entry)),
        handlerExport,
        instrumentation: request.instrumentation,
        capture: request.capture,
        plainExports: request.instrumentedByLayer,
        sdkInLayer: request.sdkInLayer,
        nodeVersion: nodeVersion(request.runtime),
        minify: options.minify,
        sourceMap: options.sourceMap ?? false,
        esm,
        external: externalModules(request, options),
        define: options.define ?? {},
        loader: options.loader ?? {},
        banner: options.banner ?? '',
        tsconfig: options.tsconfig && existingFile(request, options.tsconfig),
      },
    };
  },
};

/** A layer that instruments at run time does not see clients that are in the package. */
function externalModules(request: BundlerRequest, options: NodejsBundlingOptions): string[] {
  if (!request.instrumentedByLayer || options.externalModules === undefined) {
    return options.externalModules ?? (request.instrumentedByLayer ? AWS_SDK : []);
  }
  if (!AWS_SDK.every(name => options.externalModules!.includes(name))) {
    throw validationError(request.scope, 'externalModules leaves the AWS SDK in the package, where the ADOT layer does not see it; ' +
      `add ${AWS_SDK.map(name => `'${name}'`).join(' and ')}, leave 'externalModules' out, or use Instrumentation.openTelemetry()`);
  }
  return options.externalModules;
}

/** Major version; the runtime that CDK picks for each region is taken for the newest. */
function nodeVersion(runtime: lambda.Runtime): number {
  const match = /^nodejs(\d+)\.x$/.exec(runtime.name);
  return Number(match?.[1] ?? 24);
}

/** The nearest folder upwards with a lock file, else with a package.json, else the app's if it holds the entry, else the entry's own. */
function projectRoot(start: string): string {
  const app = path.relative(process.cwd(), start).startsWith('..') ? start : process.cwd();
  return findUp(start, LOCK_FILES) ?? findUp(start, ['package.json']) ?? app;
}

function findUp(start: string, names: string[]): string | undefined {
  return ancestors(start).find(folder => names.some(name => fs.existsSync(path.join(folder, name))));
}

function existingFile(request: BundlerRequest, file: string): string {
  const absolute = path.resolve(file);
  if (!fs.existsSync(absolute)) {
    throw validationError(request.scope, `cannot find the tsconfig '${file}' (looked for ${absolute}); set 'tsconfig' to its path`);
  }
  return absolute;
}
