import { Duration, RemovalPolicy, SecretValue } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as kinesis from 'aws-cdk-lib/aws-kinesis';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as destinations from 'aws-cdk-lib/aws-lambda-destinations';
import * as sources from 'aws-cdk-lib/aws-lambda-event-sources';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as logTargets from 'aws-cdk-lib/aws-logs-destinations';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as notifications from 'aws-cdk-lib/aws-s3-notifications';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { nodeFunction, pythonFunction, ran, stackOf, type CorpusApp, type CorpusCloud } from './corpus-app';

async function received({ json, eventually }: CorpusCloud, name: string): Promise<string> {
  const { QueueUrl } = await json('AmazonSQS.GetQueueUrl', { QueueName: name });
  return eventually(async () => (await json('AmazonSQS.ReceiveMessage', { QueueUrl, WaitTimeSeconds: 1 })).Messages?.[0]?.Body as string | undefined);
}

async function send({ json }: CorpusCloud, name: string, body: string): Promise<void> {
  const { QueueUrl } = await json('AmazonSQS.GetQueueUrl', { QueueName: name });
  await json('AmazonSQS.SendMessage', { QueueUrl, MessageBody: body });
}

/** A queue in Python, with a filter, and a queue for what fails. */
export const queuePython: CorpusApp = {
  build: (app, id) => {
    const stack = stackOf(app, id);
    const dead = new sqs.Queue(stack, 'Dead', { queueName: `${id}-dead` });
    const queue = new sqs.Queue(stack, 'Queue', { queueName: id, visibilityTimeout: Duration.seconds(1), deadLetterQueue: { queue: dead, maxReceiveCount: 1 } });
    pythonFunction(stack, `${id}-fn`, 'def handler(event, context):\n    if "bad" in event["Records"][0]["body"]: raise ValueError("bad")\n').addEventSource(
      new sources.SqsEventSource(queue, { batchSize: 1, filters: [lambda.FilterCriteria.filter({ body: { $or: [{ kind: ['bad'] }, { n: [{ numeric: ['>', 5] }] }] } })] }));
  },
  use: async cloud => {
    for (const body of [{ kind: 'ignored' }, { n: 9 }, { kind: 'bad' }]) await send(cloud, cloud.id, JSON.stringify(body));
    if (await received(cloud, `${cloud.id}-dead`) !== '{"kind":"bad"}') throw new Error('another message died');
  },
  traces: id => [ran(`${id}-fn`)],
};

/** A topic for functions in two languages and a queue. */
export const topicFanOut: CorpusApp = {
  build: (app, id) => {
    const stack = stackOf(app, id);
    const topic = new sns.Topic(stack, 'Topic', { topicName: id });
    topic.addSubscription(new subscriptions.LambdaSubscription(nodeFunction(stack, `${id}-node`)));
    topic.addSubscription(new subscriptions.LambdaSubscription(pythonFunction(stack, `${id}-python`, 'def handler(event, context): pass\n'), {
      filterPolicy: { kind: sns.SubscriptionFilter.stringFilter({ allowlist: ['all'] }) },
    }));
    topic.addSubscription(new subscriptions.SqsSubscription(new sqs.Queue(stack, 'Queue', { queueName: id }), { rawMessageDelivery: true }));
  },
  use: async cloud => {
    const attributes = 'MessageAttributes.entry.1.Name=kind&MessageAttributes.entry.1.Value.DataType=String&MessageAttributes.entry.1.Value.StringValue=all';
    await cloud.request('sns', 'POST', '/', `Action=Publish&Version=2010-03-31&TopicArn=arn:aws:sns:us-east-1:000000000000:${cloud.id}&Message=hello&${attributes}`);
    if (await received(cloud, cloud.id) !== 'hello') throw new Error('the queue got something else');
  },
  traces: id => [ran(`${id}-node`), ran(`${id}-python`)],
};

/** A bucket that tells a function of images, and is emptied when the stack goes. */
export const bucketNotification: CorpusApp = {
  build: (app, id) => {
    const stack = stackOf(app, id);
    const bucket = new s3.Bucket(stack, 'Bucket', { bucketName: id, removalPolicy: RemovalPolicy.DESTROY });
    bucket.addEventNotification(s3.EventType.OBJECT_CREATED, new notifications.LambdaDestination(nodeFunction(stack, `${id}-fn`)), { suffix: '.png' });
  },
  use: async ({ request, id }) => { await request('s3', 'PUT', `/${id}/a.png`, 'x'); },
  traces: id => [ran(`${id}-fn`)],
};

