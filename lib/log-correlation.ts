/**
 * What the lines of a function's log say of its trace.
 */
export class LogCorrelation {
  /** The ids of the trace, in X-Ray's form and in OpenTelemetry's, and of the span, in lines that are written as JSON. A field of the same name stays as it is. */
  public static traceId(): LogCorrelation {
    return new LogCorrelation(true);
  }

  /** Nothing that the logger does not write by itself. */
  public static off(): LogCorrelation {
    return new LogCorrelation(false);
  }

  /** @internal */
  public readonly _traceId: boolean;

  private constructor(traceId: boolean) {
    this._traceId = traceId;
  }
}
