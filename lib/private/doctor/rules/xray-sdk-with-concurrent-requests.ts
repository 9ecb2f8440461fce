import { Rule } from './rule';
import { objectOf } from '../template/template';

export const xraySdkWithConcurrentRequests: Rule = {
  id: 'TF009',
  name: 'xray-sdk-with-concurrent-requests',
  title: 'The X-Ray SDK in an environment that takes several requests at once',
  severity: 'warning',
  explanation: `On Lambda Managed Instances an execution environment works on several requests at the same time. The X-Ray SDKs take the trace from the environment variable \`_X_AMZN_TRACE_ID\`, of which
there is one: calls are recorded in another request's trace, or not at all.`,
  fix: {
    cdk: 'instrumentation: Instrumentation.openTelemetry()  // takes the trace from the request', cloudformation: 'CapacityProviderConfig: { LambdaManagedInstancesCapacityProviderConfig: { PerExecutionEnvironmentMaxConcurrency: 1 } }',
  },
  link: 'https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances.html',
  check: function* ({ functions }) {
    for (const { resource, recorder } of functions) {
      const capacity = objectOf(objectOf(resource.properties.CapacityProviderConfig).LambdaManagedInstancesCapacityProviderConfig);
      const most = capacity.PerExecutionEnvironmentMaxConcurrency;
      if (resource.properties.CapacityProviderConfig !== undefined && most !== 1 && (recorder === 'X-Ray SDK' || recorder === 'Powertools')) {
        yield { resource, message: `the ${recorder === 'Powertools' ? 'X-Ray SDK (by Powertools)' : 'X-Ray SDK'} runs where ${most === undefined ? 'several' : `up to ${most}`} requests are worked on at once: calls get into other requests' traces` };
      }
    }
  },
};
