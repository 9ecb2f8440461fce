import { createHash } from 'crypto';
import { createServer, IncomingMessage, Server, ServerResponse } from 'http';
import { AddressInfo } from 'net';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  /** Such as `DynamoDB_20120810.PutItem`; undefined for what is not an AWS JSON protocol. */
  readonly target?: string;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: string;
}

interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/**
 * AWS services and a web site on one free port of the loopback address. What a request is about decides the answer:
 * a table, key, queue or path with `throttled`, `conditional`, `missing` or `broken` in its name fails like that, with `quoting` in a message that quotes the request; `/status/<n>` answers with n, `/echo/<header>` with a header of the request,
 * `/redirect` with a redirection, and `/slow` never.
 */
export class FakeServices {
  public static async start(): Promise<FakeServices> {
    const requests: ReceivedRequest[] = [];
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', text => body += text).on('end', () => {
        requests.push({ method: request.method!, path: request.url!, target: request.headers['x-amz-target'] as string, headers: request.headers, body });
        if (request.url === '/slow') {
          return; // until the other side gives up
        }
        reply(request, body, response);
      });
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    return new FakeServices(server, requests);
  }

  private constructor(private readonly server: Server, private readonly requests: ReceivedRequest[]) {}

  public get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Requests since the last time. */
  public take(): ReceivedRequest[] {
    return this.requests.splice(0);
  }

  public async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
  }
}

function reply(request: IncomingMessage, body: string, response: ServerResponse): void {
  const { status, headers, body: text = '' } = answer(request, body);
  response.writeHead(status, { 'x-amzn-requestid': 'REQUEST', 'content-length': String(Buffer.byteLength(text)), ...headers });
  response.end(request.method === 'HEAD' ? undefined : text);
}

function answer(request: IncomingMessage, body: string): Answer {
  const status = /^\/status\/(\d+)/.exec(request.url!);
  if (status) {
    return { status: Number(status[1]), body: 'answer' };
  }
  const echo = /^\/echo\/([\w-]+)/.exec(request.url!);
  if (echo) {
    return { status: 200, body: String(request.headers[echo[1]]) };
  }
  if (request.url === '/redirect') {
    return { status: 302, headers: { location: '/status/200' } };
  }
  const target = request.headers['x-amz-target'] as string | undefined;
  if (target) {
    return jsonProtocol(target, body);
  }
  const about = request.url + body;
  if (/Action=Publish/.test(body)) {
    return /broken/.test(about)
      ? { status: 500, body: '<ErrorResponse><Error><Type>Receiver</Type><Code>InternalError</Code><Message>broken</Message></Error></ErrorResponse>' }
      : { status: 200, body: '<PublishResponse><PublishResult><MessageId>MESSAGE</MessageId></PublishResult></PublishResponse>' };
  }
  if (/\/invocations/.test(request.url!)) {
    return { status: 200, headers: { 'x-amz-function-error': /broken/.test(about) ? 'Unhandled' : '' }, body: '{"answer":42}' };
  }
  // S3, addressed by path.
  const s3 = { 'x-amz-request-id': 'REQUEST', 'x-amz-id-2': 'EXTENDED', 'content-type': 'application/xml' };
  return /missing/.test(about)
    ? { status: 404, headers: s3, body: '<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>' }
    : { status: 200, headers: { ...s3, etag: '"etag"' }, body: request.method !== 'GET' ? '' : /list-type/.test(request.url!) ? '<ListBucketResult/>' : 'contents' };
}

function jsonProtocol(target: string, body: string): Answer {
  const fail = (status: number, type: string): Answer => ({ status, body: JSON.stringify({ __type: type, message: `the answer is ${type}` }) });
  if (/throttled/.test(body)) {
    return fail(400, 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException');
  }
  if (/conditional/.test(body)) {
    return fail(400, 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException');
  }
  if (/missing/.test(body)) {
    return fail(400, target.startsWith('AmazonSQS') ? 'com.amazonaws.sqs#QueueDoesNotExist' : 'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException');
  }
  if (/quoting/.test(body)) {
    const message = `1 validation error detected: Value '${body}' at 'item' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-z]+`;
    return { status: 400, body: JSON.stringify({ __type: 'com.amazonaws.dynamodb.v20120810#ValidationException', message }) };
  }
  if (/broken/.test(body)) {
    return fail(500, 'InternalServerError');
  }
  const operation = target.split('.')[1];
  const results: Record<string, object> = {
    ListTables: { TableNames: ['one', 'two'] },
    Scan: { Items: [], Count: 0, ScannedCount: 3, ConsumedCapacity: { TableName: 'items', CapacityUnits: 1 } },
    // Clients check it.
    SendMessage: { MessageId: 'MESSAGE', MD5OfMessageBody: createHash('md5').update(String(JSON.parse(body).MessageBody)).digest('hex') },
    ReceiveMessage: { Messages: [] },
  };
  return { status: 200, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: JSON.stringify(results[operation] ?? {}) };
}
