import { EventEmitter } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { inflateRawSync } from 'node:zlib';
import type { SnapshotTrace } from './journal';
import { TraceRecord } from './trace-record';
import type { CompiledTrace } from '../model/compiled-trace';
import { ServiceCatalog } from '../model/service-catalog';
import type { Trace } from '../model/trace';
import type { TraceFacts } from '../model/trace-facts';
import type { TraceReport } from '../model/trace-of-documents';
import type { AcceptedDocument } from '../wire/daemon-message';
import type { SegmentDocument } from '../wire/segment-document';

export interface TraceStoreOptions {
  /**
   * Memory for traces, in bytes: their documents, deflated as soon as there is time, and what is indexed of them. When more come, the
   * oldest traces go first.
   * @default 512 MiB
   */
  readonly maxBytes?: number;
}

interface StoreEvents {
  /** A trace is new or has got more documents. */
  trace: [id: string, isNew: boolean];
  evicted: [id: string];
}

const DEFAULT_MAX_BYTES = 512 * 1024 * 1024;
/** One trace must not push out all others. X-Ray's own limit is 500 KB. */
const MAX_TRACE_BYTES = 32 * 1024 * 1024;
/** Above this X-Ray says `LimitExceeded`. */
const XRAY_TRACE_BYTES = 500 * 1000;
/**
 * Documents of a trace are joined when so many wait, so that one sent again and again costs no memory, and when they are at least half of
 * what is joined already: joining is work in proportion to the whole trace.
 */
const MAX_PENDING = 256;
/** So many bytes of documents may wait to be joined; beyond that the oldest are joined at once, however much comes in. */
const MAX_UNSETTLED_BYTES = 64 * 1024 * 1024;
/** Length of a piece of work in the background, and of the pause before it, in milliseconds: little work while documents stream in. */
const SLICE_MS = { busy: 4, idle: 16 };
const PAUSE_MS = { busy: 40, idle: 8 };
/** A trace that took long to join is left alone in the background for so many times as long: it may be growing still. */
const REST = 10;

/**
 * The traces in memory: takes documents in any order, joins them when they are asked for or when there is time, and lets the oldest
 * traces (by the arrival of their first document) go when there are too many.
 */
export class TraceStore extends EventEmitter<StoreEvents> {
  readonly catalog = new ServiceCatalog();
  evicted = 0;
  private readonly records = new Map<string, TraceRecord>();
  private readonly unsettled = new Set<TraceRecord>();
  /** Traces that took long to join, and until when the background leaves them alone (milliseconds, as performance.now()). */
  private readonly resting = new Map<TraceRecord, number>();
  private readonly maxBytes: number;
  private totalBytes = 0;
  private unsettledBytes = 0;
  private timer: NodeJS.Timeout | undefined;
  private addsSinceSlice = 0;

  constructor(options: TraceStoreOptions = {}) {
    super();
    this.setMaxListeners(0); // each open page listens
    this.maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES;
  }

  get size(): number {
    return this.records.size;
  }

  get bytes(): number {
    return this.totalBytes;
  }

  /** Takes one checked document. Returns false when its trace has reached the limit for one trace. */
  add({ document, json, isSampled }: AcceptedDocument): boolean {
    const id = document.trace_id.toLowerCase();
    const known = this.records.get(id);
    const record = known ?? new TraceRecord(id, isSampled);
    if (known === undefined) this.records.set(id, record);
    if (record.documentBytes + json.length > MAX_TRACE_BYTES) {
      this.settle(record); // joins repeated documents, which may make room
      if (record.documentBytes + json.length > MAX_TRACE_BYTES) {
        record.isFull = true;
        return false;
      }
    }
    this.change(record, () => record.add(json, isSampled));
    this.unsettled.add(record);
    this.addsSinceSlice += 1;
    if (record.pendingCount > MAX_PENDING && record.pendingBytes * 3 > record.documentBytes) this.settle(record);
    if (this.unsettledBytes > MAX_UNSETTLED_BYTES) this.settle(this.unsettled.values().next().value!);
    this.schedule();
    this.emit('trace', id, known === undefined);
    return true;
  }

  /** Takes a trace from a snapshot as it is; it is read when it is first asked for, or when there is time. */
  restore({ id, isSampled, documents }: SnapshotTrace): void {
    if (this.records.has(id)) {
      for (const document of JSON.parse(inflateRawSync(documents).toString()) as SegmentDocument[]) {
        this.add({ document, json: Buffer.from(JSON.stringify(document)), isSampled });
      }
      return;
    }
    const record = TraceRecord.restored(id, isSampled, documents);
    this.records.set(id, record);
    this.unsettled.add(record);
    this.totalBytes += record.bytes;
    this.evict(record);
    this.schedule();
  }

  has(id: string): boolean {
    return this.records.has(id.toLowerCase());
  }

