import { Rule } from './rule';
import { Resource } from '../template/template';

export const topicWithoutResourcePolicy: Rule = {
  id: 'TF021',
  name: 'topic-without-resource-policy',
  title: 'A topic is traced, but X-Ray refuses what SNS sends',
  severity: 'error',
  explanation: `SNS sends segments with its own identity. X-Ray takes them only where a resource policy of the account lets \`sns.amazonaws.com\` call \`xray:PutTraceSegments\`. The console makes one,
CloudFormation does not. An account has five such policies in a region: one for all topics is enough.`,
  fix: {
    cdk: 'XRayResourcePolicy.forTopics(this)  // lets SNS send; one for each stack',
    cloudformation: `TopicTraces:
  Type: AWS::XRay::ResourcePolicy
  Properties:
    PolicyName: topic-traces
    PolicyDocument: !Sub '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":["xray:PutTraceSegments","xray:GetSamplingRules","xray:GetSamplingTargets"],"Resource":"*","Condition":{"StringEquals":{"aws:SourceAccount":"\${AWS::AccountId}"}}}]}'`,
  },
  link: 'https://docs.aws.amazon.com/sns/latest/dg/sns-active-tracing.html',
  check: function* ({ app }) {
    const isForTopics = (policy: Resource) => /sns\.amazonaws\.com|"AWS"\s*:\s*"\*"|Principal"\s*:\s*"\*/.test(app.texts(policy.properties.PolicyDocument, policy.template));
    if (app.ofType('AWS::XRay::ResourcePolicy').some(isForTopics)) return;
    for (const topic of app.ofType('AWS::SNS::Topic')) {
      if (topic.properties.TracingConfig === 'Active') yield { resource: topic, message: 'the topic is traced, but no AWS::XRay::ResourcePolicy lets SNS send: none of its segments arrives' };
    }
  },
};
