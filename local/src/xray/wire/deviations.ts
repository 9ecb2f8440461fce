import { isObject, type SegmentDocument, type SubsegmentDocument } from './segment-document';

/** Something that AWS's X-Ray would not take, or not index, of a document that is taken here. */
export interface Deviation {
  code: DeviationCode;
  /** One sentence with the value got. */
  message: string;
}

export type DeviationCode =
  | 'TooManyAnnotations' | 'UnindexedAnnotationKey' | 'UnindexedAnnotationValue' | 'AnnotationTooLong' | 'InvalidCharacterInName' | 'UnknownNamespace'
  | 'TraceIdTooOld' | 'TraceIdInFuture';

const MAX_ANNOTATIONS = 50;
const MAX_ANNOTATION_CHARACTERS = 1000;
const DAY_SECONDS = 86_400;
/** X-Ray keeps traces for 30 days. */
const MAX_AGE_SECONDS = 30 * DAY_SECONDS;
/** Clocks differ. */
const MAX_AHEAD_SECONDS = 600;
/** Digits of a W3C id are no time. What is older than X-Ray itself, or lies years ahead, is taken for such an id. */
const FIRST_TIME = 1_480_000_000;
const YEAR_SECONDS = 365 * DAY_SECONDS;
const INVALID_IN_NAME = /[^ 0-9\p{L}_.:/%&#=+\\\-@]/u;
const INVALID_IN_KEY = /[^0-9A-Za-z_.]/;

/**
 * What AWS documents otherwise of a document that is taken. Source: X-Ray Developer Guide, "AWS X-Ray segment documents", "AWS X-Ray endpoints and
 * quotas" and "Adding annotations and metadata".
 *
 * @param nowSeconds since the epoch
 */
export function deviationsOf(document: SegmentDocument, nowSeconds: number): Deviation[] {
  const deviations: Deviation[] = [];
  const tell = (code: DeviationCode, message: string): void => { deviations.push({ code, message }); };
  const time = parseInt(document.trace_id.slice(2, 10), 16);
  if (time >= FIRST_TIME && time < nowSeconds - MAX_AGE_SECONDS) {
    tell('TraceIdTooOld', `X-Ray takes traces of the last 30 days; the time in ${document.trace_id} is ${new Date(time * 1000).toISOString()}`);
  } else if (time > nowSeconds + MAX_AHEAD_SECONDS && time < nowSeconds + YEAR_SECONDS) {
    tell('TraceIdInFuture', `the time in ${document.trace_id} is ${new Date(time * 1000).toISOString()}, which is to come`);
  }
  let annotations = 0;
  const visit = (one: SubsegmentDocument): void => {
    if (INVALID_IN_NAME.test(one.name)) tell('InvalidCharacterInName', `X-Ray takes letters, digits, blanks and _.:/%&#=+\\-@ in a name, got '${one.name}'`);
    if (one.namespace !== undefined && one.namespace !== 'aws' && one.namespace !== 'remote') {
      tell('UnknownNamespace', `namespace must be 'aws' or 'remote', got '${String(one.namespace)}'`);
    }
    for (const [key, value] of isObject(one.annotations) ? Object.entries(one.annotations as Record<string, unknown>) : []) {
      annotations += 1;
      if (INVALID_IN_KEY.test(key)) tell('UnindexedAnnotationKey', `X-Ray indexes annotation keys of letters, digits, _ and ., got '${key}'`);
      if (typeof value === 'string' ? value.length > MAX_ANNOTATION_CHARACTERS : false) {
        tell('AnnotationTooLong', `the annotation '${key}' has ${(value as string).length} characters; X-Ray takes ${MAX_ANNOTATION_CHARACTERS}`);
      } else if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
        tell('UnindexedAnnotationValue', `the annotation '${key}' is ${value === null ? 'null' : 'an object'}; X-Ray indexes text, numbers and booleans`);
      }
    }
    if (Array.isArray(one.subsegments)) one.subsegments.forEach(visit);
  };
  visit(document);
  if (annotations > MAX_ANNOTATIONS) tell('TooManyAnnotations', `X-Ray indexes ${MAX_ANNOTATIONS} annotations of a trace, this document alone has ${annotations}`);
  return deviations;
}
