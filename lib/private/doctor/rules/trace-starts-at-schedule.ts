import { breachesOfEdges } from './breaches-of-edges';
import { Rule } from './rule';

export const traceStartsAtSchedule: Rule = {
  id: 'TF033',
  name: 'trace-starts-at-schedule',
  title: 'EventBridge Scheduler starts no trace',
  severity: 'note',
  explanation: 'EventBridge Scheduler sends no segments and no trace header. A target that is traced begins the trace; the schedule is not on the map, and neither is an invocation that failed before the target.',
  fix: { cdk: '// nothing can be turned on; watch the schedule by its dead-letter queue', cloudformation: '# nothing can be turned on; watch the schedule by its dead-letter queue' },
  link: 'https://docs.aws.amazon.com/xray/latest/devguide/xray-services.html',
  check: examined => breachesOfEdges(examined, ['schedule'], (_from, to) => `the schedule sends no trace header: what it sends to '${to}' begins a trace of its own`),
};
