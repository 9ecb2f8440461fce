// OpenTelemetry's own packages with AWS's exporter to the daemon. In a bundle their hooks see no client, so the client's class is given to them.
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { AwsXrayUdpSpanExporter } from '@aws/aws-distro-opentelemetry-exporter-xray-udp';
import { AwsLambdaInstrumentation } from '@opentelemetry/instrumentation-aws-lambda';
import { AwsInstrumentation } from '@opentelemetry/instrumentation-aws-sdk';
import { AWSXRayLambdaPropagator } from '@opentelemetry/propagator-aws-xray-lambda';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { requestHandler } from './request-handler.mjs';

const provider = new NodeTracerProvider();
provider.addSpanProcessor(new BatchSpanProcessor(new AwsXrayUdpSpanExporter()));
provider.register({ propagator: new AWSXRayLambdaPropagator() });
const lambda = new AwsLambdaInstrumentation();
lambda.setTracerProvider(provider);
const aws = new AwsInstrumentation();
aws.setTracerProvider(provider);
aws.patchV3SmithyClient({ Client: Object.getPrototypeOf(DynamoDBClient) });
const client = new DynamoDBClient({ requestHandler });

const plain = async event => {
  await client.send(new PutItemCommand({ TableName: 'items', Item: { id: { S: event.id } } }));
  return event.id;
};
const patched = lambda._getHandler(Date.now())(plain);
export const handler = (event, context) => patched(event, context, () => {});
