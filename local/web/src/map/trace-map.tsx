import { curveBasis, line } from 'd3-shape';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { formatCount, formatDuration, formatShare, plural, shorten, shortenName } from '../formatting';
import { HealthRing } from './health-ring';
import type { Point } from './map-edge-course';
import { MapEdge, MapGraph, MapNode, neighboursOf } from './map-graph';
import { Density, layoutToFit, LEGIBLE_SCALES, MapLayout, NODE_SIZES, nodeTowards } from './map-layout';
import { ServiceDrawing } from './service-icon';
import { useSize } from './use-size';
import { useZoom } from './use-zoom';
import { Glyph } from '../shell/glyph';

export type MapSelection = { readonly node: string } | { readonly edge: string } | undefined;

interface TraceMapProps {
  readonly graph: MapGraph;
  readonly selection: MapSelection;
  readonly onSelect: (selection: MapSelection) => void;
  /** How much of each service is shown. @default - by the number of services */
  readonly density?: Density;
}

/**
 * Services as nodes, calls as edges. The map is one stop of the Tab key; arrow keys walk from node to node, Enter selects, Escape lets go.
 */
export function TraceMap({ graph, selection, onSelect, density }: TraceMapProps) {
  const frame = useRef<HTMLDivElement>(null);
  const svg = useRef<SVGSVGElement>(null);
  const space = useSize(frame);
  // The layout depends on who calls whom only: figures may change without anything moving.
  const structure = [...graph.nodes, ...graph.edges].map(({ key }) => key).sort().join('\n');
  const layout = useMemo(() => layoutToFit(graph, space, density), [structure, density, Math.round(space.width / 40), Math.round(space.height / 40)]);
  const [current, setCurrent] = useState<string | undefined>();
  const entry = current !== undefined && layout.nodes.has(current) ? current : graph.nodes[0]?.key;
  const selected = selection === undefined ? undefined : 'node' in selection ? selection.node : undefined;
  const selectedEdge = selection !== undefined && 'edge' in selection ? graph.edges.find(({ key }) => key === selection.edge) : undefined;
  const shown = selected ?? selectedEdge?.to;
  const zoom = useZoom(svg, layout, space, {
    minScale: LEGIBLE_SCALES[layout.density], point: shown === undefined ? undefined : layout.nodes.get(shown),
  });
  const near = useMemo(() => (
    selected !== undefined ? neighboursOf(graph, selected) : selectedEdge !== undefined ? new Set([selectedEdge.from, selectedEdge.to]) : undefined
  ), [graph, selected, selectedEdge]);

  const focusNode = (key: string): void => {
    setCurrent(key);
    const point = layout.nodes.get(key);
    if (point !== undefined) zoom.reveal(point);
    document.getElementById(nodeId(key))?.focus();
  };
  const onKeyDown = (event: KeyboardEvent, key: string): void => {
    const next = nodeTowards(layout.nodes, key, event.key);
    if (next !== undefined) focusNode(next);
    else if (event.key === 'Enter' || event.key === ' ') onSelect({ node: key });
    else if (event.key === 'Escape') onSelect(undefined);
    else if (event.key === '+' || event.key === '=') zoom.by(1.25);
    else if (event.key === '-') zoom.by(0.8);
    else if (event.key === '0') zoom.fit();
    else if (!event.key.startsWith('Arrow')) return;
    event.preventDefault();
  };
  useEffect(() => {
    if (selected !== undefined) setCurrent(selected);
  }, [selected]);

  return (
    <div class="map-frame" ref={frame}>
      <svg
        ref={svg} class={`map map-${layout.density}${near === undefined ? '' : ' has-selection'}`} role="group" aria-label={describeMap(graph)}
        onClick={(event) => { if (event.target === svg.current) onSelect(undefined); }}
      >
        <defs>
          <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse" markerUnits="userSpaceOnUse">
            <path d="M0 .5 7.500 4 0 7.500Z" class="arrow" />
          </marker>
        </defs>
        <g transform={zoom.transform.toString()}>
          {graph.edges.map((edge) => (
            <Edge
              key={edge.key} edge={edge} layout={layout} isSelected={edge === selectedEdge}
              isNear={selection === undefined ? undefined : edge === selectedEdge || edge.from === selected || edge.to === selected}
              onSelect={() => onSelect({ edge: edge.key })}
            />
          ))}
          {graph.nodes.map((node) => (
            <Node
              key={node.key} node={node} layout={layout} scale={zoom.transform.k} isEntry={node.key === entry}
              isSelected={node.key === selected} isFaded={near !== undefined && !near.has(node.key)}
              onSelect={() => onSelect({ node: node.key })} onKeyDown={(event) => onKeyDown(event, node.key)}
            />
          ))}
        </g>
      </svg>
      <div class="map-tools" role="group" aria-label="Zoom">
        <button type="button" class="button icon-button" onClick={() => zoom.by(1.25)} aria-label="Larger" title="Larger (+)"><Glyph name="plus" /></button>
        <button type="button" class="button icon-button" onClick={() => zoom.by(0.8)} aria-label="Smaller" title="Smaller (-)"><Glyph name="minus" /></button>
        <button type="button" class="button icon-button" onClick={() => zoom.fit()} aria-label="Show all" title="Show all (0)"><Glyph name="fit" /></button>
      </div>
    </div>
  );
}

