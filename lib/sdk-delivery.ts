/**
 * Where a function finds the tracing SDK.
 */
export class SdkDelivery {
  /**
   * Inside the function's own package.
   */
  public static bundled(): SdkDelivery {
    return new SdkDelivery(false);
  }

  /**
   * In a layer that all traced functions of the stack with the same runtime family and architecture share.
   *
   * A Go binary is linked statically and cannot take its SDK from a layer.
   */
  public static sharedLayer(): SdkDelivery {
    return new SdkDelivery(true);
  }

  private constructor(private readonly layered: boolean) {}

  /** @internal */
  public get _usesLayer(): boolean {
    return this.layered;
  }
}
