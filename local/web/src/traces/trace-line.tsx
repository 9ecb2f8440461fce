import type { TraceSummary } from '../api/wire-types';
import { formatDuration, formatTimeOfDay, shorten } from '../formatting';
import { addressOf } from '../routes';
import { StatusMark } from '../shell/status-mark';
import type { TimeRange } from '../time-range';
import { worstStatus } from './trace-summaries';

/** A trace in one line, for a panel. */
export function TraceLine({ summary, range }: { summary: TraceSummary; range: TimeRange }) {
  return (
    <a class="trace-line" href={addressOf({ view: 'trace', range, id: summary.Id })}>
      <StatusMark status={worstStatus(summary)} isCompact />
      <span class="time">{summary.StartTime === undefined ? '' : formatTimeOfDay(summary.StartTime * 1000)}</span>
      <code title={summary.Id}>{shorten(summary.Id, 25)}</code>
      <span class="number">{formatDuration(summary.ResponseTime === undefined ? undefined : summary.ResponseTime * 1000)}</span>
    </a>
  );
}
