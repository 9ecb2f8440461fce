import { useMemo, useState } from 'preact/hooks';
import { useQuery } from '../api/use-query';
import type { TraceSummary } from '../api/wire-types';
import { ApiError, FoundTraces, traceSummaries } from '../api/xray-api';
import { Histogram } from '../charts/histogram-chart';
import { both, filterErrorOf, responseTimeExpression } from '../filter-expressions';
import { formatCount, formatDuration, plural } from '../formatting';
import { histogramOf, percentileOf } from '../histogram';
import { useNavigation } from '../navigation';
import { addressOf, Route } from '../routes';
import { EmptyNotice, ErrorNotice, Loading } from '../shell/notices';
import { describeRange, rangeToText } from '../time-range';
import { FilterBox } from './filter-box';
import { samplesOf, servicesOf } from './trace-summaries';
import { TracesTable } from './traces-table';

type TracesRoute = Extract<Route, { view: 'traces' }>;

/** So many of the newest are loaded, for the list and the histogram; more on request. */
const STEP = 500;

export function TracesView({ route }: { route: TracesRoute }) {
  const { go } = useNavigation();
  const { range, filter } = route;
  const key = `traces ${rangeToText(range)} ${filter ?? ''}`;
  const [more, setMore] = useState({ key, limit: STEP });
  const limit = more.key === key ? more.limit : STEP;
  const { data, error, isLoading, reload } = useQuery<FoundTraces>(
    `${key} ${limit}`, (signal, show) => traceSummaries(range, filter, limit, signal, show), { keepsPrevious: true },
  );
  const summaries = data?.summaries ?? [];
  const services = useMemo(() => servicesOf(summaries), [summaries]);
  const setFilter = (next: string | undefined): void => go({ view: 'traces', range, ...(next === undefined || next.trim() === '' ? {} : { filter: next.trim() }) });
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

function NoTraces({ route: { range, filter }, scanned }: { route: TracesRoute; scanned: number }) {
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
    <EmptyNotice title={range.kind === 'all' ? 'No traces yet' : `No traces: ${describeRange(range).toLowerCase()}`}>
      <p>They appear here by themselves as soon as a traced function runs.</p>
      {range.kind !== 'all' && <p><a class="button" href={addressOf({ view: 'traces', range: { kind: 'all' }, filter })}>Show all time</a></p>}
    </EmptyNotice>
  );
}
