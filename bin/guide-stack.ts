import * as path from 'path';
import { Duration, RemovalPolicy, StackProps } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { Bundling, Instrumentation } from '../lib';
import { SampleStack } from './sample-stack';

const HANDLERS = path.join(__dirname, '..', 'lambda', 'guide');

export interface GuideStackProps extends StackProps {
  /**
   * The address whose uptime is checked.
   *
   * @default - the guide's: https://aws.amazon.com/
   */
  readonly address?: string;
}

/**
 * The examples of the Lambda guide's chapter on X-Ray: a Node.js function puts an object into a bucket; a Python function puts one and gets it
 * back, with subsegments of its own; a Java function checks every five minutes whether an address is up. Called synchronously and asynchronously
 * they show the two structures of a trace.
 */
export class GuideStack extends SampleStack {
  constructor(scope: Construct, id: string, { address = 'https://aws.amazon.com/', ...props }: GuideStackProps = {}) {
    super(scope, id, { description: "X-Ray on Lambda: the guide's examples, called synchronously and asynchronously", ...props });
    const bucket = this.addBucket('Objects');
    const deadLetters = this.addDeadLetterQueue();
    const environment = { BUCKET_NAME: bucket.bucketName };

    const node = this.addFunction('guide-node', deadLetters, { entry: path.join(HANDLERS, 'node', 'handler.ts'), environment, memorySize: 256 });
    this.allowObjects(node, bucket, 's3:PutObject');

    const python = this.addFunction('guide-python', deadLetters, {
      entry: path.join(HANDLERS, 'py'),
      bundling: Bundling.python({ exclude: ['test_handler.py'] }),
      instrumentation: Instrumentation.xraySdk(), // the handler calls it: this is the explicit style
      environment,
      memorySize: 256,
    });
    this.allowObjects(python, bucket, 's3:PutObject', 's3:GetObject');

    this.addOutput('BucketName', bucket.bucketName, 'Where the functions put their objects; empty it before cdk destroy');
    this.addOutput('LambdaNameNode', node.functionName, 'Function in TypeScript');
    this.addOutput('LambdaNamePython', python.functionName, 'Function in Python');
    this.addUptimeCheck(deadLetters, address);
    this.addDeadLetterOutputs(deadLetters);
  }

  /** The function in Java, its table and its schedule. */
  private addUptimeCheck(deadLetters: sqs.Queue, address: string): void {
    const table = new dynamodb.Table(this, 'Checks', {
      tableName: 'amazon-2xx',
      // In seconds since 1970. An address is checked less often than that.
      partitionKey: { name: 'Timestamp', type: dynamodb.AttributeType.NUMBER },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const check = this.addFunction('guide-java', deadLetters, {
      entry: path.join(HANDLERS, 'java'),
      instrumentation: Instrumentation.xraySdk(), // as above
      environment: { ADDRESS: address, TABLE_NAME: table.tableName },
      memorySize: 512,
      timeout: Duration.seconds(30), // Java takes seconds to start with little memory
    });
    table.grant(check, 'dynamodb:PutItem');
    for (const rule of ['AwsSolutions-L1', 'Serverless-LambdaLatestVersion']) {
      this.acknowledge(check, rule, 'Java 21 has long-term support, and is what more machines have to build with');
    }
    new Rule(this, 'Schedule', {
      schedule: Schedule.rate(Duration.minutes(5)),
      // For what does not even reach the function.
      targets: [new LambdaFunction(check, { retryAttempts: 2, deadLetterQueue: deadLetters })],
    });
    this.addOutput('LambdaNameJava', check.functionName, 'Function in Java');
    this.addOutput('TableName', table.tableName, 'What the function in Java found: one item for each check');
  }
}
