import { Duration } from 'aws-cdk-lib';

/** @internal */
export interface TraceSamplingCapture {
  readonly slowerThan?: number;
  readonly ratio?: number;
}

/**
 * Which requests are kept beside those that are sampled.
 */
export interface KeepErrorsOptions {
  /**
   * A request that takes so long, or longer, is kept too.
   *
   * @default - only those that fail, or are about to run out of time
   */
  readonly slowerThan?: Duration;
}

/**
 * What is recorded of requests that Lambda does not sample. Lambda itself records no segments of them, and services that send segments of their own do not either.
 */
export class TraceSampling {
  /** Nothing. */
  public static asLambda(): TraceSampling {
    return new TraceSampling(undefined);
  }

  /**
   * A request that is not sampled keeps its spans, up to 500, in memory until it ends. They are sent only when it fails, is slow or is about to run out of time.
   */
  public static keepErrors(options: KeepErrorsOptions = {}): TraceSampling {
    const { slowerThan } = options;
    return new TraceSampling(slowerThan === undefined ? {} : { slowerThan: slowerThan.toMilliseconds() });
  }

  /**
   * A share of the requests that are not sampled is recorded as if it were; what they call gets that decision. The id of the trace decides, so that functions with the same
   * share decide alike.
   *
   * @param share from 0 to 1, both included
   */
  public static ratio(share: number): TraceSampling {
    return new TraceSampling({ ratio: share });
  }

  /** @internal */
  public readonly _capture?: TraceSamplingCapture;

  private constructor(capture: TraceSamplingCapture | undefined) {
    this._capture = capture;
  }
}
