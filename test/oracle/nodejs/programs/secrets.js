// Puts a secret of its own wherever one may stand: user and password, queries, header values, bodies, items, literals, variables, and messages of errors
// that quote them. Each is searched for in everything that is sent.
import http from 'node:http';
import { BatchWriteItemCommand, DeleteItemCommand, DynamoDBClient, ExecuteStatementCommand, GetItemCommand, PutItemCommand, QueryCommand, ScanCommand, TransactWriteItemsCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SendTaskSuccessCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import AWS from 'aws-sdk';
import axios from 'axios';
import got from 'got';
import Redis from 'ioredis';
import { MongoClient } from 'mongodb';
import mysql from 'mysql';
import mysql2 from 'mysql2/promise';
import fetch2 from 'node-fetch-2';
import fetch3 from 'node-fetch';
import pg from 'pg';
import * as undici from 'undici';
import { dispatch } from './dispatch.js';

let planted = 0;
const secret = () => `PLANTED${++planted}SECRET`;

/** One after the other, so that each has its place; failures are part of it. */
async function settle(works) {
  for (const work of works) {
    try {
      await work();
    } catch { /* recorded by the call, or by nobody */ }
  }
  return works.length;
}

const HTTP_CLIENTS = {
  http: (url, { method, headers, body }) => new Promise((resolve, reject) => {
    http.request(url, { method, headers }, response => response.resume().on('end', resolve)).on('error', reject).end(body);
  }),
  httpOptions: (url, { method, headers, body }) => new Promise((resolve, reject) => {
    const { hostname, port, username, password, pathname, search, hash } = new URL(url);
    const auth = username && `${username}:${password}`;
    http.request({ hostname, port, path: pathname + search + hash, auth, method, headers }, response => response.resume().on('end', resolve)).on('error', reject).end(body);
  }),
  fetch: (url, options) => fetch(url, options).then(response => response.text()),
  undici: (url, options) => undici.request(url, options).then(({ body }) => body.text()),
  undiciFetch: (url, options) => undici.fetch(url, options).then(response => response.text()),
  axios: (url, { body, ...options }) => axios({ url, data: body, ...options }),
  got: (url, options) => got(url, { retry: { limit: 0 }, ...options }),
  nodeFetch2: (url, options) => fetch2(url, options).then(response => response.text()),
  nodeFetch3: (url, options) => fetch3(url, options).then(response => response.text()),
};

const withUser = url => url.replace('//', () => `//${secret()}:${secret()}@`);
const REQUESTS = [
  (call, url) => call(`${url}/status/200?token=${secret()}#${secret()}`, {}),
  (call, url) => call(withUser(`${url}/status/200`), {}),
  (call, url) => call(`${url}/status/500?X-Amz-Signature=${secret()}&X-Amz-Security-Token=${secret()}`, {}),
  (call, url) => call(`${url}/status/200`, { headers: { Authorization: `Bearer ${secret()}`, Cookie: `session=${secret()}`, 'X-Api-Key': secret() } }),
  (call, url) => call(`${url}/status/200`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ password: secret() }) }),
  call => call(`http://127.0.0.1:1/refused?token=${secret()}`, {}),
  call => call(withUser(`http://127.0.0.1:1/refused?code=${secret()}`), {}),
];

