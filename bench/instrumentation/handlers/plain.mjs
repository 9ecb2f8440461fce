// One client and one call, answered without a network: what is measured is what instrumentation adds.
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { requestHandler } from './request-handler.mjs';

const client = new DynamoDBClient({ requestHandler });

export const handler = async event => {
  await client.send(new PutItemCommand({ TableName: 'items', Item: { id: { S: event.id } } }));
  return event.id;
};
