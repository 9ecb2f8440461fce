import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { Duration, Stack, type App } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { scratch } from './prebuilt-code';
import { SdkDelivery, TracedFunction } from '../../../lib';

/** A function in Java that Maven has packed, and the same as that of TracedFunction. */
export class JavaStack extends Stack {
  constructor(app: App, id: string) {
    super(app, id);
    new dynamodb.Table(this, 'Table', { tableName: 'items', partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING } });
    const project = path.join(__dirname, '..', '..', '..', 'test', 'fixtures', 'java', 'put-item');
    const options = { runtime: lambda.Runtime.JAVA_17, handler: 'example.PutItem', memorySize: 512, timeout: Duration.minutes(1) };
    new lambda.Function(this, 'Java', { ...options, functionName: 'java-asset', code: lambda.Code.fromAsset(packed(project)) });
    new TracedFunction(this, 'Reference', { ...options, functionName: 'reference-java', entry: project, sdkDelivery: SdkDelivery.sharedLayer() });
  }
}

/** Classes at the root and jars in `lib`, as Lambda takes them. */
function packed(project: string): string {
  const folder = path.join(scratch, 'java');
  fs.cpSync(project, folder, { recursive: true });
  const classes = path.join(folder, 'target', 'classes');
  const { status, stdout } = spawnSync('mvn', ['--batch-mode', '--quiet', 'compile', 'dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${path.join(classes, 'lib')}`], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(`Maven cannot build ${project}: ${stdout}`);
  }
  return classes;
}
