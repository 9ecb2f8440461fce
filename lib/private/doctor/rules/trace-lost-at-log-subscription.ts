import { breachesOfEdges } from './breaches-of-edges';
import { Rule } from './rule';

export const traceLostAtLogSubscription: Rule = {
  id: 'TF036',
  name: 'trace-lost-at-log-subscription',
  title: 'Behind a log group the trace is lost',
  severity: 'note',
  explanation: 'A subscription filter sends batches of log lines, without the trace that they were written in. The function that reads them begins a trace of its own.',
  fix: { cdk: '// write the trace id into the lines that the reader needs', cloudformation: '# write the trace id into the lines that the reader needs' },
  link: 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html',
  check: examined => breachesOfEdges(examined, ['logs'], (from, to) => `log lines of '${from}' come without their trace: '${to}' begins one of its own`),
};
