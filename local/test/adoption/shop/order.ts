import { randomUUID } from 'node:crypto';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';

const dynamodb = new DynamoDBClient({});
const sns = new SNSClient({});

export async function handler(): Promise<{ statusCode: number; body: string }> {
  const id = randomUUID();
  await dynamodb.send(new PutItemCommand({ TableName: process.env.TABLE_NAME, Item: { id: { S: id } } }));
  await sns.send(new PublishCommand({ TopicArn: process.env.TOPIC_ARN, Message: id }));
  return { statusCode: 201, body: id };
}
