/**
 * What installs the requirements of Python functions and layers.
 */
export class PythonInstaller {
  /**
   * uv. It is fetched with pip where this machine has none.
   *
   * @see https://docs.astral.sh/uv/
   */
  public static uv(): PythonInstaller {
    return new PythonInstaller('uv');
  }

  /**
   * pip of this machine's Python.
   */
  public static pip(): PythonInstaller {
    return new PythonInstaller('pip');
  }

  private constructor(private readonly program: 'uv' | 'pip') {}

  /** @internal */
  public get _name(): 'uv' | 'pip' {
    return this.program;
  }
}
