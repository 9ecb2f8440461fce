import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { frames } from '../store/frames';

export interface CollectorOptions {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** Folder for the journal; without it nothing is written. */
  readonly journalDir?: string;
  /** A journal file is closed and the next one begun at this size, in bytes. */
  readonly rotateBytes: number;
  /** Called once for each datagram, after it is in the journal. */
  readonly onDatagram: (datagram: Buffer) => void;
  /** Called when a new journal file has begun: every datagram in earlier files has been handed to `onDatagram`. */
  readonly onRotated: (fileName: string) => void;
  readonly log: (line: string) => void;
}

type WorkerMessage =
  | { type: 'listening'; port: number; receiveBufferBytes: number }
  | { type: 'failed'; code?: string; message: string }
  | { type: 'batch'; frames: ArrayBuffer }
  | { type: 'rotated'; name: string }
  | { type: 'dropped'; count: number }
  | { type: 'journal-failed' | 'warning'; message: string }
  | { type: 'closed' };

/** The UDP side of an X-Ray daemon: hands every datagram on, in the order of arrival. Knows nothing of what is in them. */
export class Collector {
  /** Starts the receiving thread; fails with one clear sentence when the port cannot be had. */
  static async start(options: CollectorOptions): Promise<Collector> {
    const inFlight = new SharedArrayBuffer(4);
    const { host, port, journalDir, rotateBytes } = options;
    const worker = new Worker(workerFile(), { workerData: { host, port, journalDir, rotateBytes, inFlight } });
    const collector = new Collector(worker, new Int32Array(inFlight), options);
    await collector.listening;
    return collector;
  }

  port = 0;
  /** Of the kernel, in bytes, as it granted it. */
  receiveBufferBytes = 0;
  private droppedHere = 0;
  private journalFailed = false;
  private readonly listening: Promise<void>;
  private readonly exited: Promise<void>;

  private constructor(private readonly worker: Worker, private readonly inFlight: Int32Array, private readonly options: CollectorOptions) {
    this.exited = new Promise((resolve) => worker.once('exit', () => resolve()));
    this.listening = new Promise((resolve, reject) => {
      worker.on('message', (message: WorkerMessage) => {
        if (message.type === 'listening') {
          this.port = message.port;
          this.receiveBufferBytes = message.receiveBufferBytes;
          resolve();
        } else if (message.type === 'failed') {
          reject(bindError(message, options));
        } else {
          this.take(message);
        }
      });
      worker.once('error', (error) => {
        options.log(`the UDP receiver stopped: ${error.message}`);
        reject(error);
      });
    });
  }

  /** Datagrams lost since the start: those the kernel dropped because the socket was full, and those dropped here under overload. */
  get dropped(): number {
    return this.droppedHere + kernelDrops(this.port);
  }

  /** False once a write to the journal has failed: what came since would not survive a restart. */
  get isJournaling(): boolean {
    return this.options.journalDir !== undefined && !this.journalFailed;
  }

  /** Asks for a new journal file; `onRotated` tells when it has begun. */
  rotate(): void {
    this.worker.postMessage({ type: 'rotate' });
  }

  /** Closes the socket; everything received before is still handed on. */
  async close(): Promise<void> {
    this.worker.postMessage({ type: 'close' });
    await this.exited;
  }

  private take(message: WorkerMessage): void {
    switch (message.type) {
      case 'batch': {
        const batch = Buffer.from(message.frames);
        Atomics.sub(this.inFlight, 0, batch.length);
        for (const payload of frames(batch)) this.options.onDatagram(payload);
        break;
      }
      case 'rotated':
        this.options.onRotated(message.name);
        break;
      case 'dropped':
        if (this.droppedHere === 0) this.options.log('more datagrams come in than can be taken; some are dropped');
        this.droppedHere = message.count;
        break;
      case 'journal-failed':
        if (!this.journalFailed) this.options.log(`the journal cannot be written, so a restart would lose traces: ${message.message}`);
        this.journalFailed = true;
        break;
      case 'warning':
        this.options.log(message.message);
        break;
      default:
    }
  }
}

function bindError({ code, message }: { code?: string; message: string }, { host, port }: CollectorOptions): Error {
  if (code === 'EADDRINUSE') {
    return new Error(`UDP port ${port} on ${host} is in use, probably by another X-Ray daemon; set CDK_TRACED_XRAY_PORT or --xray-port to another one`);
  }
  if (code === 'EACCES') return new Error(`UDP port ${port} on ${host} may not be opened; set CDK_TRACED_XRAY_PORT or --xray-port to one above 1023`);
  return new Error(`UDP port ${port} on ${host} cannot be opened: ${message}`);
}

/** Beside this file in the sources; from the bundle in dist, the sources' copy. */
function workerFile(): string {
  const candidates = ['receiver-worker.cjs', '../src/xray/collector/receiver-worker.cjs'].map((file) => join(__dirname, file));
  const found = candidates.find((file) => existsSync(file));
  if (found === undefined) throw new Error(`receiver-worker.cjs is missing; looked for ${candidates.join(' and ')}`);
  return found;
}

/** What Linux says it dropped at our socket; 0 on systems that do not tell. */
function kernelDrops(port: number): number {
  try {
    const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
    const line = readFileSync('/proc/net/udp', 'utf8').split('\n').map((text) => text.trim().split(/\s+/)).find((fields) => fields[1]?.endsWith(local));
    return line === undefined ? 0 : Number(line[line.length - 1]) || 0;
  } catch {
    return 0; // not Linux: the kernel's drops cannot be read there
  }
}