interface NodeProps {
  readonly node: MapNode;
  readonly layout: MapLayout;
  /** Of the picture on the page. */
  readonly scale: number;
  readonly isSelected: boolean;
  readonly isFaded: boolean;
  /** Where the Tab key comes in. */
  readonly isEntry: boolean;
  readonly onSelect: () => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
}

function Node({ node, layout, scale, isSelected, isFaded, isEntry, onSelect, onKeyDown }: NodeProps) {
  const { radius, width, height } = NODE_SIZES[layout.density];
  const { x, y } = layout.nodes.get(node.key) ?? { x: 0, y: 0 };
  const isFull = layout.density === 'full';
  const hasType = layout.density !== 'compact';
  const drawing = radius * (isFull ? 0.82 : 1);
  const failure = failureNote(node);
  // What is drawn is said by the label.
  return (
    <g
      id={nodeId(node.key)} class={`node${isSelected ? ' is-selected' : ''}${isFaded ? ' is-faded' : ''}`} transform={`translate(${x} ${y})`}
      role="button" tabindex={isEntry ? 0 : -1} aria-pressed={isSelected} aria-label={describeNode(node)}
      onClick={onSelect} onKeyDown={onKeyDown} data-name={node.name} data-type={node.type}
    >
      <g aria-hidden="true">
        <title>{`${node.name}\n${node.type ?? ''}`.trim()}</title>
        {hasType
          ? <rect class="node-space" x={-width / 2} y={-radius - 5} width={width} height={height} rx="10" />
          : <rect class="node-space" x={-radius - 2} y={-height / 2} width={width} height={height} rx="15" />}
        <circle class="node-disc" r={radius} />
        <HealthRing counts={node.counts} radius={radius} thickness={isFull ? 4.5 : 3} />
        <svg x={-drawing / 2} y={-drawing / 2} width={drawing} height={drawing} viewBox="0 0 24 24" class="node-icon">
          <ServiceDrawing type={node.type} />
        </svg>
        {hasType
          ? <text class="node-name" y={radius + (isFull ? 17 : 15)}>{shortenName(node.name, isFull ? 24 : 21)}</text>
          : <CompactName name={node.name} left={radius + 6} width={width - 2 * radius - 10} scale={scale} />}
        {' '}
        {hasType && <text class="node-type" y={radius + (isFull ? 32 : 29)}>{node.isClient ? '' : shorten(node.type ?? 'service', 27)}</text>}
        {' '}
        {isFull && node.counts.total > 0 && (
          <text class="node-figures" y={radius + 47}>
            <tspan class="figure-strong">{formatDuration(node.averageMs)}</tspan> · {formatCount(node.counts.total)} req
            {failure !== undefined && <tspan class={`text-${failure.status}`}> · {failure.text}</tspan>}
          </text>
        )}
      </g>
    </g>
  );
}

