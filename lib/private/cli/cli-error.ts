/** What a person gave cannot be worked with: told in one line, without a stack, with status 2. */
export class CliError extends Error {
  public readonly name = 'CliError';
}
