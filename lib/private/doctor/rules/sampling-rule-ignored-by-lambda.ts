import { Rule } from './rule';
import { isObject, objectOf, Resource } from '../template/template';

export const samplingRuleIgnoredByLambda: Rule = {
  id: 'TF040',
  name: 'sampling-rule-ignored-by-lambda',
  title: 'Lambda does not read sampling rules',
  severity: 'warning',
  explanation: `Lambda samples the first request of each second and five per cent of the others, for each function; that cannot be changed, and sampling rules for services of type
\`AWS::Lambda::Function\` or \`AWS::Lambda\` match nothing. Rules work where the decision is taken: at stages of API Gateway, at load balancers' targets, in SDKs outside of Lambda.`,
  fix: { cdk: "serviceType: 'AWS::ApiGateway::Stage'  // where the trace begins", cloudformation: 'ServiceType: AWS::ApiGateway::Stage  # where the trace begins' },
  link: 'https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html',
  check: function* ({ app }) {
    const names = new Set(app.ofType('AWS::Lambda::Function').map(({ properties }) => properties.FunctionName).filter(name => typeof name === 'string'));
    for (const rule of app.ofType('AWS::XRay::SamplingRule')) {
      const { ServiceType: type, ServiceName: name } = samplingRuleOf(rule);
      if (/^AWS::Lambda(?:::|$)/.test(String(type)) || typeof name === 'string' && names.has(name) && (type === undefined || type === '*')) {
        yield { resource: rule, message: `the rule is for ${/^AWS::Lambda/.test(String(type)) ? `services of type ${type}` : `the function '${name}'`}, and Lambda takes no notice of sampling rules` };
      }
    }
  },
};

/** Both shapes that CloudFormation takes. */
export function samplingRuleOf({ properties }: Resource): Record<string, unknown> {
  const { SamplingRule: rule, SamplingRuleRecord: record } = properties;
  return objectOf(isObject(rule) ? rule : objectOf(record).SamplingRule);
}
