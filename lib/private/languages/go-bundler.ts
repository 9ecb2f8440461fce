import * as fs from 'fs';
import * as path from 'path';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Bundler, BundlerRequest, BundlerResult } from './bundler';
import { GoJob } from './go-job';
import { GoBundlingOptions } from '../../bundling';
import { RequestOf } from '../bundling/bundling-job';
import { ancestors } from '../files/ancestors';
import { validationError } from '../validation-error';

export const goBundler: Bundler = {
  language: 'go',
  name: 'Go',
  family: lambda.RuntimeFamily.OTHER,
  defaultRuntime: lambda.Runtime.PROVIDED_AL2023,
  accepts: 'a .go file, or a folder with go.mod or a .go file (Go)',

  runner: () => require.resolve('../runner/go/runner'),
  tools: ['go', 'docker'],
  environment: /^(?:GO[A-Z]*$|CGO_|CC$|CXX$|CDK_DOCKER$)/,
  captureOptions: () => [],
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
        `handler '${request.handler}' has no meaning for Go, whose package is one binary named 'bootstrap'; leave 'handler' out`);
    }
    return {
      handler: 'bootstrap',
      environment: {},
      job: {
        language: 'go',
        kind: 'go',
        moduleRoot,
        package: `./${path.relative(moduleRoot, packageDir).split(path.sep).join('/')}`,
        instrumentation: request.instrumentation,
        architecture: request.architecture,
        tags: options.tags ?? [],
        buildArgs: options.buildArgs ?? [],
        environment: options.environment ?? {},
      } satisfies RequestOf<GoJob>,
    };
  },

  sourceOf: request => request.moduleRoot as string,
};

function findModule(request: BundlerRequest, start: string): string {
  const root = ancestors(start).find(folder => fs.existsSync(path.join(folder, 'go.mod')));
  if (!root) {
    throw validationError(request.scope,
      `cannot find the Go module of '${start}' (looked for go.mod there and in every folder above); run 'go mod init' there`);
  }
  return root;
}
