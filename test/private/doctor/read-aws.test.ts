import { examine } from '../../../lib/private/doctor/examine';
import { readDeployedStacks } from '../../../lib/private/doctor/template/read-aws';

/** The answers of an account; everything that is asked is kept. */
function account(answers: Record<string, unknown>) {
  const asked: string[] = [];
  const ask = (...args: string[]) => {
    asked.push(args.slice(0, 2).join(' '));
    return answers[args.slice(0, 2).join(' ')] ?? {};
  };
  return { asked, ask };
}

const TEMPLATE = {
  Resources: {
    Fn: { Type: 'AWS::Lambda::Function', Properties: { Code: { S3Bucket: 'b', S3Key: 'k' }, TracingConfig: { Mode: 'Active' }, LoggingConfig: { LogFormat: 'JSON' } } },
    Topic: { Type: 'AWS::SNS::Topic', Properties: { TracingConfig: 'Active' } },
  },
};
const RESOURCES = { StackResources: [{ LogicalResourceId: 'Fn', PhysicalResourceId: 'Stack-Fn-1', ResourceType: 'AWS::Lambda::Function' }] };
const POLICY = { ResourcePolicies: [{ PolicyName: 'sns', PolicyDocument: '{"Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"xray:PutTraceSegments","Resource":"*"}]}' }] };

function rules(answers: Record<string, unknown>): string[] {
  const { ask } = account({ 'cloudformation get-template': { TemplateBody: TEMPLATE }, 'cloudformation describe-stack-resources': RESOURCES, ...answers });
  return examine(readDeployedStacks(['Stack'], ask)).findings.map(({ rule }) => rule.id);
}

test('the mode that a function has counts, not the one of the template', () => {
  const policy = { 'xray list-resource-policies': POLICY };
  expect(rules({ ...policy, 'lambda get-function-configuration': { TracingConfig: { Mode: 'PassThrough' } } })).toEqual(['TF001']);
  expect(rules({ ...policy, 'lambda get-function-configuration': { TracingConfig: { Mode: 'Active' } } })).toEqual([]);
});

test('what the account has counts: a resource policy that no template holds', () => {
  expect(rules({ 'lambda get-function-configuration': { TracingConfig: { Mode: 'Active' } } })).toEqual(['TF021']);
});

test('only reads', () => {
  const { ask, asked } = account({ 'cloudformation get-template': { TemplateBody: JSON.stringify(TEMPLATE) }, 'cloudformation describe-stack-resources': RESOURCES });
  readDeployedStacks(['Stack'], ask);
  expect(asked.filter(call => !/ (?:get|list|describe)-/.test(call))).toEqual([]);
});

test('a stack that is not there is told of', () => {
  expect(() => readDeployedStacks(['Nobody'], account({}).ask)).toThrow(/the stack 'Nobody' has no template that can be read/);
});
