import { EventEmitter } from 'node:events';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { SnapshotTrace } from './journal';
import { CompiledTrace, compileTrace } from '../model/compiled-trace';
import { ServiceCatalog } from '../model/service-catalog';
import type { Trace } from '../model/trace';
import { factsOf, TraceFacts } from '../model/trace-facts';
import { traceOf, TraceReport } from '../model/trace-of-documents';
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

/** Everything of one trace. Settled traces are one piece of JSON and their facts; parsed documents are never kept. */
interface TraceRecord {
  readonly id: string;
  /** JSON list of compiled documents, without inferred segments, deflated. */
  settled: Buffer | undefined;
  /** JSON of documents that have come since. */
  pending: Buffer[];
  /** Memory that it takes, about. */
  bytes: number;
  /** Of its documents as JSON. */
  documentBytes: number;
  facts: TraceFacts | undefined;
  /** Kept while someone holds it: whoever waits for traces asks for the same ones again and again. */
  trace: WeakRef<Trace> | undefined;
  /** False while only unsampled documents have come: such a trace can be got by its id and is in no list. */
  isSampled: boolean;
  isFull: boolean;
  /** How often it was joined. */
  revision: number;
}

const DEFAULT_MAX_BYTES = 512 * 1024 * 1024;
/** One trace must not push out all others. X-Ray's own limit is 500 KB. */
const MAX_TRACE_BYTES = 32 * 1024 * 1024;
/** Documents of a trace are joined when so many wait, so that one sent again and again costs no memory. */
const MAX_PENDING = 256;
/** Above this X-Ray says `LimitExceeded`. */
const XRAY_TRACE_BYTES = 500 * 1000;
const SLICE_MS = 8;
/** So many bytes of documents may wait to be joined; beyond that the oldest are joined at once, however much comes in. */
const MAX_UNSETTLED_BYTES = 64 * 1024 * 1024;
/** What a waiting document and a trace cost beside their text, in bytes, about. */
const DOCUMENT_OVERHEAD = 150;
const TRACE_OVERHEAD = 600;

/**
 * The traces in memory: takes documents in any order, joins them when they are asked for or when there is time, and lets the oldest
 * traces (by the arrival of their first document) go when there are too many.
 */
export class TraceStore extends EventEmitter<StoreEvents> {
  readonly catalog = new ServiceCatalog();
  evicted = 0;
  private readonly records = new Map<string, TraceRecord>();
  private readonly unsettled = new Set<TraceRecord>();
  private readonly maxBytes: number;
  private totalBytes = 0;
  private unsettledBytes = 0;
  private timer: NodeJS.Timeout | undefined;
  private addsSinceSlice = 0;

  constructor(options: TraceStoreOptions = {}) {
    super();
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
    let record = this.records.get(id);
    const isNew = record === undefined;
    if (record === undefined) {
      record = { id, settled: undefined, pending: [], bytes: 0, documentBytes: 0, facts: undefined, trace: undefined, isSampled, isFull: false, revision: 0 };
      this.records.set(id, record);
    }
    if (record.documentBytes + json.length > MAX_TRACE_BYTES) {
      this.settle(record); // joins repeated documents, which may make room
      if (record.documentBytes + json.length > MAX_TRACE_BYTES) {
        record.isFull = true;
        return false;
      }
    }
    record.pending.push(json);
    record.isSampled ||= isSampled;
    record.facts = undefined;
    record.trace = undefined;
    record.documentBytes += json.length;
    this.unsettledBytes += json.length;
    this.grow(record, json.length + DOCUMENT_OVERHEAD);
    this.unsettled.add(record);
    this.addsSinceSlice += 1;
    if (record.pending.length > MAX_PENDING) this.settle(record);
    if (this.unsettledBytes > MAX_UNSETTLED_BYTES) this.settle(this.unsettled.values().next().value!);
    this.schedule();
    this.emit('trace', id, isNew);
    return true;
  }

  /** Takes a trace from a snapshot as it is; it is read when it is first asked for, or when there is time. */
  restore({ id, isSampled, documents }: SnapshotTrace): void {
    const known = this.records.get(id);
    if (known !== undefined) {
      for (const document of JSON.parse(inflateRawSync(documents).toString()) as SegmentDocument[]) {
        this.add({ document, json: Buffer.from(JSON.stringify(document)), isSampled });
      }
      return;
    }
    const settled = exactCopy(documents);
    const record: TraceRecord = {
      id, settled, pending: [], bytes: 0, documentBytes: 0, facts: undefined, trace: undefined, isSampled, isFull: false, revision: 0,
    };
    this.records.set(id, record);
    this.unsettled.add(record);
    this.grow(record, settled.length + TRACE_OVERHEAD * 2);
    this.schedule();
  }

  has(id: string): boolean {
    return this.records.has(id.toLowerCase());
  }

  /** The joined documents of a trace; undefined when it is not here. */
  compiled(id: string): CompiledTrace | undefined {
    const record = this.records.get(id.toLowerCase());
    return record === undefined ? undefined : this.compile(record);
  }

  trace(id: string): Trace | undefined {
    const record = this.records.get(id.toLowerCase());
    return record === undefined ? undefined : this.traceOf(record);
  }

  /** All sampled traces, oldest first. */
  traces(): Trace[] {
    return this.traceIds().map((id) => this.traceOf(this.records.get(id)!));
  }

  /** Ids of all sampled traces, oldest first; costs next to nothing. */
  traceIds(): string[] {
    return [...this.records.values()].filter((record) => record.isSampled).map(({ id }) => id);
  }

