import { printable } from './model/printable';
import type { Journal, JournalReader, SnapshotTrace } from './store/journal';
import type { TraceStore } from './store/trace-store';
import { type DaemonMessage, readDaemonMessage, readSegmentDocument, readTraceRequest } from './wire/daemon-message';
import { type Deviation, type DeviationCode, deviationsOf } from './wire/deviations';
import type { PartialSuccess, TraceRequest } from './wire/otlp/trace-request';
import { MAX_SPAN_BYTES, type RefusalCode } from './wire/segment-document';

/** What has come in since the start, for `GET /local/health`. */
export interface IngestCounters {
  /** Datagrams over UDP, good or bad. */
  datagrams: number;
  /** Documents taken, over UDP and HTTP; each span of an OTLP packet is one. Restored ones do not count. */
  accepted: number;
  /** Documents taken that were not sampled; part of `accepted`. */
  unsampled: number;
  refused: Partial<Record<RefusalCode | DeviationCode | 'TraceLimitExceeded', number>>;
  /** The last refusals, newest first: when (milliseconds since the epoch), why. */
  lastRefusals: { at: number; code: string; message: string }[];
  /** What AWS would not take, or not index, of documents that were taken. */
  deviations: Partial<Record<DeviationCode, number>>;
  lastDeviations: { at: number; code: string; message: string }[];
  /** Traces read back from the journal at the start. */
  restored: number;
}

const KEPT_REASONS = 20;
const DAEMON_HEADER = Buffer.from('{"format":"json","version":1}\n');

interface ComparedMessage {
  accepted: DaemonMessage['accepted'];
  refused: (DaemonMessage['refused'][number] | Deviation & { id: string })[];
}

export interface UnprocessedDocument {
  Id?: string;
  ErrorCode: string;
  Message: string;
}

/** The one way in: checks what arrives, counts it, puts it into the store. Bad input is counted with its reason and harms nothing. */
export class Ingest implements JournalReader {
  readonly counters: IngestCounters = {
    datagrams: 0, accepted: 0, unsampled: 0, refused: {}, lastRefusals: [], deviations: {}, lastDeviations: [], restored: 0,
  };
  private restoring = false;

  /** @param isStrict refuses what AWS would not take or not index, instead of telling of it */
  constructor(
    private readonly store: TraceStore, private readonly journal: Journal | undefined, private readonly log: (line: string) => void,
    private readonly isStrict = false,
  ) {}

  /** Reads the journal back into the store; what was refused before is refused again, and not counted. */
  restore(): void {
    this.restoring = true;
    this.journal?.replay(this);
    this.restoring = false;
    this.counters.restored = this.store.size;
  }

  /** One datagram, which the receiver has already put into the journal. */
  datagram(datagram: Buffer): void {
    if (!this.restoring) this.counters.datagrams += 1;
    // The journal holds spans that came over HTTP, which may be larger than a datagram.
    const { accepted, refused } = this.compared(readDaemonMessage(datagram, this.restoring ? MAX_SPAN_BYTES : undefined));
    for (const document of accepted) this.put(document);
    for (const { code, message } of refused) this.refuse(code, message);
  }

  trace(trace: SnapshotTrace): void {
    this.store.restore(trace);
  }

  /**
   * Documents as text, from PutTraceSegments or a file. What this returns as processed is in the journal.
   *
   * @param isImport they were taken once, and may be old
   */
  documents(texts: readonly string[], isImport = false): UnprocessedDocument[] {
    const unprocessed: UnprocessedDocument[] = [];
    for (const text of texts) {
      const json = Buffer.from(text);
      const read = readSegmentDocument(json);
      const { accepted, refused } = isImport ? read : this.compared(read);
      for (const document of accepted) {
        this.journal?.append(Buffer.concat([DAEMON_HEADER, json]));
        if (!this.put(document)) {
          unprocessed.push({ Id: document.document.id, ErrorCode: 'TraceLimitExceeded', Message: 'Invalid segment. ErrorCode: TraceLimitExceeded' });
        }
      }
      for (const { id, code, message } of refused) {
        this.refuse(code, message);
        unprocessed.push({ ...(id === undefined ? {} : { Id: id }), ErrorCode: code, Message: `Invalid segment. ErrorCode: ${code} (${message})` });
      }
    }
    return unprocessed;
  }

  /** The spans of an OTLP request over HTTP: exporters send sampled ones only. Tells of those that were not taken; the others are in the journal. */
  spans(request: TraceRequest): PartialSuccess | undefined {
    const { accepted, refused } = this.compared(readTraceRequest(request, true));
    const reasons = refused.map(({ code, message }) => {
      this.refuse(code, message);
      return `${code}: ${message}`;
    });
    for (const document of accepted) {
      this.journal?.append(Buffer.concat([DAEMON_HEADER, document.json]));
      if (!this.put(document)) reasons.push(`TraceLimitExceeded: trace ${document.document.trace_id} is larger than a trace may be`);
    }
    return reasons.length === 0 ? undefined : { rejectedSpans: reasons.length, errorMessage: printable(reasons[0]) };
  }

  /** Notes what AWS would do otherwise; in strict mode such a document is refused. */
  private compared({ accepted, refused }: DaemonMessage): ComparedMessage {
    if (this.restoring) return { accepted, refused };
    const now = Date.now() / 1000;
    const message: ComparedMessage = { accepted: [], refused };
    for (const one of accepted) {
      const deviations = deviationsOf(one.document, now);
      if (this.isStrict && deviations.length > 0) {
        message.refused = [...message.refused, { ...deviations[0], id: one.document.id }];
      } else {
        message.accepted.push(one);
        for (const { code, message: reason } of deviations) {
          this.note(this.counters.deviations, this.counters.lastDeviations, code, reason, 'took a trace document, but AWS differs');
        }
      }
    }
    return message;
  }

  private put(accepted: Parameters<TraceStore['add']>[0]): boolean {
    if (!this.store.add(accepted)) {
      this.refuse('TraceLimitExceeded', `trace ${accepted.document.trace_id} is larger than a trace may be`);
      return false;
    }
    if (!this.restoring) {
      this.counters.accepted += 1;
      if (!accepted.isSampled) this.counters.unsampled += 1;
    }
    return true;
  }

  private refuse(code: RefusalCode | DeviationCode | 'TraceLimitExceeded', reason: string): void {
    if (this.restoring) return;
    this.note(this.counters.refused, this.counters.lastRefusals, code, reason, 'refused a trace document');
  }

  /** Counts a reason and keeps it among the last ones. */
  private note<Code extends string>(
    counts: Partial<Record<Code, number>>, last: IngestCounters['lastRefusals'], code: Code, reason: string, what: string,
  ): void {
    const message = printable(reason); // it quotes what was sent
    const count = (counts[code] ?? 0) + 1;
    counts[code] = count;
    last.unshift({ at: Date.now(), code, message });
    if (last.length > KEPT_REASONS) last.pop();
    // One line for the first of a kind: a flood of bad datagrams must not become a flood of lines.
    if (count === 1) this.log(`${what}: ${message} (${code}; further ones of this kind are only counted)`);
  }
}
