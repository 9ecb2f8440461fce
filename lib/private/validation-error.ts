import { IConstruct } from 'constructs';
import { systemErrorText } from './files/system-error';

/** A construct that is still to be made, for errors that come before it. */
export class FutureConstruct {
  constructor(public readonly type: string, public readonly path: string) {}
}

/** What an error names. */
export type ErrorScope = IConstruct | FutureConstruct;

/**
 * An error about a construct, with its path: what is wrong, the value got, where it was looked for, and what to do.
 *
 * @param code of this error alone, which stays the same between versions; docs/errors.md lists all of them
 */
export function validationError(scope: ErrorScope, code: string, message: string): Error {
  return namedError(scope instanceof FutureConstruct
    ? `${scope.type} '${scope.path}': ${message} (${code})`
    // CDK's decorated classes carry a number: Stack2.
    : `${scope.constructor.name.replace(/\d+$/, '')} '${scope.node.path}': ${message} (${code})`);
}

/** An error about several constructs, which the message names by their paths. */
export function namedError(message: string): Error {
  const error = new Error(message);
  error.name = 'ValidationError';
  return error;
}

/** Does what reads or writes files for a construct: an error of the operating system becomes one of the construct. */
export function withFiles<T>(scope: ErrorScope, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const text = systemErrorText(error);
    throw text === undefined ? error : validationError(scope, 'TF131', text);
  }
}
