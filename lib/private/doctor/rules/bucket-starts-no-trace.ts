import { breachesOfEdges } from './breaches-of-edges';
import { Rule } from './rule';

export const bucketStartsNoTrace: Rule = {
  id: 'TF034',
  name: 'bucket-starts-no-trace',
  title: 'S3 starts no trace',
  severity: 'note',
  explanation: `S3 hands on the trace header of a traced uploader, and records nothing itself. For an upload without one (a browser, the CLI, another account) the trace begins at the function. With an active topic of SNS
in between, it begins there, and all functions that hear of the upload are in one trace.`,
  fix: { cdk: 'bucket.addEventNotification(s3.EventType.OBJECT_CREATED, new SnsDestination(topic))  // topic with TracingConfig.ACTIVE', cloudformation: 'TopicConfigurations: [{ Event: "s3:ObjectCreated:*", Topic: !Ref Topic }]' },
  link: 'https://docs.aws.amazon.com/xray/latest/devguide/xray-services-s3.html',
  check: examined => breachesOfEdges(examined, ['bucket'], (from, to) => `the bucket '${from}' records nothing: the trace of an upload by an untraced client begins at '${to}'`),
};
