import { CfnOutput, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { IConstruct } from 'constructs';
import { Instrumentation, TracedFunction, TracedFunctionProps } from '../lib';

/** What the samples have in common: traced functions with least privilege whose failed events are kept, and private buckets. */
export abstract class SampleStack extends Stack {
  /** Events that failed for good, of all functions of the stack. */
  protected addDeadLetterQueue(): sqs.Queue {
    const queue = new sqs.Queue(this, 'DeadLetters', {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    queue.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(1), statistic: cloudwatch.Stats.MAXIMUM })
      .createAlarm(this, 'DeadLettersAlarm', {
        alarmDescription: 'An event failed for good: look into the dead-letter queue',
        comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        threshold: 0,
        evaluationPeriods: 1,
        treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
      });
    for (const rule of ['AwsSolutions-SQS3', 'Serverless-SQSRedrivePolicy']) this.acknowledge(queue, rule, 'It is the dead-letter queue');
    return queue;
  }

  /** Names the queue in the outputs. */
  protected addDeadLetterOutputs(queue: sqs.Queue): void {
    this.addOutput('DeadLetterQueueName', queue.queueName, 'Events that failed for good');
    this.addOutput('DeadLetterQueueUrl', queue.queueUrl, 'Its address, for aws sqs receive-message');
  }

  /** A private bucket. A sample leaves nothing behind, but CDK would need one more function to empty it: do that before 'cdk destroy'. */
  protected addBucket(id: string): s3.Bucket {
    const bucket = new s3.Bucket(this, id, {
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      encryption: s3.BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.acknowledge(bucket, 'AwsSolutions-S1', 'Access logs need a second bucket, which would outlive the sample');
    return bucket;
  }

  /**
   * A traced function of this name that may send traces, write its own log, and nothing else.
   *
   * @param deadLetters gets the events that fail for good when the function is called asynchronously
   */
  protected addFunction(name: string, deadLetters: sqs.IQueue, props: TracedFunctionProps): TracedFunction {
    // An own role and log group: the policy that CDK attaches by default allows writing to every log group of the account.
    const role = new iam.Role(this, `${name}-role`, { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    const logGroup = new logs.LogGroup(this, `${name}-logs`, { retention: logs.RetentionDays.ONE_WEEK, removalPolicy: RemovalPolicy.DESTROY });
    logGroup.grantWrite(role);
    const fn = new TracedFunction(this, name, {
      functionName: name,
      role,
      logGroup,
      timeout: Duration.seconds(10),
      // Of an asynchronous call: two more attempts, then the event goes to the queue together with the error.
      retryAttempts: 2,
      onFailure: new SqsDestination(deadLetters),
      instrumentation: this.chosenInstrumentation(),
      ...props,
    });
    if (fn.runtime.family === lambda.RuntimeFamily.PYTHON) {
      // boto3's older mode may try for longer than the function has time, and then the event's error says nothing of the reason.
      fn.addEnvironment('AWS_RETRY_MODE', 'standard');
    }
    this.acknowledge(fn, 'Serverless-LambdaDLQ', 'Failed events go to the queue as an on-failure destination, which adds the error to the event');
    this.acknowledge(role, 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/AWSXRayDaemonWriteAccess]',
      'The policy that AWS keeps up to date for sending traces; none of its actions can be narrowed to a resource');
    if (fn.runtime.name === 'python3.14') {
      for (const rule of ['AwsSolutions-L1', 'Serverless-LambdaLatestVersion']) {
        this.acknowledge(fn, rule, 'Python 3.14 is current; 3.15 is younger than the wheels of many packages');
      }
    }
    return fn;
  }

  /** `cdk deploy -c instrumentation=open-telemetry` moves the samples from the X-Ray SDK to OpenTelemetry. */
  private chosenInstrumentation(): Instrumentation {
    const chosen = this.node.tryGetContext('instrumentation') ?? 'xray-sdk';
    switch (chosen) {
      case 'xray-sdk': return Instrumentation.xraySdk();
      case 'open-telemetry': return Instrumentation.openTelemetry();
      default: throw new Error(`the context 'instrumentation' has to be 'xray-sdk' or 'open-telemetry', got '${chosen}'`);
    }
  }

  /** Lets a function do this with the objects of a bucket. */
  protected allowObjects(fn: TracedFunction, bucket: s3.Bucket, ...actions: string[]): void {
    fn.addToRolePolicy(new iam.PolicyStatement({ actions, resources: [bucket.arnForObjects('*')] }));
    this.acknowledge(fn.role!, `AwsSolutions-IAM5[Resource::<${this.getLogicalId(bucket.node.defaultChild as s3.CfnBucket)}.Arn>/*]`,
      'Every object of the one bucket that the function works with');
  }

  protected addOutput(name: string, value: string, description: string): void {
    new CfnOutput(this, name, { value, description });
  }

  /** A rule of cdk-nag that the sample breaks knowingly. */
  protected acknowledge(construct: IConstruct, id: string, reason: string): void {
    Validations.of(construct).acknowledge({ id, reason });
  }
}
