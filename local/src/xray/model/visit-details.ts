import type { HttpFacts } from './trace';

/** What few visits have, so that all others carry nothing of it. */
export interface VisitDetails {
  http?: HttpFacts;
  edgeHttp?: HttpFacts;
  user?: string;
  /** Name under which the caller knows the service, where it is another one. */
  alias?: string;
  instanceId?: string;
  availabilityZone?: string;
  resourceArn?: string;
  /** Numbers of the services whose traces this segment is linked from. */
  links?: { traceId: string; segmentId: string }[];
  segmentId?: string;
}
