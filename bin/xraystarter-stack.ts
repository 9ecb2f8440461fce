import * as path from 'path';
import { RemovalPolicy, StackProps } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { SnsDestination } from 'aws-cdk-lib/aws-s3-notifications';
import * as sns from 'aws-cdk-lib/aws-sns';
import { LambdaSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as xray from 'aws-cdk-lib/aws-xray';
import { Construct } from 'constructs';
import { Bundling, TracedFunction, TracedFunctionProps } from '../lib';
import { SampleStack } from './sample-stack';

/** Where the handlers are: the same behaviour in three languages. */
const HANDLERS = path.join(__dirname, '..', 'lambda', 'xraystarter');

/**
 * The sample of "Serverless Spy vs Spy: X-Ray": uploads to a bucket go through a topic to three functions, in TypeScript, Python and Go,
 * and each writes into a table when it handled them. One upload is one trace.
 */
export class XraystarterStack extends SampleStack {
  private readonly topic: sns.Topic;
  private readonly table: dynamodb.Table;
  private readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, { description: 'X-Ray on Lambda: S3 -> SNS -> functions in TypeScript, Python and Go -> DynamoDB', ...props });
    const bucket = this.addBucket('Incoming');
    this.topic = new sns.Topic(this, 'Uploads', { enforceSSL: true, tracingConfig: sns.TracingConfig.ACTIVE });
    this.table = new dynamodb.Table(this, 'Items', {
      tableName: 'items',
      partitionKey: { name: 'itemID', type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.deadLetters = this.addDeadLetterQueue();
    this.letTopicSendTraces();
    bucket.addEventNotification(s3.EventType.OBJECT_CREATED, new SnsDestination(this.topic));
    this.acknowledge(this, 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
      "Of CDK's own function that sets up the bucket's notifications");

    const ts = this.addHandler('ts', { entry: path.join(HANDLERS, 'ts', 'handler.ts'), memorySize: 256 });
    const py = this.addHandler('py', {
      entry: path.join(HANDLERS, 'py'),
      bundling: Bundling.python({ exclude: ['test_handler.py'] }),
      memorySize: 256,
    });
    const go = this.addHandler('go', { entry: path.join(HANDLERS, 'go'), memorySize: 128 });

    this.addOutput('BucketName', bucket.bucketName, 'Upload something here; empty it before cdk destroy');
    this.addOutput('LambdaNameTS', ts.functionName, 'Function in TypeScript');
    this.addOutput('LambdaNamePy', py.functionName, 'Function in Python');
    this.addOutput('LambdaNameGo', go.functionName, 'Function in Go');
    this.addOutput('TableName', this.table.tableName, 'One item for each key, with the time at which each function handled it');
    this.addDeadLetterOutputs(this.deadLetters);
  }

  /** A function that gets every message, and may write into the table and nothing else. */
  private addHandler(language: string, props: TracedFunctionProps): TracedFunction {
    const fn = this.addFunction(`xraystarter-${language}`, this.deadLetters, { environment: { TABLE_NAME: this.table.tableName }, ...props });
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
}
