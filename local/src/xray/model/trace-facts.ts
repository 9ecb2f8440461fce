import type { CompiledTrace } from './compiled-trace';
import { ERROR, failureOf, FAULT, THROTTLE } from './failure';
import type { ServiceCatalog } from './service-catalog';
import { serviceOf } from './service-identity';
import { annotationsOf, exceptionsOf, httpOf } from './trace-of-documents';
import type { ValuePool } from './value-pool';
import type { VisitDetails } from './visit-details';
import { isObject } from '../wire/segment-document';
import type { SegmentDocument, SubsegmentDocument } from '../wire/segment-document';

/** Bits of the flags of a visit, an edge or a trace, beside those of failure.ts. */
export const INFERRED = 8;
export const IN_PROGRESS = 16;
export const ROOT = 32;
/** Of a trace: anything in it, also within a segment that went well, ended with a fault, or with an error. */
export const ANY_FAULT = 64;
export const ANY_ERROR = 128;

/** Fields of one visit in `TraceFacts.visits`. Times in milliseconds since the epoch. */
export const SERVICE = 0;
/** Number of the calling visit in the same trace; -1 for none. */
export const CALLER = 1;
export const START = 2;
/** End of the segment; its start while in progress. */
export const END = 3;
/** Last end of anything within the segment. */
export const LAST_END = 4;
export const FLAGS = 5;
/** The call as its caller saw it; the same as START, END and FLAGS where the caller recorded nothing of its own. */
export const EDGE_START = 6;
export const EDGE_END = 7;
export const EDGE_FLAGS = 8;
export const VISIT_SIZE = 9;

/**
 * What statistics and filters need of one trace, kept for every trace in memory. A visit is one segment of one service; visits lie one
 * after the other in a plain list of numbers, which costs a tenth of objects.
 */
export interface TraceFacts {
  readonly id: string;
  readonly startMs: number;
  readonly endMs: number;
  /** Of the root segment; NaN without one. */
  readonly responseMs: number;
  /**
   * ERROR and FAULT of the root segment, as the service's HasError and HasFault; THROTTLE of any segment, as its HasThrottle;
   * IN_PROGRESS for an incomplete trace; INFERRED when it has inferred segments; ANY_FAULT and ANY_ERROR.
   */
  readonly flags: number;
  readonly visits: readonly number[];
  /** By number of the visit; many traces share one object. */
  readonly details: readonly (VisitDetails | undefined)[] | undefined;
  /** Number of the entry visit, -1 for none. */
  readonly root: number;
  /** Key, value, service number; one after the other. */
  readonly annotations: readonly (string | number | boolean)[];
  /** Messages of all exceptions. */
  readonly messages: readonly string[] | undefined;
}

