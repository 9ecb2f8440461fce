import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import * as AWSXRay from 'aws-xray-sdk-core';
import { randomName } from './random-name';

const topicArn = process.env.TOPIC_ARN;
if (!topicArn) throw new Error('the environment variable TOPIC_ARN is not set: it must hold the ARN of the topic');
const client = new SNSClient({});

/** Gives a new user a name and tells of it. The same user gets the same name again. */
export async function handler(event: unknown): Promise<{ name: string }> {
  const { userId, name } = randomName(event);
  // On Lambda annotations cannot be on the function's segment, only on a subsegment of one's own. There is none where nothing is traced.
  AWSXRay.captureFunc('annotations', subsegment => {
    subsegment?.addAnnotation('Name', name);
    subsegment?.addAnnotation('UserID', userId);
  });
  await client.send(new PublishCommand({
    TopicArn: topicArn, Subject: `New user: ${name}`, Message: `Created random name "${name}" for user "${userId}".`,
  }));
  return { name };
}
