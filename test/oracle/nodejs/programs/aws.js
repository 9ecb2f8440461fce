import { ConditionalCheckFailedException, DynamoDBClient, GetItemCommand, ListTablesCommand, paginateListTables, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { SQSClient, SendMessageCommand } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { dispatch } from './dispatch.js';

const dynamodb = new DynamoDBClient({});
const s3 = new S3Client({ forcePathStyle: true });
const put = (TableName = 'items') => new PutItemCommand({ TableName, Item: { id: { S: 'secret-item' } } });
const status = ({ $metadata: { attempts, httpStatusCode } }) => [httpStatusCode, attempts];
const told = error => [error.name, error.message, error.constructor.name, error.$metadata?.httpStatusCode, error.$fault];

class OwnClient extends DynamoDBClient {
  async send(...args) { return [...await super.send(...args).then(status), 'own']; }
}

export const handler = dispatch({
  awsSend: () => dynamodb.send(put()).then(status),
  awsCallback: () => new Promise((resolve, reject) => dynamodb.send(put(), (error, output) => error ? reject(error) : resolve(status(output)))),
  awsCallbackFails: () => new Promise(resolve => dynamodb.send(put('conditional'), (error, output) => resolve([told(error), output]))),
  awsOptionsAndCallback: () => new Promise(resolve => dynamodb.send(put(), { requestTimeout: 5_000 }, (_, output) => resolve(status(output)))),
  awsFails: () => dynamodb.send(put('conditional')).catch(error => [error instanceof ConditionalCheckFailedException, ...told(error)]),
  awsThrows: () => dynamodb.send(put('missing')),
  awsRetries: () => dynamodb.send(put('throttled')).catch(error => [...told(error), error.$metadata.attempts]),
  awsInvalidParameter: () => dynamodb.send(new PutItemCommand({})).then(status, told),
  awsNoCommand: () => dynamodb.send(undefined),
  awsAborted: () => dynamodb.send(put(), { abortSignal: AbortSignal.abort() }).catch(error => error.name),
  awsPaginated: async () => {
    const names = [];
    for await (const { TableNames } of paginateListTables({ client: dynamodb }, {})) names.push(...TableNames);
    return names;
  },
  awsDocumentClient: () => DynamoDBDocumentClient.from(dynamodb).send(new PutCommand({ TableName: 'items', Item: { id: 'a', n: 1 } })).then(status),
  awsSubclass: () => new OwnClient({}).send(put()),
  awsFrozenClient: () => Object.freeze(new DynamoDBClient({})).send(put()).then(status),
  awsProxiedClient: () => new Proxy(dynamodb, { get: (target, name) => typeof target[name] === 'function' ? target[name].bind(target) : target[name] }).send(put()).then(status),
  awsFrozenCommand: () => dynamodb.send(Object.freeze(put())).then(status),
  awsOwnMiddleware: async () => {
    const client = new DynamoDBClient({});
    const seen = [];
    client.middlewareStack.add(next => async args => { seen.push(Object.keys(args.request.headers).filter(name => /own/.test(name)).join()); return next(args); }, { step: 'build', name: 'own' });
    await client.send(put());
    await client.send(put());
    return [seen.length, client.middlewareStack.identify().filter(name => /^(?:own|XRay|cdk)/.test(name))];
  },
  awsParallel: () => Promise.all(Array.from({ length: 6 }, (_, i) => dynamodb.send(new GetItemCommand({ TableName: `items${i}`, Key: { id: { S: 'a' } } })).then(status))),
  awsDestroyed: async () => { const client = new DynamoDBClient({}); await client.send(new ListTablesCommand({})); client.destroy(); return 'destroyed'; },
  s3Get: async () => (await s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'private/key.txt' }))).Body.transformToString(),
  s3Missing: () => s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'missing' })).catch(told),
  s3Put: () => s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: 'secret body' })).then(status),
  s3Presign: async () => (await getSignedUrl(s3, new GetObjectCommand({ Bucket: 'bucket', Key: 'key' }), { signingDate: new Date(0) })).replace(/X-Amz-Signature=\w+/, ''),
  snsPublish: () => new SNSClient({}).send(new PublishCommand({ TopicArn: 'arn:aws:sns:eu-west-1:123456789012:topic', Message: 'secret message' })).then(({ MessageId }) => MessageId),
  sqsSend: () => new SQSClient({}).send(new SendMessageCommand({ QueueUrl: `${process.env.SITE}/123456789012/queue`, MessageBody: 'body' })).then(({ MessageId }) => MessageId),
});
