import { ERROR, FAULT, THROTTLE } from './failure';
import { CatalogService, ServiceCatalog } from './service-catalog';
import type { HttpFacts } from './trace';
import { CALLER, FLAGS, IN_PROGRESS, SERVICE, TraceFacts, VISIT_SIZE } from './trace-facts';

/** A service as the API names it. */
export interface ServiceId {
  Name: string;
  Names: string[];
  AccountId: string;
  Type?: string;
}

export type AnnotationValue = { NumberValue: number } | { BooleanValue: boolean } | { StringValue: string };

/** An element of `TraceSummaries`, without root causes. Times in seconds. */
export interface TraceSummary {
  Id: string;
  StartTime: number;
  Duration: number;
  ResponseTime?: number;
  HasFault: boolean;
  HasError: boolean;
  HasThrottle: boolean;
  IsPartial: boolean;
  Http: { HttpURL?: string; HttpStatus?: number; HttpMethod?: string; UserAgent?: string; ClientIp?: string };
  Annotations: Record<string, { AnnotationValue: AnnotationValue; ServiceIds: ServiceId[] }[]>;
  Users: { UserName: string; ServiceIds: ServiceId[] }[];
  ServiceIds: ServiceId[];
  ResourceARNs: { ARN: string }[];
  InstanceIds: { Id: string }[];
  AvailabilityZones: { Name: string }[];
  EntryPoint?: ServiceId;
  Revision: number;
}

/** X-Ray indexes so many annotations of a trace. */
const MAX_ANNOTATIONS = 50;

/** The summary of a trace. `revision` counts the joins of the trace, as the service's does. */
export function summaryOf(facts: TraceFacts, catalog: ServiceCatalog, revision: number): TraceSummary {
  const services = new Set<CatalogService>();
  const users = new Map<string, Set<CatalogService>>();
  const arns = new Set<string>();
  const instances = new Set<string>();
  const zones = new Set<string>();
  let throttled = false;
  for (let base = 0, visit = 0; base < facts.visits.length; base += VISIT_SIZE, visit += 1) {
    const service = catalog.services[facts.visits[base + SERVICE]];
    services.add(service);
    throttled ||= (facts.visits[base + FLAGS] & THROTTLE) !== 0;
    const details = facts.details?.[visit];
    if (details?.user !== undefined) users.set(details.user, (users.get(details.user) ?? new Set()).add(service));
    if (details?.resourceArn !== undefined) arns.add(details.resourceArn);
    if (details?.instanceId !== undefined) instances.add(details.instanceId);
    if (details?.availabilityZone !== undefined) zones.add(details.availabilityZone);
  }
  const http = httpOf(facts);
  const root = facts.root < 0 ? undefined : catalog.services[facts.visits[facts.root * VISIT_SIZE + SERVICE]];
  return {
    Id: facts.id,
    StartTime: seconds(facts.startMs),
    Duration: seconds(facts.endMs - facts.startMs),
    ...(Number.isNaN(facts.responseMs) ? {} : { ResponseTime: seconds(facts.responseMs) }),
    HasFault: (facts.flags & FAULT) !== 0,
    HasError: (facts.flags & ERROR) !== 0,
    HasThrottle: throttled,
    IsPartial: (facts.flags & IN_PROGRESS) !== 0,
    Http: {
      ...(http?.url === undefined ? {} : { HttpURL: http.url }),
      ...(http?.status === undefined ? {} : { HttpStatus: http.status }),
      ...(http?.method === undefined ? {} : { HttpMethod: http.method }),
      ...(http?.userAgent === undefined ? {} : { UserAgent: http.userAgent }),
      ...(http?.clientIp === undefined ? {} : { ClientIp: http.clientIp }),
    },
    Annotations: annotationsOf(facts, catalog),
    Users: [...users].map(([name, of]) => ({ UserName: name, ServiceIds: [...of].map(serviceIdOf) })),
    ServiceIds: [...services].map(serviceIdOf),
    ResourceARNs: [...arns].map((arn) => ({ ARN: arn })),
    InstanceIds: [...instances].map((id) => ({ Id: id })),
    AvailabilityZones: [...zones].map((zone) => ({ Name: zone })),
    ...(root === undefined ? {} : { EntryPoint: serviceIdOf(root) }),
    Revision: revision,
  };
}

export function serviceIdOf({ name, names, type, accountId }: Pick<CatalogService, 'name' | 'names' | 'type' | 'accountId'>): ServiceId {
  return {
    Name: name, Names: [...names], AccountId: accountId, ...(type === undefined ? {} : { Type: type }),
  };
}

/** The request that the trace began with: that of the root segment, else of the first service that was asked over HTTP. */
export function httpOf(facts: TraceFacts): HttpFacts | undefined {
  const ofRoot = facts.details?.[facts.root]?.http;
  if (ofRoot !== undefined) return ofRoot;
  return facts.details?.find((detail, visit) => detail?.http?.url !== undefined && facts.visits[visit * VISIT_SIZE + CALLER] < 0)?.http;
}

function annotationsOf(facts: TraceFacts, catalog: ServiceCatalog): TraceSummary['Annotations'] {
  const result: TraceSummary['Annotations'] = Object.create(null) as TraceSummary['Annotations'];
  for (let index = 0; index < Math.min(facts.annotations.length, MAX_ANNOTATIONS * 3); index += 3) {
    const [key, value, serviceIndex] = facts.annotations.slice(index, index + 3) as [string, string | number | boolean, number];
    const service = catalog.services[serviceIndex];
    const ids = service === undefined ? [] : [serviceIdOf(service)];
    const annotation = annotationValueOf(value);
    const known = (result[key] ??= []).find((entry) => JSON.stringify(entry.AnnotationValue) === JSON.stringify(annotation));
    if (known === undefined) {
      result[key].push({ AnnotationValue: annotation, ServiceIds: ids });
    } else if (ids.length > 0 && !known.ServiceIds.some(({ Name, Type }) => Name === ids[0].Name && Type === ids[0].Type)) {
      known.ServiceIds.push(ids[0]);
    }
  }
  return { ...result };
}

function annotationValueOf(value: string | number | boolean): AnnotationValue {
  if (typeof value === 'number') return { NumberValue: value };
  return typeof value === 'boolean' ? { BooleanValue: value } : { StringValue: value };
}

/** Milliseconds to seconds; microseconds are what a double holds of a time. */
export function seconds(ms: number): number {
  return Math.round(ms * 1000) / 1e6;
}

/** When the trace began by its id, in milliseconds; ids made by OpenTelemetry may be random, then the first segment tells. */
export function traceTimeMs(facts: Pick<TraceFacts, 'id' | 'startMs'>): number {
  const ofId = parseInt(facts.id.slice(2, 10), 16) * 1000;
  return Math.abs(ofId - facts.startMs) < 3600_000 ? ofId : facts.startMs;
}

