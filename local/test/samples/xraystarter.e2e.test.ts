import { GetItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ListSubscriptionsCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { DEPLOY_TIMEOUT_MS, DeployedStack, SCENARIO_TIMEOUT_MS } from './deployed-stack';
import type { Trace } from '../../src/assertions';
import { normalizeTrace } from '../../src/assertions/jest';
import { XRAYSTARTER_KEYS, XraystarterSample } from '../../src/samples/xraystarter';

jest.setTimeout(SCENARIO_TIMEOUT_MS);

const FUNCTIONS = ['xraystarter-ts', 'xraystarter-py', 'xraystarter-go'];

describe('the sample xraystarter, deployed', () => {
  let stack: DeployedStack;
  let traces: Trace[];

  beforeAll(async () => {
    stack = await DeployedStack.deploy('xraystarter');
    await stack.play(new XraystarterSample());
    traces = await stack.reader.waitForTraces(
      XRAYSTARTER_KEYS.length, { filter: 'service(id(type: "AWS::SNS"))' }, { timeoutMs: SCENARIO_TIMEOUT_MS });
  }, DEPLOY_TIMEOUT_MS);
  afterAll(() => stack?.close());

  it('leaves one trace for each upload, joined from the topic to the table', async () => {
    expect(traces).toHaveLength(XRAYSTARTER_KEYS.length);
    for (const trace of traces) {
      expect(trace).toBeConnected();
      expect(trace).toHaveNoFault();
      for (const name of FUNCTIONS) {
        expect(trace).toPassThrough('AWS::SNS', `${name} AWS::Lambda`, `${name} AWS::Lambda::Function`, 'items AWS::DynamoDB::Table');
        expect(trace).toHaveSubsegment({ operation: 'UpdateItem', table: 'items', in: `${name} AWS::Lambda::Function` });
        expect(trace).toHaveSubsegment({ name: 'Dwell Time', in: `${name} AWS::Lambda` });
      }
    }
    await stack.expectNothingFailed();
  });

  it('records every key exactly, with the time of each function', async () => {
    const client = stack.client(DynamoDBClient);
    for (const key of XRAYSTARTER_KEYS) {
      const { Item: item } = await client.send(new GetItemCommand({ TableName: stack.outputs.TableName, Key: { itemID: { S: key } } }));
      expect(Object.keys(item ?? {})).toEqual(expect.arrayContaining(['itemID', 'ts', 'py', 'go']));
    }
  });

  it('has traces that are the same in every run, apart from ids, times and hosts', () => {
    expect(normalizeTrace(traces[0], { replace: [[/xraystarter-[Uu]ploads[\w-]*/g, '<topic>']] })).toMatchSnapshot();
  });

  it('keeps a message that is not an S3 event, after three attempts of each function', async () => {
    const sns = stack.client(SNSClient);
    const { Subscriptions: [{ TopicArn: topic } = { TopicArn: undefined }] = [] } = await sns.send(new ListSubscriptionsCommand({}));
    await sns.send(new PublishCommand({ TopicArn: topic, Message: JSON.stringify({ not: 's3' }) }));
    const failed = [await stack.nextFailedEvent(), await stack.nextFailedEvent(), await stack.nextFailedEvent()];
    for (const event of failed) expect(event.requestContext).toMatchObject({ condition: 'RetriesExhausted', approximateInvokeCount: 3 });
  });
});
