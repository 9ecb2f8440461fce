import * as path from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import { TracedFunctions } from '../../../../lib';

// An app as they are: nobody has thought of tracing. One line, and its picture is in the README (map-picture.ts).
const app = new App();
TracedFunctions.everywhere(app);

const stack = new Stack(app, 'shop');
const table = new dynamodb.Table(stack, 'Orders', { tableName: 'orders', partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING } });
const topic = new sns.Topic(stack, 'Ordered', { topicName: 'ordered' });
const bucket = new s3.Bucket(stack, 'Invoices', { bucketName: 'invoices' });

const order = new NodejsFunction(stack, 'Order', {
  functionName: 'order', entry: path.join(__dirname, 'order.ts'), runtime: lambda.Runtime.NODEJS_24_X, environment: { TABLE_NAME: table.tableName, TOPIC_ARN: topic.topicArn },
});
table.grantWriteData(order);
topic.grantPublish(order);
new apigateway.LambdaRestApi(stack, 'Api', { restApiName: 'shop', handler: order });

const invoice = new lambda.Function(stack, 'Invoice', {
  functionName: 'invoice', runtime: lambda.Runtime.PYTHON_3_13, handler: 'index.handler', environment: { BUCKET_NAME: bucket.bucketName },
  code: lambda.Code.fromInline([
    'import os, boto3', "s3 = boto3.client('s3')",
    'def handler(event, context):', "    for record in event['Records']:", "        s3.put_object(Bucket=os.environ['BUCKET_NAME'], Key=record['Sns']['Message'], Body=b'invoice')",
  ].join('\n')),
});
bucket.grantWrite(invoice);
topic.addSubscription(new subscriptions.LambdaSubscription(invoice));

const stock = new lambda.Function(stack, 'Stock', {
  functionName: 'stock', runtime: lambda.Runtime.NODEJS_22_X, handler: 'index.handler', environment: { TABLE_NAME: table.tableName },
  code: lambda.Code.fromInline([
    "const { DynamoDBClient, GetItemCommand } = require('@aws-sdk/client-dynamodb');", 'const dynamodb = new DynamoDBClient({});',
    'exports.handler = async ({ Records }) => {',
    '  for (const { Sns } of Records) await dynamodb.send(new GetItemCommand({ TableName: process.env.TABLE_NAME, Key: { id: { S: Sns.Message } } }));', '};',
  ].join('\n')),
});
table.grantReadData(stock);
topic.addSubscription(new subscriptions.LambdaSubscription(stock));
