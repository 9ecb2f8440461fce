import * as fs from 'fs';
import * as path from 'path';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { Bundler, BundlerRequest, BundlerResult } from './bundler';
import { captureFrom } from './capture';
import { NodejsJob, NodejsLayerJob } from './nodejs-job';
import { NodejsBundlingOptions } from '../../bundling';
import { RequestOf } from '../bundling/bundling-job';
import { ancestors } from '../files/ancestors';
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
  captureOptions: () => [
    'captureAwsSdk', 'captureHttp', 'captureFetch', 'captureSql', 'contextMissing', 'captureColdStart', 'captureResponse', 'annotations', 'trim',
  ],
  // The X-Ray SDK keeps the trace of the running request in one variable. https://github.com/aws/aws-xray-sdk-node/issues/760
  keepsRequestsApart: kind => kind !== 'xray-sdk',
  sdkLayer: { language: 'nodejs', kind: 'nodejs-layer' } satisfies RequestOf<NodejsLayerJob>,

  canRunOn: () => true,
  canHandle: entry => fs.statSync(entry).isFile() && EXTENSIONS.includes(path.extname(entry)),

  bind(request: BundlerRequest): BundlerResult {
    const options = request.options as NodejsBundlingOptions;
    const { captureOptions } = request;
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
        language: 'nodejs',
        kind: 'nodejs',
        entry: request.entry,
        projectRoot: projectRoot(path.dirname(request.entry)),
        handlerExport,
        instrumentation: request.instrumentation,
        capture: {
          ...captureFrom(captureOptions, [
            ['aws-sdk', captureOptions.captureAwsSdk], ['http', captureOptions.captureHttp], ['fetch', captureOptions.captureFetch], ['sql', captureOptions.captureSql],
          ]),
          trim: captureOptions.trim ?? true,
        },
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
      } satisfies RequestOf<NodejsJob>,
    };
  },

  sourceOf: request => typeof request.entry === 'string' ? path.dirname(request.entry) : __dirname,
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
