import { useMemo } from 'preact/hooks';
import { useQuery } from '../api/use-query';
import { groups, health, serviceGraph } from '../api/xray-api';
import { useNavigation } from '../navigation';
import { addressOf, Route, ServiceRef } from '../routes';
import { EmptyNotice, ErrorNotice, Loading } from '../shell/notices';
import { describeRange, rangeToText } from '../time-range';
import { keyOfRef, MapGraph, mapGraphOf } from './map-graph';
import { SelectionPanel } from './selection-panel';
import { MapSelection, TraceMap } from './trace-map';

type MapRoute = Extract<Route, { view: 'map' }>;

/** All services of a span of time and their calls; what is selected is part of the address. */
export function MapView({ route }: { route: MapRoute }) {
  const { go } = useNavigation();
  const { data, error, reload } = useQuery(
    `map ${rangeToText(route.range)} ${route.group ?? ''}`, (signal) => serviceGraph(route.range, route.group, signal), { keepsPrevious: true },
  );
  const graph = useMemo(() => mapGraphOf(data ?? []), [data]);
  const selection = selectionOf(route, graph);
  const select = (next: MapSelection): void => go({ ...withoutSelection(route), ...referencesOf(next, graph) });

  return (
    <div class={`map-view${selection === undefined ? '' : ' has-panel'}`}>
      <section class="map-area" aria-label="Trace map">
        <div class="map-bar">
          <h1 class="visually-hidden">Trace map</h1>
          <GroupPicker route={route} />
          <Legend />
        </div>
        {error !== undefined && <ErrorNotice error={error} onRetry={reload} />}
        {data === undefined && error === undefined && <Loading what="the trace map" />}
        {data !== undefined && graph.nodes.length === 0 && <NoTraces route={route} />}
        {graph.nodes.length > 0 && selection === undefined && <NotOnMap route={route} />}
        {graph.nodes.length > 0 && <TraceMap graph={graph} selection={selection} onSelect={select} />}
      </section>
      {selection !== undefined && <SelectionPanel graph={graph} selection={selection} range={route.range} onSelect={select} />}
    </div>
  );
}

/** An address outlives the calls that it was made for. */
function NotOnMap({ route }: { route: MapRoute }) {
  const { node, edgeTo, range } = route;
  if (node === undefined) return null;
  return (
    <p class="not-here" role="status">
      {edgeTo === undefined ? <b>{nameOf(node)}</b> : <>A call of <b>{nameOf(edgeTo)}</b> by <b>{nameOf(node)}</b></>}
      {' '}is not on the map: {describeRange(range).toLowerCase()}.{' '}
      {range.kind !== 'all' && <a href={addressOf({ ...route, range: { kind: 'all' } })}>Show all time</a>}
    </p>
  );
}

function nameOf({ name, type }: ServiceRef): string {
  return type === undefined ? name : `${name} ${type}`;
}

function NoTraces({ route }: { route: MapRoute }) {
  const isEmpty = useQuery('health', health).data?.traces === 0;
  const isAll = isEmpty || (route.range.kind === 'all' && route.group === undefined);
  return (
    <EmptyNotice title={isAll ? 'No traces yet' : `No traces: ${describeRange(route.range).toLowerCase()}${route.group === undefined ? '' : `, group ${route.group}`}`}>
      <p>They appear here by themselves as soon as a traced function runs, or any program sends segments to the collector.</p>
      {!isAll && <p><a class="button" href={addressOf({ view: 'map', range: { kind: 'all' } })}>Show all time</a></p>}
    </EmptyNotice>
  );
}

function GroupPicker({ route }: { route: MapRoute }) {
  const { go } = useNavigation();
  const { data = [] } = useQuery('groups', groups);
  // The group Default is all traces.
  const names = new Set([...data.map(({ GroupName }) => GroupName), route.group].filter((name) => name !== undefined && name !== 'Default'));
  if (names.size === 0) return null;
  return (
    <label class="group-picker">
      <span class="visually-hidden">Group</span>
      <select
        class="select" value={route.group ?? ''}
        onChange={({ currentTarget: { value } }) => go({ view: 'map', range: route.range, ...(value === '' ? {} : { group: value }) })}
      >
        <option value="">All traces</option>
        {[...names].map((name) => <option key={name} value={name}>{name}</option>)}
      </select>
    </label>
  );
}

function Legend() {
  return (
    <ul class="legend" aria-label="Colours of the rings">
      <li><span class="swatch fill-ok" />OK</li>
      <li><span class="swatch fill-error" />Error 4xx</li>
      <li><span class="swatch fill-throttle" />Throttle 429</li>
      <li><span class="swatch fill-fault" />Fault 5xx</li>
    </ul>
  );
}

/** What the address names, if it is on the map. */
function selectionOf({ node, edgeTo }: MapRoute, graph: MapGraph): MapSelection {
  if (node === undefined) return undefined;
  if (edgeTo !== undefined) {
    const edge = graph.edges.find(({ from, to }) => from === keyOfRef(node) && to === keyOfRef(edgeTo));
    return edge === undefined ? undefined : { edge: edge.key };
  }
  return graph.nodes.some(({ key }) => key === keyOfRef(node)) ? { node: keyOfRef(node) } : undefined;
}

function referencesOf(selection: MapSelection, graph: MapGraph): Pick<MapRoute, 'node' | 'edgeTo'> {
  const refOf = (key: string) => graph.nodes.find((node) => node.key === key)?.ref;
  if (selection === undefined) return {};
  if ('node' in selection) return { node: refOf(selection.node) };
  const edge = graph.edges.find(({ key }) => key === selection.edge);
  return edge === undefined ? {} : { node: refOf(edge.from), edgeTo: refOf(edge.to) };
}

function withoutSelection({ view, range, group }: MapRoute): MapRoute {
  return { view, range, ...(group === undefined ? {} : { group }) };
}
