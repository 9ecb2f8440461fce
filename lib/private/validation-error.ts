import { IConstruct } from 'constructs';

/** An error about a construct, with its path: what is wrong, the value got, where it was looked for, and what to do. */
export function validationError(scope: IConstruct, message: string): Error {
  const error = new Error(`${scope.constructor.name} '${scope.node.path}': ${message}`);
  error.name = 'ValidationError';
  return error;
}
