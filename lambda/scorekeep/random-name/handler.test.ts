import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as AWSXRay from 'aws-xray-sdk-core';
import { randomName } from './random-name';

describe('randomName', () => {
  it('is a first name, and for one user always the same', () => {
    const { userId, name } = randomName({ userid: 'user-1' });
    expect(userId).toBe('user-1');
    expect(name).toMatch(/^[A-Z][a-z]+$/);
    expect(randomName({ userid: 'user-1' })).toEqual({ userId, name });
  });

  it('differs from user to user', () => {
    expect(new Set(Array.from({ length: 100 }, (_, i) => randomName({ userid: `user-${i}` }).name)).size).toBeGreaterThan(50);
  });

  it.each([[null], [{}], ['user'], [{ userid: '' }], [{ userid: 7 }]])('refuses %j', event => {
    expect(() => randomName(event)).toThrow("the event has to be { userid: '...' }");
  });
});

describe('handler', () => {
  const published: URLSearchParams[] = [];
  let answers: number[] = [];
  let server: Server;

  beforeAll(async () => {
    // An SNS endpoint that keeps what the real client sends; it answers with the given statuses, then 200.
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', chunk => chunks.push(chunk)).on('end', () => {
        published.push(new URLSearchParams(Buffer.concat(chunks).toString()));
        response.writeHead(answers.shift() ?? 200, { 'Content-Type': 'text/xml' });
        response.end('<PublishResponse><PublishResult><MessageId>m-1</MessageId></PublishResult></PublishResponse>');
      });
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_SNS: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      TOPIC_ARN: 'arn:aws:sns:us-east-1:000000000000:topic',
    });
    AWSXRay.setContextMissingStrategy('IGNORE_ERROR');
  });
  afterAll(() => new Promise(resolve => {
    server.close(resolve);
    server.closeAllConnections();
  }));
  beforeEach(() => {
    published.length = 0;
    answers = [];
  });

  /** The handler reads its environment when it is loaded, as it does on Lambda. */
  const loadHandler = () => jest.requireActual<typeof import('./handler')>('./handler');

  it('gives a name, tells of it, and annotates', async () => {
    const segment = new AWSXRay.Segment('test');
    const name = await AWSXRay.getNamespace().runPromise(async () => {
      AWSXRay.setSegment(segment);
      return (await loadHandler().handler({ userid: 'user-1' })).name;
    });

    expect(Object.fromEntries(published[0])).toMatchObject({
      TopicArn: process.env.TOPIC_ARN, Subject: `New user: ${name}`, Message: `Created random name "${name}" for user "user-1".`,
    });
    expect(segment.subsegments).toMatchObject([{ name: 'annotations', annotations: { Name: name, UserID: 'user-1' } }]);
  });

  it('works where nothing is traced', async () => {
    expect(await loadHandler().handler({ userid: 'user-1' })).toEqual({ name: randomName({ userid: 'user-1' }).name });
  });

  it('survives a topic that fails once', async () => {
    answers = [500];
    await loadHandler().handler({ userid: 'user-1' });
    expect(published).toHaveLength(2);
  });

  it('fails when the topic is gone, so that its caller knows', async () => {
    answers = [404];
    await expect(loadHandler().handler({ userid: 'user-1' })).rejects.toThrow();
  });

  it('tells nobody of a malformed event', async () => {
    await expect(loadHandler().handler({})).rejects.toThrow('userid');
    expect(published).toEqual([]);
  });

  it('fails to load without the topic', () => {
    delete process.env.TOPIC_ARN;
    jest.resetModules();
    expect(loadHandler).toThrow('TOPIC_ARN');
  });
});
