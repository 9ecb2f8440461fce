import { breachesOfEdges } from './breaches-of-edges';
import { Rule } from './rule';

export const traceBecomesLink: Rule = {
  id: 'TF030',
  name: 'trace-becomes-link',
  title: 'At a queue the trace becomes a link',
  severity: 'note',
  explanation: `A function that takes messages from a queue works on a batch: it gets a trace of its own, which X-Ray links to those of the senders. On the map the edge is drawn, in a trace one sees the link.
An alarm or a filter on the whole way from sender to receiver does not see one trace.`,
  fix: { cdk: '// nothing is wrong: filter by the receiver, and follow its links', cloudformation: '# nothing is wrong: filter by the receiver, and follow its links' },
  link: 'https://docs.aws.amazon.com/xray/latest/devguide/xray-services-sqs.html',
  check: examined => breachesOfEdges(examined, ['queue'], (from, to) => `messages of '${from}' start a trace of their own in '${to}', linked to their senders' traces`),
};
