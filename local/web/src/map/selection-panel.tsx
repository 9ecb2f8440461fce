import { useEffect, useRef } from 'preact/hooks';
import { useQuery } from '../api/use-query';
import { traceSummaries } from '../api/xray-api';
import { Histogram } from '../charts/histogram-chart';
import { both, edgeExpression, responseTimeExpression, serviceExpression } from '../filter-expressions';
import { formatCount, formatDuration, formatShare } from '../formatting';
import { histogramOf, percentileOf, Sample } from '../histogram';
import { useNavigation } from '../navigation';
import { addressOf, ServiceRef } from '../routes';
import { MapEdge, MapGraph, MapNode } from './map-graph';
import { ServiceIcon } from './service-icon';
import { MapSelection, nodeId } from './trace-map';
import { CopyButton } from '../shell/copy-button';
import { Glyph } from '../shell/glyph';
import { ErrorNotice, Loading } from '../shell/notices';
import { StatusMark } from '../shell/status-mark';
import { COUNTED, STATUS_LABELS } from '../status';
import { rangeToText, TimeRange } from '../time-range';
import { TraceLine } from '../traces/trace-line';

/** Traces shown in the panel. */
const LATEST = 8;

/** What is selected on the map: its figures, its neighbours, and its latest traces. */
export function SelectionPanel({ graph, selection, range, onSelect }: {
  graph: MapGraph; selection: NonNullable<MapSelection>; range: TimeRange; onSelect: (selection: MapSelection) => void;
}) {
  const { go } = useNavigation();
  const node = 'node' in selection ? graph.nodes.find(({ key }) => key === selection.node) : undefined;
  const edge = 'edge' in selection ? graph.edges.find(({ key }) => key === selection.edge) : undefined;
  const byKey = (key: string): MapNode | undefined => graph.nodes.find((candidate) => candidate.key === key);
  const shown = node ?? edge;
  if (shown === undefined) return null;
  const from = edge === undefined ? undefined : byKey(edge.from);
  const to = edge === undefined ? undefined : byKey(edge.to);
  const expression = expressionOf(node, from, to);
  // The button goes with the panel: whoever pressed it goes on where the panel was opened.
  const close = (): void => {
    onSelect(undefined);
    document.getElementById(nodeId(node?.key ?? edge?.from ?? ''))?.focus({ preventScroll: true });
  };
  const samples: Sample[] = shown.histogram.map(({ Value = 0, Count = 0 }) => ({ ms: Value * 1000, count: Count, status: 'ok' }));

  return (
    <aside
      class="panel selection-panel" aria-label={node === undefined ? 'Selected connection' : 'Selected service'}
      onKeyDown={(event) => { if (event.key === 'Escape') close(); }}
    >
      <PanelHeading onClose={close} subject={shown.key}>
        {node !== undefined && <ServiceHeading service={node} />}
        {from !== undefined && to !== undefined && (
          <div class="edge-heading"><ServiceHeading service={from} /><span class="edge-arrow" aria-label="calls">↓</span><ServiceHeading service={to} /></div>
        )}
      </PanelHeading>
      {node?.isClient !== true && <Figures {...shown} samples={samples} />}
      {samples.length > 0 && (
        <section>
          <Histogram
            bins={histogramOf(samples)} title="Response time distribution" isPlain
            onSelect={expression === undefined || node?.isClient === true ? undefined : ({ fromMs, toMs }) => (
              go({ view: 'traces', range, filter: inside(node, from, to, responseTimeExpression(fromMs / 1000, toMs / 1000)) })
            )}
          />
        </section>
      )}
      {node !== undefined && <Neighbours graph={graph} node={node} onSelect={onSelect} />}
      {expression !== undefined && <LatestTraces expression={expression} range={range} failures={(['fault', 'error', 'throttle'] as const).filter((status) => shown.counts[status] > 0)} />}
    </aside>
  );
}

function PanelHeading({ children, onClose, subject }: { children: preact.ComponentChildren; onClose: () => void; subject: string }) {
  const heading = useRef<HTMLDivElement>(null);
  // On a narrow page the panel lies below the map.
  useEffect(() => heading.current?.scrollIntoView({ block: 'nearest' }), [subject]);
  return (
    <div class="panel-heading" ref={heading}>
      {children}
      <button type="button" class="button icon-button" onClick={onClose} aria-label="Close panel" title="Close (Esc)"><Glyph name="close" /></button>
    </div>
  );
}

