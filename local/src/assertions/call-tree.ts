import { resourceNameOf } from '../xray/model/service-identity';
import type { Trace, TraceEntry } from '../xray/model/trace';
import { walk } from '../xray/model/trace-of-documents';

/** One request to a service, with the requests that it made in turn. */
export interface ServiceCall {
  readonly name: string;
  readonly type: string | undefined;
  readonly calls: readonly ServiceCall[];
}

/** The services of a trace as they called one another, one node for each segment; called services without segments of their own included. */
export function callTree(trace: Trace): ServiceCall[] {
  const owners = new Map<string, TraceEntry>();
  for (const segment of trace.segments) walk([segment], (entry) => owners.set(entry.id, segment));
  const calls = new Map<TraceEntry, TraceEntry[]>();
  const roots: TraceEntry[] = [];
  for (const segment of trace.segments) {
    if (segment.kind !== 'segment') continue;
    const caller = segment.parentId === undefined ? undefined : owners.get(segment.parentId);
    if (caller === undefined || caller === segment) roots.push(segment);
    else calls.set(caller, [...calls.get(caller) ?? [], segment]);
  }
  const callOf = (segment: TraceEntry, above: readonly TraceEntry[]): ServiceCall => ({
    ...identityOf(segment),
    // Segments that are one another's parents would go round for ever.
    calls: above.includes(segment) ? [] : (calls.get(segment) ?? []).map((called) => callOf(called, [...above, segment])),
  });
  return roots.map((root) => callOf(root, []));
}

/** As on the map: an inferred table goes by its own name. */
function identityOf(segment: TraceEntry): { name: string; type: string | undefined } {
  const resource = segment.inferred && segment.origin !== undefined ? resourceNameOf(segment.origin, segment.aws) : undefined;
  return { name: resource ?? segment.name, type: segment.origin };
}
