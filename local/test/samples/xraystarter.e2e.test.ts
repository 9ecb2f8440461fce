/// <reference lib="dom" />
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ListSubscriptionsCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { DEPLOY_TIMEOUT_MS, DeployedStack, type FailedEvent, SCENARIO_TIMEOUT_MS } from './deployed-stack';
import { FailingEndpoint, GONE } from './failing-endpoint';
import type { Trace } from '../../src/assertions';
import { normalizeTrace } from '../../src/assertions/jest';
import { PROJECT_DIR } from '../../src/project-folders';
import { XRAYSTARTER_KEYS, XraystarterSample } from '../../src/samples/xraystarter';
import { TestBrowser } from '../web/browser';

jest.setTimeout(SCENARIO_TIMEOUT_MS);

const FUNCTIONS = ['xraystarter-ts', 'xraystarter-py', 'xraystarter-go'];

describe('the sample xraystarter, deployed', () => {
  let stack: DeployedStack;
  let traces: Trace[];
  let webDir: string;

  beforeAll(async () => {
    webDir = mkdtempSync(join(tmpdir(), 'cdk-traced-page-'));
    execFileSync(process.execPath, [join(PROJECT_DIR, 'scripts/build-web.mjs'), webDir], { stdio: ['ignore', 'ignore', 'inherit'] });
    stack = await DeployedStack.deploy('xraystarter', { webDir });
    await stack.play(new XraystarterSample());
    traces = await stack.reader.waitForTraces(
      XRAYSTARTER_KEYS.length, { filter: 'service(id(type: "AWS::SNS"))' }, { timeoutMs: SCENARIO_TIMEOUT_MS });
  }, DEPLOY_TIMEOUT_MS);
  afterAll(async () => {
    await stack?.close();
    rmSync(webDir, { recursive: true, force: true });
  });

  async function item(key: string): Promise<Record<string, unknown> | undefined> {
    const get = new GetItemCommand({ TableName: stack.outputs.TableName, Key: { itemID: { S: key } }, ConsistentRead: true });
    return (await stack.client(DynamoDBClient).send(get)).Item;
  }

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
    for (const key of XRAYSTARTER_KEYS) {
      expect(Object.keys(await item(key) ?? {})).toEqual(expect.arrayContaining(['itemID', 'ts', 'py', 'go']));
    }
  });

  it('has traces that are the same in every run, apart from ids, times and hosts', () => {
    expect(normalizeTrace(traces[0], { replace: [[/xraystarter-[Uu]ploads[\w-]*/g, '<topic>']] })).toMatchSnapshot();
  });

  it('is on the map of the page as the template joins it, and in its timeline with the name of the table', async () => {
    const browser = await TestBrowser.start();
    try {
      const page = await browser.open(`${stack.xray.url}/`);
      await page.waitForFunction(() => document.querySelectorAll('.node').length === 9);
      const edges = await page.$$eval('.edge', elements => elements.map(element => [element.getAttribute('data-from'), element.getAttribute('data-to')]));
      const from = (name: string) => edges.filter(([start]) => start!.startsWith(name)).map(([, end]) => end!.replace(/xraystarter-Uploads.*/, 'topic')).sort();
      expect(from('client/')).toEqual(['AWS::SNS/topic']);
      expect(from('AWS::SNS/')).toEqual([...FUNCTIONS].sort().map(name => `AWS::Lambda/${name}`));
      for (const name of FUNCTIONS) {
        expect(from(`AWS::Lambda/${name}`)).toEqual([`AWS::Lambda::Function/${name}`]);
        expect(from(`AWS::Lambda::Function/${name}`)).toEqual(['AWS::DynamoDB::Table/items']);
      }
      const screenshots = join(PROJECT_DIR, 'local/dist/screenshots');
      mkdirSync(screenshots, { recursive: true });
      await page.screenshot({ path: join(screenshots, 'sample-map.png') });

      const filter = encodeURIComponent('service(id(name: "xraystarter-py", type: "AWS::Lambda"))');
      await page.goto(`${stack.xray.url}/#/traces?filter=${filter}`);
      await page.waitForFunction(count => document.querySelectorAll('.traces-table tbody tr').length === count, {}, XRAYSTARTER_KEYS.length);
      await page.screenshot({ path: join(screenshots, 'sample-traces.png') });
      await page.click('.traces-table tbody tr a');
      const row = await page.waitForSelector('xpath/.//*[@role="row" and starts-with(normalize-space(.), "DynamoDB")]');
      await row!.evaluate(element => (element as Element).scrollIntoView({ block: 'center' }));
      await row!.click();
      await page.waitForFunction(() => /table_name\s*items/.test(document.body.innerText));
      await page.screenshot({ path: join(screenshots, 'sample-trace.png') });
      expect(browser.requests.filter(address => !address.startsWith(stack.xray.url))).toEqual([]);
      expect(browser.complaints).toEqual([]);
    } finally {
      await browser.close();
    }
  });

  it('keeps a message that is not an S3 event, after three attempts of each function', async () => {
    const sns = stack.client(SNSClient);
    const { Subscriptions: [{ TopicArn: topic } = { TopicArn: undefined }] = [] } = await sns.send(new ListSubscriptionsCommand({}));
    await sns.send(new PublishCommand({ TopicArn: topic, Message: JSON.stringify({ not: 's3' }) }));
    const failed = [await stack.nextFailedEvent(), await stack.nextFailedEvent(), await stack.nextFailedEvent()];
    for (const event of failed) expect(event.requestContext).toMatchObject({ condition: 'RetriesExhausted', approximateInvokeCount: 3 });
  });

  describe.each(FUNCTIONS)('%s', name => {
    const attribute = name.replace('xraystarter-', '');
    const upload = (key: string) => {
      const s3 = { bucket: { name: 'incoming' }, object: { key } };
      const message = { Records: [{ eventSource: 'aws:s3', eventName: 'ObjectCreated:Put', eventTime: '2026-11-21T00:00:00.000Z', s3 }] };
      return { Records: [{ EventSource: 'aws:sns', Sns: { MessageId: `of-${key}`, Message: JSON.stringify(message) } }] };
    };

    /** Through an endpoint that fails, or that is not there. */
    async function withTableAt(url: string, work: () => Promise<void>): Promise<void> {
      await stack.setEnvironment(name, { AWS_ENDPOINT_URL_DYNAMODB: url });
      await work().finally(() => stack.setEnvironment(name, { AWS_ENDPOINT_URL_DYNAMODB: stack.endpoint }));
    }

    it('writes one item for a message that is delivered twice', async () => {
      const event = upload(`twice-${attribute}`);
      const first = await stack.call(name, event);
      await stack.traceOf(first.traceId, name, [false]);
      const before = await item(`twice-${attribute}`);
      const second = await stack.call(name, event);
      await stack.traceOf(second.traceId, name, [false]);
      expect(before).toHaveProperty(attribute);
      expect(await item(`twice-${attribute}`)).toEqual(before);
    });

    it('writes the item although the table fails once', async () => {
      const endpoint = await FailingEndpoint.start(stack.endpoint);
      try {
        await withTableAt(endpoint.url, async () => {
          endpoint.failNext(1);
          const { traceId } = await stack.call(name, upload(`once-${attribute}`));
          await stack.traceOf(traceId, name, [false]);
        });
        expect(endpoint.remainingFailures).toBe(0);
        expect(await item(`once-${attribute}`)).toHaveProperty(attribute);
      } finally {
        await endpoint.close();
      }
    });

    it('keeps the message when the table is gone, so that it can be sent again', async () => {
      const event = upload(`gone-${attribute}`);
      let failed: FailedEvent;
      await withTableAt(GONE, async () => {
        await stack.call(name, event);
        failed = await stack.nextFailedEvent();
      });
      expect(failed!).toMatchObject({
        requestPayload: event,
        requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
        responsePayload: { errorMessage: expect.stringMatching(/^1 not handled; .*cannot write to the table/) },
      });
      await stack.call(name, failed!.requestPayload, { asynchronous: false });
      expect(await item(`gone-${attribute}`)).toHaveProperty(attribute);
    });
  });

});
