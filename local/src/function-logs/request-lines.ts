/** An event of CloudWatch Logs. `at` in milliseconds since 1970. */
export interface LogEvent {
  readonly at: number;
  readonly stream: string;
  readonly message: string;
}

export interface LogLine extends LogEvent {
  /**
   * `request`: from START to REPORT. `start`: before START, while the environment of that request was starting. `unattributed`: of a start
   * that came to no request; Lambda writes such lines without any request id.
   */
  readonly part: 'request' | 'start' | 'unattributed';
  readonly requestId: string | undefined;
}

const START = /^(?:START RequestId: |\{(?=.*"type":"platform\.start").*?"requestId":")([^\s"]+)/;
const REPORT = /^(?:REPORT RequestId: |\{(?=.*"type":"platform\.report").*?"requestId":")([^\s"]+)/;

/**
 * Says of every event of one stream which request it belongs to. An environment handles one request at a time, so all lines between two
 * REPORT lines belong to the request that is named between them, also those that name none: what `print` wrote, stack traces, and why an
 * environment did not start.
 * A function whose log format is JSON has these two lines as JSON.
 * Source of the lines: Lambda Developer Guide, "Sending Lambda function logs to CloudWatch Logs", "Lambda Telemetry API Event schema reference".
 * @param events of one stream, in its order
 */
export function attributeLines(events: readonly LogEvent[]): LogLine[] {
  const lines: LogLine[] = [];
  let block: LogEvent[] = [];
  let startAt = -1;
  let requestId: string | undefined;
  const close = (): void => {
    block.forEach((event, index) => {
      const part = requestId === undefined ? 'unattributed' : index < startAt ? 'start' : 'request';
      lines.push({ ...event, part, requestId });
    });
    block = [];
    startAt = -1;
    requestId = undefined;
  };
  for (const event of events) {
    const start = START.exec(event.message);
    if (start !== null) {
      // A request without a REPORT line: its environment was killed.
      if (requestId !== undefined) close();
      startAt = block.length;
      requestId = start[1];
    }
    block.push(event);
    const report = REPORT.exec(event.message);
    if (report !== null) {
      requestId ??= report[1];
      if (startAt < 0) startAt = 0;
      close();
    }
  }
  close();
  return lines;
}

/** The lines of each stream of a mixed list, attributed; in order of time, and within a stream in its own order. */
export function attributeStreams(events: readonly LogEvent[]): LogLine[] {
  const streams = new Map<string, LogEvent[]>();
  for (const event of events) {
    const stream = streams.get(event.stream);
    if (stream === undefined) streams.set(event.stream, [event]);
    else stream.push(event);
  }
  // Sorting is stable: lines of one stream written in the same millisecond keep their order.
  return [...streams.values()].flatMap(attributeLines).sort((a, b) => a.at - b.at);
}