/** A table's stream whose bad record is given up, and told to a queue. */
export const tableStream: CorpusApp = {
  build: (app, id) => {
    const stack = stackOf(app, id);
    const table = new dynamodb.Table(stack, 'Table', {
      tableName: id, partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING }, stream: dynamodb.StreamViewType.NEW_IMAGE,
    });
    nodeFunction(stack, `${id}-fn`, 'exports.handler = async e => { if (e.Records.some(r => r.dynamodb.Keys.id.S === "bad")) throw new Error("bad"); };').addEventSource(
      new sources.DynamoEventSource(table, {
        startingPosition: lambda.StartingPosition.TRIM_HORIZON, bisectBatchOnError: true, retryAttempts: 0,
        onFailure: new sources.SqsDlq(new sqs.Queue(stack, 'Dead', { queueName: `${id}-dead` })),
      }));
  },
  use: async cloud => {
    for (const name of ['good', 'bad', 'better']) await cloud.json('DynamoDB_20120810.PutItem', { TableName: cloud.id, Item: { id: { S: name } } });
    const { DDBStreamBatchInfo: info } = JSON.parse(await received(cloud, `${cloud.id}-dead`));
    if (info.batchSize !== 1) throw new Error(`${info.batchSize} records were given up`);
  },
  traces: id => [ran(`${id}-fn`)],
};

/** A stream with two batches of a shard at a time. */
export const dataStream: CorpusApp = {
  build: (app, id) => {
    const stack = stackOf(app, id);
    const stream = new kinesis.Stream(stack, 'Stream', { streamName: id, shardCount: 1 });
    nodeFunction(stack, `${id}-fn`).addEventSource(new sources.KinesisEventSource(stream, {
      startingPosition: lambda.StartingPosition.LATEST, parallelizationFactor: 2, filters: [lambda.FilterCriteria.filter({ data: { n: [1] } })],
    }));
  },
  use: async ({ json, id }) => {
    for (const n of [0, 1]) await json('Kinesis_20131202.PutRecord', { StreamName: id, PartitionKey: 'p', Data: Buffer.from(JSON.stringify({ n })).toString('base64') });
  },
  traces: id => [ran(`${id}-fn`)],
};

/** A bus with a rule whose pattern looks into the event, and an archive. */
export const eventBus: CorpusApp = {
  build: (app, id) => {
    const stack = stackOf(app, id);
    const bus = new events.EventBus(stack, 'Bus', { eventBusName: id });
    bus.archive('Archive', { eventPattern: { source: [id] } });
    new events.Rule(stack, 'Rule', {
      eventBus: bus, eventPattern: { source: [id], detail: { total: [{ numeric: ['>=', 100] }], city: [{ 'equals-ignore-case': 'rome' }] } },
      targets: [new targets.LambdaFunction(nodeFunction(stack, `${id}-fn`))],
    });
    const connection = new events.Connection(stack, 'Connection', { authorization: events.Authorization.basic('user', SecretValue.unsafePlainText('made up')) });
    new events.ApiDestination(stack, 'Destination', { connection, endpoint: 'https://example.invalid/hook' });
  },
  use: async ({ json, id }) => {
    const entry = (detail: object) => ({ EventBusName: id, Source: id, DetailType: 'order', Detail: JSON.stringify(detail) });
    await json('AWSEvents.PutEvents', { Entries: [entry({ total: 5, city: 'Rome' }), entry({ total: 100, city: 'ROME' })] });
  },
  traces: id => [ran(`${id}-fn`)],
};

/** What an asynchronous function does not manage goes to another one. */
export const onFailure: CorpusApp = {
  build: (app, id) => {
    const stack = stackOf(app, id);
    const after = nodeFunction(stack, `${id}-after`);
    nodeFunction(stack, `${id}-fn`, 'exports.handler = async () => { throw new Error("always"); };', {
      retryAttempts: 1, onFailure: new destinations.LambdaDestination(after),
    });
  },
  use: async ({ request, id }) => { await request('lambda', 'POST', `/2015-03-31/functions/${id}-fn/invocations?event`, '{}'); },
  traces: id => [[...ran(`${id}-fn`)], ran(`${id}-after`)],
};

/** A function that reads what another one logs. */
export const logSubscription: CorpusApp = {
  build: (app, id) => {
    const stack = stackOf(app, id);
    const group = new logs.LogGroup(stack, 'Logs', { logGroupName: `/aws/lambda/${id}-fn`, removalPolicy: RemovalPolicy.DESTROY });
    nodeFunction(stack, `${id}-fn`, 'exports.handler = async () => console.log("ALARM now");', { logGroup: group });
    group.addSubscriptionFilter('Filter', {
      destination: new logTargets.LambdaDestination(nodeFunction(stack, `${id}-reader`)), filterPattern: logs.FilterPattern.anyTerm('ALARM'),
    });
  },
  use: async ({ request, id }) => { await request('lambda', 'POST', `/2015-03-31/functions/${id}-fn/invocations`, '{}'); },
  traces: id => [ran(`${id}-fn`), ran(`${id}-reader`)],
};

