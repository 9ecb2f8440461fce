import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import contract from '../contract.json';
import { parseObjectRequest } from './object-request';

describe('parseObjectRequest', () => {
  it.each(contract.parse)('takes $name', ({ event, request }) => {
    expect(parseObjectRequest(event, 'default')).toEqual(request);
  });

  it.each(contract.refused)('refuses $event', ({ event, reason }) => {
    expect(() => parseObjectRequest(event, 'default')).toThrow(reason);
  });

  it('counts the bytes of a key, not its characters', () => {
    expect(parseObjectRequest({ bucket_key: 'ä'.repeat(512), body: '' }, 'default').key).toHaveLength(512);
    expect(() => parseObjectRequest({ bucket_key: `${'ä'.repeat(512)}a`, body: '' }, 'default')).toThrow('1,024 bytes');
  });
});

/** The handler reads its environment when it is loaded, as it does on Lambda. */
const loadHandler = () => jest.requireActual<typeof import('./handler')>('./handler');

describe('handler', () => {
  const requests: { method?: string; path: string; body: string }[] = [];
  let server: Server;
  let answer: number[] = [];

  beforeAll(async () => {
    // An S3 endpoint that keeps what the real client sends; it answers with the given statuses, then 200.
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', chunk => chunks.push(chunk)).on('end', () => {
        requests.push({ method: request.method, path: decodeURIComponent(request.url!.replace(/\?.*/, '')), body: Buffer.concat(chunks).toString() });
        response.writeHead(answer.shift() ?? 200).end();
      });
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      BUCKET_NAME: 'objects',
    });
  });
  afterAll(() => new Promise(resolve => {
    server.close(resolve);
    server.closeAllConnections();
  }));
  beforeEach(() => {
    requests.length = 0;
    answer = [];
  });

  it('puts the object into the bucket', async () => {
    const response = await loadHandler().handler({ bucket_key: 'ä b.txt', body: 'text' });

    expect(response).toEqual({ bucket_name: 'objects', bucket_key: 'ä b.txt', put_response: 200 });
    expect(requests).toEqual([{ method: 'PUT', path: '/objects/ä b.txt', body: expect.stringContaining('text') }]);
  });

  it('survives a bucket that fails once', async () => {
    answer = [500];
    expect(await loadHandler().handler({ bucket_key: 'k', body: 'text' })).toMatchObject({ put_response: 200 });
    expect(requests).toHaveLength(2);
  });

  it('fails when the bucket is gone, so that Lambda tries again and then keeps the event', async () => {
    answer = [404];
    await expect(loadHandler().handler({ bucket_key: 'k', body: 'text' })).rejects.toThrow();
  });

  it('sends nothing for a malformed event', async () => {
    await expect(loadHandler().handler({ bucket_key: 'k' })).rejects.toThrow("'body' has to be text");
    expect(requests).toEqual([]);
  });

  it('fails to load without the name of a bucket', () => {
    delete process.env.BUCKET_NAME;
    jest.resetModules();
    expect(loadHandler).toThrow('BUCKET_NAME');
  });
});
