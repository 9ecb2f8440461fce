import * as path from 'path';
import { CfnOutput, Duration, RemovalPolicy, Stack, StackProps, Validations } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { SnsDestination } from 'aws-cdk-lib/aws-s3-notifications';
import * as sns from 'aws-cdk-lib/aws-sns';
import { LambdaSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as xray from 'aws-cdk-lib/aws-xray';
import { Construct } from 'constructs';
import { Bundling, TracedFunction, TracedFunctionProps } from '../lib';

/** Where the handlers are: the same behaviour in three languages. */
const HANDLERS = path.join(__dirname, '..', 'lambda', 'xraystarter');

/**
 * The sample of "Serverless Spy vs Spy: X-Ray": uploads to a bucket go through a topic to three functions, in TypeScript, Python and Go,
 * and each writes into a table when it handled them. One upload is one trace.
 */
export class XraystarterStack extends Stack {
  private readonly bucket: s3.Bucket;
  private readonly topic: sns.Topic;
  private readonly table: dynamodb.Table;
  private readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, { description: 'X-Ray on Lambda: S3 -> SNS -> functions in TypeScript, Python and Go -> DynamoDB', ...props });
    // A sample leaves nothing behind. Only the bucket has to be emptied before 'cdk destroy': CDK would need one more function to do it.
    const removalPolicy = RemovalPolicy.DESTROY;

    this.bucket = new s3.Bucket(this, 'Incoming', {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      encryption: s3.BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      removalPolicy,
    });
    this.topic = new sns.Topic(this, 'Uploads', { enforceSSL: true, tracingConfig: sns.TracingConfig.ACTIVE });
    this.table = new dynamodb.Table(this, 'Items', {
      tableName: 'items',
      partitionKey: { name: 'itemID', type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy,
    });
    this.deadLetters = new sqs.Queue(this, 'DeadLetters', {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      removalPolicy,
    });

    this.letTopicSendTraces();
    this.bucket.addEventNotification(s3.EventType.OBJECT_CREATED, new SnsDestination(this.topic));

    const ts = this.addFunction('ts', { entry: path.join(HANDLERS, 'ts', 'handler.ts'), memorySize: 256 });
    const py = this.addFunction('py', {
      entry: path.join(HANDLERS, 'py'),
      bundling: Bundling.python({ exclude: ['test_handler.py'] }),
      memorySize: 256,
    });
    const go = this.addFunction('go', { entry: path.join(HANDLERS, 'go'), memorySize: 128 });

    this.addAlarm();
    this.addOutput('BucketName', this.bucket.bucketName, 'Upload something here; empty it before cdk destroy');
    this.addOutput('LambdaNameTS', ts.functionName, 'Function in TypeScript');
    this.addOutput('LambdaNamePy', py.functionName, 'Function in Python');
    this.addOutput('LambdaNameGo', go.functionName, 'Function in Go');
    this.addOutput('TableName', this.table.tableName, 'One item for each key, with the time at which each function handled it');
    this.addOutput('DeadLetterQueueName', this.deadLetters.queueName, 'Events that failed for good');
    this.addOutput('DeadLetterQueueUrl', this.deadLetters.queueUrl, 'Its address, for aws sqs receive-message');
    this.acknowledgeFindings({ ts, py, go });
  }

  /** A traced function that may write into the table and nothing else, and whose failed events are kept. */
  private addFunction(language: string, props: TracedFunctionProps): TracedFunction {
    const name = `xraystarter-${language}`;
    // An own role and log group: the policy that CDK attaches by default allows writing to every log group of the account.
    const role = new iam.Role(this, `${name}-role`, { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    const logGroup = new logs.LogGroup(this, `${name}-logs`, { retention: logs.RetentionDays.ONE_WEEK, removalPolicy: RemovalPolicy.DESTROY });
    logGroup.grantWrite(role);
    const fn = new TracedFunction(this, name, {
      functionName: name,
      role,
      logGroup,
      environment: { TABLE_NAME: this.table.tableName },
      timeout: Duration.seconds(10),
      // SNS calls a function asynchronously: two more attempts, then the event goes to the queue together with the error.
      retryAttempts: 2,
      onFailure: new SqsDestination(this.deadLetters),
      ...props,
    });
    this.table.grant(fn, 'dynamodb:UpdateItem');
    // For what SNS cannot deliver at all, such as to a function that is gone.
    this.topic.addSubscription(new LambdaSubscription(fn, { deadLetterQueue: this.deadLetters }));
    return fn;
  }

  /**
   * The topic shows in a trace only when X-Ray accepts what SNS sends. An account can have five such policies in a region.
   *
   * @see https://docs.aws.amazon.com/sns/latest/dg/sns-active-tracing.html
   */
  private letTopicSendTraces(): void {
    new xray.CfnResourcePolicy(this, 'TopicTraces', {
      policyName: `${this.stackName}-sns`,
      policyDocument: this.toJsonString({
        Version: '2012-10-17',
        Statement: [{
          Sid: 'SnsActiveTracing',
          Effect: 'Allow',
          Principal: { Service: 'sns.amazonaws.com' },
          Action: ['xray:PutTraceSegments', 'xray:GetSamplingRules', 'xray:GetSamplingTargets'],
          Resource: '*',
          Condition: {
            StringEquals: { 'aws:SourceAccount': this.account },
            StringLike: { 'aws:SourceArn': this.topic.topicArn },
          },
        }],
      }),
    });
  }

  private addAlarm(): void {
    this.deadLetters.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(1), statistic: cloudwatch.Stats.MAXIMUM })
      .createAlarm(this, 'DeadLettersAlarm', {
        alarmDescription: 'An event failed for good: look into the dead-letter queue',
        comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        threshold: 0,
        evaluationPeriods: 1,
        treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      });
  }

  private addOutput(name: string, value: string, description: string): void {
    new CfnOutput(this, name, { value, description });
  }

  /** Rules of cdk-nag that the sample breaks knowingly. */
  private acknowledgeFindings(functions: { [language: string]: TracedFunction }): void {
    acknowledge(this.bucket, 'AwsSolutions-S1', 'Access logs need a second bucket, which would outlive the sample');
    for (const rule of ['AwsSolutions-SQS3', 'Serverless-SQSRedrivePolicy']) acknowledge(this.deadLetters, rule, 'It is the dead-letter queue');
    for (const rule of ['AwsSolutions-L1', 'Serverless-LambdaLatestVersion']) {
      acknowledge(functions.py, rule, 'Python 3.14 is current; 3.15 is younger than the wheels of many packages');
    }
    for (const fn of Object.values(functions)) {
      acknowledge(fn, 'Serverless-LambdaDLQ', 'Failed events go to the queue as an on-failure destination, which adds the error to the event');
      acknowledge(fn.role as iam.Role, 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AWSXRayDaemonWriteAccess]',
        'The policy that AWS keeps up to date for sending traces; none of its actions can be narrowed to a resource');
    }
    acknowledge(this, 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
      "Of CDK's own function that sets up the bucket's notifications");
  }
}

function acknowledge(construct: Construct, id: string, reason: string): void {
  Validations.of(construct).acknowledge({ id, reason });
}
