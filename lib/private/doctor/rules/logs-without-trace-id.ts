import { Rule, tracedFunctions } from './rule';
import { objectOf } from '../template/template';

export const logsWithoutTraceId: Rule = {
  id: 'TF016',
  name: 'logs-without-trace-id',
  title: 'Log lines carry no trace id',
  severity: 'note',
  explanation: `With Lambda's text format only the lines START and REPORT can be joined to a trace. With the JSON format each line of the function's own log has the request id, and in Node.js and Python
libraries add the trace id. Functions that share one log group can only be told apart by it. Functions with Powertools' Logger are not reported.`,
  fix: {
    cdk: 'loggingFormat: lambda.LoggingFormat.JSON', cloudformation: 'LoggingConfig: { LogFormat: JSON }', serverless: 'provider: { logs: { lambda: { logFormat: JSON } } }',
  },
  link: 'https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html',
  check: function* (examined) {
    const sharing = new Map<string, number>();
    const traced = tracedFunctions(examined);
    const groupOf = (properties: Record<string, unknown>) => JSON.stringify(objectOf(properties.LoggingConfig).LogGroup ?? null);
    for (const { resource } of traced) sharing.set(groupOf(resource.properties), (sharing.get(groupOf(resource.properties)) ?? 0) + 1);
    for (const { resource, recorder, variables } of traced) {
      const logging = objectOf(resource.properties.LoggingConfig);
      if (logging.LogFormat !== undefined && logging.LogFormat !== 'Text') continue;
      if (recorder === 'Powertools' || Object.keys(variables).some(name => name.startsWith('POWERTOOLS_'))) continue;
      const others = logging.LogGroup === undefined ? 0 : sharing.get(groupOf(resource.properties))! - 1;
      yield { resource, message: `log lines are plain text without a trace id${others > 0 ? `, in a log group that ${others + 1} functions share` : ''}` };
    }
  },
};
