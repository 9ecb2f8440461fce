import { useMemo, useState } from 'preact/hooks';
import { isTraceId } from '../../../src/xray/wire/segment-document';
import { useQuery } from '../api/use-query';
import { traceById, traceGraph } from '../api/xray-api';
import { formatDateTime, formatDuration, plural } from '../formatting';
import { mapGraphOf } from '../map/map-graph';
import { MapSelection, TraceMap } from '../map/trace-map';
import { useNavigation } from '../navigation';
import { addressOf, Route } from '../routes';
import { downloadTrace } from './download-trace';
import { LogsPanel } from './logs-panel';
import { OpenTrace, openTrace } from './open-trace';
import { SegmentPanel } from './segment-panel';
import { Timeline } from './timeline';
import { CopyButton } from '../shell/copy-button';
import { Glyph } from '../shell/glyph';
import { EmptyNotice, ErrorNotice, Loading } from '../shell/notices';
import { StatusMark } from '../shell/status-mark';

type TraceRoute = Extract<Route, { view: 'trace' }>;

/** One trace: its map, its segments on a time axis, everything of one segment, and what its functions logged. */
export function TraceView({ route }: { route: TraceRoute }) {
  const { go } = useNavigation();
  const isOutdatedBy = ({ created, updated, removed }: { created: string[]; updated: string[]; removed: string[] }): boolean => (
    [...created, ...updated, ...removed].includes(route.id)
  );
  const { data, error, isLoading, reload } = useQuery(`trace ${route.id}`, async (signal) => {
    const [report, services] = await Promise.all([traceById(route.id, signal), traceGraph(route.id, signal)]);
    return { trace: report === undefined ? undefined : openTrace(report), graph: mapGraphOf(services) };
  }, { isOutdatedBy });
  const select = (segment: string | undefined): void => go({ view: 'trace', range: route.range, id: route.id, ...(segment === undefined ? {} : { segment }) }, true);

  if (data?.trace === undefined) {
    return (
      <>
        {error !== undefined && <ErrorNotice error={error} onRetry={reload} />}
        {isLoading && data === undefined && error === undefined && <Loading what="the trace" />}
        {data !== undefined && (
          <EmptyNotice title={isTraceId(route.id) ? 'This trace is not here' : 'This is not the id of a trace'}>
            <p><code class="wrap">{route.id}</code></p>
            {isTraceId(route.id)
              ? <p>It has not come yet, or went to make room for newer ones. It appears here by itself if it comes.</p>
              : <p>An id looks like <code>1-58406520-a006649127e371903a2de979</code>.</p>}
            <p><a class="button" href={addressOf({ view: 'traces', range: route.range })}>All traces</a></p>
          </EmptyNotice>
        )}
      </>
    );
  }
  const { trace, graph } = data as { trace: OpenTrace; graph: ReturnType<typeof mapGraphOf> };
  const segment = route.segment === undefined ? undefined : trace.entries.get(route.segment);
  return (
    <div class="trace-view">
      <Heading trace={trace} route={route} />
      {error !== undefined && <ErrorNotice error={error} onRetry={reload} />}
      <MapOfTrace trace={trace} graph={graph} onSelect={select} />
      {route.segment !== undefined && segment === undefined && (
        <p class="not-here" role="status">The segment <code class="wrap">{route.segment}</code> of this address is not in the trace.</p>
      )}
      <div class={`trace-detail${segment === undefined ? '' : ' has-panel'}`}>
        <Timeline trace={trace} selected={segment?.entry.id} onSelect={select} />
        {segment !== undefined && (
          <SegmentPanel trace={trace} segment={segment} range={route.range} onClose={() => select(undefined)} onSelect={select} />
        )}
      </div>
      <LogsPanel trace={trace} selected={segment?.entry} />
    </div>
  );
}

function Heading({ trace, route }: { trace: OpenTrace; route: TraceRoute }) {
  const { id, durationMs, responseMs, startMs, isPartial } = trace.trace;
  const { lastTraces } = useNavigation();
  const { root, status, failures, http, coldStarts, exceptions } = trace.facts;
  const entry = http?.url === undefined ? root?.name ?? 'unknown' : `${http.method ?? ''} ${http.url}`;
  return (
    <header class="trace-heading">
      <a class="back" href={addressOf(lastTraces ?? { view: 'traces', range: route.range })}><Glyph name="back" />Traces</a>
      <div class="trace-title">
        <h1><code>{id}</code></h1>
        <CopyButton text={id} what="trace id" />
        <button type="button" class="button icon-button" onClick={() => downloadTrace(trace.report)} aria-label="Save the trace as a file" title="Save as a file"><Glyph name="download" /></button>
      </div>
      <dl class="trace-facts">
        <div><dt>Response</dt><dd><StatusMark status={status} code={http?.status} /></dd></div>
        <div><dt>Entry</dt><dd class="entry" title={entry}>{entry}</dd></div>
        <div><dt>Response time</dt><dd>{formatDuration(responseMs)}</dd></div>
        <div><dt>Duration</dt><dd>{formatDuration(durationMs)}</dd></div>
        <div><dt>Start</dt><dd class="time">{formatDateTime(startMs)}</dd></div>
        <div><dt>Segments</dt><dd>{trace.trace.segments.filter(({ inferred }) => !inferred).length}</dd></div>
        {coldStarts.length > 0 && <div><dt>Cold starts</dt><dd class="text-cold" title={coldStarts.join(', ')}>{coldStarts.length}</dd></div>}
        {failures.length > 0 && <div><dt>Failed</dt><dd>{failures.map(({ service, status: worst }) => <span key={service} class={`badge badge-${worst}`}>{service}</span>)}</dd></div>}
        {exceptions > 0 && <div><dt>Exceptions</dt><dd class="text-fault">{exceptions}</dd></div>}
        {isPartial && <div><dt>State</dt><dd>{trace.facts.orphans > 0 ? `incomplete: ${plural(trace.facts.orphans, 'entry', 'entries')} without a parent` : 'incomplete'}</dd></div>}
      </dl>
    </header>
  );
}

function MapOfTrace({ trace, graph, onSelect }: { trace: OpenTrace; graph: ReturnType<typeof mapGraphOf>; onSelect: (segment: string) => void }) {
  const [selection, setSelection] = useState<MapSelection>();
  const firstOf = useMemo(() => trace.segmentsByService, [trace]);
  if (graph.nodes.length === 0) return null;
  const select = (next: MapSelection): void => {
    setSelection(next);
    const segment = next !== undefined && 'node' in next ? firstOf.get(next.node) : undefined;
    if (segment !== undefined) onSelect(segment);
  };
  return (
    <details class="trace-map" open>
      <summary><h2>Trace map</h2></summary>
      <TraceMap graph={graph} selection={selection} onSelect={select} density={graph.nodes.length > 40 ? 'compact' : 'medium'} />
    </details>
  );
}
