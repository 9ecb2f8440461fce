/**
 * What records the calls that a function makes.
 */
export class Instrumentation {
  /**
   * The AWS X-Ray SDK of the function's language. AWS SDK clients are captured without a change to the handler.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
   */
  public static xraySdk(): Instrumentation {
    return new Instrumentation('xray-sdk');
  }

  /**
   * No SDK. Lambda's own two segments are all that a trace shows of the function.
   */
  public static none(): Instrumentation {
    return new Instrumentation('none');
  }

  private constructor(private readonly kind: 'xray-sdk' | 'none') {}

  /** @internal */
  public get _kind(): 'xray-sdk' | 'none' {
    return this.kind;
  }
}
