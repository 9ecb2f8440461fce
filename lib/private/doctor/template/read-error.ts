/** What was given cannot be examined: the message says why, and what to do. */
export class ReadError extends Error {
  public readonly name = 'ReadError';
}
