import { randomBytes } from 'node:crypto';
import {
  closeSync, ftruncateSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { frameOf, readFrames } from './frames';
import { LockedError, releaseLock, takeLock } from './journal-lock';

export interface JournalOptions {
  readonly directory: string;
  /** Files together larger than this are rewritten to what is still held, in bytes. */
  readonly maxBytes: number;
  /** A file is closed and the next one begun at this size, in bytes. */
  readonly rotateBytes: number;
  /** Called when a file has been closed for its size: the time to look whether the journal has outgrown its bound. */
  readonly onRotated?: () => void;
  readonly log: (line: string) => void;
}

/** One trace in a snapshot file. */
export interface SnapshotTrace {
  readonly id: string;
  readonly isSampled: boolean;
  /** JSON list of documents, deflated. */
  readonly documents: Buffer;
}

/** A document that could not be written, and so is not taken. */
export class JournalWriteError extends Error {}

/** What a replay hands over: datagrams as they came, and traces from snapshots. */
export interface JournalReader {
  datagram(payload: Buffer): void;
  trace(trace: SnapshotTrace): void;
}

const TEMPORARY = '.log.tmp';
const REMAINS_AGE_MS = 3600_000;
/** Read in a second or two; a snapshot of the same traces is read in a tenth of that. */
const MAX_DATAGRAM_BYTES = 32 * 1024 * 1024;
const SNAPSHOT_SLICE_MS = 10;

/**
 * Name of a new journal file: names sort as the files were begun, in every process that has written here.
 * The UDP receiver, which is plain JavaScript in a thread of its own, builds its names in the same way.
 */
function fileName(writer: string): string {
  fileNumber += 1;
  const random = randomBytes(3).toString('hex');
  return `${String(Date.now()).padStart(15, '0')}-${String(fileNumber).padStart(6, '0')}-${writer}-${process.pid}-${random}.log`;
}

let fileNumber = 0;

/**
 * The append-only record of what was accepted, so that a restart or a kill loses nothing. A write reaches the kernel before a document
 * counts as accepted: that survives the death of this process, not of the machine.
 *
 * Files `<time>-<number>-<writer>-<pid>-<random>.log` hold frames (see frames.ts) and are read in the order of their names. `udp` and `http`
 * files hold datagrams as they came; a `snapshot` file holds traces as `{"id","sampled"}`, a newline and a JSON list of documents, deflated.
 */
export class Journal {
  /** Opens the folder, made if need be; fails with one clear sentence when it cannot be used, or when another running process uses it. */
  static open(options: JournalOptions): Journal {
    try {
      mkdirSync(options.directory, { recursive: true, mode: 0o700 });
      takeLock(options.directory);
      removeRemains(options.directory);
    } catch (error) {
      if (error instanceof LockedError) throw error;
      throw new Error(`traces cannot be kept in ${options.directory}: ${messageOf(error)}; give another folder`);
    }
    return new Journal(options);
  }

  /** False once a write has failed. */
  isHealthy = true;
  private file: { fd: number; bytes: number } | undefined;
  private datagramBytes = 0;
  private compacting: Promise<void> | undefined;

  private constructor(private readonly options: JournalOptions) {}

  get directory(): string {
    return this.options.directory;
  }

  /** Bytes on disk. */
  get bytes(): number {
    return this.names().reduce((sum, name) => sum + sizeOf(join(this.directory, name)), 0);
  }

  /** Reads everything that is there, oldest first. Files that cannot be read to their end are reported, and the rest still read. */
  replay(reader: JournalReader): void {
    for (const name of this.names()) {
      const isSnapshot = name.includes('~snapshot-');
      let bytes: Buffer;
      try {
        bytes = readFileSync(join(this.directory, name));
      } catch (error) {
        this.options.log(`the traces in ${name} cannot be read: ${messageOf(error)}`);
        continue;
      }
      const { tail, damaged } = readFrames(bytes, (payload) => {
        if (isSnapshot) reader.trace(traceOfPayload(payload));
        else reader.datagram(payload);
      });
      if (!isSnapshot) this.datagramBytes += bytes.length;
      if (damaged > 0) this.options.log(`${damaged} bytes within ${name} are damaged and were left out; everything around them is back`);
      if (tail > 0) this.options.log(`the last ${tail} bytes of ${name} were cut off by a kill; everything before them is back`);
    }
  }

  /** Appends one datagram; returns when the kernel has it. Throws a JournalWriteError when it cannot be written; then nothing of it stays there. */
  append(datagram: Buffer): void {
    try {
      this.file ??= { fd: openSync(join(this.directory, fileName('http')), 'ax'), bytes: 0 };
      const frame = frameOf(datagram);
      for (let done = 0; done < frame.length;) done += writeSync(this.file.fd, frame, done);
      this.file.bytes += frame.length;
    } catch (error) {
      this.cutOff();
      // A line for the first: a flood of documents must not become a flood of lines.
      if (this.isHealthy) this.options.log(`the journal cannot be written, so documents over HTTP are refused: ${messageOf(error)}`);
      this.isHealthy = false;
      throw new JournalWriteError(`the journal cannot be written: ${messageOf(error)}`);
    }
    if (this.file.bytes >= this.options.rotateBytes) {
      this.closeFile();
      this.options.onRotated?.();
    }
  }

  /** After a frame of which only a part could be written: what is appended later must not stand behind it. */
  private cutOff(): void {
    if (this.file === undefined) return;
    try {
      ftruncateSync(this.file.fd, this.file.bytes);
    } catch {
      this.closeFile(); // the next one begins a new file
    }
  }

  /** Whether the files have outgrown their bound, or earlier runs have left much that a start has to read document by document. */
  needsCompaction(heldBytes: number): boolean {
    if (this.compacting !== undefined) return false;
    return this.datagramBytes > MAX_DATAGRAM_BYTES || (this.bytes > this.options.maxBytes && this.bytes > heldBytes * 2);
  }

  /**
   * Rewrites the journal to the traces still held. `upTo` is the file the UDP receiver has just begun: all that lies in files before it
   * has been handed over. Written in slices, so that the program goes on; a kill in the middle leaves the old files.
   */
  compact(traces: Iterable<SnapshotTrace>, upTo?: string): Promise<void> {
    this.compacting ??= this.rewrite(traces, upTo).finally(() => {
      this.compacting = undefined;
    });
    return this.compacting;
  }

  async close(): Promise<void> {
    await this.compacting;
    this.closeFile();
    releaseLock(this.directory);
  }

  private async rewrite(traces: Iterable<SnapshotTrace>, upTo: string | undefined): Promise<void> {
    this.datagramBytes = 0;
    const old = this.names().filter((name) => upTo === undefined || name < upTo);
    this.closeFile();
    // Sorts where the files stood that it replaces: traces that came later must not count as older when it is read.
    const place = old[old.length - 1]?.replace(/^(\d+-\d+).*$/, '$1') ?? '0';
    const target = join(this.directory, fileName('snapshot').replace(/^\d+-\d+-/, `${place}~`));
    const temporary = target.replace(/\.log$/, TEMPORARY);
    let fd: number | undefined;
    try {
      fd = openSync(temporary, 'ax');
      let sliceEnd = performance.now() + SNAPSHOT_SLICE_MS;
      for (const trace of traces) {
        const frame = frameOf(Buffer.concat([Buffer.from(`${JSON.stringify({ id: trace.id, sampled: trace.isSampled })}\n`), trace.documents]));
        for (let done = 0; done < frame.length;) done += writeSync(fd, frame, done);
        if (performance.now() > sliceEnd) {
          await new Promise((resolve) => { setImmediate(resolve); });
          sliceEnd = performance.now() + SNAPSHOT_SLICE_MS;
        }
      }
      renameSync(temporary, target);
      for (const file of old) rmSync(join(this.directory, file), { force: true });
    } catch (error) {
      rmSync(temporary, { force: true });
      this.options.log(`the journal could not be rewritten and keeps growing: ${messageOf(error)}`);
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }

  private closeFile(): void {
    if (this.file !== undefined) closeSync(this.file.fd);
    this.file = undefined;
  }

  private names(): string[] {
    return namesIn(this.directory).filter((name) => name.endsWith('.log')).sort();
  }
}

/**
 * Removes snapshots that a kill has left half-written, and files into which nothing ever came. Young ones may be in use: a lock says
 * nothing of a process in another container.
 */
function removeRemains(directory: string): void {
  for (const name of namesIn(directory)) {
    const file = join(directory, name);
    if (!name.endsWith(TEMPORARY) && !name.endsWith('.log')) continue;
    const { size, mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? { size: 1, mtimeMs: Date.now() };
    if ((size === 0 || name.endsWith(TEMPORARY)) && mtimeMs < Date.now() - REMAINS_AGE_MS) rmSync(file, { force: true });
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []; // someone has removed the folder: there is nothing in it
    throw error;
  }
}

function messageOf(error: unknown): string {
  return (error as Error).message ?? String(error);
}

function traceOfPayload(payload: Buffer): SnapshotTrace {
  const newline = payload.indexOf(0x0a);
  const { id, sampled } = JSON.parse(payload.toString('utf8', 0, newline)) as { id: string; sampled: boolean };
  return { id, isSampled: sampled, documents: payload.subarray(newline + 1) };
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
