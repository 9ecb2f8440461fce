import { shouldFail } from './should-fail';

const failureRate = Number(process.env.FAILURE_RATE || NaN);
if (!(failureRate >= 0 && failureRate <= 1)) {
  throw new Error(`the environment variable FAILURE_RATE has to be a number from 0 to 1, got '${process.env.FAILURE_RATE ?? ''}'`);
}

/** The error that the function is made for. */
class RandomError extends Error {
  public readonly name = 'RandomError';
}

/** Fails for some of its events, or as an event wants it: `{ fail: true }`. */
export async function handler(event: unknown): Promise<{ succeeded: true }> {
  if (shouldFail(event, failureRate, Math.random())) throw new RandomError('one of the errors that this function is made for');
  return { succeeded: true };
}
