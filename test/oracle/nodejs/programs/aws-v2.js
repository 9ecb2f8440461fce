import DynamoDB from 'aws-sdk/clients/dynamodb';
import S3 from 'aws-sdk/clients/s3';
import { dispatch } from './dispatch.js';

const endpoint = process.env.SITE;
const dynamodb = new DynamoDB({ endpoint, maxRetries: 1 });
const documents = new DynamoDB.DocumentClient({ service: dynamodb });
const s3 = new S3({ endpoint, s3ForcePathStyle: true });
const input = (TableName = 'items') => ({ TableName, Item: { id: 'a' } });
const told = error => [error.name, error.code, error.message, error.statusCode, error.retryable];

export const handler = dispatch({
  v2Promise: () => documents.put(input()).promise(),
  v2Callback: () => new Promise((resolve, reject) => documents.put(input(), (error, data) => error ? reject(error) : resolve(data))),
  v2Events: () => new Promise(resolve => {
    const events = [];
    const request = dynamodb.listTables();
    for (const name of ['validate', 'build', 'sign', 'send', 'success', 'complete']) request.on(name, () => events.push(name));
    request.on('complete', () => resolve(events)).send();
  }),
  v2Fails: () => documents.put(input('conditional')).promise().catch(told),
  v2Throws: () => documents.put(input('missing')).promise(),
  v2Retries: () => documents.put(input('throttled')).promise().catch(error => [...told(error), error.retryDelay >= 0]),
  v2Invalid: () => documents.put({}).promise().catch(told),
  v2Pages: () => new Promise(resolve => { const names = []; dynamodb.listTables().eachPage((_, data) => { if (data) names.push(...data.TableNames); else resolve(names); return true; }); }),
  v2Aborted: () => new Promise(resolve => { const request = dynamodb.listTables(error => resolve(told(error))); request.abort(); }),
  v2Presign: () => new URL(s3.getSignedUrl('getObject', { Bucket: 'bucket', Key: 'key' })).pathname,
  v2PresignAsync: async () => new URL(await s3.getSignedUrlPromise('putObject', { Bucket: 'bucket', Key: 'key' })).pathname,
  v2Upload: async () => (await s3.upload({ Bucket: 'bucket', Key: 'key', Body: 'body' }).promise()).Key,
  v2Stream: async () => {
    let text = '';
    for await (const chunk of s3.getObject({ Bucket: 'bucket', Key: 'key' }).createReadStream()) text += chunk;
    return text;
  },
  v2Parallel: () => Promise.all(['a', 'b', 'c'].map(name => documents.put(input(name)).promise())),
});
