import { ADOT_LAYER } from './layer-without-wrapper';
import { Rule } from './rule';

export const applicationSignalsBilled: Rule = {
  id: 'TF010',
  name: 'application-signals-billed',
  title: 'Application Signals is on by default, at a price',
  severity: 'note',
  explanation: `The layer of AWS's OpenTelemetry distribution reports to Application Signals unless it is told not to: metrics of each operation and each call, billed apart from X-Ray
(1.50 USD for a million signals in the first tier, us-east-1, 2026). \`npx cdk-traced cost\` estimates what it comes to.`,
  fix: {
    cdk: "environment: { OTEL_AWS_APPLICATION_SIGNALS_ENABLED: 'false' }  // or 'true', to say that it is wanted",
    cloudformation: 'Environment: { Variables: { OTEL_AWS_APPLICATION_SIGNALS_ENABLED: "false" } }',
    serverless: 'environment: { OTEL_AWS_APPLICATION_SIGNALS_ENABLED: "false" }',
  },
  link: 'https://aws.amazon.com/cloudwatch/pricing/',
  check: function* ({ functions }) {
    for (const { resource, layers, variables } of functions) {
      if (layers.some(arn => ADOT_LAYER.test(arn) && arn.includes('AWSOpenTelemetryDistro')) && variables.OTEL_AWS_APPLICATION_SIGNALS_ENABLED === undefined) {
        yield { resource, message: 'the layer sends metrics to Application Signals, which is on by default and billed apart' };
      }
    }
  },
};
