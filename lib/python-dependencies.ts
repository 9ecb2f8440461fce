/**
 * Where a Python function finds what its requirements name.
 */
export class PythonDependencies {
  /**
   * Inside the function's own package.
   */
  public static bundled(): PythonDependencies {
    return new PythonDependencies(false);
  }

  /**
   * In a layer of the function's own, together with the tracing SDK unless that comes from a shared layer.
   *
   * The package then holds nothing but the function's code: a change of the code leaves the layer as it is, and uploads little.
   *
   * @see https://docs.aws.amazon.com/lambda/latest/dg/python-layers.html
   */
  public static ownLayer(): PythonDependencies {
    return new PythonDependencies(true);
  }

  private constructor(private readonly layered: boolean) {}

  /** @internal */
  public get _inOwnLayer(): boolean {
    return this.layered;
  }
}
