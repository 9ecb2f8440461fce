// What everybody writes: clients made at load, calls one after the other. Not a line of tracing.
import * as http from 'node:http';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';

const { TABLE_NAME, BUCKET_NAME, TOPIC_ARN, QUEUE_URL } = process.env;
const dynamodb = new DynamoDBClient({});
const s3 = new S3Client({});
const sns = new SNSClient({});
const sqs = new SQSClient({});

export async function handler({ url }: { url: string }): Promise<{ missing: string; http: number; fetch: number }> {
  const id = process.env.AWS_LAMBDA_FUNCTION_NAME!;
  await dynamodb.send(new PutItemCommand({ TableName: TABLE_NAME, Item: { id: { S: id } } }));
  const missing = await dynamodb.send(new GetItemCommand({ TableName: 'missing', Key: { id: { S: id } } })).then(() => 'found', (error: Error) => error.name);
  await s3.send(new PutObjectCommand({ Bucket: BUCKET_NAME, Key: id, Body: 'calls' }));
  await sns.send(new PublishCommand({ TopicArn: TOPIC_ARN, Message: 'calls' }));
  await sqs.send(new SendMessageCommand({ QueueUrl: QUEUE_URL, MessageBody: 'calls' }));
  const response = await fetch(`${url}/fetch`);
  await response.text();
  return { missing, http: await get(`${url}/http`), fetch: response.status };
}

function get(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    http.get(url, response => {
      response.resume().on('end', () => resolve(response.statusCode!));
    }).on('error', reject);
  });
}
