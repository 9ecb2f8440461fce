import { IConstruct } from 'constructs';

/** An error about a construct, with its path: what is wrong, the value got, where it was looked for, and what to do. */
export function validationError(scope: IConstruct, message: string): Error {
  // CDK's decorated classes carry a number: Stack2.
  return namedError(`${scope.constructor.name.replace(/\d+$/, '')} '${scope.node.path}': ${message}`);
}

/** An error about several constructs, which the message names by their paths. */
export function namedError(message: string): Error {
  const error = new Error(message);
  error.name = 'ValidationError';
  return error;
}