const dynamodb = new DynamoDBClient({});
const s3 = new S3Client({ forcePathStyle: true });
const text = () => ({ S: secret() });
const AWS_CALLS = [
  () => dynamodb.send(new PutItemCommand({ TableName: 'items', Item: { id: text(), other: text() } })),
  () => dynamodb.send(new GetItemCommand({ TableName: 'items', Key: { id: text() } })),
  () => dynamodb.send(new GetItemCommand({ TableName: 'missing', Key: { id: text() } })),
  () => dynamodb.send(new DeleteItemCommand({ TableName: 'conditional', Key: { id: text() }, ConditionExpression: 'a = :v', ExpressionAttributeValues: { ':v': text() } })),
  () => dynamodb.send(new UpdateItemCommand({ TableName: 'items', Key: { id: text() }, UpdateExpression: 'SET a = :v', ExpressionAttributeValues: { ':v': text() } })),
  () => dynamodb.send(new QueryCommand({ TableName: 'items', KeyConditionExpression: 'id = :v', ExpressionAttributeValues: { ':v': text() }, ExclusiveStartKey: { id: text() } })),
  () => dynamodb.send(new ScanCommand({ TableName: 'items', FilterExpression: 'id = :v', ExpressionAttributeValues: { ':v': text() } })),
  () => dynamodb.send(new BatchWriteItemCommand({ RequestItems: { items: [{ PutRequest: { Item: { id: text() } } }] } })),
  () => dynamodb.send(new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName: 'items', Item: { id: text() } } }], ClientRequestToken: secret() })),
  () => dynamodb.send(new ExecuteStatementCommand({ Statement: `SELECT * FROM items WHERE id = '${secret()}'`, Parameters: [text()] })),
  () => dynamodb.send(new PutItemCommand({ TableName: 'quoting', Item: { id: text() } })),
  () => DynamoDBDocumentClient.from(dynamodb).send(new PutCommand({ TableName: 'items', Item: { id: secret(), deep: { inside: [secret()] } } })),
  () => s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: secret(), Metadata: { own: secret() }, Tagging: `tag=${secret()}`, SSECustomerKey: secret().padEnd(32, 'x'), SSECustomerAlgorithm: 'AES256' })),
  () => s3.send(new GetObjectCommand({ Bucket: 'bucket', Key: 'missing', ResponseContentType: secret(), VersionId: 'v' })),
  () => new SNSClient({}).send(new PublishCommand({ TopicArn: 'arn:aws:sns:eu-west-1:123456789012:topic', Message: secret(), Subject: secret(), MessageAttributes: { a: { DataType: 'String', StringValue: secret() } } })),
  () => new SNSClient({}).send(new PublishCommand({ PhoneNumber: secret(), Message: secret() })),
  () => new SQSClient({}).send(new SendMessageCommand({ QueueUrl: `${process.env.SITE}/123456789012/queue`, MessageBody: secret(), MessageGroupId: secret() })),
  () => new SQSClient({}).send(new SendMessageCommand({ QueueUrl: `${withUser(process.env.SITE)}/123456789012/queue?token=${secret()}`, MessageBody: secret() })),
  () => new LambdaClient({}).send(new InvokeCommand({ FunctionName: 'other', Payload: Buffer.from(JSON.stringify({ token: secret() })), ClientContext: Buffer.from(secret()).toString('base64') })),
  () => new EventBridgeClient({}).send(new PutEventsCommand({ Entries: [{ Source: 'own', DetailType: 'type', Detail: JSON.stringify({ a: secret() }) }] })),
  () => new SFNClient({}).send(new StartExecutionCommand({ stateMachineArn: 'arn:aws:states:eu-west-1:123456789012:stateMachine:machine', input: JSON.stringify(secret()), name: secret() })),
  () => new SFNClient({}).send(new SendTaskSuccessCommand({ taskToken: secret(), output: JSON.stringify(secret()) })),
  () => new STSClient({}).send(new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::123456789012:role/r', RoleSessionName: secret(), ExternalId: secret(), TokenCode: secret() })),
  () => new STSClient({}).send(new AssumeRoleWithWebIdentityCommand({ RoleArn: 'arn:aws:iam::123456789012:role/r', RoleSessionName: 'session', WebIdentityToken: secret() })),
  async () => fetch(await getSignedUrl(s3, new GetObjectCommand({ Bucket: 'bucket', Key: 'key', ResponseContentType: secret() }))),
];

const v2 = Service => new Service({ endpoint: process.env.SITE, s3ForcePathStyle: true, maxRetries: 0 });
const AWS_V2_CALLS = [
  () => new AWS.DynamoDB.DocumentClient({ endpoint: process.env.SITE }).put({ TableName: 'items', Item: { id: secret() } }).promise(),
  () => new AWS.DynamoDB.DocumentClient({ endpoint: process.env.SITE }).get({ TableName: 'missing', Key: { id: secret() } }).promise(),
  () => v2(AWS.DynamoDB).putItem({ TableName: 'quoting', Item: { id: { S: secret() } } }).promise(),
  () => v2(AWS.DynamoDB).putItem({ TableName: 'items', Item: secret() }).promise(),
  () => v2(AWS.S3).putObject({ Bucket: 'bucket', Key: 'key', Body: secret(), Metadata: { own: secret() } }).promise(),
  () => v2(AWS.SNS).publish({ TopicArn: 'arn:aws:sns:eu-west-1:123456789012:topic', Message: secret(), Subject: secret() }).promise(),
  () => v2(AWS.SQS).sendMessage({ QueueUrl: `${process.env.SITE}/1/queue`, MessageBody: secret() }).promise(),
  () => v2(AWS.SecretsManager).putSecretValue({ SecretId: 'id', SecretString: secret(), ClientRequestToken: secret() }).promise(),
  () => v2(AWS.SSM).putParameter({ Name: 'name', Value: secret(), Type: 'SecureString' }).promise(),
  () => v2(AWS.KMS).encrypt({ KeyId: 'key', Plaintext: secret(), EncryptionContext: { a: secret() } }).promise(),
  () => v2(AWS.CognitoIdentityServiceProvider).initiateAuth({ AuthFlow: 'USER_PASSWORD_AUTH', ClientId: secret(), AuthParameters: { USERNAME: secret(), PASSWORD: secret() } }).promise(),
  () => v2(AWS.Kinesis).putRecord({ StreamName: 'stream', Data: secret(), PartitionKey: secret() }).promise(),
  () => v2(AWS.SES).sendEmail({ Source: secret(), Destination: { ToAddresses: [secret()] }, Message: { Subject: { Data: secret() }, Body: {} } }).promise(),
  async () => fetch(v2(AWS.S3).getSignedUrl('getObject', { Bucket: 'bucket', Key: 'key', ResponseContentType: secret() })),
];

