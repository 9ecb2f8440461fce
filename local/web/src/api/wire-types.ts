/**
 * What the page gets over HTTP, exactly as it travels; only a change of the API changes this file.
 * Format: AWS X-Ray API reference, the data types of the same names. Times are seconds since 1970, durations seconds, both with fractions.
 */

/** A service as summaries name it. */
export interface ServiceId {
  Name?: string;
  Names?: string[];
  AccountId?: string;
  Type?: string;
}

export interface AnnotationValue {
  NumberValue?: number;
  BooleanValue?: boolean;
  StringValue?: string;
}

export interface TraceSummary {
  Id: string;
  StartTime?: number;
  Duration?: number;
  ResponseTime?: number;
  HasFault?: boolean;
  HasError?: boolean;
  HasThrottle?: boolean;
  IsPartial?: boolean;
  Http?: { HttpURL?: string; HttpStatus?: number; HttpMethod?: string; UserAgent?: string; ClientIp?: string };
  Annotations?: Record<string, { AnnotationValue?: AnnotationValue; ServiceIds?: ServiceId[] }[]>;
  Users?: { UserName?: string }[];
  ServiceIds?: ServiceId[];
  EntryPoint?: ServiceId;
  FaultRootCauses?: RootCause[];
  ErrorRootCauses?: RootCause[];
  Revision?: number;
}

/** Where a failure began: the services from the first that failed to that where it started. */
export interface RootCause {
  Services?: { Name?: string; Type?: string; EntityPath?: { Name?: string; Exceptions?: { Name?: string; Message?: string }[] }[] }[];
}

export interface TraceSummariesPage {
  TraceSummaries?: TraceSummary[];
  TracesProcessedCount?: number;
  NextToken?: string;
}

/** An element of BatchGetTraces; `Document` is a segment document as JSON text. */
export interface WireTrace {
  Id: string;
  Duration?: number;
  Segments?: { Id: string; Document: string }[];
}

/** Counts of the requests of a service or an edge; `TotalResponseTime` in seconds. */
export interface SummaryStatistics {
  OkCount?: number;
  ErrorStatistics?: { ThrottleCount?: number; OtherCount?: number; TotalCount?: number };
  FaultStatistics?: { OtherCount?: number; TotalCount?: number };
  TotalCount?: number;
  TotalResponseTime?: number;
}

/** How many requests took `Value` seconds. */
export interface HistogramEntry {
  Value?: number;
  Count?: number;
}

export interface GraphEdge {
  /** The called service. */
  ReferenceId?: number;
  StartTime?: number;
  EndTime?: number;
  SummaryStatistics?: SummaryStatistics;
  ResponseTimeHistogram?: HistogramEntry[];
  Aliases?: { Name?: string; Names?: string[]; Type?: string }[];
  /** `link` for a connection between traces. */
  EdgeType?: string;
}

export interface GraphService {
  ReferenceId?: number;
  Name?: string;
  Names?: string[];
  Root?: boolean;
  AccountId?: string;
  Type?: string;
  State?: string;
  StartTime?: number;
  EndTime?: number;
  Edges?: GraphEdge[];
  SummaryStatistics?: SummaryStatistics;
  DurationHistogram?: HistogramEntry[];
  ResponseTimeHistogram?: HistogramEntry[];
}

export interface ServiceGraphPage {
  Services?: GraphService[];
  NextToken?: string;
}

export interface Group {
  GroupName?: string;
  GroupARN?: string;
  FilterExpression?: string;
}

/** `GET /local/health`. */
export interface Health {
  datagrams: number;
  accepted: number;
  unsampled: number;
  refused: Record<string, number>;
  lastRefusals: { at: number; code: string; message: string }[];
  deviations: Record<string, number>;
  lastDeviations: { at: number; code: string; message: string }[];
  dropped: number;
  traces: number;
  bytes: number;
  evicted: number;
  journal?: { restored: number; bytes: number; healthy: boolean };
}

/** Data of the event `traces` of `GET /local/events`: ids. */
export interface TraceChanges {
  created: string[];
  updated: string[];
  removed: string[];
}
