import { Match } from 'aws-cdk-lib/assertions';
import { checkWithNag, expectDeadLetterQueue, expectPrivateBucket, SampleTemplate } from './sample-template';
import { ScorekeepStack } from '../bin/scorekeep-stack';

describe('the sample scorekeep', () => {
  let sample: SampleTemplate;
  beforeAll(() => { sample = new SampleTemplate(app => new ScorekeepStack(app, 'scorekeep')); });

  it('keeps its bucket private and its failed events', () => {
    expectPrivateBucket(sample.template);
    expectDeadLetterQueue(sample.template);
  });

  it('has five tables that refer to one another by id', () => {
    for (const name of ['user', 'session', 'game', 'move', 'state']) {
      sample.template.hasResourceProperties('AWS::DynamoDB::Table', {
        TableName: `scorekeep-${name}`,
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      });
    }
    sample.template.resourceCountIs('AWS::DynamoDB::Table', 5);
  });

  it('has a REST API that is traced, validated, logged, and open to signed requests only', () => {
    sample.template.hasResourceProperties('AWS::ApiGateway::Stage', {
      StageName: 'prod', TracingEnabled: true, AccessLogSetting: Match.objectLike({ Format: Match.stringLikeRegexp('xrayTraceId') }),
    });
    const methods = Object.values(sample.template.findResources('AWS::ApiGateway::Method')).map(method => method.Properties);
    expect(methods).toHaveLength(10);
    const validator = { Ref: sample.idOf('AWS::ApiGateway::RequestValidator') };
    for (const method of methods) expect(method).toMatchObject({ AuthorizationType: 'AWS_IAM', RequestValidatorId: validator });
    for (const method of methods.filter(({ HttpMethod: name }) => name === 'POST')) expect(method).toHaveProperty('RequestModels');
  });

  it.each([
    ['random-name', 'PassThrough', /^nodejs/],
    ['scorekeep-api', 'Active', /^nodejs/],
    ['scorekeep-worker', 'Active', /^python/],
  ])('shows both modes of tracing: %s is %s', (name, mode, runtime) => {
    sample.template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: name, TracingConfig: { Mode: mode }, Runtime: Match.stringLikeRegexp(runtime.source),
    });
  });

  it('lets the functions do their work and nothing else', () => {
    const tables = Object.keys(sample.template.findResources('AWS::DynamoDB::Table'));
    const arn = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
    expect(sample.grantedTo('randomname')).toEqual([
      sample.ownLog('randomname'), sample.sendTo('DeadLetters'),
      { Effect: 'Allow', Action: 'sns:Publish', Resource: { Ref: sample.idOf('AWS::SNS::Topic') } },
    ]);
    expect(sample.grantedTo('scorekeepapi')).toEqual([
      sample.ownLog('scorekeepapi'), sample.sendTo('DeadLetters'),
      { Effect: 'Allow', Action: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'], Resource: tables.sort().map(arn) },
      { Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: sample.arnOf('AWS::Lambda::Function', 'randomname') },
      { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: sample.arnOf('AWS::SQS::Queue', 'FinishedGames') },
    ]);
    expect(sample.grantedTo('scorekeepworker')).toEqual([
      sample.ownLog('scorekeepworker'),
      {
        Effect: 'Allow', Action: ['sqs:ChangeMessageVisibility', 'sqs:DeleteMessage', 'sqs:ReceiveMessage'],
        Resource: sample.arnOf('AWS::SQS::Queue', 'FinishedGames'),
      },
      { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: sample.arnOf('AWS::SQS::Queue', 'DeadLetters') },
      {
        Effect: 'Allow', Action: 'execute-api:Invoke',
        Resource: {
          'Fn::Join': ['', [
            'arn:', { Ref: 'AWS::Partition' }, ':execute-api:', { Ref: 'AWS::Region' }, ':', { Ref: 'AWS::AccountId' }, ':',
            { Ref: sample.idOf('AWS::ApiGateway::RestApi') }, '/prod/GET/*',
          ]],
        },
      },
      { Effect: 'Allow', Action: 's3:PutObject', Resource: { 'Fn::Join': ['', [sample.arnOf('AWS::S3::Bucket'), '/*']] } },
    ]);
  });

  it('runs the worker every five minutes, without trying a run again', () => {
    sample.template.hasResourceProperties('AWS::Events::Rule', {
      ScheduleExpression: 'rate(5 minutes)',
      Targets: [Match.objectLike({ Arn: sample.arnOf('AWS::Lambda::Function', 'scorekeepworker'), RetryPolicy: { MaximumRetryAttempts: 0 } })],
    });
    sample.template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      FunctionName: { Ref: sample.idOf('AWS::Lambda::Function', 'scorekeepworker') }, MaximumRetryAttempts: 0, DestinationConfig: Match.absent(),
    });
  });

  it('gives a message of the queue up after five times, and hides it for longer than the worker runs', () => {
    sample.template.hasResourceProperties('AWS::SQS::Queue', {
      RedrivePolicy: { deadLetterTargetArn: sample.arnOf('AWS::SQS::Queue', 'DeadLetters'), maxReceiveCount: 5 }, VisibilityTimeout: 90,
    });
    sample.template.hasResourceProperties('AWS::Lambda::Function', { FunctionName: 'scorekeep-worker', Timeout: 60 });
  });

  it('has the outputs that people and scripts look for', () => {
    expect(sample.outputs()).toEqual(expect.arrayContaining([
      'ApiUrl', 'BucketName', 'DeadLetterQueueName', 'DeadLetterQueueUrl', 'LambdaNameApi', 'LambdaNameRandomName', 'LambdaNameWorker', 'QueueUrl', 'TopicArn',
    ]));
  });

  it('breaks no rule of cdk-nag without a reason', () => {
    checkWithNag(app => new ScorekeepStack(app, 'scorekeep'));
  });

  it('keeps its template', () => {
    expect(sample.withoutAssetHashes()).toMatchSnapshot();
  });
});
