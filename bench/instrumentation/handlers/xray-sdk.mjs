// The X-Ray SDK as its documentation shows it: one line for the client.
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import AWSXRay from 'aws-xray-sdk-core';
import { requestHandler } from './request-handler.mjs';

const client = AWSXRay.captureAWSv3Client(new DynamoDBClient({ requestHandler }));

export const handler = async event => {
  await client.send(new PutItemCommand({ TableName: 'items', Item: { id: { S: event.id } } }));
  return event.id;
};
