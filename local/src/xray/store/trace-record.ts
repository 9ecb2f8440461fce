import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { CompiledTrace, compileTrace } from '../model/compiled-trace';
import type { ServiceCatalog } from '../model/service-catalog';
import type { Trace } from '../model/trace';
import { factsOf, TraceFacts } from '../model/trace-facts';
import { traceOf } from '../model/trace-of-documents';
import type { SegmentDocument } from '../wire/segment-document';

/** What a waiting document, and a trace, cost beside their text, in bytes, about. */
const DOCUMENT_OVERHEAD = 150;
const TRACE_OVERHEAD = 600;
const NO_DOCUMENTS: readonly Buffer[] = [];

/** Everything of one trace in memory. A settled trace is one piece of deflated JSON and its facts; parsed documents are never kept. */
export class TraceRecord {
  /** A trace out of a snapshot: read when it is first asked for. */
  static restored(id: string, isSampled: boolean, documents: Buffer): TraceRecord {
    const record = new TraceRecord(id, isSampled);
    record.settled = exactCopy(documents);
    record.bytes = documents.length + TRACE_OVERHEAD * 2;
    return record;
  }

  /** Memory that it takes, in bytes, about. */
  bytes = 0;
  /** Of its documents as JSON. */
  documentBytes = 0;
  /** Of the documents that wait to be joined. */
  pendingBytes = 0;
  /** How often it was joined. */
  revision = 0;
  /** A document was refused because the trace had reached its limit. */
  isFull = false;
  private facts: TraceFacts | undefined;
  /** JSON list of joined documents, without inferred segments, deflated. */
  private settled: Buffer | undefined;
  /** JSON of documents that have come since. */
  private pending: readonly Buffer[] = NO_DOCUMENTS;
  /** Kept while someone holds it: whoever waits for traces asks for the same ones again and again. */
  private trace: WeakRef<Trace> | undefined;

  /** @param isSampled false while only unsampled documents have come: such a trace can be got by its id and is in no list */
  constructor(readonly id: string, public isSampled: boolean) {}

  get pendingCount(): number {
    return this.pending.length;
  }

  add(json: Buffer, isSampled: boolean): void {
    if (this.pending === NO_DOCUMENTS) this.pending = [];
    (this.pending as Buffer[]).push(json);
    this.isSampled ||= isSampled;
    this.facts = undefined;
    this.trace = undefined;
    this.documentBytes += json.length;
    this.pendingBytes += json.length;
    this.bytes += json.length + DOCUMENT_OVERHEAD;
  }

  compile(): CompiledTrace {
    const documents = this.settled === undefined ? [] : JSON.parse(inflateRawSync(this.settled).toString()) as SegmentDocument[];
    for (const json of this.pending) documents.push(JSON.parse(json.toString()) as SegmentDocument);
    return compileTrace(this.id, documents);
  }

  /** The facts, while they are up to date. */
  get settledFacts(): TraceFacts | undefined {
    return this.pending.length === 0 ? this.facts : undefined;
  }

  /** Joins what has come, so that each (sub)segment is held once, and derives the facts. */
  settle(catalog: ServiceCatalog): TraceFacts {
    if (this.settledFacts !== undefined) return this.settledFacts;
    const compiled = this.compile();
    const facts = factsOf(compiled, catalog);
    const documents = Buffer.from(JSON.stringify(compiled.segments.filter((segment) => segment.inferred !== true)));
    this.settled = exactCopy(deflateRawSync(documents, { level: 1 }));
    this.facts = facts;
    this.documentBytes = documents.length;
    this.pending = NO_DOCUMENTS;
    this.pendingBytes = 0;
    this.revision += 1;
    this.bytes = this.settled.length + factBytes(facts);
    return facts;
  }

  asTrace(): Trace {
    const known = this.trace?.deref();
    if (known !== undefined) return known;
    const trace = traceOf(this.compile());
    this.trace = new WeakRef(trace);
    return trace;
  }

  /** The joined documents as deflated JSON, for a snapshot. */
  documents(catalog: ServiceCatalog): Buffer {
    if (this.settled === undefined || this.pending.length > 0) this.settle(catalog);
    return this.settled!;
  }
}

/** zlib's result is a view of a block many times its size, and so is a small buffer of Node's pool: kept, it would keep the block. */
function exactCopy(view: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(view.length);
  view.copy(copy);
  return copy;
}

/** What the index of a trace takes, about: numbers, details, annotations. */
function factBytes({ visits, details, annotations }: TraceFacts): number {
  return TRACE_OVERHEAD + (visits.length + (details?.length ?? 0) + annotations.length) * 8;
}
