/** @internal */
export interface MessageTracingCapture {
  readonly mode: 'continue' | 'link';
  readonly payloads: readonly string[];
}

/**
 * A kind of payload that may carry a trace, as a member or attribute `AWSTraceHeader`: for services that have no place of their own for it.
 *
 * A function that writes such payloads adds it, and one that is given them reads it. Whoever else reads them has to bear it. What is not a JSON object is left
 * as it is, and so is what is larger than 200,000 characters, and calls that a service compares with earlier ones (a named execution, a client token).
 */
export enum PayloadContext {
  /** The detail of events. Amazon EventBridge passes the trace on by itself to functions, queues and topics, but not through archives, API destinations or pipes. */
  EVENTBRIDGE = 'eventbridge',

  /** The data of records, also behind Amazon EventBridge Pipes. */
  KINESIS = 'kinesis',

  /** Items that are put, as their streams show them, also behind Pipes. Updates are left as they are. */
  DYNAMODB = 'dynamodb',

  /** The input of executions that have no name. */
  STEP_FUNCTIONS = 'step-functions',

  /** The input of schedules. */
  SCHEDULER = 'scheduler',
}

/**
 * How the trace of a message goes on.
 */
export interface ContinueTraceOptions {
  /**
   * Payloads that carry a trace, beside the attributes of SQS messages.
   *
   * @default - none
   */
  readonly payloads?: PayloadContext[];
}

/**
 * In whose trace a function works that is given messages.
 *
 * Lambda begins a trace of its own for what comes from a queue, and links it to the senders' traces. It keeps that link, whatever is chosen here.
 */
export class MessageTracing {
  /**
   * The work belongs to the sender's trace, with the time in the queue as a segment of its own, when all messages of a batch are of one sampled trace. In other
   * batches what is done within `eachRecord()` of `cdk-traced-function/runtime`, or within the batch processor of Powertools, belongs to the trace of its
   * record; the rest stays in Lambda's own trace, with links.
   */
  public static continueTrace(options: ContinueTraceOptions = {}): MessageTracing {
    return new MessageTracing({ mode: 'continue', payloads: [...new Set(options.payloads ?? [])] });
  }

  /** The work stays in Lambda's own trace, with a link to the trace of each sender. */
  public static link(): MessageTracing {
    return new MessageTracing({ mode: 'link', payloads: [] });
  }

  /** The function does not look at what its messages say of traces. */
  public static off(): MessageTracing {
    return new MessageTracing(undefined);
  }

  /** @internal */
  public readonly _capture?: MessageTracingCapture;

  private constructor(capture: MessageTracingCapture | undefined) {
    this._capture = capture;
  }
}
