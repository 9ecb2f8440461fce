import { randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { CfnOutput, Duration } from 'aws-cdk-lib';
import * as websockets from 'aws-cdk-lib/aws-apigatewayv2';
import * as integrations from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kinesis from 'aws-cdk-lib/aws-kinesis';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sources from 'aws-cdk-lib/aws-lambda-event-sources';
import * as pipes from 'aws-cdk-lib/aws-pipes';
import * as scheduler from 'aws-cdk-lib/aws-scheduler';
import * as targets from 'aws-cdk-lib/aws-scheduler-targets';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { nodeFunction, ran, stackOf, type CorpusApp, type CorpusCloud } from './corpus-app';

async function send({ json }: CorpusCloud, name: string, body: string): Promise<void> {
  const { QueueUrl } = await json('AmazonSQS.GetQueueUrl', { QueueName: name });
  await json('AmazonSQS.SendMessage', { QueueUrl, MessageBody: body });
}

async function received({ json, eventually }: CorpusCloud, name: string): Promise<any> {
  const { QueueUrl } = await json('AmazonSQS.GetQueueUrl', { QueueName: name });
  return JSON.parse(await eventually(async () => {
    const { Messages: [message] = [] } = await json('AmazonSQS.ReceiveMessage', { QueueUrl, WaitTimeSeconds: 1 });
    if (message) await json('AmazonSQS.DeleteMessage', { QueueUrl, ReceiptHandle: message.ReceiptHandle });
    return message?.Body as string | undefined;
  }));
}

/** Opens a socket, sends a text of less than 126 bytes, and gives the first one that comes back. */
function answerOf(url: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = {
      'Connection': 'Upgrade', 'Upgrade': 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
    };
    const opening = request(url.replace(/^ws/, 'http'), { headers });
    opening.on('error', reject).on('response', ({ statusCode }) => reject(new Error(`${url} was answered with ${statusCode}`)));
    opening.on('upgrade', (_response, socket) => {
      // One frame each: 'text, the last one', its length, and from a client a mask, here of zeros.
      socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | Buffer.byteLength(text), 0, 0, 0, 0]), Buffer.from(text)]));
      socket.on('error', reject).once('data', (frame: Buffer) => {
        socket.destroy();
        resolve(frame.subarray(2, 2 + frame[1]).toString());
      });
    });
    opening.end();
  });
}

function expectValue(found: unknown, expected: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(expected)) throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(found)}`);
}

/** A queue to a queue, with a filter, a function between them and a template; and a table to a function. */
export const pipe: CorpusApp = {
  build: (app, id) => {
    const stack = stackOf(app, id);
    const [from, to] = ['from', 'to'].map(name => new sqs.Queue(stack, name, { queueName: `${id}-${name}` }));
    const enrich = nodeFunction(stack, `${id}-enrich`, 'exports.handler = async events => events.map(e => ({ ...JSON.parse(e.body), price: 7 }));');
    const table = new dynamodb.Table(stack, 'Table', { tableName: id, partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING }, stream: dynamodb.StreamViewType.NEW_IMAGE });
    const changed = nodeFunction(stack, `${id}-changed`);
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('pipes.amazonaws.com') });
    new pipes.CfnPipe(stack, 'Orders', {
      roleArn: role.roleArn, source: from.queueArn, enrichment: enrich.functionArn, target: to.queueArn,
      sourceParameters: { filterCriteria: { filters: [{ pattern: '{"body":{"kind":["order"]}}' }] }, sqsQueueParameters: { batchSize: 2 } },
      targetParameters: { inputTemplate: '{"order": <$.id>, "text": "costs <$.price>"}' },
    });
    new pipes.CfnPipe(stack, 'Changes', {
      roleArn: role.roleArn, source: table.tableStreamArn!, target: changed.functionArn,
      sourceParameters: { dynamoDbStreamParameters: { startingPosition: 'LATEST', batchSize: 1 } },
    });
  },
  use: async cloud => {
    await send(cloud, `${cloud.id}-from`, '{"kind":"other"}');
    await send(cloud, `${cloud.id}-from`, '{"kind":"order","id":"o1"}');
    expectValue(await received(cloud, `${cloud.id}-to`), { order: 'o1', text: 'costs 7' });
    await cloud.json('DynamoDB_20120810.PutItem', { TableName: cloud.id, Item: { id: { S: 'a' } } });
  },
  traces: id => [ran(`${id}-enrich`), ran(`${id}-changed`)],
};

/** Sums over a window of time of a stream, and a queue whose messages wait for others. */
export const windows: CorpusApp = {
  build: (app, id) => {
    const stack = stackOf(app, id);
    const results = new sqs.Queue(stack, 'Results', { queueName: `${id}-results` });
    const stream = new kinesis.Stream(stack, 'Stream', { streamName: id, shardCount: 1 });
    const sum = nodeFunction(stack, `${id}-sum`, `const { SQSClient, SendMessageCommand } = require('@aws-sdk/client-sqs');
