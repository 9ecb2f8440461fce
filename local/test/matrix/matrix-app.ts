/* eslint-disable import/no-extraneous-dependencies -- the root project's, whose construct this is about */
import * as path from 'node:path';
import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { Runtime, RuntimeFamily } from 'aws-cdk-lib/aws-lambda';
import { OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { MATRIX, type MatrixCell } from './matrix';
import { Bundling, Instrumentation, PythonDependencies, SdkDelivery, TracedFunction, type TracedFunctionProps } from '../../../lib';

const handlers = path.join(__dirname, 'handlers');

/** The same calls by a function for each cell of the matrix. */
class MatrixStack extends Stack {
  constructor(app: App) {
    super(app, 'matrix');
    const table = new dynamodb.Table(this, 'Table', {
      tableName: 'matrix', partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING }, removalPolicy: RemovalPolicy.DESTROY,
    });
    const bucket = new s3.Bucket(this, 'Bucket', { removalPolicy: RemovalPolicy.DESTROY });
    const topic = new sns.Topic(this, 'Topic', { topicName: 'matrix' });
    const queue = new sqs.Queue(this, 'Queue', { queueName: 'matrix' });
    const environment = { TABLE_NAME: table.tableName, BUCKET_NAME: bucket.bucketName, TOPIC_ARN: topic.topicArn, QUEUE_URL: queue.queueUrl };
    for (const cell of MATRIX) {
      const fn = new TracedFunction(this, cell.name, {
        functionName: cell.name, environment, memorySize: 512, timeout: Duration.seconds(60), instrumentation: instrumentation(cell), ...props(cell),
      });
      table.grantReadWriteData(fn);
      bucket.grantPut(fn);
      topic.grantPublish(fn);
      queue.grantSendMessages(fn);
    }
    new CfnOutput(this, 'BucketName', { value: bucket.bucketName });
  }
}

function instrumentation(cell: MatrixCell): Instrumentation {
  return cell.instrumentation === 'xray' ? Instrumentation.xraySdk() : Instrumentation.openTelemetry();
}

function props(cell: MatrixCell): TracedFunctionProps {
  switch (cell.language) {
    case 'node': return {
      entry: path.join(handlers, 'node', 'calls.ts'),
      runtime: new Runtime(cell.runtime, RuntimeFamily.NODEJS),
      bundling: Bundling.nodejs({
        format: cell.format === 'esm' ? OutputFormat.ESM : OutputFormat.CJS,
        externalModules: cell.sdk === 'runtime' ? ['@aws-sdk/*', '@smithy/*'] : undefined,
        minify: cell.isMinified,
      }),
    };
    case 'python': return {
      entry: path.join(handlers, 'python'),
      ...cell.packaging === 'dependencies' ? { bundling: Bundling.python({ dependencies: PythonDependencies.ownLayer() }) } : {},
      ...cell.packaging === 'layer' ? { sdkDelivery: SdkDelivery.sharedLayer() } : {},
    };
    default: return { entry: path.join(handlers, cell.language) };
  }
}

new MatrixStack(new App());