/** A name beside its circle; where the picture is small it is written larger, as far as there is room. */
function CompactName({ name, left, width, scale }: { name: string; left: number; width: number; scale: number }) {
  const size = Math.min(17, Math.max(12, 10 / scale));
  return <text class="node-name" x={left} y={size * 0.35} font-size={size}>{shortenName(name, Math.floor(width / (size * 0.56)))}</text>;
}

function Edge({ edge, layout, isSelected, isNear, onSelect }: {
  edge: MapEdge; layout: MapLayout; isSelected: boolean; isNear: boolean | undefined; onSelect: () => void;
}) {
  const placed = layout.edges.get(edge.key);
  if (placed === undefined) return null;
  const path = curve(placed.points);
  const failure = failureNote(edge);
  // Beside a line that runs down, on both sides of one that runs across.
  const isDown = layout.direction === 'TB';
  const label = { x: placed.label.x + (isDown ? 8 : 0), y: placed.label.y + (isDown ? 3 : 0) };
  const isLabelled = layout.density !== 'compact' || isNear === true;
  return (
    <g class={`edge${isSelected ? ' is-selected' : ''}${isNear === false ? ' is-faded' : ''}${edge.isLink ? ' is-link' : ''}`} onClick={onSelect} data-from={edge.from} data-to={edge.to}>
      <title>{describeEdge(edge)}</title>
      <path class="edge-target" d={path} />
      <path class={`edge-line${failure === undefined ? '' : ` stroke-${failure.status}`}`} d={path} stroke-width={edgeWidth(edge)} marker-end="url(#arrow)" />
      {isLabelled && edge.counts.total > 0 && (
        <text class={`edge-label${isDown ? ' is-beside' : ''}`} x={label.x} y={label.y}>
          <tspan x={label.x} dy="-0.5em" class="figure-strong">{formatDuration(edge.averageMs)}</tspan>
          {layout.density !== 'medium' && <tspan x={label.x} dy={isDown ? '1.2em' : '1.75em'}>{formatCount(edge.counts.total)} req</tspan>}
        </text>
      )}
      {edge.isLink && isLabelled && edge.counts.total === 0 && <text class="edge-label" x={label.x} y={label.y}>linked</text>}
    </g>
  );
}

function curve(points: readonly Point[]): string {
  return line<Point>(({ x }) => x, ({ y }) => y).curve(curveBasis)([...points]) ?? '';
}

/** Ten times the calls is one step wider. */
function edgeWidth({ counts }: MapEdge): number {
  return 1.25 + Math.min(3, Math.log10(Math.max(1, counts.total)) * 0.7);
}

/** The worst kind of failure with its share. */
function failureNote({ counts }: Pick<MapNode, 'counts'>): { status: 'fault' | 'throttle' | 'error'; text: string } | undefined {
  const words = { fault: 'faults', throttle: 'throttled', error: 'errors' } as const;
  const status = (['fault', 'throttle', 'error'] as const).find((candidate) => counts[candidate] > 0);
  return status === undefined || counts.total === 0 ? undefined : { status, text: `${formatShare(counts[status] / counts.total)} ${words[status]}` };
}

/** What is written at a node, in full. */
function describeNode(node: MapNode): string {
  if (node.isClient) return node.name;
  const { name, type = 'service', counts, averageMs } = node;
  const failure = failureNote(node);
  const figures = counts.total === 0 ? '' : `${formatDuration(averageMs)} · ${formatCount(counts.total)} req${failure === undefined ? '' : ` · ${failure.text}`}`;
  return `${name} ${type} ${figures}`.trim();
}

function describeEdge({ from, to, counts, averageMs, isLink }: MapEdge): string {
  return `${afterSlash(from)} → ${afterSlash(to)}${isLink ? ' (linked traces)' : ''}\n${plural(counts.total, 'request')}, average ${formatDuration(averageMs)}`;
}

function afterSlash(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}

function describeMap({ nodes, edges }: MapGraph): string {
  return `Trace map: ${plural(nodes.length, 'service')}, ${plural(edges.length, 'connection')}. Arrow keys move between services.`;
}

/** Of the element of a service. */
export function nodeId(key: string): string {
  return `node-${key}`;
}
