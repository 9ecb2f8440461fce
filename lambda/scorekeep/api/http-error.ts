/** For programs: a 404 may also come from a gateway that has lost the API. */
const CODES = { 400: 'bad-request', 404: 'not-found', 409: 'conflict' } as const;

/** A reason why a request is not done, for the one who sent it. */
export class HttpError extends Error {
  constructor(public readonly status: keyof typeof CODES, message: string) {
    super(message);
  }

  public get code(): string {
    return CODES[this.status];
  }
}