  /** The joined documents of a trace; undefined when it is not here. */
  compiled(id: string): CompiledTrace | undefined {
    return this.records.get(id.toLowerCase())?.compile();
  }

  trace(id: string): Trace | undefined {
    return this.records.get(id.toLowerCase())?.asTrace();
  }

  /** All sampled traces, oldest first. */
  traces(): Trace[] {
    return this.traceIds().map((id) => this.records.get(id)!.asTrace());
  }

  /** Ids of all sampled traces, oldest first; costs next to nothing. */
  traceIds(): string[] {
    return [...this.records.values()].filter((record) => record.isSampled).map(({ id }) => id);
  }

  /** As `BatchGetTraces` answers: a trace that is not there is left out; unprocessed would be those it could not look for. */
  batchGetTraces(ids: readonly string[]): { Traces: TraceReport[]; UnprocessedTraceIds: string[] } {
    const traces: TraceReport[] = [];
    for (const id of new Set(ids.map((text) => text.toLowerCase()))) {
      const record = this.records.get(id);
      if (record !== undefined) traces.push(this.report(record));
    }
    return { Traces: traces, UnprocessedTraceIds: [] };
  }

  /**
   * Visits the facts of all sampled traces that are there now, oldest first, and brings them up to date. Gives way to other work every few
   * milliseconds: after a flood, joining takes seconds. A trace that has been visited may have gone when this ends.
   */
  async eachFacts(visit: (facts: TraceFacts) => void): Promise<void> {
    let left = this.records.size;
    let end = performance.now() + SLICE_MS.idle;
    for (const record of this.records.values()) {
      if (left === 0) return;
      left -= 1;
      if (record.isSampled) visit(this.settle(record));
      if (performance.now() > end) {
        await setImmediate();
        end = performance.now() + SLICE_MS.idle;
      }
    }
  }

  factsById(id: string): TraceFacts | undefined {
    const record = this.records.get(id.toLowerCase());
    return record === undefined ? undefined : this.settle(record);
  }

  /** How often the trace has been joined since it came. */
  revision(id: string): number {
    return this.records.get(id.toLowerCase())?.revision ?? 0;
  }

  /** Every trace as its joined documents. */
  * snapshot(): Generator<SnapshotTrace> {
    for (const record of this.records.values()) {
      if (record.pendingCount > 0) this.settle(record);
      yield { id: record.id, isSampled: record.isSampled, documents: record.documents(this.catalog) };
    }
  }

  /** Stops the work in the background. */
  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private report(record: TraceRecord): TraceReport {
    const compiled = record.compile();
    const facts = this.settle(record);
    return {
      Id: record.id,
      Duration: Math.round((facts.endMs - facts.startMs) * 1000) / 1e6,
      LimitExceeded: record.isFull || record.documentBytes > XRAY_TRACE_BYTES,
      Segments: compiled.segments.map((segment) => ({ Id: segment.id, Document: JSON.stringify(segment) })),
    };
  }

  private settle(record: TraceRecord): TraceFacts {
    const known = record.settledFacts;
    if (known !== undefined) return known;
    this.unsettled.delete(record);
    const start = performance.now();
    const facts = this.change(record, () => record.settle(this.catalog));
    const took = performance.now() - start;
    if (took > SLICE_MS.idle) this.resting.set(record, start + took * (REST + 1));
    return facts;
  }

  /** Does something to a record and keeps the sums right. */
  private change<Result>(record: TraceRecord, act: () => Result): Result {
    const { bytes, pendingBytes } = record;
    const result = act();
    this.totalBytes += record.bytes - bytes;
    this.unsettledBytes += record.pendingBytes - pendingBytes;
    this.evict(record);
    return result;
  }

  private evict(newest: TraceRecord): void {
    while (this.totalBytes > this.maxBytes && this.records.size > 1) {
      const oldest = this.records.values().next().value!;
      if (oldest === newest) break;
      this.records.delete(oldest.id);
      this.unsettled.delete(oldest);
      this.resting.delete(oldest);
      this.totalBytes -= oldest.bytes;
      this.unsettledBytes -= oldest.pendingBytes;
      this.evicted += 1;
      this.emit('evicted', oldest.id);
    }
  }

  /** Joins in the background, little at a time while documents stream in and more once they do not. */
  private schedule(pauseMs = PAUSE_MS.busy): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const start = performance.now();
      const pace = this.addsSinceSlice > 100 ? 'busy' : 'idle';
      const end = start + SLICE_MS[pace];
      this.addsSinceSlice = 0;
      for (const [record, until] of this.resting) if (until <= start) this.resting.delete(record);
      for (const record of this.unsettled) {
        if (this.resting.has(record)) continue;
        this.settle(record);
        if (performance.now() > end) break;
      }
      if (this.unsettled.size > 0) this.schedule(PAUSE_MS[pace]);
    }, pauseMs).unref();
  }
}
