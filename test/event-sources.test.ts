import * as path from 'path';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as appsync from 'aws-cdk-lib/aws-appsync';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as xray from 'aws-cdk-lib/aws-xray';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { projectFolder, testApp, WITHOUT_BUNDLING } from './test-app';
import { TracedFunctions, TracedFunctionsProps, TracingPermissions } from '../lib';

function synthesize(build: (stack: Stack) => void, options: TracedFunctionsProps = {}) {
  const app = testApp(WITHOUT_BUNDLING);
  const traced = TracedFunctions.everywhere(app, options);
  const stack = new Stack(app, 'Stack');
  build(stack);
  return { app, stack, template: Template.fromStack(stack), report: Object.fromEntries(traced.report.map(entry => [entry.path.replace('Stack/', ''), entry])) };
}

const definitionBody = (stack: Stack) => sfn.DefinitionBody.fromChainable(new sfn.Pass(stack, `Pass${stack.node.children.length}`));
const restApi = (stack: Stack, id: string, deployOptions?: apigateway.StageOptions) => new apigateway.RestApi(stack, id, { deployOptions, cloudWatchRole: false }).root.addMethod('GET');

test('what calls functions passes the trace on, unless somebody has decided otherwise', () => {
  const { template, report } = synthesize(stack => {
    new sns.Topic(stack, 'Topic');
    new sns.Topic(stack, 'Left', { tracingConfig: sns.TracingConfig.PASS_THROUGH });
    new sns.Topic(stack, 'Fifo', { fifo: true });
    restApi(stack, 'Api');
    restApi(stack, 'LeftApi', { tracingEnabled: false });
    new sfn.StateMachine(stack, 'Machine', { definitionBody: definitionBody(stack) });
    new sfn.StateMachine(stack, 'Traced', { definitionBody: definitionBody(stack), tracingEnabled: true });
    new appsync.GraphqlApi(stack, 'Graph', { name: 'graph', definition: appsync.Definition.fromFile(path.join(projectFolder({ 'a.graphql': 'type Query { a: String }' }), 'a.graphql')) });
  });
  const mode = (type: string, property: string) => Object.values(template.findResources(type)).map(({ Properties }) => Properties[property]);
  expect(mode('AWS::SNS::Topic', 'TracingConfig')).toEqual(['Active', 'PassThrough', undefined]);
  expect(mode('AWS::ApiGateway::Stage', 'TracingEnabled')).toEqual([true, false]);
  expect(mode('AWS::StepFunctions::StateMachine', 'TracingConfiguration')).toEqual([{ Enabled: true }, { Enabled: true }]);
  expect(mode('AWS::AppSync::GraphQLApi', 'XrayEnabled')).toEqual([true]);
  expect(Object.fromEntries(Object.entries(report).map(([name, { reason, changes }]) => [name, reason ?? changes]))).toEqual({
    'Topic': ['TracingConfig: Active', 'Stack/TopicTraces: lets SNS send'],
    'Left': 'TracingConfig is "PassThrough", as set: the trace does not go on here',
    'Fifo': 'SNS traces no FIFO topics',
    'Api/DeploymentStage.prod': ['TracingEnabled: true'],
    'LeftApi/DeploymentStage.prod': 'TracingEnabled is false, as set: the trace does not go on here',
    'Machine': ['TracingConfiguration.Enabled: true', 'role: AWSXRayDaemonWriteAccess'],
    'Traced': 'traced already',
    'Graph': ['XrayEnabled: true'],
  });
});

test('SNS may send, once for each account and region', () => {
  const app = testApp(WITHOUT_BUNDLING);
  TracedFunctions.everywhere(app);
  const stacks = [['A', 'eu-west-1'], ['B', 'eu-west-1'], ['C', 'us-east-1']].map(([id, region]) => new Stack(app, id, { env: { account: '123456789012', region } }));
  stacks.forEach(stack => [1, 2].forEach(i => new sns.Topic(stack, `Topic${i}`)));
  expect(stacks.map(stack => Object.keys(Template.fromStack(stack).findResources('AWS::XRay::ResourcePolicy')).length)).toEqual([1, 0, 1]);
  const { Properties: { PolicyDocument: document } } = Object.values(Template.fromStack(stacks[0]).findResources('AWS::XRay::ResourcePolicy'))[0];
  expect(JSON.stringify(document)).toMatch(/sns\.amazonaws\.com.*aws:SourceAccount.*123456789012/);
});

test('a policy that lets SNS send is enough', () => {
  const { template } = synthesize(stack => {
    new sns.Topic(stack, 'Topic');
    new xray.CfnResourcePolicy(stack, 'Own', { policyName: 'own', policyDocument: JSON.stringify({ Statement: [{ Principal: { Service: 'sns.amazonaws.com' } }] }) });
  });
  template.resourceCountIs('AWS::XRay::ResourcePolicy', 1);
});

test('those of a template are traced, too', () => {
  const { template } = synthesize(stack => {
    const folder = projectFolder({
      'template.json': JSON.stringify({
        Transform: 'AWS::Serverless-2016-10-31',
        Resources: {
          Topic: { Type: 'AWS::SNS::Topic' },
          Role: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'states.amazonaws.com' }, Action: 'sts:AssumeRole' }] } } },
          Machine: { Type: 'AWS::StepFunctions::StateMachine', Properties: { RoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] }, DefinitionString: '{"StartAt":"a","States":{"a":{"Type":"Succeed"}}}' } },
          Api: { Type: 'AWS::Serverless::Api', Properties: { StageName: 'prod' } },
        },
      }),
    });
    new CfnInclude(stack, 'Template', { templateFile: path.join(folder, 'template.json') });
  }, { permissions: TracingPermissions.INLINE_STATEMENT });
  template.hasResourceProperties('AWS::SNS::Topic', { TracingConfig: 'Active' });
  template.hasResourceProperties('AWS::Serverless::Api', { TracingEnabled: true });
  template.hasResourceProperties('AWS::StepFunctions::StateMachine', { TracingConfiguration: { Enabled: true } });
  template.hasResourceProperties('AWS::IAM::Role', { Policies: [{ PolicyName: 'Tracing' }] });
});

test('eventSources: false leaves them', () => {
  const { template } = synthesize(stack => new sns.Topic(stack, 'Topic'), { eventSources: false });
  expect(Object.values(template.findResources('AWS::SNS::Topic'))[0].Properties).toBeUndefined();
});
