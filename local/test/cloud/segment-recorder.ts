import { createSocket, type Socket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import type { SegmentDocument } from '../../src/samples/sample';

export type RecordedSegment = SegmentDocument & { readonly resource_arn?: string; readonly links?: unknown[]; readonly type?: string };

/** A daemon that keeps what it gets: real datagrams on a real socket, nothing of the collector. */
export class SegmentRecorder {
  static async start(): Promise<SegmentRecorder> {
    const socket = createSocket('udp4');
    await new Promise<void>(resolve => socket.bind(0, '127.0.0.1', resolve));
    return new SegmentRecorder(socket);
  }

  readonly port: number;
  /** Datagrams with another first line than the daemon's protocol has. */
  readonly malformed: string[] = [];
  private readonly received: RecordedSegment[] = [];
  private changed: () => void;

  private constructor(private readonly socket: Socket) {
    this.port = (socket.address() as AddressInfo).port;
    this.changed = () => undefined;
    socket.on('message', message => {
      const text = message.toString('utf8');
      const end = text.indexOf('\n');
      if (text.slice(0, end) === '{"format":"json","version":1}') this.received.push(JSON.parse(text.slice(end + 1)) as RecordedSegment);
      else this.malformed.push(text);
      this.changed();
    });
  }

  /** The documents of a trace, the last of each id: Lambda sends its service segment again after each attempt. */
  trace(traceId: string): RecordedSegment[] {
    return [...new Map(this.received.filter(s => s.trace_id === traceId).map(s => [s.id, s])).values()];
  }

  /** All documents with this name, of any trace. */
  named(name: string): RecordedSegment[] {
    return this.received.filter(s => s.name === name);
  }

  /** Waits until `select` gives something; fails with all that came instead. */
  async until<T>(what: string, select: () => T | undefined | false, timeoutMs = 30_000): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<T>((resolve, reject) => {
        this.changed = () => {
          const found = select();
          if (found) resolve(found);
        };
        timer = setTimeout(() => reject(new Error(`${what} did not come; received:\n${this.received.map(s => JSON.stringify(s)).join('\n')}`)), timeoutMs);
        this.changed();
      });
    } finally {
      clearTimeout(timer);
      this.changed = () => undefined;
    }
  }

  close(): Promise<void> {
    return new Promise(resolve => this.socket.close(() => resolve()));
  }
}