async function pgQuery(...query) {
  const client = new pg.Client(process.env.POSTGRES.replace('PASSWORD', secret()));
  await client.connect();
  return client.query(...query).finally(() => client.end());
}
const PG_CALLS = [
  () => pgQuery(`SELECT '${secret()}'`),
  () => pgQuery('SELECT $1::text', [secret()]),
  () => pgQuery({ text: 'SELECT $1::text /* comment */', values: [secret()], name: 'prepared' }),
  () => pgQuery(`SELECT '${secret()}'::int`),
  () => pgQuery('SELECT $1::int', [secret()]),
  () => pgQuery(`SELECT "${secret()}"`),
  () => pgQuery(`SELECT * FROM nowhere WHERE a = '${secret()}'`),
  () => pgQuery(`SELECT 1 ${secret()} nonsense`),
];

const options = () => ({ ...JSON.parse(process.env.MYSQL), password: secret() });
const mysql2Query = async (...query) => {
  const connection = await mysql2.createConnection(options());
  await connection.query(...query).finally(() => connection.end());
};
const mysqlQuery = (...query) => new Promise((resolve, reject) => {
  const connection = mysql.createConnection(options());
  connection.query(...query, error => connection.end(() => error ? reject(error) : resolve()));
});
const MYSQL_CALLS = [mysql2Query, mysqlQuery].flatMap(query => [
  () => query(`SELECT '${secret()}'`),
  () => query('SELECT ?', [secret()]),
  () => query(`BROKEN '${secret()}'`),
  () => query(`BROKEN "${secret()}"`),
  () => query('BROKEN ?', [secret()]),
]);

async function withMongo(use) {
  const client = new MongoClient(process.env.MONGODB);
  await use(client.db('shop').collection('items')).finally(() => client.close());
}
const MONGODB_CALLS = [
  () => withMongo(items => items.insertOne({ _id: secret(), token: secret() })),
  () => withMongo(items => items.findOne({ email: secret() })),
  () => withMongo(items => items.updateOne({ _id: secret() }, { $set: { password: secret() } })),
  () => withMongo(items => items.findOne({ _id: `wrong-${secret()}` })),
  () => withMongo(items => items.aggregate([{ $match: { a: secret() } }]).toArray()),
  () => withMongo(items => items.bulkWrite([{ insertOne: { document: { a: secret() } } }])),
];

async function withRedis(use) {
  const redis = new Redis({ port: Number(process.env.REDIS_PORT), host: '127.0.0.1', password: secret() });
  await use(redis).finally(() => redis.disconnect());
}
const REDIS_CALLS = [
  () => withRedis(redis => redis.set(secret(), secret())),
  () => withRedis(redis => redis.get(secret())),
  () => withRedis(redis => redis.pipeline().set(secret(), secret()).exec()),
  () => withRedis(redis => redis.call('NONSENSE', secret(), secret())),
  () => withRedis(redis => redis.multi().set('a', secret()).get(secret()).exec()),
];

