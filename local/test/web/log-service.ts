import { createServer, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FUNCTIONS, requestIdOf, Upload } from './sample-documents';

interface Event { timestamp: number; message: string; logStreamName: string }

/** CloudWatch Logs with what the sample's functions log for uploads; answers FilterLogEvents as the local cloud does (JSON 1.1). */
export class LogService {
  static async start(): Promise<LogService> {
    const service = new LogService();
    await new Promise<void>((resolve) => service.server.listen(0, '127.0.0.1', resolve));
    return service;
  }

  private readonly groups = new Map<string, Event[]>();
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
        if (request.method === 'GET') {
          // Lambda's GetFunctionConfiguration, of functions without a log group of their own.
          response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
          return;
        }
        const { status, body } = this.answer(request.headers['x-amz-target'], JSON.parse(Buffer.concat(chunks).toString()));
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
      });
    });
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What the three functions log for an upload. */
  log(upload: Upload): void {
    for (const [index, { name }] of FUNCTIONS.entries()) {
      const requestId = requestIdOf(upload, index);
      const isBroken = upload.isPythonBroken === true && name === 'xraystarter-py';
      for (const attempt of isBroken ? [0, 1.1, 3.3] : [0]) {
        const at = (upload.at + 0.07 + attempt) * 1000;
        this.put(`/aws/lambda/${name}`, `2026/03/09/[$LATEST]${upload.number}-${attempt}`, at, isBroken ? brokenStart(requestId) : handled(requestId, upload));
      }
    }
  }

  close(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private put(group: string, stream: string, at: number, messages: string[]): void {
    const events = this.groups.get(group) ?? [];
    this.groups.set(group, events);
    messages.forEach((message, index) => events.push({ timestamp: Math.round(at) + index * 3, message, logStreamName: stream }));
  }

  private answer(target: string | string[] | undefined, input: Record<string, unknown>): { status: number; body: object } {
    if (target !== 'Logs_20140328.FilterLogEvents') return { status: 400, body: { __type: 'UnknownOperationException', message: `no ${String(target)}` } };
    const events = this.groups.get(String(input.logGroupName));
    if (events === undefined) return { status: 400, body: { __type: 'ResourceNotFoundException', message: 'The specified log group does not exist.' } };
    const word = typeof input.filterPattern === 'string' ? input.filterPattern.replace(/"/g, '') : '';
    const streams = input.logStreamNames as string[] | undefined;
    return {
      status: 200,
      body: {
        events: events.filter(({ timestamp, message, logStreamName }) => timestamp >= Number(input.startTime) && timestamp <= Number(input.endTime)
          && message.includes(word) && (streams === undefined || streams.includes(logStreamName))),
      },
    };
  }
}

function handled(requestId: string, { key = 'a b.txt', isCold = false }: Upload): string[] {
  return [
    ...(isCold ? ['INIT_START Runtime Version: nodejs22.x (local)'] : []),
    `START RequestId: ${requestId} Version: $LATEST`,
    `2026-03-09T14:03:07.215Z\t${requestId}\tINFO\tstored ${JSON.stringify(key)} in items`,
    `END RequestId: ${requestId}`,
    `REPORT RequestId: ${requestId}\tDuration: 34.20 ms\tBilled Duration: 35 ms\tMemory Size: 128 MB\tMax Memory Used: 71 MB`,
  ];
}

function brokenStart(requestId: string): string[] {
  return [
    'INIT_START Runtime Version: python3.13 (local)',
    "[ERROR] Runtime.ImportModuleError: Unable to import module 'app': No module named 'aws_xray_sdk'\nTraceback (most recent call last):",
    `START RequestId: ${requestId} Version: $LATEST`,
    `END RequestId: ${requestId}`,
    `REPORT RequestId: ${requestId}\tDuration: 0.31 ms\tBilled Duration: 1 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\tStatus: error\tError Type: Runtime.ImportModuleError`,
  ];
}
