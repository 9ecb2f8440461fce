import { createServer, request as forward, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Where nobody listens: a downstream that is gone. */
export const GONE = 'http://127.0.0.1:9';

/** An AWS endpoint that answers the next requests with an error and passes all others on: a downstream that fails for a while. */
export class FailingEndpoint {
  public static async start(target: string): Promise<FailingEndpoint> {
    const endpoint = new FailingEndpoint(new URL(target));
    await new Promise<void>(resolve => endpoint.server.listen(0, '127.0.0.1', resolve));
    return endpoint;
  }

  private readonly server: Server;
  private failures = 0;

  private constructor(target: URL) {
    this.server = createServer((incoming, response) => {
      if (this.failures > 0) {
        this.failures--;
        incoming.resume().on('end', () => response.writeHead(503, { 'Content-Type': 'text/plain' }).end('failing as the test wants it'));
        return;
      }
      const { method, url, headers } = incoming;
      const options = { host: target.hostname, port: target.port, method, path: url, headers: { ...headers, host: target.host } };
      const outgoing = forward(options, answer => {
        response.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(response);
      });
      outgoing.on('error', error => response.destroy(error));
      incoming.pipe(outgoing);
    });
  }

  public get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** How many of the next requests will still fail. */
  public get remainingFailures(): number {
    return this.failures;
  }

  public failNext(requests: number): void {
    this.failures = requests;
  }

  public async close(): Promise<void> {
    await new Promise(resolve => {
      this.server.close(resolve);
      this.server.closeAllConnections();
    });
  }
}
