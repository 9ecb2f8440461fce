/**
 * A trace as the rest of the program sees it: camelCase, milliseconds since the epoch, every field checked.
 * Mapped from wire documents in one place, trace-of-documents.ts.
 */
export interface Trace {
  readonly id: string;
  /** Segments by start time, inferred segments, and subsegments without a parent (`orphan`). */
  readonly segments: readonly TraceEntry[];
  readonly startMs: number;
  readonly endMs: number;
  /** From the first start to the last end, in milliseconds. */
  readonly durationMs: number;
  /** Of the root segment, in milliseconds; undefined while no root segment has come. */
  readonly responseMs: number | undefined;
  /** True while something is in progress, or a parent has not come. */
  readonly isPartial: boolean;
}

export interface TraceEntry {
  readonly id: string;
  readonly name: string;
  readonly kind: 'segment' | 'subsegment';
  /** Of a segment, or of an orphan: the id it names as parent. Nested subsegments have their place instead. */
  readonly parentId: string | undefined;
  readonly origin: string | undefined;
  readonly namespace: string | undefined;
  /** Made by X-Ray from the caller's subsegment. */
  readonly inferred: boolean;
  /** A subsegment whose parent never came. */
  readonly orphan: boolean;
  /** A circle of parents was cut open here. */
  readonly cycle: boolean;
  readonly inProgress: boolean;
  readonly startMs: number;
  /** Undefined while in progress. */
  readonly endMs: number | undefined;
  readonly error: boolean;
  readonly fault: boolean;
  readonly throttle: boolean;
  readonly http: HttpFacts | undefined;
  readonly aws: Readonly<Record<string, unknown>>;
  readonly sql: Readonly<Record<string, unknown>> | undefined;
  readonly annotations: Readonly<Record<string, string | number | boolean>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly exceptions: readonly TraceException[];
  readonly user: string | undefined;
  readonly links: readonly { readonly traceId: string; readonly segmentId: string }[];
  readonly subsegments: readonly TraceEntry[];
}

export interface HttpFacts {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly userAgent: string | undefined;
  readonly clientIp: string | undefined;
  readonly status: number | undefined;
  readonly contentLength: number | undefined;
  /** The callee was expected to send its own segment. */
  readonly traced: boolean;
}

export interface TraceException {
  readonly id: string | undefined;
  readonly type: string | undefined;
  readonly message: string | undefined;
  readonly remote: boolean;
  readonly stack: readonly { readonly path: string | undefined; readonly line: number | undefined; readonly label: string | undefined }[];
}
