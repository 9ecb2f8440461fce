import { breachesOfEdges } from './breaches-of-edges';
import { Rule } from './rule';

export const traceBrokenByUntraced: Rule = {
  id: 'TF037',
  name: 'trace-broken-by-untraced',
  title: 'A part that is not traced breaks the chain',
  severity: 'warning',
  explanation: 'Two traced parts are joined by one that could hand the trace on, and does not because it is not traced, or because nothing records its calls: on the map they stand apart.',
  fix: { cdk: '// trace the part in between: see the rule that it breaks itself', cloudformation: '# trace the part in between: see the rule that it breaks itself' },
  link: 'https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html',
  check: examined => breachesOfEdges(examined, ['untraced'], (from, to, reason) => `the trace from '${from}' does not go on to '${to}': ${reason}`),
};
