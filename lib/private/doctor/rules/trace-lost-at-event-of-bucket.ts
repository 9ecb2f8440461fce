import { breachesOfEdges } from './breaches-of-edges';
import { Rule } from './rule';

export const traceLostAtEventOfBucket: Rule = {
  id: 'TF035',
  name: 'trace-lost-at-event-of-bucket',
  title: 'Events of services that come by EventBridge carry no trace',
  severity: 'note',
  explanation: 'EventBridge hands on the trace header of PutEvents. Events that AWS services send themselves (S3, EC2, schedules of rules) have none: the trace begins at the target.',
  fix: { cdk: '// for S3: a notification to a topic that is traced', cloudformation: '# for S3: a notification to a topic that is traced' },
  link: 'https://docs.aws.amazon.com/xray/latest/devguide/xray-services-eventbridge.html',
  check: examined => breachesOfEdges(examined, ['service event'], (from, to) => `the rule '${from}' hears events of an AWS service, which carry no trace header: the trace begins at '${to}'`),
};
