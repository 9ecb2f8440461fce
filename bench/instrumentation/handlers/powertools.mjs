// Powertools Tracer as its documentation shows it without a decorator, responses not captured.
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { Tracer } from '@aws-lambda-powertools/tracer';
import { requestHandler } from './request-handler.mjs';

const tracer = new Tracer({ serviceName: 'bench' });
const client = tracer.captureAWSv3Client(new DynamoDBClient({ requestHandler }));

export const handler = async event => {
  const segment = tracer.getSegment();
  const subsegment = segment.addNewSubsegment(`## ${process.env._HANDLER}`);
  tracer.setSegment(subsegment);
  tracer.annotateColdStart();
  tracer.addServiceNameAnnotation();
  try {
    await client.send(new PutItemCommand({ TableName: 'items', Item: { id: { S: event.id } } }));
    return event.id;
  } catch (error) {
    tracer.addErrorAsMetadata(error);
    throw error;
  } finally {
    subsegment.close();
    tracer.setSegment(segment);
  }
};
