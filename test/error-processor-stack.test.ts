import { checkWithNag, expectDeadLetterQueue, expectPrivateBucket, SampleTemplate } from './sample-template';
import { ErrorProcessorStack } from '../bin/error-processor-stack';

describe('the sample error-processor', () => {
  let sample: SampleTemplate;
  beforeAll(() => { sample = new SampleTemplate(app => new ErrorProcessorStack(app, 'error-processor')); });

  it('keeps its bucket private and its failed events', () => {
    expectPrivateBucket(sample.template);
    expectDeadLetterQueue(sample.template);
  });

  it.each(['random-error', 'error-processor'])('traces %s and keeps the events that fail for good', name => {
    const id = sample.idOf('AWS::Lambda::Function', name.replace('-', ''));
    sample.template.hasResourceProperties('AWS::Lambda::Function', { FunctionName: name, TracingConfig: { Mode: 'Active' } });
    sample.template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      FunctionName: { Ref: id },
      MaximumRetryAttempts: 2,
      DestinationConfig: { OnFailure: { Destination: sample.arnOf('AWS::SQS::Queue') } },
    });
  });

  it('sends the errors in the log of the one function to the other', () => {
    const logGroup = sample.idOf('AWS::Logs::LogGroup', 'randomerror');
    sample.template.hasResourceProperties('AWS::Logs::SubscriptionFilter', {
      LogGroupName: { Ref: logGroup },
      FilterPattern: '?"ERROR" ?"Task timed out"',
      DestinationArn: sample.arnOf('AWS::Lambda::Function', 'errorprocessor'),
    });
    sample.template.hasResourceProperties('AWS::Lambda::Permission', {
      Principal: 'logs.amazonaws.com', SourceArn: { 'Fn::GetAtt': [logGroup, 'Arn'] },
    });
  });

  it('lets the functions do their work and nothing else', () => {
    expect(sample.grantedTo('randomerror')).toEqual([sample.ownLog('randomerror'), sample.sendTo('DeadLetters')]);
    expect(sample.grantedTo('errorprocessor')).toEqual([
      sample.ownLog('errorprocessor'),
      sample.sendTo('DeadLetters'),
      { Effect: 'Allow', Action: 's3:PutObject', Resource: { 'Fn::Join': ['', [sample.arnOf('AWS::S3::Bucket'), '/*']] } },
      { Effect: 'Allow', Action: 'logs:FilterLogEvents', Resource: sample.arnOf('AWS::Logs::LogGroup', 'randomerror') },
      { Effect: 'Allow', Action: 'xray:BatchGetTraces', Resource: '*' },
    ]);
  });

  it('has the outputs that people and scripts look for', () => {
    expect(sample.outputs()).toEqual(['BucketName', 'DeadLetterQueueName', 'DeadLetterQueueUrl', 'LambdaNameProcessor', 'LambdaNameRandomError']);
  });

  it('breaks no rule of cdk-nag without a reason', () => {
    checkWithNag(app => new ErrorProcessorStack(app, 'error-processor'));
  });

  it('keeps its template', () => {
    expect(sample.withoutAssetHashes()).toMatchSnapshot();
  });
});