  /** As `BatchGetTraces` answers. */
  batchGetTraces(ids: readonly string[]): { Traces: TraceReport[]; UnprocessedTraceIds: string[] } {
    const traces: TraceReport[] = [];
    for (const id of new Set(ids.map((text) => text.toLowerCase()))) {
      const record = this.records.get(id);
      if (record !== undefined) traces.push(this.report(record));
    }
    // As the service does: a trace that is not there is left out. Unprocessed are those it could not look for.
    return { Traces: traces, UnprocessedTraceIds: [] };
  }

  /** The facts of all sampled traces, oldest first; brings them up to date. */
  * facts(): Generator<TraceFacts> {
    for (const record of this.records.values()) {
      if (record.isSampled) yield this.factsOf(record);
    }
  }

  factsById(id: string): TraceFacts | undefined {
    const record = this.records.get(id.toLowerCase());
    return record === undefined ? undefined : this.factsOf(record);
  }

  /** How often the trace has been joined since it came. */
  revision(id: string): number {
    return this.records.get(id.toLowerCase())?.revision ?? 0;
  }

  /** Every trace as its joined documents, for a snapshot; `documents` is a deflated JSON list. */
  * snapshot(): Generator<{ id: string; isSampled: boolean; documents: Buffer }> {
    for (const record of this.records.values()) {
      this.settle(record);
      yield { id: record.id, isSampled: record.isSampled, documents: record.settled! };
    }
  }

  clear(): void {
    this.records.clear();
    this.unsettled.clear();
    this.unsettledBytes = 0;
    this.totalBytes = 0;
  }

  /** Stops the work in the background. */
  close(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private traceOf(record: TraceRecord): Trace {
    const known = record.trace?.deref();
    if (known !== undefined) return known;
    const trace = traceOf(this.compile(record));
    record.trace = new WeakRef(trace);
    return trace;
  }

  private report(record: TraceRecord): TraceReport {
    const compiled = this.compile(record);
    const facts = this.factsOf(record);
    return {
      Id: record.id,
      Duration: round((facts.endMs - facts.startMs) / 1000),
      LimitExceeded: record.isFull || record.documentBytes > XRAY_TRACE_BYTES,
      Segments: compiled.segments.map((segment) => ({ Id: segment.id, Document: JSON.stringify(segment) })),
    };
  }

  private factsOf(record: TraceRecord): TraceFacts {
    if (record.facts === undefined) this.settle(record);
    return record.facts!;
  }

  private compile(record: TraceRecord): CompiledTrace {
    const documents = record.settled === undefined ? [] : JSON.parse(inflateRawSync(record.settled).toString()) as SegmentDocument[];
    for (const json of record.pending) documents.push(JSON.parse(json.toString()) as SegmentDocument);
    return compileTrace(record.id, documents);
  }

  /** Joins what has come, so that each (sub)segment is held once, and derives the facts. */
  private settle(record: TraceRecord): void {
    if (this.unsettled.delete(record)) this.unsettledBytes -= bytesOf(record.pending);
    if (record.pending.length === 0 && record.facts !== undefined) return;
    const compiled = this.compile(record);
    record.facts = factsOf(compiled, this.catalog);
    const documents = Buffer.from(JSON.stringify(compiled.segments.filter((segment) => segment.inferred !== true)));
    record.settled = exactCopy(deflateRawSync(documents, { level: 1 }));
    record.documentBytes = documents.length;
    record.pending = [];
    record.revision += 1;
    this.grow(record, record.settled.length + factBytes(record.facts) - record.bytes);
  }

  private grow(record: TraceRecord, bytes: number): void {
    record.bytes += bytes;
    this.totalBytes += bytes;
    while (this.totalBytes > this.maxBytes && this.records.size > 1) {
      const oldest = this.records.values().next().value!;
      if (oldest === record) break;
      this.records.delete(oldest.id);
      if (this.unsettled.delete(oldest)) this.unsettledBytes -= bytesOf(oldest.pending);
      this.totalBytes -= oldest.bytes;
      this.evicted += 1;
      this.emit('evicted', oldest.id);
    }
  }

  /** Settles in the background, little while documents stream in and much once they do not. */
  private schedule(): void {
    if (this.timer !== undefined) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      const isBusy = this.addsSinceSlice > 1000;
      this.addsSinceSlice = 0;
      const end = performance.now() + (isBusy ? SLICE_MS : SLICE_MS * 4);
      for (const record of this.unsettled) {
        this.settle(record);
        if (performance.now() > end) break;
      }
      if (this.unsettled.size > 0) this.schedule();
    }, this.unsettled.size > 1000 ? 20 : 100);
    this.timer.unref();
  }
}

/** zlib's result is a view of a block many times its size, and so is a small buffer of Node's pool: kept, it would keep the block. */
function exactCopy(view: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(view.length);
  view.copy(copy);
  return copy;
}

function bytesOf(pending: readonly Buffer[]): number {
  return pending.reduce((sum, json) => sum + json.length, 0);
}

/** What the index of a trace takes, about: numbers, details, annotations. */
function factBytes({ visits, details, annotations }: TraceFacts): number {
  return TRACE_OVERHEAD + (visits.length + (details?.length ?? 0) + annotations.length) * 8;
}

/** Microseconds are what a double holds of a time; the rest is noise of the subtraction. */
export function round(seconds: number): number {
  return Math.round(seconds * 1e6) / 1e6;
}
