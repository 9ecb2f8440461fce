import type { SummaryStatistics } from './api/wire-types';

/** What became of a request, in X-Ray's words: error is the client's fault (4xx), fault the service's (5xx), throttle 429. */
export type Status = 'ok' | 'error' | 'fault' | 'throttle' | 'pending';

export const STATUS_LABELS: Record<Status, string> = {
  ok: 'OK', error: 'Error', fault: 'Fault', throttle: 'Throttle', pending: 'In progress',
};

/** The statuses that requests are counted by, the best first. */
export const COUNTED = ['ok', 'error', 'throttle', 'fault'] as const;
export type StatusCounts = Record<typeof COUNTED[number], number>;

/** The worst that is true, as X-Ray colours it. */
export function statusOf(flags: { fault?: boolean; error?: boolean; throttle?: boolean; inProgress?: boolean }): Status {
  if (flags.fault) return 'fault';
  if (flags.throttle) return 'throttle';
  if (flags.error) return 'error';
  return flags.inProgress ? 'pending' : 'ok';
}

/** Counts of a service or an edge; a throttle is not counted as an error again. */
export function countsOf(statistics: SummaryStatistics | undefined): StatusCounts & { total: number } {
  const errors = statistics?.ErrorStatistics;
  const throttle = errors?.ThrottleCount ?? 0;
  const error = errors?.OtherCount ?? Math.max(0, (errors?.TotalCount ?? 0) - throttle);
  const fault = statistics?.FaultStatistics?.TotalCount ?? 0;
  const ok = statistics?.OkCount ?? 0;
  return { ok, error, throttle, fault, total: statistics?.TotalCount ?? ok + error + throttle + fault };
}

/** Average response time in milliseconds; undefined without requests. */
export function averageMs(statistics: SummaryStatistics | undefined): number | undefined {
  const count = statistics?.TotalCount ?? 0;
  return count === 0 ? undefined : ((statistics?.TotalResponseTime ?? 0) / count) * 1000;
}