function ServiceHeading({ service }: { service: MapNode }) {
  return (
    <div class="service-heading">
      <span class="service-disc"><ServiceIcon type={service.type} size={20} /></span>
      <div>
        <h2>{service.name}</h2>
        <p class="muted">{service.isClient ? 'Whoever sends the requests' : service.type ?? 'Service'}{service.accountId === undefined ? '' : ` · ${service.accountId}`}</p>
      </div>
    </div>
  );
}

function Figures({ counts, averageMs, samples }: Pick<MapNode, 'counts' | 'averageMs'> & { samples: Sample[] }) {
  return (
    <section>
      <dl class="panel-figures">
        <div><dt>Requests</dt><dd>{formatCount(counts.total)}</dd></div>
        <div><dt>Average</dt><dd>{formatDuration(averageMs)}</dd></div>
        <div><dt>p50</dt><dd>{formatDuration(percentileOf(samples, 0.5))}</dd></div>
        <div><dt>p95</dt><dd>{formatDuration(percentileOf(samples, 0.95))}</dd></div>
      </dl>
      <ul class="outcomes">
        {COUNTED.map((status) => (
          <li key={status} class={counts[status] === 0 ? 'is-zero' : ''}>
            <StatusMark status={status} isCompact /><span>{STATUS_LABELS[status]}</span>
            <span class="number">{formatCount(counts[status])}</span>
            <span class="number muted">{counts.total === 0 ? '–' : formatShare(counts[status] / counts.total)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Neighbours({ graph, node, onSelect }: { graph: MapGraph; node: MapNode; onSelect: (selection: MapSelection) => void }) {
  const nameOf = (key: string): MapNode | undefined => graph.nodes.find((candidate) => candidate.key === key);
  const list = (edges: readonly MapEdge[], end: 'from' | 'to', title: string) => edges.length > 0 && (
    <section>
      <h3>{title}</h3>
      <ul class="neighbours">
        {edges.map((edge) => (
          <li key={edge.key}>
            <button type="button" class="neighbour" onClick={() => onSelect({ edge: edge.key })}>
              <ServiceIcon type={nameOf(edge[end])?.type} />
              <span class="neighbour-name">{nameOf(edge[end])?.name}<small>{nameOf(edge[end])?.isClient === true ? '' : nameOf(edge[end])?.type}</small></span>
              <span class="number">{edge.isLink ? 'linked' : formatDuration(edge.averageMs)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
  return (
    <>
      {list(graph.edges.filter(({ to }) => to === node.key), 'from', 'Called by')}
      {list(graph.edges.filter(({ from }) => from === node.key), 'to', 'Calls')}
    </>
  );
}

function LatestTraces({ expression, range, failures }: { expression: string; range: TimeRange; failures: ('fault' | 'error' | 'throttle')[] }) {
  const { data, error, reload } = useQuery(`latest ${rangeToText(range)} ${expression}`, (signal) => traceSummaries(range, expression, LATEST, signal));
  return (
    <section class="latest">
      <h3>Traces</h3>
      <div class="expression"><code>{expression}</code><CopyButton text={expression} what="filter expression" /></div>
      <p class="actions">
        <a class="button primary" href={addressOf({ view: 'traces', range, filter: expression })}>View traces</a>
        {failures.map((status) => (
          <a key={status} class="button" href={addressOf({ view: 'traces', range, filter: `${expression} { ${status} }` })}>{`${STATUS_LABELS[status]}s`}</a>
        ))}
      </p>
      {error !== undefined && <ErrorNotice error={error} onRetry={reload} />}
      {data === undefined && error === undefined && <Loading what="traces" />}
      <ul class="trace-lines">
        {data?.summaries.slice(0, LATEST).map((summary) => <li key={summary.Id}><TraceLine summary={summary} range={range} /></li>)}
      </ul>
    </section>
  );
}

/** The filter for what is selected; a client is no service, and has none. */
function expressionOf(node: MapNode | undefined, from: MapNode | undefined, to: MapNode | undefined): string | undefined {
  if (node !== undefined) return node.isClient ? undefined : serviceExpression(node.ref);
  if (from === undefined || to === undefined) return undefined;
  return from.isClient ? serviceExpression(to.ref) : edgeExpression(from.ref, to.ref);
}

/** The same filter with a condition on the service or the call itself, not on the whole trace. */
function inside(node: MapNode | undefined, from: MapNode | undefined, to: MapNode | undefined, condition: string): string {
  const service: ServiceRef | undefined = node?.ref ?? (from?.isClient === true ? to?.ref : undefined);
  if (service !== undefined) return serviceExpression(service, condition);
  return from === undefined || to === undefined ? both(undefined, condition) : edgeExpression(from.ref, to.ref, condition);
}
