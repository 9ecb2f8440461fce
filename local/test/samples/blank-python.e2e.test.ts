import { FilterLogEventsCommand, CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { GetAccountSettingsCommand, GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { DEPLOY_TIMEOUT_MS, DeployedStack, SCENARIO_TIMEOUT_MS } from './deployed-stack';
import { FailingEndpoint, GONE } from './failing-endpoint';
import { BlankPythonSample } from '../../src/samples/blank-python';

jest.setTimeout(SCENARIO_TIMEOUT_MS);
const NAME = 'blank-python';

describe('the sample blank-python, deployed', () => {
  let stack: DeployedStack;
  let endpoint: FailingEndpoint;

  beforeAll(async () => {
    stack = await DeployedStack.deploy(NAME);
    endpoint = await FailingEndpoint.start(stack.endpoint);
  }, DEPLOY_TIMEOUT_MS);
  afterAll(async () => {
    await endpoint?.close();
    await stack?.close();
  });

  /** Lambda's own API as the function reaches it. */
  const setLambdaApi = (url: string) => stack.setEnvironment(NAME, { AWS_ENDPOINT_URL_LAMBDA: url });

  it('has all that its traffic should leave behind', async () => {
    await stack.play(new BlankPythonSample());
    await stack.expectNothingFailed();
  });

  it("shows the call of Lambda's API in its trace", async () => {
    const { traceId } = await stack.call(NAME, {}, { asynchronous: false });
    const trace = await stack.traceOf(traceId, NAME, [false]);
    expect(trace).toBeConnected();
    expect(trace).toHaveNoError();
    expect(trace).toPassThrough(`${NAME} AWS::Lambda`, `${NAME} AWS::Lambda::Function`);
    expect(trace).toHaveSubsegment({ operation: 'GetAccountSettings', status: 200, in: `${NAME} AWS::Lambda::Function` });
  });

  it('runs with one layer, and gives the limits and the usage of the account', async () => {
    const lambda = stack.client(LambdaClient);
    const { Layers: layers } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: NAME }));
    expect(layers).toHaveLength(1);
    const { AccountLimit, AccountUsage } = await lambda.send(new GetAccountSettingsCommand({}));
    expect((await stack.call(NAME, {}, { asynchronous: false })).answer).toEqual({ AccountLimit, AccountUsage });
  });

  it('logs neither credentials nor the event', async () => {
    const { traceId } = await stack.call(NAME, { password: 'not-to-be-logged' }, { asynchronous: false });
    const logs = stack.client(CloudWatchLogsClient);
    const { LoggingConfig: logging } = await stack.client(LambdaClient).send(new GetFunctionConfigurationCommand({ FunctionName: NAME }));
    const messages = await stack.eventually('the log of the call', async () => {
      const { events = [] } = await logs.send(new FilterLogEventsCommand({ logGroupName: logging!.LogGroup }));
      const all = events.map(event => event.message!).join('\n');
      expect(all).toContain(traceId);
      return all;
    });
    expect(messages).toContain('account settings read');
    expect(messages).not.toMatch(/not-to-be-logged|SECRET|SESSION_TOKEN|ACCESS_KEY/);
  });

  it('does the same again for an event that is delivered twice', async () => {
    const traces = [await stack.call(NAME, {}), await stack.call(NAME, {})];
    for (const { traceId } of traces) await stack.traceOf(traceId, NAME, [false]);
    await stack.expectNothingFailed();
  });

  it('keeps a malformed event in the dead-letter queue after three attempts', async () => {
    const { traceId } = await stack.call(NAME, ['malformed']);

    expect(await stack.nextFailedEvent()).toMatchObject({
      requestPayload: ['malformed'],
      requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
      responsePayload: { errorMessage: 'the event has to be a JSON object' },
    });
    await stack.traceOf(traceId, NAME, [true, true, true]);
  });

  it('answers although the service fails once', async () => {
    await setLambdaApi(endpoint.url);
    endpoint.failNext(1);
    const { traceId } = await stack.call(NAME, {});
    await stack.traceOf(traceId, NAME, [false]);
    expect(endpoint.remainingFailures).toBe(0);
    await stack.expectNothingFailed();
  });

  it('keeps the event when the service is gone, so that it can be sent again', async () => {
    await setLambdaApi(GONE);
    await stack.call(NAME, { number: 1 });
    const failed = await stack.nextFailedEvent();
    expect(failed).toMatchObject({ requestPayload: { number: 1 }, responsePayload: { errorType: 'EndpointConnectionError' } });

    await setLambdaApi(stack.endpoint);
    const { answer } = await stack.call(NAME, failed.requestPayload, { asynchronous: false });
    expect(answer).toHaveProperty('AccountUsage');
  });
});
