import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { App, Validations } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { XraystarterStack } from '../bin/xraystarter-stack';

const { context: featureFlags } = JSON.parse(fs.readFileSync(path.join(__dirname, '..', 'cdk.json'), 'utf8'));
const outputFolders: string[] = [];

/** The sample as `cdk synth` makes it, but without bundling. */
function sample(): { app: App; stack: XraystarterStack } {
  const outdir = fs.mkdtempSync(path.join(os.tmpdir(), 'xraystarter-'));
  outputFolders.push(outdir);
  const app = new App({ outdir, context: { ...featureFlags, 'aws:cdk:bundling-stacks': [] } });
  return { app, stack: new XraystarterStack(app, 'xraystarter') };
}

afterAll(() => outputFolders.forEach(folder => fs.rmSync(folder, { recursive: true })));

describe('the sample xraystarter', () => {
  let template: Template;
  beforeAll(() => { template = Template.fromStack(sample().stack); });

  /** The id of the only resource of a type, of those whose id begins so. */
  function idOf(type: string, prefix = ''): string {
    const ids = Object.keys(template.findResources(type)).filter(id => id.startsWith(prefix));
    expect(ids).toHaveLength(1);
    return ids[0];
  }

  it('keeps the bucket private, encrypted, and open to TLS only', () => {
    template.hasResourceProperties('AWS::S3::Bucket', {
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
      BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
    });
    template.hasResourceProperties('AWS::S3::BucketPolicy', { PolicyDocument: { Statement: Match.arrayWith([tlsOnly('s3:*')]) } });
  });

  it('sends every new object to the topic', () => {
    template.hasResourceProperties('Custom::S3BucketNotifications', {
      NotificationConfiguration: { TopicConfigurations: [{ Events: ['s3:ObjectCreated:*'], TopicArn: { Ref: idOf('AWS::SNS::Topic') } }] },
    });
  });

  it('lets only the bucket publish, over TLS', () => {
    template.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: [
          tlsOnly('sns:Publish'),
          Match.objectLike({
            Effect: 'Allow',
            Action: 'sns:Publish',
            Principal: { Service: 's3.amazonaws.com' },
            Condition: { ArnLike: { 'aws:SourceArn': { 'Fn::GetAtt': [idOf('AWS::S3::Bucket'), 'Arn'] } } },
          }),
        ],
      },
    });
  });

  it('traces the topic, and lets it send its traces to X-Ray', () => {
    template.hasResourceProperties('AWS::SNS::Topic', { TracingConfig: 'Active' });

    const policy = template.findResources('AWS::XRay::ResourcePolicy')[idOf('AWS::XRay::ResourcePolicy')].Properties.PolicyDocument;
    const text = policy['Fn::Join'][1].map((part: any) => typeof part === 'string' ? part : `<${part.Ref}>`).join('');
    expect(JSON.parse(text).Statement).toEqual([{
      Sid: 'SnsActiveTracing',
      Effect: 'Allow',
      Principal: { Service: 'sns.amazonaws.com' },
      Action: ['xray:PutTraceSegments', 'xray:GetSamplingRules', 'xray:GetSamplingTargets'],
      Resource: '*',
      Condition: {
        StringEquals: { 'aws:SourceAccount': '<AWS::AccountId>' },
        StringLike: { 'aws:SourceArn': `<${idOf('AWS::SNS::Topic')}>` },
      },
    }]);
  });

  it('keeps the table on demand, with point-in-time recovery, and one item for each key', () => {
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      TableName: 'items',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'itemID', KeyType: 'HASH' }],
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
  });

  describe.each([
    ['ts', /^nodejs/],
    ['py', /^python/],
    ['go', /^provided\.al2023$/],
  ])('function xraystarter-%s', (language, runtime) => {
    const id = () => idOf('AWS::Lambda::Function', `xraystarter${language}`);

    it('is traced, knows its table, and logs to a group of its own', () => {
      template.hasResourceProperties('AWS::Lambda::Function', {
        FunctionName: `xraystarter-${language}`,
        Runtime: Match.stringLikeRegexp(runtime.source),
        TracingConfig: { Mode: 'Active' },
        Environment: { Variables: { TABLE_NAME: { Ref: idOf('AWS::DynamoDB::Table') } } },
        LoggingConfig: { LogGroup: { Ref: idOf('AWS::Logs::LogGroup', `xraystarter${language}logs`) } },
      });
      expect(template.findResources('AWS::Logs::LogGroup', { Properties: { RetentionInDays: 7 } }))
        .toHaveProperty(idOf('AWS::Logs::LogGroup', `xraystarter${language}logs`));
    });

    it('may write items, log, send traces and fail into the queue, and nothing else', () => {
      const roleId = idOf('AWS::IAM::Role', `xraystarter${language}`);
      const role = template.findResources('AWS::IAM::Role')[roleId].Properties;
      expect(role.Policies).toBeUndefined();
      const tracesPolicy = { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':iam::aws:policy/AWSXRayDaemonWriteAccess']] };
      expect(role.ManagedPolicyArns).toEqual([tracesPolicy]);

      const policies = Object.values(template.findResources('AWS::IAM::Policy')).map(policy => policy.Properties)
        .filter(policy => policy.Roles.some((attached: any) => attached.Ref === roleId));
      const granted = policies.flatMap(policy => policy.PolicyDocument.Statement);
      const arnOf = (type: string, prefix?: string) => ({ 'Fn::GetAtt': [idOf(type, prefix), 'Arn'] });
      expect(granted).toEqual([
        { Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: arnOf('AWS::Logs::LogGroup', `xraystarter${language}`) },
        { Effect: 'Allow', Action: ['sqs:GetQueueAttributes', 'sqs:GetQueueUrl', 'sqs:SendMessage'], Resource: arnOf('AWS::SQS::Queue') },
        { Effect: 'Allow', Action: 'dynamodb:UpdateItem', Resource: arnOf('AWS::DynamoDB::Table') },
      ]);
    });

    it('gets every message, and loses none', () => {
      const queue = { 'Fn::GetAtt': [idOf('AWS::SQS::Queue'), 'Arn'] };
      template.hasResourceProperties('AWS::SNS::Subscription', {
        Protocol: 'lambda',
        Endpoint: { 'Fn::GetAtt': [id(), 'Arn'] },
        TopicArn: { Ref: idOf('AWS::SNS::Topic') },
        RedrivePolicy: { deadLetterTargetArn: queue },
      });
      template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
        FunctionName: { Ref: id() },
        MaximumRetryAttempts: 2,
        DestinationConfig: { OnFailure: { Destination: queue } },
      });
    });
  });

  it('raises an alarm when an event failed for good', () => {
    template.hasResourceProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * 24 * 3600 });
    template.hasResourceProperties('AWS::SQS::QueuePolicy', { PolicyDocument: { Statement: Match.arrayWith([tlsOnly('sqs:*')]) } });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [{ Name: 'QueueName', Value: { 'Fn::GetAtt': [idOf('AWS::SQS::Queue'), 'QueueName'] } }],
      ComparisonOperator: 'GreaterThanThreshold',
      Threshold: 0,
    });
  });

  it('has the outputs that people and scripts look for', () => {
    expect(Object.keys(template.findOutputs('*')).sort()).toEqual([
      'BucketName', 'DeadLetterQueueName', 'DeadLetterQueueUrl', 'LambdaNameGo', 'LambdaNamePy', 'LambdaNameTS', 'TableName',
    ]);
  });

  it('has no tracing code in its handlers', () => {
    const folder = path.join(__dirname, '..', 'lambda', 'xraystarter');
    const sources = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter(file => /\.(ts|py|go|mod|txt)$/.test(file) && !file.includes('node_modules'));
    expect(sources.length).toBeGreaterThan(8);
    expect(sources.filter(file => /aws[-_]xray|opentelemetry/i.test(fs.readFileSync(path.join(folder, file), 'utf8')))).toEqual([]);
  });

  it('keeps its template', () => {
    expect(JSON.parse(JSON.stringify(template.toJSON()).replace(/[0-9a-f]{64}/g, '<asset hash>'))).toMatchSnapshot();
  });
});

describe('cdk-nag', () => {
  /** Fails with the findings, as `cdk synth` does. */
  function synthChecked({ app }: { app: App }): void {
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
    app.synth();
  }

  it('finds nothing that is not acknowledged with a reason', () => {
    synthChecked(sample());
  });

  it('fails on a resource that breaks a rule', () => {
    const broken = sample();
    new s3.Bucket(broken.stack, 'Broken');
    expect(() => synthChecked(broken)).toThrow('xraystarter/Broken/Resource');
  });
});

/** The statement that refuses everything that does not come over TLS. */
function tlsOnly(action: string) {
  return Match.objectLike({ Effect: 'Deny', Action: action, Condition: { Bool: { 'aws:SecureTransport': 'false' } } });
}