/** The facts of a compiled trace; `catalog` gets to know its services. */
export function factsOf(compiled: CompiledTrace, catalog: ServiceCatalog): TraceFacts {
  const { pool } = catalog;
  const segments = compiled.segments.filter((segment) => segment.type !== 'subsegment');
  const owners = new Map<string, { visit: number; document: SubsegmentDocument }>();
  const annotations: (string | number | boolean)[] = [];
  const messages: string[] = [];
  const details: (VisitDetails | undefined)[] = [];
  let hasDetails = false;
  const visits: number[] = [];
  let startMs = Infinity;
  let endMs = -Infinity;
  let partial = compiled.orphans.size > 0;
  let inferred = 0;
  let failures = 0;

  const services = segments.map((segment) => catalog.intern(serviceOf(segment), segment.name, accountOf(segment)));
  let visitCount = 0;
  compiled.segments.forEach((segment) => {
    const visit = segment.type === 'subsegment' ? -1 : visitCount++;
    let lastEnd = 0;
    visitAll(segment, (document) => {
      owners.set(document.id, { visit, document });
      const start = document.start_time * 1000;
      const end = (document.end_time ?? document.start_time) * 1000;
      if (document.end_time === undefined) partial = true;
      startMs = Math.min(startMs, start);
      endMs = Math.max(endMs, end);
      lastEnd = Math.max(lastEnd, end);
      failures |= failureOf(document);
      if (segment.inferred === true) return; // it repeats what its caller's subsegment says
      if (document.annotations) {
        const service = visit < 0 ? -1 : services[visit].index;
        for (const [key, value] of Object.entries(annotationsOf(document.annotations))) {
          annotations.push(pool.text(key), typeof value === 'string' ? pool.text(value) : value, service);
        }
      }
      if (document.cause) for (const { message } of exceptionsOf(document.cause)) if (message !== undefined) messages.push(pool.text(message));
    });
    if (visit < 0) return;
    const start = segment.start_time * 1000;
    const end = (segment.end_time ?? segment.start_time) * 1000;
    let flags = failureOf(segment);
    if (segment.inferred === true) inferred = flags |= INFERRED;
    if (segment.end_time === undefined) flags |= IN_PROGRESS;
    visits.push(services[visit].index, -1, start, end, lastEnd, flags, start, end, flags);
  });

  let throttled = 0;
  for (let base = 0; base < visits.length; base += VISIT_SIZE) throttled |= visits[base + FLAGS] & THROTTLE;
  let root = -1;
  let fallbackRoot = -1;
  segments.forEach((segment, visit) => {
    const base = visit * VISIT_SIZE;
    const detail = detailOf(segment, pool);
    const parent = segment.parent_id === undefined ? undefined : owners.get(segment.parent_id);
    if (parent === undefined) {
      if (segment.inferred !== true) {
        if (segment.parent_id === undefined && root < 0) root = visit;
        if (segment.parent_id !== undefined) {
          partial = true;
          if (fallbackRoot < 0) fallbackRoot = visit;
        }
      }
    } else if (parent.visit !== visit) {
      visits[base + CALLER] = parent.visit;
      const call = parent.document;
      if (call.namespace === 'aws' || call.namespace === 'remote') {
        visits[base + EDGE_START] = call.start_time * 1000;
        visits[base + EDGE_END] = (call.end_time ?? call.start_time) * 1000;
        visits[base + EDGE_FLAGS] = failureOf(call) | (call.end_time === undefined ? IN_PROGRESS : 0);
        if (call.namespace === 'remote' && call.name !== segment.name) detail.alias = pool.text(call.name);
        const http = pool.http(httpOf(call.http));
        if (http !== undefined) detail.edgeHttp = http;
        if (segment.inferred === true && http?.traced === true) partial = true;
      }
    }
    const isEmpty = Object.keys(detail).length === 0;
    details.push(isEmpty ? undefined : pool.details(detail));
    hasDetails ||= !isEmpty;
  });
  if (root < 0) root = fallbackRoot;
  if (root >= 0) visits[root * VISIT_SIZE + FLAGS] |= ROOT;
  const rootFlags = root < 0 ? 0 : visits[root * VISIT_SIZE + FLAGS] & (ERROR | FAULT);
  const rootSegment = segments[root] as SegmentDocument | undefined;
  return {
    id: compiled.id,
    startMs,
    endMs,
    responseMs: rootSegment?.end_time === undefined ? NaN : (rootSegment.end_time - rootSegment.start_time) * 1000,
    flags: rootFlags | throttled | (partial || root < 0 ? IN_PROGRESS : 0) | (inferred === 0 ? 0 : INFERRED)
      | ((failures & FAULT) === 0 ? 0 : ANY_FAULT) | ((failures & (ERROR | THROTTLE)) === 0 ? 0 : ANY_ERROR),
    visits,
    details: hasDetails ? details : undefined,
    root,
    annotations,
    messages: messages.length === 0 ? undefined : messages,
  };
}

function detailOf(segment: SegmentDocument, pool: ValuePool): VisitDetails {
  const detail: VisitDetails = {};
  const http = pool.http(httpOf(segment.http));
  if (http !== undefined) detail.http = http;
  if (typeof segment.user === 'string' && segment.user !== '') detail.user = pool.text(segment.user);
  if (typeof segment.resource_arn === 'string') detail.resourceArn = pool.text(segment.resource_arn);
  if (Array.isArray(segment.links) && segment.links.length > 0) {
    detail.links = segment.links.filter(isObject).map((link) => ({ traceId: String(link.trace_id), segmentId: String(link.id) }));
    detail.segmentId = segment.id;
  }
  const ec2 = isObject(segment.aws) && isObject(segment.aws.ec2) ? segment.aws.ec2 : undefined;
  if (typeof ec2?.instance_id === 'string') detail.instanceId = pool.text(ec2.instance_id);
  if (typeof ec2?.availability_zone === 'string') detail.availabilityZone = pool.text(ec2.availability_zone);
  return detail;
}

function accountOf(segment: SegmentDocument): string | undefined {
  const account = isObject(segment.aws) ? segment.aws.account_id : undefined;
  return typeof account === 'string' && account !== '' ? account : undefined;
}

function visitAll(document: SubsegmentDocument, visit: (document: SubsegmentDocument) => void): void {
  visit(document);
  for (const subsegment of document.subsegments ?? []) visitAll(subsegment, visit);
}
