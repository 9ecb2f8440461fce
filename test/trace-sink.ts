import { createSocket, Socket } from 'dgram';
import { AddressInfo } from 'net';

/** The parts of an X-Ray document that the tests look at; times in seconds since 1970. */
export interface SegmentDocument {
  readonly id: string;
  readonly name: string;
  readonly trace_id: string;
  readonly parent_id?: string;
  readonly type?: string;
  readonly namespace?: string;
  readonly in_progress?: boolean;
  readonly aws?: Record<string, unknown>;
  readonly subsegments?: SegmentDocument[];
}

const MARKER = 'end of the test';

/** Stands where the X-Ray daemon listens, on a free port of the loopback address, and keeps what it gets. */
export class TraceSink {
  public static async start(): Promise<TraceSink> {
    const socket = createSocket('udp4');
    await new Promise<void>(resolve => socket.bind(0, '127.0.0.1', resolve));
    return new TraceSink(socket);
  }

  private readonly datagrams: string[] = [];

  private constructor(private readonly socket: Socket) {
    socket.on('message', message => this.datagrams.push(message.toString()));
  }

  public get address(): string {
    return `127.0.0.1:${(this.socket.address() as AddressInfo).port}`;
  }

  /** Complete documents that have arrived since the last call, subsegments flattened. */
  public async take(): Promise<SegmentDocument[]> {
    return (await this.takeDatagrams()).flatMap(text => {
      const [header, body] = text.split('\n');
      expect(JSON.parse(header)).toEqual({ format: 'json', version: 1 });
      return flatten(JSON.parse(body) as SegmentDocument);
    }).filter(document => !document.in_progress);
  }

  /** Whatever has arrived since the last call. A datagram overtakes none on the loopback device, so none is missed. */
  public async takeDatagrams(): Promise<string[]> {
    const arrived = new Promise<void>(resolve => {
      const listen = (message: Buffer) => {
        if (message.toString() === MARKER) {
          this.socket.off('message', listen);
          resolve();
        }
      };
      this.socket.on('message', listen);
    });
    this.socket.send(MARKER, (this.socket.address() as AddressInfo).port, '127.0.0.1');
    await arrived;
    return this.datagrams.splice(0).filter(text => text !== MARKER);
  }

  /** Resolves when a datagram comes that the condition holds for. */
  public async received(condition: (datagram: string) => boolean): Promise<void> {
    return new Promise(resolve => {
      const listen = (message: Buffer) => {
        if (condition(message.toString())) {
          this.socket.off('message', listen);
          resolve();
        }
      };
      this.socket.on('message', listen);
    });
  }

  public async stop(): Promise<void> {
    await new Promise<void>(resolve => this.socket.close(resolve));
  }
}

function flatten(document: SegmentDocument): SegmentDocument[] {
  return [document, ...(document.subsegments ?? []).flatMap(flatten)];
}
