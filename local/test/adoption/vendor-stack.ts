import { spawnSync } from 'node:child_process';
import * as path from 'node:path';
import { Stack, type App } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { INLINE_SOURCE, PYTHON_SOURCE, scratch, writeFiles } from './prebuilt-code';

const POWERTOOLS = 'aws-lambda-powertools==3.24.0';

/** Functions with layers of others, made as those make them. */
export class VendorStack extends Stack {
  constructor(app: App, id: string, options: lambda.FunctionOptions) {
    super(app, id);
    new lambda.Function(this, 'Powertools', {
      ...options, functionName: 'powertools-layer', runtime: lambda.Runtime.PYTHON_3_13, handler: 'index.handler',
      code: lambda.Code.fromAsset(writeFiles('powertools', {
        'calls.py': PYTHON_SOURCE,
        'index.py': 'from aws_lambda_powertools import Logger\nfrom calls import handler as calls\n\nlogger = Logger(service="adoption")\n\n\n' +
          '@logger.inject_lambda_context\ndef handler(event, context):\n    logger.info("calling")\n    return calls(event, context)\n',
      })),
      layers: [new lambda.LayerVersion(this, 'PowertoolsLayer', { code: lambda.Code.fromAsset(powertoolsLayer()) })],
    });
    // As the wrappers of ADOT and Datadog: a program that gets the command line of the runtime.
    const wrapper = new lambda.LayerVersion(this, 'WrapperLayer', {
      code: lambda.Code.fromAsset(writeFiles('wrapper', { 'vendor-wrapper': '#!/bin/bash\nexport VENDOR_WRAPPED=1\nexec "$@"\n' })),
    });
    new lambda.Function(this, 'Wrapped', {
      ...options, functionName: 'exec-wrapper', runtime: lambda.Runtime.NODEJS_24_X, handler: 'index.handler', layers: [wrapper],
      code: lambda.Code.fromInline(`${INLINE_SOURCE};const own=module.exports.handler;module.exports={handler:async event=>({...await own(event),wrapped:process.env.VENDOR_WRAPPED})};`),
      environment: { ...options.environment, AWS_LAMBDA_EXEC_WRAPPER: '/opt/vendor-wrapper' },
    });
  }
}

/** What AWS publishes as AWSLambdaPowertoolsPythonV3, for the parts that are used here. */
function powertoolsLayer(): string {
  const folder = path.join(scratch, 'powertools-layer');
  const { status, stderr } = spawnSync('python3', ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-compile', '--target', path.join(folder, 'python'), POWERTOOLS], { encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`pip cannot install ${POWERTOOLS}: ${stderr}`);
  }
  return folder;
}
