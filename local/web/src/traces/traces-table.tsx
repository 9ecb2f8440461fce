import { useEffect, useState } from 'preact/hooks';
import type { TraceSummary } from '../api/wire-types';
import { annotationExpression } from '../filter-expressions';
import { formatAge, formatDateTime, formatDuration, shorten } from '../formatting';
import { ServiceIcon } from '../map/service-icon';
import { addressOf } from '../routes';
import { StatusMark } from '../shell/status-mark';
import { STATUS_LABELS } from '../status';
import type { TimeRange } from '../time-range';
import { ListPlace, useListPlace } from './list-place';
import { annotationsOf, entryOf, failuresOf, summaryStatus } from './trace-summaries';

/** Rows drawn at once: many thousands would make every key stroke wait. */
const ROWS = 50;
const SHOWN_ANNOTATIONS = 4;
/** Of an address or a value; the style sheet cuts what does not fit. */
const SHOWN_LETTERS = 200;

interface TracesTableProps {
  readonly summaries: readonly TraceSummary[];
  readonly range: TimeRange;
  readonly heading: string;
  readonly onAnnotation: (expression: string) => void;
  /** Loads more; absent when all are there. */
  readonly onMore: (() => void) | undefined;
  /** Where the list stood when it was left. */
  readonly place: ListPlace | undefined;
  readonly isLoading: boolean;
}

export function TracesTable({ summaries, range, heading, onAnnotation, onMore, place, isLoading }: TracesTableProps) {
  const [rows, setRows] = useState(place?.rows ?? ROWS);
  const now = useNow();
  const shown = summaries.slice(0, rows);
  useListPlace(place, rows, shown.length >= rows || !isLoading);
  const showMore = (): void => {
    if (rows >= summaries.length) onMore?.();
    setRows(rows + ROWS);
  };
  return (
    <section class="traces" aria-label="Traces">
      <h2 aria-live="polite">{heading}</h2>
      <div class="table-frame">
        <table class="table traces-table">
          <thead>
            <tr>
              <th scope="col">ID</th><th scope="col">Response</th><th scope="col">Entry</th><th scope="col" class="number">Response time</th>
              <th scope="col" class="number">Duration</th><th scope="col">Start</th><th scope="col">Annotations</th>
            </tr>
          </thead>
          <tbody>{shown.map((summary) => <Row key={summary.Id} summary={summary} range={range} now={now} onAnnotation={onAnnotation} />)}</tbody>
        </table>
      </div>
      {(rows < summaries.length || onMore !== undefined) && <button type="button" class="button more" onClick={showMore}>Show more</button>}
    </section>
  );
}

function Row({ summary, range, now, onAnnotation }: {
  summary: TraceSummary; range: TimeRange; now: number; onAnnotation: (expression: string) => void;
}) {
  const { Id: id, StartTime: start, Duration: duration, ResponseTime: responseTime, Http: http, IsPartial: isPartial } = summary;
  const entry = entryOf(summary);
  const annotations = annotationsOf(summary);
  return (
    <tr>
      <td class="cell-id"><a class="row-link" href={addressOf({ view: 'trace', range, id })}><code>{id}</code></a></td>
      <td class="cell-status">
        <StatusMark status={summaryStatus(summary)} code={http?.HttpStatus} />
        {isPartial === true && summaryStatus(summary) !== 'pending' && <span class="badge">partial</span>}
        {failuresOf(summary).slice(0, 2).map(({ status, service, reasons }) => (
          <span key={service} class={`badge badge-${status}`} title={[`${STATUS_LABELS[status]} in ${service}`, ...reasons].join('\n')}>{STATUS_LABELS[status]}: {shorten(service, 22)}</span>
        ))}
      </td>
      <td class="cell-entry"><span title={entry.text}><ServiceIcon type={entry.type} />{entry.method !== undefined && <b>{entry.method} </b>}{entry.text.slice(0, SHOWN_LETTERS)}</span></td>
      <td class="cell-response number">{formatDuration(responseTime === undefined ? undefined : responseTime * 1000)}</td>
      <td class="cell-duration number">{formatDuration(duration === undefined ? undefined : duration * 1000)}</td>
      <td class="cell-start time">{start !== undefined && <time dateTime={new Date(start * 1000).toISOString()} title={formatDateTime(start * 1000)}>{formatAge(start * 1000, now)}<small>{formatDateTime(start * 1000).slice(5, 19)}</small></time>}</td>
      <td class="cell-annotations">
        <div>
          {annotations.slice(0, SHOWN_ANNOTATIONS).map(({ key, value }) => (
            <button key={`${key} ${String(value)}`} type="button" class="chip annotation" onClick={() => onAnnotation(annotationExpression(key, value))} title={`Filter by ${key} = ${String(value)}`}>
              <span>{shorten(key, 24)}</span><b>{String(value).slice(0, SHOWN_LETTERS)}</b>
            </button>
          ))}
          {annotations.length > SHOWN_ANNOTATIONS && <span class="muted">+{annotations.length - SHOWN_ANNOTATIONS}</span>}
        </div>
      </td>
    </tr>
  );
}

/** The present, every ten seconds: ages must not stand still on a quiet page. */
function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
