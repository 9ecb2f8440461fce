import { systemErrorText } from '../files/system-error';

/** An error of the process that bundles. Its message ends with its code, which docs/errors.md lists. */
export class BundlingError extends Error {
  constructor(code: string, message: string) {
    super(`${message} (${code})`);
  }
}

/** What a job failed with, in words and with a code. */
export function errorText(error: unknown): string {
  const system = systemErrorText(error);
  if (system !== undefined) {
    return new BundlingError('TF702', system).message;
  }
  const { message } = error as Error;
  return /\(TF\d{3}\)$/.test(message) ? message : new BundlingError('TF703', message).message;
}
