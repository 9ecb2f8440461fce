import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient, GetItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { DEPLOY_TIMEOUT_MS, DeployedStack, type FailedEvent, SCENARIO_TIMEOUT_MS } from './deployed-stack';
import { FailingEndpoint } from './failing-endpoint';

jest.setTimeout(SCENARIO_TIMEOUT_MS);

const NAME = 'guide-java';
const FUNCTION = `${NAME} AWS::Lambda::Function`;

/** Calls of the AWS SDK for Java to DynamoDB before it gives up. https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html */
const TRIES_OF_THE_SDK = 9;

describe('the function in Java of the sample guide, deployed', () => {
  let stack: DeployedStack;
  let endpoint: FailingEndpoint;
  let dynamoDb: DynamoDBClient;
  let table: string;

  beforeAll(async () => {
    stack = await DeployedStack.deploy('guide');
    table = stack.outputs.TableName;
    dynamoDb = stack.client(DynamoDBClient);
    endpoint = await FailingEndpoint.start(stack.endpoint);
  }, DEPLOY_TIMEOUT_MS);
  afterAll(async () => {
    await endpoint?.close();
    await stack?.close();
  });

  /** What the function found at a second. */
  async function found(timestamp: number): Promise<boolean | undefined> {
    const { Item: item } = await dynamoDb.send(new GetItemCommand({ TableName: table, Key: { Timestamp: { N: String(timestamp) } } }));
    return item?.['2xx'].BOOL;
  }

  async function numberOfChecks(): Promise<number> {
    return (await dynamoDb.send(new ScanCommand({ TableName: table }))).Count!;
  }

  it('shows its own subsegment with the annotation, the request in it, and the item that it writes', async () => {
    const { traceId, answer } = await stack.call(NAME, {}, { asynchronous: false });
    expect(answer).toEqual({ 'Timestamp': expect.any(Number), '2xx': true });
    expect(await found(answer.Timestamp)).toBe(true);

    const trace = await stack.traceOf(traceId, NAME, [false]);
    expect(trace).toBeConnected();
    expect(trace).toHaveNoError();
    expect(trace).toPassThrough(`${NAME} AWS::Lambda`, FUNCTION, 'AWS::DynamoDB::Table');
    expect(trace).toHaveSubsegment({ name: 'Initialization', in: FUNCTION });
    expect(trace).toHaveSubsegment({ name: 'makeRequest', annotations: { responseCode: 200 }, in: FUNCTION });
    expect(trace).toHaveSubsegment({ name: '127.0.0.1', status: 200, in: FUNCTION });
    expect(trace).toHaveSubsegment({ operation: 'PutItem', resource: table, in: FUNCTION });
    expect(trace).not.toHaveSubsegment({ name: 'Dwell Time' });
  });

  it('shows the structure of an asynchronous call, with its time in the queue and its attempt', async () => {
    const { traceId } = await stack.call(NAME, {});
    const trace = await stack.traceOf(traceId, NAME, [false]);
    expect(trace).toHaveSubsegment({ name: 'Dwell Time', in: `${NAME} AWS::Lambda` });
    expect(trace).toHaveSubsegment({ name: 'Attempt #1', in: `${NAME} AWS::Lambda` });
    expect(trace).toHaveSubsegment({ operation: 'PutItem', resource: table, in: FUNCTION });
  });

  it.each([['twice the same event', { source: 'aws.events' }], ['text', 'now'], ['nothing', null]])('checks whatever the event says: %s', async (_, event) => {
    const answers = [await stack.call(NAME, event, { asynchronous: false }), await stack.call(NAME, event, { asynchronous: false })];
    for (const { answer } of answers) expect(await found(answer.Timestamp)).toBe(true);
    await stack.expectNothingFailed();
  });

  it('stores that the address answers with an error', async () => {
    const failing = createServer((_, response) => response.writeHead(503).end());
    await new Promise<void>(resolve => failing.listen(0, '127.0.0.1', resolve));
    try {
      await stack.setEnvironment(NAME, { ADDRESS: `http://127.0.0.1:${(failing.address() as AddressInfo).port}/` });
      const { traceId, answer } = await stack.call(NAME, {}, { asynchronous: false });
      expect(await found(answer.Timestamp)).toBe(false);
      const trace = await stack.traceOf(traceId, NAME, [false]);
      expect(trace).toHaveSubsegment({ name: 'makeRequest', annotations: { responseCode: 503 }, in: FUNCTION });
      expect(trace).toHaveSubsegment({ name: '127.0.0.1', status: 503, fault: true });
    } finally {
      failing.closeAllConnections();
      await new Promise(resolve => failing.close(resolve));
    }
  });

  it('stores that nobody answers', async () => {
    const { traceId, answer } = await stack.call(NAME, {}, { asynchronous: false });
    expect(await found(answer.Timestamp)).toBe(false);
    expect(await stack.traceOf(traceId, NAME, [false])).toHaveSubsegment({ name: '127.0.0.1', fault: true, in: FUNCTION });
    await stack.setEnvironment(NAME, { ADDRESS: `${stack.endpoint}/health` });
  });

  it('writes the item although the table fails once', async () => {
    await stack.setEnvironment(NAME, { AWS_ENDPOINT_URL_DYNAMODB: endpoint.url });
    endpoint.failNext(1);
    const { traceId, answer } = await stack.call(NAME, {}, { asynchronous: false });
    expect(await found(answer.Timestamp)).toBe(true);
    expect(endpoint.remainingFailures).toBe(0);
    await stack.traceOf(traceId, NAME, [false]);
  });

  it('writes the item at the next attempt when the table fails for longer than the SDK tries', async () => {
    const before = await numberOfChecks();
    endpoint.failNext(TRIES_OF_THE_SDK);
    const { traceId } = await stack.call(NAME, {});
    const trace = await stack.traceOf(traceId, NAME, [true, false]);
    expect(trace).toHaveSubsegment({ operation: 'PutItem', status: 503, fault: true });
    expect(await numberOfChecks()).toBeGreaterThan(before);
    await stack.expectNothingFailed();
  });

  it('keeps the event when the table is gone', async () => {
    const event = { id: 'of a table that is gone' };
    await stack.setEnvironment(NAME, { TABLE_NAME: 'gone' });
    await stack.call(NAME, event);
    // The schedule may have been there first.
    let failed: FailedEvent;
    do {
      failed = await stack.nextFailedEvent();
    } while (JSON.stringify(failed.requestPayload) !== JSON.stringify(event));
    expect(failed).toMatchObject({
      requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
      responsePayload: { errorType: 'software.amazon.awssdk.services.dynamodb.model.ResourceNotFoundException' },
    });

    await stack.setEnvironment(NAME, { TABLE_NAME: table });
    const { answer } = await stack.call(NAME, failed.requestPayload, { asynchronous: false });
    expect(await found(answer.Timestamp)).toBe(true);
  });
});
