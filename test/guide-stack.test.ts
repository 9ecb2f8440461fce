import { Match } from 'aws-cdk-lib/assertions';
import { checkWithNag, expectDeadLetterQueue, expectPrivateBucket, SampleTemplate } from './sample-template';
import { GuideStack } from '../bin/guide-stack';

describe('the sample guide', () => {
  let sample: SampleTemplate;
  beforeAll(() => { sample = new SampleTemplate(app => new GuideStack(app, 'guide')); });

  it('keeps its bucket private and its failed events', () => {
    expectPrivateBucket(sample.template);
    expectDeadLetterQueue(sample.template);
  });

  it.each([
    ['node', /^nodejs/, 's3:PutObject'],
    ['python', /^python/, ['s3:GetObject', 's3:PutObject']],
  ])('traces guide-%s and lets it do its work and nothing else', (language, runtime, actions) => {
    const prefix = `guide${language}`;
    sample.template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: `guide-${language}`,
      Runtime: Match.stringLikeRegexp(runtime.source),
      TracingConfig: { Mode: 'Active' },
      Environment: { Variables: Match.objectLike({ BUCKET_NAME: { Ref: sample.idOf('AWS::S3::Bucket') } }) },
      LoggingConfig: { LogGroup: { Ref: sample.idOf('AWS::Logs::LogGroup', prefix) } },
    });
    sample.template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      FunctionName: { Ref: sample.idOf('AWS::Lambda::Function', prefix) },
      MaximumRetryAttempts: 2,
      DestinationConfig: { OnFailure: { Destination: sample.arnOf('AWS::SQS::Queue') } },
    });
    expect(sample.grantedTo(prefix)).toEqual([
      sample.ownLog(prefix),
      sample.sendTo('DeadLetters'),
      { Effect: 'Allow', Action: actions, Resource: { 'Fn::Join': ['', [sample.arnOf('AWS::S3::Bucket'), '/*']] } },
    ]);
  });

  it('lets the function in Java check an address every five minutes and write into its table, and nothing else', () => {
    const id = sample.idOf('AWS::Lambda::Function', 'guidejava');
    sample.template.hasResourceProperties('AWS::Lambda::Function', {
      FunctionName: 'guide-java',
      Runtime: 'java21',
      Handler: 'uptime.CheckUptime',
      TracingConfig: { Mode: 'Active' },
      Environment: { Variables: { ADDRESS: 'https://aws.amazon.com/', TABLE_NAME: { Ref: sample.idOf('AWS::DynamoDB::Table') } } },
    });
    sample.template.hasResourceProperties('AWS::DynamoDB::Table', { TableName: 'amazon-2xx', KeySchema: [{ AttributeName: 'Timestamp', KeyType: 'HASH' }] });
    sample.template.hasResourceProperties('AWS::Events::Rule', {
      ScheduleExpression: 'rate(5 minutes)', Targets: [Match.objectLike({ Arn: { 'Fn::GetAtt': [id, 'Arn'] } })],
    });
    expect(sample.grantedTo('guidejava')).toEqual([
      sample.ownLog('guidejava'),
      sample.sendTo('DeadLetters'),
      { Effect: 'Allow', Action: 'dynamodb:PutItem', Resource: sample.arnOf('AWS::DynamoDB::Table') },
    ]);
  });

  it('has the outputs that people and scripts look for', () => {
    expect(sample.outputs()).toEqual([
      'BucketName', 'DeadLetterQueueName', 'DeadLetterQueueUrl', 'LambdaNameJava', 'LambdaNameNode', 'LambdaNamePython', 'TableName',
    ]);
  });

  it('breaks no rule of cdk-nag without a reason', () => {
    checkWithNag(app => new GuideStack(app, 'guide'));
  });

  it('keeps its template', () => {
    expect(sample.withoutAssetHashes()).toMatchSnapshot();
  });
});
