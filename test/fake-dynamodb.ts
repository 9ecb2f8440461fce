import { createServer, Server } from 'http';
import { AddressInfo } from 'net';

export interface ReceivedCall {
  readonly operation: string;
  readonly traceHeader?: string;
}

/** Answers every call of DynamoDB's protocol with success, and GET requests with `ok`, on a free port of the loopback address. */
export class FakeDynamoDB {
  public static async start(): Promise<FakeDynamoDB> {
    const calls: ReceivedCall[] = [];
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        calls.push({ operation: String(request.headers['x-amz-target'] ?? request.method), traceHeader: request.headers['x-amzn-trace-id'] as string });
        response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'REQUEST' });
        response.end(request.method === 'GET' ? 'ok' : '{}');
      });
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    return new FakeDynamoDB(server, calls);
  }

  private constructor(private readonly server: Server, private readonly calls: ReceivedCall[]) {}

  public get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Calls since the last time. */
  public take(): ReceivedCall[] {
    return this.calls.splice(0);
  }

  public async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise(resolve => this.server.close(resolve));
  }
}
