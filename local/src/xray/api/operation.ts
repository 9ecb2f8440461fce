import { ApiError } from '../api-error';
import type { Ingest } from '../ingest';
import type { TraceFilters } from '../query/trace-filters';
import type { Groups } from '../settings/groups';
import type { ResourcePolicies } from '../settings/resource-policies';
import type { SamplingRules } from '../settings/sampling-rules';
import type { Tags } from '../settings/tags';
import type { XraySettings } from '../settings/xray-settings';
import type { TraceStore } from '../store/trace-store';

/** What the operations work on. */
export interface ApiContext {
  readonly store: TraceStore;
  readonly ingest: Ingest;
  readonly filters: TraceFilters;
  readonly groups: Groups;
  readonly rules: SamplingRules;
  readonly policies: ResourcePolicies;
  readonly tags: Tags;
  readonly settings: XraySettings;
}

/** One operation of the X-Ray API: a POST with a JSON body to a path of its own, as the service model says. */
export interface Operation {
  /** Such as `GetTraceSummaries`. */
  readonly name: string;
  /** Such as `/TraceSummaries`. */
  readonly path: string;
  /** JSON schema of the body; members that are not named are let through, as the service does. */
  readonly body: object;
  handle(input: never, context: ApiContext): unknown;
}

/** An operation with its input typed inside; the schema has checked the input before. */
export function operation<Input>(
  name: string, path: string, body: object, handle: (input: Input, context: ApiContext) => unknown,
): Operation {
  return { name, path, body, handle };
}

/** Pieces of the schemas. A time is seconds since the epoch, or text in ISO 8601 as some clients send it. */
export const TIME = { type: ['number', 'string'] };
export const TEXT = { type: 'string' };
export const TEXTS = { type: 'array', items: TEXT };

export function object(properties: Record<string, object>, required: string[] = []): object {
  return { type: 'object', properties, required };
}

const TAG = object({ Key: { type: 'string', minLength: 1, maxLength: 128 }, Value: { type: 'string', maxLength: 256 } }, ['Key', 'Value']);
export const TAGS = { type: 'array', items: TAG };

/** Milliseconds since the epoch of a time in a request. */
export function timeMs(value: number | string, member: string): number {
  const ms = typeof value === 'number' ? value * 1000 : /^[\d.]+(e\d+)?$/i.test(value) ? Number(value) * 1000 : Date.parse(value);
  if (!Number.isFinite(ms)) throw new ApiError(`${member} must be seconds since 1970 or a time in ISO 8601, got '${value}'`);
  return ms;
}
