import { isObject, SubsegmentDocument } from '../wire/segment-document';

/** How a (sub)segment ended, as bits; none is ok. */
export const ERROR = 1;
export const THROTTLE = 2;
export const FAULT = 4;
export const FAILED = ERROR | THROTTLE | FAULT;

/**
 * How a document says that it ended: by its flags, or by its HTTP status where a sender sets only that. A throttle is an error too.
 * The Node.js and Python SDKs flag a call that was answered with 4xx as error, for its status, and as fault, for the exception that the
 * client throws; it is an error: a fault means 5xx.
 */
export function failureOf(document: SubsegmentDocument): number {
  const status = isObject(document.http) && isObject(document.http.response) ? document.http.response.status : undefined;
  const isClientError = typeof status === 'number' && status >= 400 && status < 500;
  let flags = 0;
  if (document.throttle === true || status === 429) flags |= THROTTLE | ERROR;
  if (document.error === true || isClientError) flags |= ERROR;
  if ((document.fault === true && !(isClientError && document.error === true)) || (typeof status === 'number' && status >= 500)) flags |= FAULT;
  return flags;
}
