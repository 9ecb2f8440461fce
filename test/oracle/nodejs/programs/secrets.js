// Puts a value with 'planted' in it wherever a secret may stand: user and password, queries, header values, bodies, items, literals, variables.
import http from 'node:http';
import { DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import DynamoDB from 'aws-sdk/clients/dynamodb';
import axios from 'axios';
import got from 'got';
import mysql from 'mysql';
import mysql2 from 'mysql2/promise';
import fetch2 from 'node-fetch-2';
import fetch3 from 'node-fetch';
import pg from 'pg';
import * as undici from 'undici';
import { dispatch } from './dispatch.js';

const TARGET = '/status/200?token=planted-query&X-Amz-Signature=planted-signature#planted-fragment';
const REFUSED = `http://127.0.0.1:1${TARGET}`;
const headers = { Authorization: 'Bearer planted-header', Cookie: 'session=planted-cookie', 'X-Api-Key': 'planted-key' };
const dynamodb = new DynamoDBClient({});
const s3 = new S3Client({ forcePathStyle: true });
const settle = promises => Promise.allSettled(promises).then(results => results.length);
const withPassword = url => url.replace('//', '//planted-user:planted-password@');
const get = (...args) => new Promise((resolve, reject) => http.get(...args, response => response.resume().on('end', resolve)).on('error', reject));
async function pgQuery(...query) {
  const client = new pg.Client(process.env.POSTGRES);
  await client.connect();
  return client.query(...query).finally(() => client.end());
}

export const handler = dispatch({
  http: site => settle([get(withPassword(site + TARGET), { headers }), get(withPassword(REFUSED)), get({ host: '127.0.0.1', port: 1, path: withPassword(REFUSED), headers })]),
  fetch: site => settle([fetch(site + TARGET, { headers, method: 'POST', body: 'planted-body' }), fetch(REFUSED, { headers })]),
  undici: site => settle([undici.request(site + TARGET, { headers }), undici.request(REFUSED)]),
  axios: site => settle([axios.get(withPassword(site + TARGET), { headers }), axios.post(withPassword(REFUSED), { a: 'planted-body' }), axios.get(`${site}/status/404?q=planted-query`)]),
  got: site => settle([got(withPassword(site + TARGET), { headers, retry: { limit: 0 } }), got(REFUSED, { retry: { limit: 0 } })]),
  nodeFetch: site => settle([fetch2(site + TARGET, { headers }), fetch2(REFUSED), fetch3(site + TARGET, { headers }), fetch3(REFUSED)]),
  aws: () => settle([
    dynamodb.send(new PutItemCommand({ TableName: 'items', Item: { id: { S: 'planted-item' } } })),
    dynamodb.send(new GetItemCommand({ TableName: 'missing', Key: { id: { S: 'planted-key' } } })),
    dynamodb.send(new QueryCommand({ TableName: 'items', KeyConditionExpression: 'id = :v', ExpressionAttributeValues: { ':v': { S: 'planted-value' } } })),
    s3.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'key', Body: 'planted-body', Metadata: { own: 'planted-metadata' } })),
    new SNSClient({}).send(new PublishCommand({ TopicArn: 'arn:aws:sns:eu-west-1:123456789012:topic', Message: 'planted-message', Subject: 'planted-subject' })),
  ]),
  awsV2: site => settle([
    new DynamoDB.DocumentClient({ endpoint: site }).put({ TableName: 'items', Item: { id: 'planted-item' } }).promise(),
    new DynamoDB.DocumentClient({ endpoint: site }).get({ TableName: 'missing', Key: { id: 'planted-key' } }).promise(),
  ]),
  presigned: async () => fetch(await getSignedUrl(s3, new GetObjectCommand({ Bucket: 'bucket', Key: 'key', ResponseContentType: 'planted-type' }))).then(({ status }) => status),
  pg: () => settle([pgQuery("SELECT 'planted-literal'"), pgQuery('SELECT $1::text', ['planted-value']), pgQuery("SELECT 'planted-literal'::int"), pgQuery('SELECT $1::int', ['planted-value'])]),
  mysql: async () => {
    const options = JSON.parse(process.env.MYSQL);
    const connection = await mysql2.createConnection(options);
    await connection.query('BROKEN').catch(() => {});
    await connection.query('SELECT ?', ['planted-value']);
    await connection.end();
    const other = mysql.createConnection(options);
    await new Promise(resolve => other.query("SELECT 'planted-literal'", () => other.query('BROKEN', () => other.end(resolve))));
  },
  throwsVariable: () => { throw new Error(`cannot log in with ${process.env.API_KEY}`); },
  throwsUrl: () => { throw new Error('cannot reach postgres://planted-user:planted-password@db.example.com/shop?sslkey=planted-query, nor /path?token=planted-query'); },
  throwsHeader: () => { throw new Error('refused: {"Authorization":"Bearer planted-header-value","x-api-key": "planted-key"} password=planted-password'); },
  throwsQuery: () => { throw new Error("failed query: INSERT INTO users (name, pin) VALUES ('planted-name', 123)"); },
  throwsOfPg: () => pgQuery("SELECT 'planted-literal'::int"),
  throwsOfNodeFetch: () => fetch2(withPassword(REFUSED)),
  throwsOfAxios: site => axios.get(`${site}/status/500?token=planted-query`, { headers }),
  throwsOfAws: () => dynamodb.send(new GetItemCommand({ TableName: 'missing', Key: { id: { S: 'planted-key' } } })),
  throwsManyLines: () => { throw new TypeError('first\n  at somewhere (https://planted-user:planted-password@example.com/)'); },
});
