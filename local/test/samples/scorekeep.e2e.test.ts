import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { DisableRuleCommand, EnableRuleCommand, EventBridgeClient, ListRulesCommand, PutRuleCommand } from '@aws-sdk/client-eventbridge';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, GetQueueAttributesCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DEPLOY_TIMEOUT_MS, DeployedStack, SCENARIO_TIMEOUT_MS } from './deployed-stack';
import { FailingEndpoint, GONE } from './failing-endpoint';
import { playGame, ScorekeepSample } from '../../src/samples/scorekeep';
import { sendSigned } from '../../src/samples/signed-request';
import { newTraceId } from '../../src/samples/traced-calls';

jest.setTimeout(SCENARIO_TIMEOUT_MS);
const API = ['scorekeep/prod AWS::ApiGateway::Stage', 'scorekeep-api AWS::Lambda', 'scorekeep-api AWS::Lambda::Function'];
const RANDOM_NAME = ['random-name AWS::Lambda', 'random-name AWS::Lambda::Function'];
const WORKER = ['scorekeep-worker AWS::Lambda', 'scorekeep-worker AWS::Lambda::Function'];

interface Session {
  readonly id: string;
  readonly owner: string;
}

describe('the sample scorekeep, deployed', () => {
  let stack: DeployedStack;
  let sqs: SQSClient;
  let apiUrl: string;
  let queueUrl: string;
  let schedule: string;

  beforeAll(async () => {
    stack = await DeployedStack.deploy('scorekeep');
    sqs = stack.client(SQSClient);
    [apiUrl, queueUrl] = [stack.outputs.ApiUrl, stack.outputs.QueueUrl];
    // The worker must not run in the middle of a test; and when it shall, not only after five minutes.
    const { Rules: [rule] = [] } = await stack.client(EventBridgeClient).send(new ListRulesCommand({}));
    expect(rule).toMatchObject({ ScheduleExpression: 'rate(5 minutes)', State: 'ENABLED' });
    schedule = rule.Name!;
    await stack.client(EventBridgeClient).send(new PutRuleCommand({ Name: schedule, ScheduleExpression: 'rate(1 minute)', State: 'DISABLED' }));
  }, DEPLOY_TIMEOUT_MS);
  afterAll(() => stack?.close());

  /** Posts something to the API; fails with its answer unless that is 2xx. */
  async function post<T>(path: string, body: object): Promise<{ item: T; traceId: string }> {
    const traceId = newTraceId();
    return { item: await sendSigned<T>(stack.context, traceId, 'POST', `${apiUrl}${path}`, body), traceId };
  }

  async function countItems(table: string): Promise<number> {
    const { Count: count } = await stack.client(DynamoDBClient).send(new ScanCommand({ TableName: `scorekeep-${table}`, Select: 'COUNT' }));
    return count!;
  }

  /** Does something while a function reaches a service through an endpoint that fails the next request. */
  async function whileFailingOnce(functionName: string, variable: string, target: string, work: () => Promise<void>): Promise<void> {
    const endpoint = await FailingEndpoint.start(new URL(target).origin);
    try {
      await stack.setEnvironment(functionName, { [variable]: target.replace(new URL(target).origin, endpoint.url) });
      endpoint.failNext(1);
      await work();
      expect(endpoint.remainingFailures).toBe(0);
    } finally {
      await stack.setEnvironment(functionName, { [variable]: target });
      await endpoint.close();
    }
  }

  async function whileGone(functionName: string, variable: string, target: string, work: () => Promise<void>): Promise<void> {
    await stack.setEnvironment(functionName, { [variable]: `${GONE}${new URL(target).pathname}`.replace(/\/$/, '') });
    try {
      await work();
    } finally {
      await stack.setEnvironment(functionName, { [variable]: target });
    }
  }

  it('has all that its traffic should leave behind', async () => {
    await stack.play(new ScorekeepSample());
    await stack.expectNothingFailed();
  });

  describe('the API', () => {
    it('asks for a random name when a session is created without one, in one trace', async () => {
      const { item: session, traceId } = await post<Session>('sessions', {});
      const trace = await stack.traceOf(traceId, 'random-name', [false]);
      expect(trace).toBeConnected();
      expect(trace).toHaveNoError();
      expect(trace).toPassThrough(...API, ...RANDOM_NAME, /AWS::SNS/);
      expect(trace).toHaveSubsegment({ operation: 'Invoke', resource: 'random-name', in: API[2] });
      expect(trace).toHaveSubsegment({ operation: 'TransactWriteItems', in: API[2] });
      expect(trace).toHaveSubsegment({ operation: 'Publish', in: RANDOM_NAME[1] });
      const { name } = await sendSigned<{ name: string }>(stack.context, newTraceId(), 'GET', `${apiUrl}users/${session.owner}`);
      expect(trace).toHaveSubsegment({ name: 'annotations', annotations: { Name: name, UserID: session.owner }, in: RANDOM_NAME[1] });
    });

    it('asks for none when there is one', async () => {
      const { traceId } = await post('sessions', { userName: 'Ada' });
      const trace = await stack.traceOf(traceId, 'scorekeep-api', [false]);
      expect(trace).not.toPassThrough(...API, RANDOM_NAME[0]);
    });

    it('tells those who subscribed to the topic of a new user', async () => {
      const { QueueUrl: url } = await sqs.send(new CreateQueueCommand({ QueueName: 'subscriber' }));
      const { Attributes: attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }));
      await stack.client(SNSClient).send(new SubscribeCommand({ TopicArn: stack.outputs.TopicArn, Protocol: 'sqs', Endpoint: attributes!.QueueArn }));
      const { item: { owner } } = await post<Session>('sessions', {});
      expect(JSON.parse(await stack.nextMessage(url!))).toMatchObject({ Message: expect.stringContaining(`for user "${owner}"`) });
    });

    it('creates one session for a request that is sent twice', async () => {
      const key = newTraceId();
      const send = () => sendSigned<Session>(stack.context, newTraceId(), 'POST', `${apiUrl}sessions`, {}, { 'Idempotency-Key': key });
      const [first, before] = [await send(), [await countItems('session'), await countItems('user')]];
      expect(await send()).toEqual(first);
      expect([await countItems('session'), await countItems('user')]).toEqual(before);
    });

    it.each([
      ['an empty name', 'sessions', { userName: '' }, 400],
      ['a name that is a number', 'users', { name: 7 }, 400],
      ['a cell that is none', 'sessions/s/games/g/moves', { user: 'u', cell: 10 }, 400],
      ['a move in a game that is not there', 'sessions/s/games/g/moves', { user: 'u', cell: 1 }, 404],
    ])('refuses %s and writes nothing', async (_, path, body, status) => {
      const before = [await countItems('session'), await countItems('user'), await countItems('move')];
      await expect(post(path, body)).rejects.toThrow(`was answered with ${status}`);
      expect([await countItems('session'), await countItems('user'), await countItems('move')]).toEqual(before);
    });

    it('refuses a request that is not signed', async () => {
      expect((await fetch(`${apiUrl}users`, { method: 'POST', body: '{}' })).status).toBe(403);
    });

    it.each([['its tables', 'scorekeep-api', 'DYNAMODB'], ['random-name', 'scorekeep-api', 'LAMBDA'], ['the topic', 'random-name', 'SNS']])(
      'creates a session although %s fails once', async (_, functionName, service) => {
        await whileFailingOnce(functionName, `AWS_ENDPOINT_URL_${service}`, stack.endpoint, async () => {
          await post('sessions', {});
        });
      });

    it.each([['its tables', 'scorekeep-api', 'DYNAMODB'], ['random-name', 'scorekeep-api', 'LAMBDA'], ['the topic', 'random-name', 'SNS']])(
      'says so, writes nothing, and can be asked again when %s is gone', async (_, functionName, service) => {
        const before = [await countItems('session'), await countItems('user')];
        await whileGone(functionName, `AWS_ENDPOINT_URL_${service}`, stack.endpoint, async () => {
          await expect(post('sessions', {})).rejects.toThrow('was answered with 502');
        });
        expect([await countItems('session'), await countItems('user')]).toEqual(before);
        await post('sessions', {});
        expect(await countItems('session')).toBe(before[0] + 1);
      });
  });

  describe('random-name', () => {
    it('is traced when its caller is, and only then', async () => {
      const since = new Date();
      const { Payload: answer } = await stack.client(LambdaClient).send(new InvokeCommand({ FunctionName: 'random-name', Payload: '{"userid":"u"}' }));
      expect(JSON.parse(answer!.transformToString())).toEqual({ name: expect.any(String) });
      const { traceId } = await stack.call('random-name', { userid: 'u' }, { asynchronous: false });
      await stack.traceOf(traceId, 'random-name', [false]);
      const traced = await stack.reader.traces({ filter: 'service("random-name")', since });
      expect(traced.filter(({ startMs }) => startMs >= since.getTime()).map(({ id }) => id)).toEqual([traceId]);
    });

    it('gives a user the same name when an event comes twice', async () => {
      const [first, second] = [await stack.call('random-name', { userid: 'u' }, { asynchronous: false }), await stack.call('random-name', { userid: 'u' }, { asynchronous: false })];
      expect(second.answer).toEqual(first.answer);
    });

    it('keeps a malformed event in the dead-letter queue after three attempts', async () => {
      await stack.call('random-name', { user: 'u' });
      expect(await stack.nextFailedEvent()).toMatchObject({
        requestPayload: { user: 'u' }, responsePayload: { errorMessage: "the event has to be { userid: '...' }" },
      });
    });
  });

  describe('the worker', () => {
    const finish = () => playGame(stack.context, apiUrl);
    const announce = (body: string) => sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body }));
    const run = async () => stack.call('scorekeep-worker', {}, { asynchronous: false });

    async function record({ session, id }: { session: string; id: string }): Promise<string> {
      const { Body: body } = await stack.client(S3Client).send(new GetObjectCommand({
        Bucket: stack.outputs.BucketName, Key: `games/${session}/${id}.json`,
      }));
      return body!.transformToString();
    }

    async function queued(url: string): Promise<number> {
      const names = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
      const { Attributes: counts } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...names] }));
      return names.reduce((sum, name) => sum + Number(counts![name]), 0);
    }

    it('stores the complete record of a finished game; its work and the API\'s are one trace', async () => {
      const game = await finish();
      const { traceId, answer } = await run();
      expect(answer).toEqual({ stored: 1 });
      expect(JSON.parse(await record(game))).toMatchObject({
        id: game.id, session: { id: game.session }, winner: game.users[0], users: [{ id: game.users[0] }, { id: game.users[1], name: 'Grace' }],
        moves: [1, 4, 2, 5, 3].map(cell => ({ cell })), states: { length: 6 },
      });
      expect(await queued(queueUrl)).toBe(0);

      const trace = await stack.traceOf(traceId, 'scorekeep-worker', [false]);
      expect(trace).toBeConnected();
      expect(trace).toHaveNoError();
      expect(trace).toPassThrough(...WORKER, ...API);
      expect(trace).toPassThrough(...WORKER, /AWS::SQS/);
      expect(trace).toPassThrough(...WORKER, `${stack.outputs.BucketName} AWS::S3::Bucket`);
      for (const operation of ['ReceiveMessage', 'DeleteMessage', 'PutObject']) expect(trace).toHaveSubsegment({ operation, in: WORKER[1] });
      expect(trace).toHaveSubsegment({ url: new RegExp(`^${apiUrl}sessions/${game.session}/games/${game.id}$`), status: 200, in: WORKER[1] });
    });

    it('writes the same document for a message that comes twice', async () => {
      const game = await finish();
      await run();
      const before = await record(game);
      await announce(JSON.stringify({ session: game.session, game: game.id }));
      await announce(JSON.stringify({ session: game.session, game: game.id }));
      expect((await run()).answer).toEqual({ stored: 2 });
      expect(await record(game)).toBe(before);
    });

    it.each([
      ['a malformed message', 'malformed', 'the message is not JSON'],
      ['a game that the API does not know', '{"session":"s","game":"g"}', 'the API does not know sessions/s/games/g'],
    ])('puts %s into the dead-letter queue, and goes on', async (_, body, reason) => {
      const game = await finish();
      await announce(body);
      expect((await run()).answer).toEqual({ stored: 1, dead: 1 });
      const { Messages: [message] = [] } = await sqs.send(new ReceiveMessageCommand({
        QueueUrl: stack.outputs.DeadLetterQueueUrl, MessageAttributeNames: ['All'], VisibilityTimeout: 0,
      }));
      expect(message).toMatchObject({ Body: body, MessageAttributes: { Reason: { StringValue: reason } } });
      expect(await stack.nextMessage(stack.outputs.DeadLetterQueueUrl)).toBe(body);
      expect(JSON.parse(await record(game))).toMatchObject({ id: game.id });
    });

    it.each([['the API', 'API_URL'], ['the bucket', 'AWS_ENDPOINT_URL_S3'], ['the queue', 'AWS_ENDPOINT_URL_SQS']])('stores a game although %s fails once', async (_, variable) => {
      const game = await finish();
      await whileFailingOnce('scorekeep-worker', variable, variable === 'API_URL' ? apiUrl : stack.endpoint, async () => {
        expect((await run()).answer).toEqual({ stored: 1 });
      });
      expect(JSON.parse(await record(game))).toMatchObject({ id: game.id });
    });

    it('leaves the message in the queue when the bucket is gone', async () => {
      const game = await finish();
      await whileGone('scorekeep-worker', 'AWS_ENDPOINT_URL_S3', stack.endpoint, async () => {
        expect((await run()).answer).toMatchObject({ errorMessage: '1 of 1 messages could not be worked on; they are in the queue' });
      });
      expect(await queued(queueUrl)).toBe(1);
      expect((await run()).answer).toEqual({ stored: 1 });
      expect(JSON.parse(await record(game))).toMatchObject({ id: game.id });
    });

    it('runs by its schedule too, in a trace that Lambda begins', async () => {
      const game = await finish();
      const events = stack.client(EventBridgeClient);
      const since = new Date();
      await events.send(new EnableRuleCommand({ Name: schedule }));
      try {
        await stack.eventually('the record of the game', () => record(game), 90_000);
      } finally {
        await events.send(new DisableRuleCommand({ Name: schedule }));
      }
      const trace = await stack.reader.waitForTrace({ filter: 'service("scorekeep-worker")', since }, {
        until: ({ isPartial, startMs }) => !isPartial && startMs >= since.getTime(), // the reader gives traces of the two seconds before, too
        what: 'begin by the schedule',
      });
      expect(trace).toPassThrough(...WORKER, ...API);
      expect(trace).toHaveSubsegment({ name: 'Dwell Time', in: WORKER[0] });
    });

    it('lets the queue give a message up when the API stays away, so that it can be sent again', async () => {
      const game = await finish();
      await whileGone('scorekeep-worker', 'API_URL', apiUrl, async () => {
        for (let i = 0; i < 5; i++) expect((await run()).answer).toMatchObject({ errorType: 'RuntimeError' });
        expect((await run()).answer).toEqual({});
      });
      const body = await stack.nextMessage(stack.outputs.DeadLetterQueueUrl);
      expect(JSON.parse(body)).toEqual({ session: game.session, game: game.id });

      await announce(body);
      expect((await run()).answer).toEqual({ stored: 1 });
      expect(JSON.parse(await record(game))).toMatchObject({ id: game.id });
    });
  });
});
