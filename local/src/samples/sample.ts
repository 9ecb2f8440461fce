/**
 * One segment document as X-Ray stores it: the names and units of the wire format.
 * Source of the format: AWS X-Ray Developer Guide, "X-Ray segment documents". Times are seconds since 1970, with fractions.
 */
export interface SegmentDocument {
  readonly id: string;
  readonly trace_id: string;
  readonly name: string;
  readonly start_time: number;
  readonly end_time?: number;
  readonly in_progress?: boolean;
  readonly parent_id?: string;
  readonly origin?: string;
  readonly namespace?: string;
  readonly fault?: boolean;
  readonly error?: boolean;
  readonly throttle?: boolean;
  readonly aws?: Record<string, unknown>;
  readonly http?: Record<string, unknown>;
  readonly annotations?: Record<string, string | number | boolean>;
  readonly metadata?: Record<string, unknown>;
  readonly cause?: unknown;
  readonly subsegments?: SubsegmentDocument[];
}

/** A subsegment inside a segment document; its trace is the segment's. */
export type SubsegmentDocument = Omit<SegmentDocument, 'trace_id' | 'parent_id' | 'origin'>;

/** A trace with its segments, as BatchGetTraces gives it, the documents parsed. */
export interface SampleTrace {
  /** `1-<8 hex digits: time>-<24 hex digits>` */
  readonly id: string;
  readonly segments: SegmentDocument[];
}

/** What a sample needs to send traffic. */
export interface TrafficContext {
  /** Address of the local cloud, for an AWS SDK client's `endpoint`; undefined for AWS itself. Region and credentials are in the environment. */
  readonly endpoint?: string;
  /** The stack's outputs by name. */
  readonly outputs: Record<string, string>;
  /** Aborts when the sender is told to stop. */
  readonly signal: AbortSignal;
  /** A line of progress for the person at the terminal. */
  log(line: string): void;
}

/** What a sample needs to see what came of its traffic. */
export interface SampleContext extends TrafficContext {
  /** All traces that reached the local X-Ray so far. */
  traces(): Promise<SampleTrace[]>;
}

/** One thing that should be there and is not (yet). */
export interface Missing {
  /** What it belongs to: an object's key, a game's id... */
  readonly subject: string;
  /** What is not there, in words: `item of xraystarter-py in the table`, `AWS::Lambda::Function segment of xraystarter-go`. */
  readonly what: string;
}

/** A sample stack: its traffic, and how to tell that all of it was handled and traced. */
export interface Sample {
  readonly stackName: string;
  /** One line for `npm start -- --list`. */
  readonly description: string;
  /** Sends one round of traffic and returns when it is sent, not when it is handled. */
  sendTraffic(context: TrafficContext): Promise<void>;
  /** What is still missing of everything sent so far; empty when complete. Called repeatedly, so it must be cheap and change nothing. */
  check(context: SampleContext): Promise<Missing[]>;
}
