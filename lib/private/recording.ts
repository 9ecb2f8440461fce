import { Token } from 'aws-cdk-lib';
import { Recording } from './bundling/bundling-job';
import { ErrorScope, validationError } from './validation-error';
import { RecordingOptions } from '../instrumentation-options';

export function recordingOf({ s3Keys = true, urlPaths = true, exceptionMessages = true, redact = [] }: RecordingOptions = {}): Recording {
  return { s3Keys, urlPaths, exceptionMessages, redact };
}

/** @throws for a pattern that not every language reads in the same way */
export function checkRecording(scope: ErrorScope, { redact = [] }: RecordingOptions = {}): void {
  redact.forEach(pattern => checkPattern(scope, pattern));
}

function checkPattern(scope: ErrorScope, pattern: string): void {
  if (Token.isUnresolved(pattern)) {
    throw validationError(scope, 'TF121', "a pattern of 'recording.redact' is only known at deployment, but becomes part of the package; write it out");
  }
  const refused = (why: string) => validationError(scope, 'TF122', `the pattern '${pattern}' of 'recording.redact' ${why}`);
  let compiled: RegExp;
  try {
    compiled = new RegExp(pattern);
  } catch (error) {
    throw refused(`is no regular expression (${(error as Error).message})`);
  }
  if (compiled.test('')) {
    throw refused('matches the empty text; let it match at least one character');
  }
  if (/(?:^|[^\\])(?:\\\\)*(?:\\[1-9k]|\(\?(?!:))/.test(pattern)) {
    throw refused('has a back-reference, a named group or look-around, which not every language can read; use groups such as (?:...)');
  }
}
