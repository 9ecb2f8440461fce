import type { AnnotationValue, RootCause, TraceSummary } from '../api/wire-types';
import type { Sample } from '../histogram';
import { Status, statusOf } from '../status';

/** What became of the request that a trace began with. */
export function summaryStatus({ HasFault, HasError, HasThrottle, IsPartial }: TraceSummary): Status {
  return statusOf({ fault: HasFault, error: HasError, throttle: HasThrottle, inProgress: IsPartial });
}

/** What failed anywhere in a trace; its client may have been answered well. */
export interface Failure {
  readonly status: 'fault' | 'error';
  readonly service: string;
  /** Types and messages of the exceptions. */
  readonly reasons: readonly string[];
}

/** One for each service in which a failure began, faults first. */
export function failuresOf({ FaultRootCauses = [], ErrorRootCauses = [] }: TraceSummary): Failure[] {
  const failures = new Map<string, { status: 'fault' | 'error'; service: string; reasons: Set<string> }>();
  const note = (status: 'fault' | 'error', causes: readonly RootCause[]): void => {
    for (const { Services = [] } of causes) {
      const service = Services[Services.length - 1];
      if (service === undefined) continue;
      const name = service.Name ?? 'unknown';
      const failure = failures.get(name) ?? { status, service: name, reasons: new Set() };
      failures.set(name, failure);
      for (const { Exceptions = [] } of service.EntityPath ?? []) {
        for (const { Name, Message } of Exceptions) failure.reasons.add([Name, Message].filter((part) => part !== undefined && part !== '').join(': '));
      }
    }
  };
  note('fault', FaultRootCauses);
  note('error', ErrorRootCauses);
  return [...failures.values()].map(({ reasons, ...failure }) => ({ ...failure, reasons: [...reasons] }));
}

/** The worst of a whole trace: of its response, and of everything behind it. */
export function worstStatus(summary: TraceSummary): Status {
  const own = summaryStatus(summary);
  if (own === 'fault' || (summary.FaultRootCauses?.length ?? 0) > 0) return 'fault';
  return own === 'ok' && (summary.ErrorRootCauses?.length ?? 0) > 0 ? 'error' : own;
}

/** For the histogram: a trace whose root has not come has no response time and no sample. */
export function samplesOf(summaries: readonly TraceSummary[]): Sample[] {
  return summaries.flatMap((summary) => {
    if (summary.ResponseTime === undefined) return [];
    const status = worstStatus(summary);
    return [{ ms: summary.ResponseTime * 1000, count: 1, status: status === 'pending' ? 'ok' : status }];
  });
}

/** Annotations as pairs, one for each different value of a key. */
export function annotationsOf({ Annotations = {} }: TraceSummary): { key: string; value: string | number | boolean }[] {
  return Object.entries(Annotations).flatMap(([key, values]) => values.flatMap(({ AnnotationValue: value }) => {
    const plain = valueOf(value);
    return plain === undefined ? [] : [{ key, value: plain }];
  }));
}

function valueOf(value: AnnotationValue | undefined): string | number | boolean | undefined {
  return value?.StringValue ?? value?.NumberValue ?? value?.BooleanValue;
}

/** Where a trace came in: its request if it had one, else the first service. */
export function entryOf({ Http, EntryPoint }: TraceSummary): { method?: string; text: string; type?: string } {
  if (Http?.HttpURL !== undefined) return { method: Http.HttpMethod, text: Http.HttpURL, type: EntryPoint?.Type };
  return { text: EntryPoint?.Name ?? 'unknown', type: EntryPoint?.Type };
}

/** The services of a trace list that one may want to filter by, the most frequent first. */
export function servicesOf(summaries: readonly TraceSummary[]): { name: string; type?: string }[] {
  const counts = new Map<string, { service: { name: string; type?: string }; count: number }>();
  for (const { ServiceIds = [] } of summaries) {
    for (const { Name: name, Type: type } of ServiceIds) {
      if (name === undefined || type === 'client') continue;
      const key = `${type ?? ''}/${name}`;
      const known = counts.get(key) ?? { service: type === undefined ? { name } : { name, type }, count: 0 };
      known.count += 1;
      counts.set(key, known);
    }
  }
  return [...counts.values()].sort((a, b) => b.count - a.count || (a.service.name < b.service.name ? -1 : 1)).map(({ service }) => service);
}
