import * as path from 'path';
import { Duration, StackProps } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import { LambdaDestination } from 'aws-cdk-lib/aws-logs-destinations';
import { Construct } from 'constructs';
import { SampleStack } from './sample-stack';

const HANDLERS = path.join(__dirname, '..', 'lambda', 'error-processor');

/**
 * The sample 'error processor' of the Lambda guide: a function that sometimes fails, and one in Go that gets the errors in the first one's log,
 * asks X-Ray for the trace of each failed request, and keeps log and trace in a bucket.
 */
export class ErrorProcessorStack extends SampleStack {
  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, { description: 'X-Ray on Lambda: errors in a log -> function in Go -> CloudWatch Logs, X-Ray, S3', ...props });
    const bucket = this.addBucket('Errors');
    const deadLetters = this.addDeadLetterQueue();
    const failing = this.addFunction('random-error', deadLetters, {
      entry: path.join(HANDLERS, 'random-error', 'handler.ts'),
      memorySize: 128,
      environment: { FAILURE_RATE: '0.5' },
    });
    const processor = this.addFunction('error-processor', deadLetters, {
      entry: path.join(HANDLERS, 'processor'),
      environment: { BUCKET_NAME: bucket.bucketName },
      memorySize: 128,
      // It waits for the last lines of a request's log and for its trace, which arrive some seconds after the error.
      timeout: Duration.minutes(1),
    });
    this.allowObjects(processor, bucket, 's3:PutObject');
    processor.addToRolePolicy(new iam.PolicyStatement({ actions: ['logs:FilterLogEvents'], resources: [failing.logGroup.logGroupArn] }));
    processor.addToRolePolicy(new iam.PolicyStatement({ actions: ['xray:BatchGetTraces'], resources: ['*'] }));
    this.acknowledge(processor.role!, 'AwsSolutions-IAM5[Resource::*]', 'X-Ray cannot narrow the reading of traces to a resource');

    // What the runtimes write for a handler's error and for one that ran out of time.
    new logs.SubscriptionFilter(this, 'ErrorsOfRandomError', {
      logGroup: failing.logGroup,
      destination: new LambdaDestination(processor),
      filterPattern: logs.FilterPattern.anyTerm('ERROR', 'Task timed out'),
    });

    this.addOutput('BucketName', bucket.bucketName, 'Log and trace of each failed request; empty it before cdk destroy');
    this.addOutput('LambdaNameRandomError', failing.functionName, 'The function that sometimes fails, in TypeScript');
    this.addOutput('LambdaNameProcessor', processor.functionName, 'The function that keeps its errors, in Go');
    this.addDeadLetterOutputs(deadLetters);
  }
}
