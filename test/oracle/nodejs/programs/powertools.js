import { Tracer } from '@aws-lambda-powertools/tracer';
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware';
import middy from '@middy/core';

const tracer = new Tracer({ serviceName: 'service' });
export const handler = middy(async ({ fails }) => {
  await fetch(`${process.env.SITE}/status/200`);
  if (fails) throw new Error('with powertools');
  return 'done';
}).use(captureLambdaHandler(tracer));