/** What the messages of errors look like that handlers end with. */
const MESSAGES = [
  ...['postgres', 'mysql', 'mongodb+srv', 'redis', 'amqps', 'https', 'ftp', 's3'].map(scheme => () => `cannot reach ${scheme}://user:${secret()}@db.example.com/shop?key=${secret()}`),
  () => `cannot reach user:${secret()}@db.example.com:5432`,
  () => `Failed to parse URL from //user:${secret()}@example.com/path`,
  () => `request to /path?token=${secret()} failed`,
  () => `url: /path/with?sig=${secret()}&a=${secret()}`,
  () => `refused: {"Authorization":"Bearer ${secret()}","x-api-key": "${secret()}"}`,
  ...['password', 'PASSWORD', 'passwd', 'pwd', 'secret', 'clientSecret', 'client_secret', 'token', 'access_token', 'refreshToken', 'apiKey', 'api-key', 'api_key', 'AWS_SECRET_ACCESS_KEY', 'aws_session_token', 'signature', 'credential', 'privateKey', 'passphrase', 'Cookie', 'Set-Cookie', 'x-amz-security-token']
    .flatMap(name => [() => `bad setting ${name}=${secret()}`, () => `bad setting {"${name}": "${secret()}"}`]),
  () => `Authorization: Basic ${secret()}`,
  () => `token: 'a ${secret()} with blanks'`,
  () => `Headers.append: "session=${secret()}\n" is an invalid header value.`,
  () => `failed query: INSERT INTO users (name, pin) VALUES ('${secret()}', 123)`,
  () => `failed query: select * from users where name = '${secret()}'`,
  () => `update users set name='${secret()}' where id=1`,
  () => `1 validation error detected: Value '${secret()}' at 'name' failed to satisfy constraint: Member must match`,
  () => `Value (${secret()}) for parameter groupId is invalid`,
  () => `The security token ${`AKIA${secret()}`.slice(0, 20).padEnd(20, 'X')} is invalid`,
  () => `bad token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI${secret()}.signature-${secret()}`,
  () => `-----BEGIN RSA PRIVATE KEY-----\n${secret()}\n-----END RSA PRIVATE KEY-----`,
  () => `cannot log in with ${process.env.API_KEY}`,
  () => `first\n  at somewhere (https://user:${secret()}@example.com/)`,
];

const thrown = make => { throw make(); };
const caught = work => { try { return work(); } catch (error) { return error; } };
const ERRORS = [
  ...MESSAGES.map(message => () => thrown(() => new Error(message()))),
  () => thrown(() => `a text with password=${secret()}`),
  () => thrown(() => ({ name: 'Odd', message: `token=${secret()}` })),
  () => thrown(() => Object.assign(new Error('has a config'), { config: { headers: { Authorization: secret() } }, response: { data: secret() } })),
  () => thrown(() => new Error('outer', { cause: new Error(`https://example.com/?token=${secret()}`) })),
  () => thrown(() => new AggregateError([new Error(`password=${secret()}`)], `several: token=${secret()}`)),
  () => JSON.parse(`${secret()} is no JSON`),
  () => JSON.parse(`{"a": ${secret()}}`),
  () => new URL(`nonsense ${secret()}`),
  () => fetch('http://127.0.0.1/', { headers: { 'x-own': `${secret()}\n` } }),
  () => fetch(`//user:${secret()}@example.com/?token=${secret()}`),
  () => new undici.Request(`http://user:${secret()}@127.0.0.1/`),
  () => HTTP_CLIENTS.nodeFetch2(withUser('http://127.0.0.1:1/')),
  () => HTTP_CLIENTS.axios(`${process.env.SITE}/status/500?token=${secret()}`, { headers: { Authorization: secret() } }),
  () => HTTP_CLIENTS.got(`${process.env.SITE}/status/500?token=${secret()}`, {}),
  () => HTTP_CLIENTS.http('http://127.0.0.1:1/', { headers: { 'x-own': `${secret()}\n` } }),
  AWS_CALLS[10], AWS_CALLS[3], AWS_V2_CALLS[2], AWS_V2_CALLS[3],
  ...process.env.POSTGRES ? PG_CALLS.slice(3) : [], MYSQL_CALLS[2], MYSQL_CALLS[7], MONGODB_CALLS[3], REDIS_CALLS[3],
  () => thrown(() => caught(() => JSON.parse(secret()))),
];

export const handler = dispatch({
  ...Object.fromEntries(Object.entries(HTTP_CLIENTS).map(([name, call]) => [`http: ${name}`, () => settle(REQUESTS.map(request => () => request(call, process.env.SITE)))])),
  'aws': () => settle(AWS_CALLS),
  'aws v2': () => settle(AWS_V2_CALLS),
  'pg': () => process.env.POSTGRES ? settle(PG_CALLS) : 0,
  'mysql': () => settle(MYSQL_CALLS),
  'mongodb': () => settle(MONGODB_CALLS),
  'redis': () => settle(REDIS_CALLS),
  ...Object.fromEntries(ERRORS.map((fail, i) => [`fails: ${i}`, fail])),
  'names': () => [...Object.keys(HTTP_CLIENTS).map(name => `http: ${name}`), 'aws', 'aws v2', 'pg', 'mysql', 'mongodb', 'redis', ...ERRORS.map((_, i) => `fails: ${i}`), 'planted'],
  'planted': () => planted,
});
