import { createRequire } from 'module';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { ErrorScope, validationError } from './validation-error';

/** What package.json asks for. An app gets less by `--legacy-peer-deps`, or with an installer that only warns. */
const FIRST_CDK = '2.226.0';

/**
 * A default of ours, which an older aws-cdk-lib does not have.
 *
 * @param language whose runtime it is, for people
 */
export function existingRuntime(scope: ErrorScope, runtime: lambda.Runtime | undefined, language: string): lambda.Runtime {
  if (!runtime) {
    throw validationError(scope, 'TF149', `aws-cdk-lib ${cdkVersion()} has no member of lambda.Runtime for the default runtime of ${language}; ` +
      `update aws-cdk-lib to ${FIRST_CDK} or newer, or set 'runtime'`);
  }
  return runtime;
}

/** What this aws-cdk-lib lacks, and what to do. */
export function lacking(what: string): string {
  return `aws-cdk-lib ${cdkVersion()} has no ${what}; update it to ${FIRST_CDK} or newer`;
}

function cdkVersion(): string {
  return (createRequire(__filename)('aws-cdk-lib/package.json') as { version: string }).version;
}
