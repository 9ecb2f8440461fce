import { breachesOfEdges } from './breaches-of-edges';
import { Rule } from './rule';

export const traceLostInPipe: Rule = {
  id: 'TF032',
  name: 'trace-lost-in-pipe',
  title: 'A pipe of EventBridge does not hand the trace on',
  severity: 'note',
  explanation: 'EventBridge Pipes sends no segments, and hands the trace header of what it reads to neither enrichment nor target: a function behind it begins a trace of its own.',
  fix: { cdk: '// an event source of the function, where the link to the sender is needed', cloudformation: '# AWS::Lambda::EventSourceMapping, where the link to the sender is needed' },
  link: 'https://docs.aws.amazon.com/xray/latest/devguide/xray-services.html',
  check: examined => breachesOfEdges(examined, ['pipe'], (from, to) => `the pipe from '${from}' hands no trace header on: '${to}' begins a trace of its own`),
};
