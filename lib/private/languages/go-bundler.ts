import * as fs from 'fs';
import * as path from 'path';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Bundler, BundlerRequest, BundlerResult } from './bundler';
import { captureFrom } from './capture';
import { splitBuildArgs, takeTags } from './go-build-args';
import { GoJob } from './go-job';
import { GoBundlingOptions } from '../../bundling';
import { RequestOf } from '../bundling/bundling-job';
import { ancestors } from '../files/ancestors';
import { validationError } from '../validation-error';

/** Versions of the C library that Lambda's images have, for binaries that are made with cgo. */
const GLIBC: Record<string, string> = { 'provided.al2': '2.26', 'provided.al2023': '2.34' };

export const goBundler: Bundler = {
  language: 'go',
  name: 'Go',
  family: lambda.RuntimeFamily.OTHER,
  defaultRuntime: lambda.Runtime.PROVIDED_AL2023,
  accepts: 'a .go file, or a folder with go.mod or a .go file (Go)',

  runner: () => require.resolve('../runner/go/runner'),
  tools: ['go', 'docker'],
  environment: /^(?:GO[A-Z]*$|CGO_|CC$|CXX$|CDK_DOCKER$)/,
  captureOptions: () => ['captureAwsSdk', 'captureHttp', 'captureSql', 'captureColdStart', 'captureResponse', 'annotations', 'recording'],
  keepsRequestsApart: () => true,

  canRunOn: runtime => runtime.name.startsWith('provided'),
  canHandle: entry => fs.statSync(entry).isFile()
    ? path.extname(entry) === '.go'
    : fs.readdirSync(entry).some(name => name === 'go.mod' || name.endsWith('.go')),

  bind(request: BundlerRequest): BundlerResult {
    const options = request.options as GoBundlingOptions;
    const packageDir = fs.statSync(request.entry).isFile() ? path.dirname(request.entry) : request.entry;
    const moduleRoot = findModule(request, packageDir);
    if (request.handler !== undefined && request.handler !== 'bootstrap') {
      throw validationError(request.scope,
        'TF501', `handler '${request.handler}' has no meaning for Go, whose package is one binary named 'bootstrap'; leave 'handler' out`);
    }
    const { captureOptions } = request;
    const usesC = options.cgoEnabled ?? options.environment?.CGO_ENABLED === '1';
    const { tags, rest: buildArgs } = takeTags(wordsOf(request, options.buildArgs ?? []));
    return {
      handler: 'bootstrap',
      // Windows has no executable bit, and the CDK CLI takes it from the file.
      warnings: process.platform !== 'win32' ? undefined : [{
        id: 'cdk-traced-function:windowsBootstrap',
        message: "a deployment from Windows uploads 'bootstrap' without its executable bit, and Lambda does not start it; deploy from WSL, Linux or macOS",
      }],
      environment: {},
      job: {
        language: 'go',
        kind: 'go',
        moduleRoot,
        package: `./${path.relative(moduleRoot, packageDir).split(path.sep).join('/')}`,
        instrumentation: request.instrumentation,
        capture: captureFrom(captureOptions, [
          ['aws-sdk', captureOptions.captureAwsSdk], ['http', captureOptions.captureHttp], ['sql', captureOptions.captureSql],
        ]),
        architecture: request.architecture,
        cgo: options.cgoEnabled ?? false,
        ...usesC && { glibc: GLIBC[request.runtime.name] },
        tags: [...options.tags ?? [], ...tags],
        buildArgs,
        environment: options.environment ?? {},
      } satisfies RequestOf<GoJob>,
    };
  },

  sourceOf: request => request.moduleRoot as string,
};

function wordsOf({ scope }: BundlerRequest, buildArgs: string[]): string[] {
  try {
    return splitBuildArgs(buildArgs);
  } catch (error) {
    throw validationError(scope, 'TF502', `'buildArgs' of Bundling.go(): ${(error as Error).message}`);
  }
}

function findModule(request: BundlerRequest, start: string): string {
  const root = ancestors(start).find(folder => fs.existsSync(path.join(folder, 'go.mod')));
  if (!root) {
    throw validationError(request.scope,
      'TF503', `cannot find the Go module of '${start}' (looked for go.mod there and in every folder above); run 'go mod init' there`);
  }
  return root;
}
