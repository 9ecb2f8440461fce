import * as path from 'node:path';
import { Stack, type App } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as tasks from 'aws-cdk-lib/aws-stepfunctions-tasks';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { INLINE_SOURCE, PYTHON_SOURCE, writeFiles } from './prebuilt-code';

/** What calls functions, and functions that SAM makes. Nobody has decided about tracing. */
export class EventStack extends Stack {
  constructor(app: App, id: string, variables: Record<string, string>) {
    super(app, id);
    const fn = (name: string) => new lambda.Function(this, name, {
      functionName: name, runtime: lambda.Runtime.NODEJS_24_X, handler: 'index.handler', code: lambda.Code.fromInline('exports.handler = async () => ({ statusCode: 200, body: "ok" });'),
    });
    new sns.Topic(this, 'Topic', { topicName: 'adoption-events' }).addSubscription(new subscriptions.LambdaSubscription(fn('on-topic')));
    new apigateway.LambdaRestApi(this, 'Api', { restApiName: 'adoption-api', handler: fn('on-request') });
    new sfn.StateMachine(this, 'Machine', {
      stateMachineName: 'adoption-machine',
      definitionBody: sfn.DefinitionBody.fromChainable(new tasks.LambdaInvoke(this, 'Invoke', { lambdaFunction: fn('in-workflow') })),
    });
    this.sam(variables);
  }

  private sam(variables: Record<string, string>): void {
    const names = Object.keys(variables).map(name => name.replace('_', ''));
    const sam = (FunctionName: string, Runtime: string, InlineCode: string) => ({
      Type: 'AWS::Serverless::Function',
      Properties: {
        FunctionName, Runtime, InlineCode, Handler: 'index.handler', MemorySize: 512, Timeout: 60,
        Environment: { Variables: Object.fromEntries(Object.keys(variables).map(name => [name, { Ref: name.replace('_', '') }])) },
      },
    });
    const template = {
      Transform: 'AWS::Serverless-2016-10-31',
      Parameters: Object.fromEntries(names.map(name => [name, { Type: 'String' }])),
      Resources: { SamNode: sam('sam', 'nodejs24.x', INLINE_SOURCE), SamPython: sam('python-sam', 'python3.13', PYTHON_SOURCE) },
    };
    const folder = writeFiles('sam', { 'template.json': JSON.stringify(template) });
    new CfnInclude(this, 'Sam', {
      templateFile: path.join(folder, 'template.json'), parameters: Object.fromEntries(Object.entries(variables).map(([name, value]) => [name.replace('_', ''), value])),
    });
  }
}
