import * as path from 'node:path';
import { LambdaToDynamoDB } from '@aws-solutions-constructs/aws-lambda-dynamodb';
import { DynamoDBSeeder, Seeds } from '@cloudcomponents/cdk-dynamodb-seeder';
import { TimeToLive } from '@cloudcomponents/cdk-temp-stack';
import { CfnOutput, Duration, RemovalPolicy, Stack, type App } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { TableViewer } from 'cdk-dynamo-table-viewer';
import { RemoteOutputs } from 'cdk-remote-stack';
import type { IConstruct } from 'constructs';
import { built } from './prebuilt-code';
import { Instrumentation, TracedFunction, type TracedFunctionProps } from '../../../lib';

/** Functions of construct libraries as they are published, and their handlers once more as those of TracedFunction. */
export class ThirdPartyStack extends Stack {
  constructor(app: App, id: string, options: lambda.FunctionOptions, remote: Stack) {
    super(app, id);
    this.addDependency(remote);
    const table = new dynamodb.Table(this, 'Table', { tableName: id, partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING }, removalPolicy: RemovalPolicy.DESTROY });

    nameFunction(new TableViewer(this, 'Viewer', { table, title: 'items' }), 'table-viewer');
    this.reference('table-viewer', {
      entry: handlerOf('cdk-dynamo-table-viewer', 'lambda/index.js'), runtime: lambda.Runtime.NODEJS_18_X, environment: { TABLE_NAME: table.tableName, TITLE: 'items', SORT_BY: '' },
    });

    new DynamoDBSeeder(this, 'Seeder', { table, seeds: Seeds.fromInline([{ id: 'a' }, { id: 'b' }]) });
    nameFunction(this.node.children.find(child => child.node.id.includes('DynamodbSeeder'))!, 'seeder');
    this.reference('seeder', { entry: handlerOf('@cloudcomponents/cdk-dynamodb-seeder', 'lib/lambdas/dynamodb-seeder/index.js'), runtime: lambda.Runtime.NODEJS_18_X });

    nameFunction(new TimeToLive(this, 'TimeToLive', { ttl: Duration.days(1) }), 'temp-stack');
    this.reference('temp-stack', { entry: handlerOf('@cloudcomponents/cdk-temp-stack', 'lib/lambdas/delete-stack/index.js'), runtime: lambda.Runtime.NODEJS_18_X });

    const outputs = new RemoteOutputs(this, 'RemoteOutputs', { stack: remote, alwaysUpdate: false });
    nameFunction(outputs.node.findChild('MyHandler'), 'remote-stack');
    this.reference('remote-stack', { entry: path.dirname(handlerOf('cdk-remote-stack', 'custom-resource-handler/remote-outputs.py')), handler: 'remote-outputs.on_event', runtime: lambda.Runtime.PYTHON_3_9 });

    new LambdaToDynamoDB(this, 'Solutions', {
      lambdaFunctionProps: {
        ...options, functionName: 'solutions-construct', runtime: lambda.Runtime.NODEJS_24_X, handler: 'index.handler', code: lambda.Code.fromAsset(path.dirname(built('asset/index.js'))),
      },
    });
    new CfnOutput(this, 'RemoteBucket', { value: outputs.get('BucketName') });
  }

  private reference(name: string, props: TracedFunctionProps): void {
    new TracedFunction(this, `Reference-${name}`, { functionName: `reference-${name}`, timeout: Duration.minutes(1), instrumentation: Instrumentation.openTelemetry(), ...props });
  }
}

function handlerOf(name: string, file: string): string {
  return path.join(path.dirname(require.resolve(`${name}/package.json`)), file);
}

/** The construct library leaves the name to CloudFormation. */
function nameFunction(scope: IConstruct, name: string): void {
  const fn = scope.node.findAll().find((construct): construct is lambda.CfnFunction => construct instanceof lambda.CfnFunction)!;
  fn.functionName = name;
}
