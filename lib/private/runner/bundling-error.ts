/** An error of the process that bundles. Its message ends with its code, which docs/errors.md lists. */
export class BundlingError extends Error {
  constructor(code: string, message: string) {
    super(`${message} (${code})`);
  }
}
