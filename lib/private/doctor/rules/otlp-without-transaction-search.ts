import { Rule } from './rule';

const ENDPOINT = /^https:\/\/xray\.[^/]+\.amazonaws\.com(?:\.cn)?(?:\/v1\/traces)?|^https:\/\/xray\.\$\{AWS::Region\}/;

export const otlpWithoutTransactionSearch: Rule = {
  id: 'TF011',
  name: 'otlp-without-transaction-search',
  title: "X-Ray's OTLP endpoint without Transaction Search",
  severity: 'warning',
  explanation: `X-Ray takes spans at \`https://xray.<region>.amazonaws.com/v1/traces\` only where Transaction Search is on in the account and region. Where it is off they vanish, and no error says so.
The templates do not turn it on; where the account has it on already, ignore this rule.`,
  fix: { cdk: "new TransactionSearch(this, 'TransactionSearch')", cloudformation: 'TransactionSearch: { Type: AWS::XRay::TransactionSearchConfig }' },
  link: 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html',
  check: function* ({ app, functions }) {
    if (app.ofType('AWS::XRay::TransactionSearchConfig', 'Custom::TransactionSearch').length > 0) return;
    for (const { resource, variables } of functions) {
      const name = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'].find(candidate => ENDPOINT.test(variables[candidate] ?? ''));
      if (name !== undefined) yield { resource, message: `${name} is X-Ray's own endpoint, and nothing in the templates turns Transaction Search on: without it spans are lost without an error` };
    }
  },
};
