import * as fs from 'fs';
import * as path from 'path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import { testApp, WITHOUT_BUNDLING } from './test-app';

const { context: featureFlags } = JSON.parse(fs.readFileSync(path.join(__dirname, '..', 'cdk.json'), 'utf8'));

/** The template of a sample stack as `cdk synth` makes it, but without bundling. */
export class SampleTemplate {
  public readonly template: Template;

  constructor(makeStack: (app: App) => Stack) {
    this.template = Template.fromStack(makeStack(testApp({ ...featureFlags, ...WITHOUT_BUNDLING })));
  }

  /** The id of the only resource of a type, of those whose id begins so. */
  public idOf(type: string, prefix = ''): string {
    const ids = Object.keys(this.template.findResources(type)).filter(id => id.startsWith(prefix));
    expect(ids).toHaveLength(1);
    return ids[0];
  }

  public arnOf(type: string, prefix = ''): object {
    return { 'Fn::GetAtt': [this.idOf(type, prefix), 'Arn'] };
  }

  /** What a function's role allows beside sending traces, which is all that its managed policies may allow. */
  public grantedTo(functionPrefix: string): object[] {
    const { Role: role } = this.template.findResources('AWS::Lambda::Function')[this.idOf('AWS::Lambda::Function', functionPrefix)].Properties;
    const roleId = role['Fn::GetAtt'][0];
    const { Policies: inline, ManagedPolicyArns: managed } = this.template.findResources('AWS::IAM::Role')[roleId].Properties;
    expect(inline).toBeUndefined();
    expect(managed).toEqual([{ 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':iam::aws:policy/AWSXRayDaemonWriteAccess']] }]);
    return Object.values(this.template.findResources('AWS::IAM::Policy')).map(policy => policy.Properties)
      .filter(policy => policy.Roles.some((attached: any) => attached.Ref === roleId))
      .flatMap(policy => policy.PolicyDocument.Statement);
  }

  /** The statement that lets a function write its own log. */
  public ownLog(functionPrefix: string): object {
    return { Effect: 'Allow', Action: ['logs:CreateLogStream', 'logs:PutLogEvents'], Resource: this.arnOf('AWS::Logs::LogGroup', functionPrefix) };
  }

  /** The statement that lets a function send to a queue. */
  public sendTo(queuePrefix: string): object {
    return {
      Effect: 'Allow', Action: ['sqs:GetQueueAttributes', 'sqs:GetQueueUrl', 'sqs:SendMessage'], Resource: this.arnOf('AWS::SQS::Queue', queuePrefix),
    };
  }

  public outputs(): string[] {
    return Object.keys(this.template.findOutputs('*')).sort();
  }

  /** For a snapshot. */
  public withoutAssetHashes(): object {
    return JSON.parse(JSON.stringify(this.template.toJSON()).replace(/[0-9a-f]{64}/g, '<asset hash>'));
  }
}

/** Fails with the findings of cdk-nag that are not acknowledged, as `cdk synth` does. */
export function checkWithNag(makeStack: (app: App) => Stack): void {
  const app = testApp({ ...featureFlags, ...WITHOUT_BUNDLING });
  makeStack(app);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
  app.synth();
}

/** The statement that refuses everything that does not come over TLS. */
export function tlsOnly(action: string) {
  return Match.objectLike({ Effect: 'Deny', Action: action, Condition: { Bool: { 'aws:SecureTransport': 'false' } } });
}

/** What a sample asks of each of its buckets. */
export function expectPrivateBucket(template: Template): void {
  template.hasResourceProperties('AWS::S3::Bucket', {
    PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
    BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
  });
  template.hasResourceProperties('AWS::S3::BucketPolicy', { PolicyDocument: { Statement: Match.arrayWith([tlsOnly('s3:*')]) } });
}

/** What a sample asks of its dead-letter queue. */
export function expectDeadLetterQueue(template: Template): void {
  template.hasResourceProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true, MessageRetentionPeriod: 14 * 24 * 3600 });
  template.hasResourceProperties('AWS::SQS::QueuePolicy', { PolicyDocument: { Statement: Match.arrayWith([tlsOnly('sqs:*')]) } });
  template.hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'ApproximateNumberOfMessagesVisible', ComparisonOperator: 'GreaterThanThreshold', Threshold: 0,
  });
}