exports.handler = async e => {
  const state = { count: (e.state.count ?? 0) + e.Records.length };
  if (e.isFinalInvokeForWindow) await new SQSClient().send(new SendMessageCommand({ QueueUrl: process.env.RESULTS, MessageBody: JSON.stringify(state) }));
  return { state };
};`, { environment: { RESULTS: results.queueUrl } });
    results.grantSendMessages(sum);
    sum.addEventSource(new sources.KinesisEventSource(stream, {
      startingPosition: lambda.StartingPosition.TRIM_HORIZON, tumblingWindow: Duration.seconds(3), batchSize: 1,
    }));
    const queue = new sqs.Queue(stack, 'Queue', { queueName: id });
    nodeFunction(stack, `${id}-batch`, 'exports.handler = async e => { if (e.Records.length !== 2) throw new Error("a batch of " + e.Records.length); };').addEventSource(
      new sources.SqsEventSource(queue, { batchSize: 2, maxBatchingWindow: Duration.minutes(5) }));
  },
  use: async cloud => {
    // One call puts them into one window, unless its end is just between them: then the sums of two windows make it.
    await cloud.json('Kinesis_20131202.PutRecords', { StreamName: cloud.id, Records: [1, 2, 3].map(n => ({ PartitionKey: 'p', Data: Buffer.from(String(n)).toString('base64') })) });
    await send(cloud, cloud.id, 'first');
    let count = 0;
    while (count < 3) count += (await received(cloud, `${cloud.id}-results`)).count as number;
    expectValue(count, 3);
    await send(cloud, cloud.id, 'second');
  },
  traces: id => [ran(`${id}-sum`), ran(`${id}-batch`)],
};

/** A schedule, and a socket whose server answers. */
export const scheduleAndSocket: CorpusApp = {
  build: (app, id) => {
    const stack = stackOf(app, id);
    new scheduler.Schedule(stack, 'Schedule', {
      schedule: scheduler.ScheduleExpression.at(new Date('2020-01-01T00:00:00Z')),
      target: new targets.LambdaInvoke(nodeFunction(stack, `${id}-tick`, 'exports.handler = async e => { if (e.word !== "now" || !e.at) throw new Error(JSON.stringify(e)); };'), {
        input: scheduler.ScheduleTargetInput.fromObject({ word: 'now', at: scheduler.ContextAttribute.scheduledTime }),
      }),
    });
    const api = new websockets.WebSocketApi(stack, 'Api', { apiName: id });
    // What the SDK's client for it does, which this machine may not have.
    const echo = nodeFunction(stack, `${id}-echo`, `exports.handler = async ({ body, requestContext: { connectionId } }) => {
  const answer = await fetch(process.env.SOCKETS + '/@connections/' + connectionId, { method: 'POST', body: JSON.parse(body).text.toUpperCase() });
  return { statusCode: answer.status };
};`);
    api.addRoute('say', { integration: new integrations.WebSocketLambdaIntegration('Say', echo) });
    const stage = new websockets.WebSocketStage(stack, 'Stage', { webSocketApi: api, stageName: 'live', autoDeploy: true });
    echo.addEnvironment('SOCKETS', stage.callbackUrl);
    api.grantManageConnections(echo);
    new CfnOutput(stack, 'Url', { value: stage.url });
    new CfnOutput(stack, 'Endpoint', { value: api.apiEndpoint });
  },
  use: async ({ outputs, id }) => {
    if (!outputs.Endpoint.startsWith('ws')) throw new Error(`the endpoint of ${id} is ${outputs.Endpoint}`);
    const said = await answerOf(outputs.Url, '{"action":"say","text":"hello"}');
    expectValue(said, 'HELLO');
  },
  traces: id => [ran(`${id}-tick`), ran(`${id}-echo`)],
};
