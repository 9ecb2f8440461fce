import { useMemo, useState } from 'preact/hooks';
import { useQuery } from '../api/use-query';
import type { TraceSummary } from '../api/wire-types';
import { ApiError, FoundTraces, health, traceSummaries } from '../api/xray-api';
import { Histogram } from '../charts/histogram-chart';
import { both, filterErrorOf, responseTimeExpression } from '../filter-expressions';
import { formatCount, formatDuration, plural } from '../formatting';
import { histogramOf, percentileOf } from '../histogram';
import { useNavigation } from '../navigation';
import { addressOf, Route } from '../routes';
import { EmptyNotice, ErrorNotice, Loading } from '../shell/notices';
import { describeRange, rangeToText } from '../time-range';
import { FilterBox } from './filter-box';
import { placeInHistory } from './list-place';
import { samplesOf, servicesOf } from './trace-summaries';
import { TracesTable } from './traces-table';

type TracesRoute = Extract<Route, { view: 'traces' }>;

/** So many of the newest are loaded, for the list and the histogram; more on request. */
const STEP = 500;

export function TracesView({ route }: { route: TracesRoute }) {
  const { go } = useNavigation();
  const { range, filter } = route;
  const key = `traces ${rangeToText(range)} ${filter ?? ''}`;
  const [place] = useState(placeInHistory);
  const [more, setMore] = useState({ key, limit: Math.max(1, Math.ceil((place?.rows ?? 0) / STEP)) * STEP });
  const limit = more.key === key ? more.limit : STEP;
  const { data, error, isLoading, reload } = useQuery<FoundTraces>(
    `${key} ${limit}`, (signal, show) => traceSummaries(range, filter, limit, signal, show), { keepsPrevious: true },
  );
  const summaries = data?.summaries ?? [];
  const services = useMemo(() => servicesOf(summaries), [summaries]);
  const setFilter = (next: string | undefined): void => {
    // As in X-Ray's console, an id leads to its trace.
    const id = traceIdIn(next ?? '');
    if (id !== undefined) return go({ view: 'trace', range, id });
    return go({ view: 'traces', range, ...(next === undefined || next.trim() === '' ? {} : { filter: next.trim() }) });
  };
  const isRefused = error instanceof ApiError && error.status === 400;

  return (
    <div class="traces-view">
      <h1 class="visually-hidden">Traces</h1>
      <FilterBox
        filter={filter} onFilter={setFilter} services={services} isBusy={isLoading}
        error={isRefused ? filterErrorOf(error.message) : undefined}
      />
      {error !== undefined && !isRefused && <ErrorNotice error={error} onRetry={reload} />}
      {data === undefined && error === undefined && <Loading what="traces" />}
      {data !== undefined && summaries.length === 0 && !isRefused && <NoTraces route={route} scanned={data.scanned} />}
      {summaries.length > 0 && !isRefused && (
        <>
          <Distribution summaries={summaries} onRange={(from, to) => setFilter(both(filter, responseTimeExpression(from, to)))} />
          <TracesTable
            summaries={summaries} range={range} heading={heading(summaries.length, data!.isComplete, filter, data!.scanned)}
            onAnnotation={(expression) => setFilter(both(filter, expression))}
            place={place} isLoading={isLoading}
            onMore={data!.isComplete ? undefined : () => setMore({ key, limit: limit + STEP })}
          />
        </>
      )}
    </div>
  );
}

function Distribution({ summaries, onRange }: { summaries: readonly TraceSummary[]; onRange: (fromSeconds: number, toSeconds: number) => void }) {
  const samples = useMemo(() => samplesOf(summaries), [summaries]);
  const bins = useMemo(() => histogramOf(samples), [samples]);
  if (samples.length === 0) return null;
  const failed = samples.filter(({ status }) => status !== 'ok').length;
  return (
    <section class="distribution" aria-label="Response time distribution">
      <div class="distribution-chart">
        <Histogram bins={bins} title="Response time distribution" heading="h2" onSelect={({ fromMs, toMs }) => onRange(fromMs / 1000, toMs / 1000)} />
      </div>
      <dl class="panel-figures">
        <div><dt>p50</dt><dd>{formatDuration(percentileOf(samples, 0.5))}</dd></div>
        <div><dt>p90</dt><dd>{formatDuration(percentileOf(samples, 0.9))}</dd></div>
        <div><dt>p99</dt><dd>{formatDuration(percentileOf(samples, 0.99))}</dd></div>
        <div><dt>Failed</dt><dd class={failed > 0 ? 'text-fault' : ''}>{formatCount(failed)}</dd></div>
      </dl>
    </section>
  );
}

function heading(count: number, isComplete: boolean, filter: string | undefined, scanned: number): string {
  const found = isComplete ? plural(count, 'trace') : `The newest ${formatCount(count)} traces`;
  return filter === undefined ? `${found}${isComplete ? '' : ` of ${formatCount(scanned)}`}` : `${found}${isComplete ? '' : ' that fit'}, of ${formatCount(scanned)}`;
}

/** `1-58406520-a006649127e371903a2de979`, also as a trace header or a log line has it: `Root=1-...`, `TraceId: 1-...`. */
function traceIdIn(text: string): string | undefined {
  return /^(?:Root=|(?:XRAY )?TraceId: ?)?(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|\s|$)/i.exec(text.trim())?.[1].toLowerCase();
}

function NoTraces({ route: { range, filter }, scanned }: { route: TracesRoute; scanned: number }) {
  const isEmpty = useQuery('health', health).data?.traces === 0;
  if (filter !== undefined && scanned > 0) {
    return (
      <EmptyNotice title="No trace fits the filter">
        <p>{plural(scanned, 'trace')} looked through, {describeRange(range).toLowerCase()}.</p>
        <p class="actions">
          <a class="button" href={addressOf({ view: 'traces', range })}>Remove the filter</a>
          {range.kind !== 'all' && <a class="button" href={addressOf({ view: 'traces', range: { kind: 'all' }, filter })}>Look through all time</a>}
        </p>
      </EmptyNotice>
    );
  }
  return (
    <EmptyNotice title={range.kind === 'all' || isEmpty ? 'No traces yet' : `No traces: ${describeRange(range).toLowerCase()}`}>
      <p>They appear here by themselves as soon as a traced function runs.</p>
      {range.kind !== 'all' && !isEmpty && <p><a class="button" href={addressOf({ view: 'traces', range: { kind: 'all' }, filter })}>Show all time</a></p>}
    </EmptyNotice>
  );
}
