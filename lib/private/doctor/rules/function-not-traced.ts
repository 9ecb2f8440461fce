import { ownFunctions, Rule } from './rule';

export const functionNotTraced: Rule = {
  id: 'TF001',
  name: 'function-not-traced',
  title: 'A function is not traced',
  severity: 'error',
  explanation: `The function has no tracing configuration. Lambda then records nothing when it is invoked by itself, and when its caller is traced it still sends no segment of the function:
the map ends at the caller. Functions of the CDK, and of other tools, that only work at a deployment are not reported.`,
  fix: {
    cdk: 'tracing: lambda.Tracing.ACTIVE  // or, for all functions of an app: TracedFunctions.everywhere(app)',
    cloudformation: 'TracingConfig: { Mode: Active }',
    sam: 'Tracing: Active  # for all functions: Globals: { Function: { Tracing: Active } }',
    serverless: 'provider: { tracing: { lambda: true } }',
  },
  link: 'https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html',
  check: function* (examined) {
    for (const { resource, mode } of ownFunctions(examined)) {
      if (mode === 'none') yield { resource, message: 'the function is not traced: it has no tracing mode, so no segment of it is sent' };
    }
  },
};
