import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Context, SNSEvent } from 'aws-lambda';
import contract from '../contract.json';
import { recordHandled } from './handled-items';
import { parseUploads } from './uploads';

/** An SNS event with these messages, each of which has its place as its id: 1, 2... */
function snsEvent(messages: string[]): SNSEvent {
  const records = messages.map((message, index) => ({ EventSource: 'aws:sns', Sns: { MessageId: `${index + 1}`, Message: message } }));
  return { Records: records } as SNSEvent;
}

/** An S3 event notification of the keys, which are given as S3 encodes them. */
function s3Message(...keys: string[]): string {
  return JSON.stringify({ Records: keys.map(key => ({ eventSource: 'aws:s3', s3: { object: { key, sequencer: '01' } } })) });
}

describe('parseUploads', () => {
  it.each(contract.parse)('parses $name', ({ messages, uploads, failures = [], ignored = 0 }) => {
    const parsed = parseUploads(snsEvent(messages));

    expect(parsed.uploads.map(({ messageId, ...upload }) => upload)).toEqual(uploads);
    expect(parsed.failures.map(failure => failure.reason)).toEqual(failures);
    expect(parsed.ignored).toBe(ignored);
  });

  it('tells which message an upload or a failure came in', () => {
    const parsed = parseUploads(snsEvent([s3Message('a'), 'x', s3Message('b')]));

    expect(parsed.uploads.map(upload => upload.messageId)).toEqual(['1', '3']);
    expect(parsed.failures.map(failure => failure.messageId)).toEqual(['2']);
  });

  it.each(contract.notSnsEvents)('fails on an event that is not of SNS: %j', event => {
    expect(() => parseUploads(event as unknown as SNSEvent)).toThrow('the event is not an SNS event');
  });

  it('decodes a key of the greatest length S3 allows', () => {
    const key = 'ä'.repeat(512);
    expect(parseUploads(snsEvent([s3Message(encodeURIComponent(key))])).uploads[0].key).toBe(key);
  });
});

/** The handler reads its environment when it is loaded, as it does on Lambda. */
const loadHandler = () => jest.requireActual<typeof import('./handler')>('./handler');

/** What the table answers, by key; everything else succeeds. */
const REFUSALS: Record<string, string> = {
  seen: 'ConditionalCheckFailedException',
  gone: 'ResourceNotFoundException',
};

describe('with a table', () => {
  const requests: any[] = [];
  let server: Server;

  beforeAll(async () => {
    // A DynamoDB endpoint that keeps what the real client sends.
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', chunk => chunks.push(chunk)).on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString());
        requests.push(body);
        const refusal = REFUSALS[body.Key.itemID.S];
        response.writeHead(refusal ? 400 : 200, { 'Content-Type': 'application/x-amz-json-1.0' });
        response.end(JSON.stringify(refusal ? { __type: `com.amazonaws.dynamodb.v20120810#${refusal}`, message: 'refused' } : {}));
      });
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      TABLE_NAME: 'items',
    });
  });
  afterAll(() => new Promise(resolve => {
    server.close(resolve);
    server.closeAllConnections();
  }));
  beforeEach(() => { requests.length = 0; });

  /** The contract's request, for this function. */
  function expectedRequest(request: object): object {
    return JSON.parse(JSON.stringify(request).replaceAll('<function>', 'ts'));
  }

  describe('recordHandled', () => {
    const time = new Date('2026-01-02T03:04:05.678Z');
    const upload = { key: 'a b.txt', sequencer: '01'.padEnd(32, '0'), messageId: '1' };

    it('writes only over an older event', async () => {
      expect(await recordHandled(new DynamoDBClient({}), 'items', upload, time)).toBe(true);
      expect(requests).toEqual([expectedRequest(contract.updateItem)]);
    });

    it('writes an upload without a sequencer once', async () => {
      await recordHandled(new DynamoDBClient({}), 'items', { key: upload.key, messageId: '1' }, time);
      expect(requests).toEqual([expectedRequest(contract.updateItemWithoutSequencer)]);
    });

    it('tells when the same or a newer event is there already', async () => {
      expect(await recordHandled(new DynamoDBClient({}), 'items', { ...upload, key: 'seen' }, time)).toBe(false);
    });
  });

  describe('handler', () => {
    const context = { awsRequestId: 'r-1' } as Context;
    let handler: typeof import('./handler').handler;
    let written: jest.SpyInstance;

    beforeAll(() => { ({ handler } = loadHandler()); });
    beforeEach(() => { written = jest.spyOn(process.stdout, 'write').mockReturnValue(true); });
    afterEach(() => { written.mockRestore(); });
    const lines = () => written.mock.calls.map(([line]) => JSON.parse(line));

    it('records every record of every message and logs one line without keys', async () => {
      await handler(snsEvent([s3Message('secret-1', 'secret-2'), s3Message('seen')]), context);

      expect(requests.map(request => request.Key.itemID.S)).toEqual(['secret-1', 'secret-2', 'seen']);
      expect(lines()).toEqual([{ level: 'INFO', message: 'event handled', requestId: 'r-1', written: 2, unchanged: 1, ignored: 0, failed: 0 }]);
    });

    it('fails after it has handled everything that it can', async () => {
      await expect(handler(snsEvent(['secret', s3Message('gone', 'good')]), context))
        .rejects.toThrow('2 not handled; the first, of SNS message 1: the message is not JSON');

      expect(requests.map(request => request.Key.itemID.S)).toEqual(['gone', 'good']);
      expect(lines().map(line => line.reason ?? line.failed)).toEqual([
        'the message is not JSON', 'cannot write to the table: ResourceNotFoundException: refused', 2,
      ]);
      expect(JSON.stringify(lines())).not.toContain('secret');
    });

    it('does nothing for a test event', async () => {
      await handler(snsEvent(['{"Service":"Amazon S3","Event":"s3:TestEvent"}']), context);
      expect(requests).toEqual([]);
    });

    it('fails to load without the name of a table', () => {
      delete process.env.TABLE_NAME;
      jest.resetModules();
      expect(loadHandler).toThrow('TABLE_NAME');
    });
  });
});
