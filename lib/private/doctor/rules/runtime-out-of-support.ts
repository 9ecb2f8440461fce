import { Rule, tracedFunctions } from './rule';

/** Of AWS, 2026-07: runtimes whose support has ended. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html */
const ENDED = new Set([
  'nodejs', 'nodejs4.3', 'nodejs6.10', 'nodejs8.10', 'nodejs10.x', 'nodejs12.x', 'nodejs14.x', 'nodejs16.x', 'nodejs18.x', 'nodejs20.x',
  'python2.7', 'python3.6', 'python3.7', 'python3.8', 'python3.9', 'java8', 'go1.x', 'dotnetcore1.0', 'dotnetcore2.0', 'dotnetcore2.1', 'dotnetcore3.1', 'dotnet5.0', 'dotnet6', 'dotnet7',
  'ruby2.5', 'ruby2.7', 'ruby3.2', 'provided',
]);

export const runtimeOutOfSupport: Rule = {
  id: 'TF014',
  name: 'runtime-out-of-support',
  title: 'A traced function on a runtime out of support',
  severity: 'warning',
  explanation: `AWS no longer supports the runtime (as of July 2026). SDKs follow: what records is no longer tested on it, and the newest versions refuse to be installed or loaded. Lambda blocks
the creation and later the update of such functions.`,
  fix: { cdk: 'runtime: lambda.Runtime.NODEJS_LATEST', cloudformation: 'Runtime: nodejs24.x  # or python3.14, java21, provided.al2023' },
  link: 'https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html',
  check: function* (examined) {
    for (const { resource, runtime } of tracedFunctions(examined)) {
      if (runtime !== undefined && ENDED.has(runtime)) yield { resource, message: `the runtime ${runtime} is out of support, and with it what records on it` };
    }
  },
};
