import * as path from 'path';
import { CfnElement, Duration, RemovalPolicy, StackProps } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { Bundling, Instrumentation, TracedFunction } from '../lib';
import { SampleStack } from './sample-stack';
import { ScorekeepApi } from './scorekeep-api';

const HANDLERS = path.join(__dirname, '..', 'lambda', 'scorekeep');
const WORKER_TIMEOUT = Duration.minutes(1);

/**
 * The sample 'Scorekeep' of the X-Ray guide: an API keeps score of games in five tables; a function gives users random names; a worker takes
 * finished games from a queue every five minutes, asks the API for all that belongs to them, and stores one document a game.
 */
export class ScorekeepStack extends SampleStack {
  private readonly deadLetters: sqs.Queue;
  private readonly finishedGames: sqs.Queue;

  constructor(scope: Construct, id: string, props: StackProps = {}) {
    super(scope, id, { description: 'X-Ray on Lambda: REST API -> TypeScript -> DynamoDB, random names -> SNS, and a worker in Python -> API, S3', ...props });
    this.deadLetters = this.addDeadLetterQueue();
    this.finishedGames = new sqs.Queue(this, 'FinishedGames', {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      // A message that a worker was at work on when it broke off comes back for the next one.
      visibilityTimeout: WORKER_TIMEOUT.plus(Duration.seconds(30)),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: 5 },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const topic = new sns.Topic(this, 'NewUsers', { enforceSSL: true });
    const records = this.addBucket('GameRecords');

    const randomName = this.addRandomName(topic);
    const apiFunction = this.addApiFunction(randomName);
    const api = new ScorekeepApi(this, 'Api', apiFunction);
    const worker = this.addWorker(api, records.bucketName);
    this.allowObjects(worker, records, 's3:PutObject');

    this.addOutput('ApiUrl', api.url, 'The API; requests have to be signed');
    this.addOutput('TopicArn', topic.topicArn, 'Tells of new users with random names; subscribe to it');
    this.addOutput('QueueUrl', this.finishedGames.queueUrl, 'Finished games that the worker has not taken yet');
    this.addOutput('BucketName', records.bucketName, 'One document for each finished game; empty it before cdk destroy');
    this.addOutput('LambdaNameApi', apiFunction.functionName, 'The API, in TypeScript');
    this.addOutput('LambdaNameRandomName', randomName.functionName, 'Random names, in TypeScript');
    this.addOutput('LambdaNameWorker', worker.functionName, 'The worker, in Python');
    this.addDeadLetterOutputs(this.deadLetters);
  }

  /** It needs no tracing of its own to be seen: its callers are traced, and their decision comes with the call. */
  private addRandomName(topic: sns.Topic): TracedFunction {
    const fn = this.addFunction('random-name', this.deadLetters, {
      entry: path.join(HANDLERS, 'random-name', 'handler.ts'),
      instrumentation: Instrumentation.xraySdk(), // the handler calls it: this is the explicit style
      tracing: lambda.Tracing.PASS_THROUGH,
      environment: { TOPIC_ARN: topic.topicArn },
      memorySize: 256,
    });
    fn.addToRolePolicy(new iam.PolicyStatement({ actions: ['sns:Publish'], resources: [topic.topicArn] }));
    this.acknowledge(fn, 'Serverless-LambdaTracing', 'It shows the other mode: traced when its caller is');
    return fn;
  }

  private addApiFunction(randomName: TracedFunction): TracedFunction {
    const tables = Object.fromEntries(['user', 'session', 'game', 'move', 'state'].map(name => [name, this.addTable(name)]));
    const fn = this.addFunction('scorekeep-api', this.deadLetters, {
      entry: path.join(HANDLERS, 'api', 'handler.ts'),
      environment: {
        ...Object.fromEntries(Object.entries(tables).map(([name, table]) => [`${name.toUpperCase()}_TABLE`, table.tableName])),
        RANDOM_NAME_FUNCTION: randomName.functionName,
        FINISHED_GAMES_QUEUE: this.finishedGames.queueUrl,
      },
      memorySize: 256,
    });
    Object.values(tables).forEach(table => table.grant(fn, 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'));
    fn.addToRolePolicy(new iam.PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [randomName.functionArn] }));
    fn.addToRolePolicy(new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.finishedGames.queueArn] }));
    return fn;
  }

  private addTable(name: string): dynamodb.Table {
    return new dynamodb.Table(this, `${name}-table`, {
      tableName: `scorekeep-${name}`,
      partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }

  private addWorker(api: ScorekeepApi, bucketName: string): TracedFunction {
    const worker = this.addFunction('scorekeep-worker', this.deadLetters, {
      entry: path.join(HANDLERS, 'worker'),
      bundling: Bundling.python({ exclude: ['test_handler.py'] }),
      environment: {
        WORKER_QUEUE: this.finishedGames.queueUrl,
        DEAD_LETTER_QUEUE: this.deadLetters.queueUrl,
        BUCKET_NAME: bucketName,
        API_URL: api.url,
      },
      memorySize: 256,
      timeout: WORKER_TIMEOUT,
      // The schedule's event says nothing that could be lost: what the worker works on is in its queue, and the next run is soon.
      retryAttempts: 0,
      onFailure: undefined,
    });
    worker.addToRolePolicy(new iam.PolicyStatement({
      actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility'], resources: [this.finishedGames.queueArn],
    }));
    worker.addToRolePolicy(new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.deadLetters.queueArn] }));
    worker.addToRolePolicy(new iam.PolicyStatement({ actions: ['execute-api:Invoke'], resources: [api.arnForExecuteApi('GET', '/*', 'prod')] }));
    const rule = new events.Rule(this, 'EveryFiveMinutes', {
      schedule: events.Schedule.rate(Duration.minutes(5)),
      targets: [new targets.LambdaFunction(worker, { retryAttempts: 0 })],
    });
    const nothingLost = 'The event says nothing that could be lost, and the next one comes in five minutes';
    this.acknowledge(worker, 'Serverless-LambdaAsyncFailureDestination', nothingLost);
    this.acknowledge(rule, 'Serverless-EventBusDLQ', nothingLost);
    this.acknowledge(worker.role!,
      `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<${this.getLogicalId(api.node.defaultChild as CfnElement)}>/prod/GET/*]`,
      'It reads what the API has of any game');
    return worker;
  }
}
