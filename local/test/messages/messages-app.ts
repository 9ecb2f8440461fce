/* eslint-disable import/no-extraneous-dependencies -- the root project's, whose construct this is about */
import * as path from 'node:path';
import { App, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { SnsDestination } from 'aws-cdk-lib/aws-s3-notifications';
import * as sns from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import * as tasks from 'aws-cdk-lib/aws-stepfunctions-tasks';
import * as xray from 'aws-cdk-lib/aws-xray';
import { Instrumentation, MessageTracing, TracedFunction } from '../../../lib';

const handlers = path.join(__dirname, 'handlers');
const instrumentation = Instrumentation.openTelemetry({ messages: MessageTracing.continueTrace() });

/** For each language: S3 -> SNS -> SQS -> Lambda -> EventBridge -> Step Functions -> Lambda, and queues whose batches are of several senders. */
class MessagesStack extends Stack {
  constructor(app: App) {
    super(app, 'messages');
    new xray.CfnResourcePolicy(this, 'TopicTraces', {
      policyName: 'messages-sns',
      policyDocument: JSON.stringify({
        Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: ['xray:PutTraceSegments'], Resource: '*' }],
      }),
    });
    for (const language of ['node', 'python']) this.addLanguage(language);
  }

  private addLanguage(language: string): void {
    const name = (what: string) => `${what}-${language}`;
    const fn = (what: string) => new TracedFunction(this, name(what), {
      functionName: name(what), memorySize: 512, timeout: Duration.seconds(30), instrumentation,
      ...language === 'node' ? { entry: path.join(handlers, 'node', `${what}.mjs`) } : { entry: path.join(handlers, 'python', `${what}.py`) },
    });

    // Also without the envelope of SNS.
    const topic = new sns.Topic(this, name('topic'), { topicName: name('topic'), tracingConfig: sns.TracingConfig.ACTIVE });
    const bucket = new s3.Bucket(this, name('bucket'), { removalPolicy: RemovalPolicy.DESTROY });
    bucket.addEventNotification(s3.EventType.OBJECT_CREATED, new SnsDestination(topic));
    const chain = fn('chain');
    for (const raw of [false, true]) {
      const queue = new sqs.Queue(this, name(raw ? 'raw' : 'wrapped'), { queueName: name(raw ? 'raw' : 'wrapped') });
      topic.addSubscription(new SqsSubscription(queue, { rawMessageDelivery: raw }));
      chain.addEventSource(new SqsEventSource(queue, { batchSize: 1 }));
    }
    events.EventBus.grantAllPutEvents(chain);
    const machine = new sfn.StateMachine(this, name('machine'), {
      definitionBody: sfn.DefinitionBody.fromChainable(new tasks.LambdaInvoke(this, name('task'), { lambdaFunction: fn('worker') })),
    });
    new events.Rule(this, name('rule'), { eventPattern: { source: [name('chain')] }, targets: [new targets.SfnStateMachine(machine)] });

    const records = fn('records');
    for (const fifo of [false, true]) {
      const kind = fifo ? 'fifo' : 'mixed';
      const dead = new sqs.Queue(this, name(`dead-${kind}`), { queueName: `${name(`dead-${kind}`)}${fifo ? '.fifo' : ''}`, ...fifo && { fifo } });
      const queue = new sqs.Queue(this, name(kind), {
        queueName: `${name(kind)}${fifo ? '.fifo' : ''}`, ...fifo && { fifo, contentBasedDeduplication: true },
        visibilityTimeout: Duration.seconds(1), deadLetterQueue: { queue: dead, maxReceiveCount: 2 },
      });
      records.addEventSource(new SqsEventSource(queue, { batchSize: 10, reportBatchItemFailures: true }));
      // What has failed is done again by another function, as it is after a redrive.
      if (!fifo) fn('redriven').addEventSource(new SqsEventSource(dead, { batchSize: 1 }));
      new CfnOutput(this, `${kind}${language}`, { value: queue.queueUrl });
    }
    new CfnOutput(this, `bucket${language}`, { value: bucket.bucketName });
  }
}

new MessagesStack(new App());
