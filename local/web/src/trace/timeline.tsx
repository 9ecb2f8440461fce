import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { resourceOf } from '../../../src/xray/model/format-trace-tree';
import type { TraceEntry } from '../../../src/xray/model/trace';
import { formatDuration } from '../formatting';
import type { OpenTrace } from './open-trace';
import { TimeWindow, timeTicks, windowAround } from './time-axis';
import { barOf, collapsibleIds, pathTo, Phase, timelineRows, TimelineRow } from './timeline-rows';
import { treeMove } from './tree-keys';
import { ServiceIcon } from '../map/service-icon';
import { useSize } from '../map/use-size';
import { Glyph } from '../shell/glyph';
import { StatusMark } from '../shell/status-mark';

const TICK_DISTANCE = 110;

/** The segments of a trace on a time axis: a tree in which arrow keys move, open and close, and Enter shows all of a segment. */
export function Timeline({ trace, selected, onSelect }: {
  trace: OpenTrace; selected: string | undefined; onSelect: (id: string | undefined) => void;
}) {
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(new Set());
  const [current, setCurrent] = useState<string | undefined>(selected);
  const axis = useRef<HTMLDivElement>(null);
  const { width } = useSize(axis);
  const total = trace.trace.durationMs;
  const rows = useMemo(() => timelineRows(trace.tree, collapsed), [trace, collapsed]);
  const [zoomed, setZoomed] = useState<TimeWindow | undefined>();
  const shown = zoomed ?? { fromMs: 0, toMs: total };
  const ticks = useMemo(() => timeTicks(shown, Math.max(2, Math.floor(width / TICK_DISTANCE))), [shown.fromMs, shown.toMs, width]);
  const entry = rows.some(({ id }) => id === current) ? current : rows[0]?.id;
  // An address may name a segment: it must not be hidden.
  useEffect(() => {
    if (selected === undefined) return;
    const path = pathTo(trace.tree, selected);
    setCollapsed((old) => (path.some((id) => old.has(id)) ? new Set([...old].filter((id) => !path.includes(id))) : old));
    setCurrent(selected);
    // On a narrow page its panel would cover it.
    document.getElementById(rowId(selected))?.scrollIntoView({ block: 'nearest' });
  }, [selected]);

  const toggle = (id: string): void => setCollapsed((old) => {
    const next = new Set(old);
    if (!next.delete(id)) next.add(id);
    return next;
  });
  const zoomTo = (id: string | undefined): void => {
    const row = rows.find((candidate) => candidate.id === id);
    setZoomed(zoomed !== undefined || row === undefined ? undefined : windowAround(row.startMs, row.durationMs, total));
  };
  const onKeyDown = (event: KeyboardEvent, id: string): void => {
    if (event.target !== event.currentTarget || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === 'Escape' && selected !== undefined) {onSelect(undefined);} else if (event.key === 'z') {zoomTo(id);} else {
      const move = treeMove(event.key, rows, id);
      if (move === undefined) return;
      if (move.kind === 'focus') {
        setCurrent(move.id);
        document.getElementById(rowId(move.id))?.focus();
      } else if (move.kind === 'select') {onSelect(move.id);} else {toggle(move.id);}
    }
    event.preventDefault();
  };
  const isAllOpen = collapsed.size === 0;

  return (
    <section class="timeline" aria-label="Segments timeline">
      <div class="section-bar">
        <h2>Segments timeline</h2>
        <span class="spacer" />
        <button type="button" class="button small" aria-pressed={zoomed !== undefined} disabled={zoomed === undefined && selected === undefined} title="Shows the time of the selected segment alone (z)" onClick={() => zoomTo(selected)}>
          {zoomed === undefined ? 'Zoom to selection' : 'Whole trace'}
        </button>
        <button type="button" class="button small" onClick={() => setCollapsed(isAllOpen ? new Set(collapsibleIds(trace.tree)) : new Set())}>{isAllOpen ? 'Collapse all' : 'Expand all'}</button>
      </div>
      <div class="grid" role="treegrid" aria-label="Segments and subsegments" aria-readonly="true">
        <div class="grid-head" role="row">
          <span role="columnheader">Name</span><span role="columnheader">Response</span><span role="columnheader" class="number">Duration</span>
          <span role="columnheader" class="axis"><span class="visually-hidden">Time</span>
            <span class="axis-track" ref={axis} aria-hidden="true">{ticks.map(({ ms, position, label }) => <span key={ms} class="tick" style={{ left: `${position * 100}%` }}>{label}</span>)}</span>
          </span>
        </div>
        <div class="grid-body" role="rowgroup">
          {rows.map((row) => (
            <Row
              key={row.id} row={row} shown={shown} ticks={ticks} isSelected={row.id === selected} isEntry={row.id === entry}
              onToggle={() => toggle(row.id)} onKeyDown={(event) => onKeyDown(event, row.id)}
              onSelect={() => {
                setCurrent(row.id);
                onSelect(row.id);
              }}
            />
          ))}
        </div>
      </div>
    </section>
  );
}

function Row({ row, shown, ticks, isSelected, isEntry, onSelect, onToggle, onKeyDown }: {
  row: TimelineRow; shown: TimeWindow; ticks: readonly { position: number }[]; isSelected: boolean; isEntry: boolean;
  onSelect: () => void; onToggle: () => void; onKeyDown: (event: KeyboardEvent) => void;
}) {
  const { entry, depth } = row;
  const bar = barOf(row, shown);
  return (
    <div
      id={rowId(row.id)} role="row" class={`grid-row kind-${entry.kind}${isSelected ? ' is-selected' : ''}${entry.orphan ? ' is-orphan' : ''}`} tabIndex={isEntry ? 0 : -1}
      aria-level={depth + 1} aria-posinset={row.position} aria-setsize={row.siblings}
      aria-expanded={row.hasChildren ? row.isExpanded : undefined} aria-selected={isSelected}
      onClick={onSelect} onKeyDown={onKeyDown}
    >
      <span role="gridcell" class="cell-name" style={{ '--depth': String(depth) }}>
        {row.hasChildren ? (
          <button
            type="button" class={`twisty${row.isExpanded ? ' is-open' : ''}`} tabIndex={-1} aria-label={row.isExpanded ? 'Collapse' : 'Expand'}
            onClick={(event) => { event.stopPropagation(); onToggle(); }}
          ><Glyph name="chevron" /></button>
        ) : <span class="twisty" />}
        {entry.kind === 'segment' && <ServiceIcon type={entry.origin} />}
        <span class="row-text" title={[entry.name, entry.origin, detailOf(entry)].filter(Boolean).join('  ')}>
          <span class="row-name">{entry.name}</span>
          <span class="row-detail">{entry.kind === 'segment' ? entry.origin ?? '' : detailOf(entry)}</span>
        </span>
        {row.isColdStart && <span class="badge cold" title="The environment was started for this request"><Glyph name="snow" /><span>cold start</span></span>}
        {entry.orphan && <span class="badge" title={`Its parent ${entry.parentId ?? ''} never came`}>{entry.cycle ? 'circle' : 'no parent'}</span>}
      </span>
      <span role="gridcell" class="cell-status"><StatusMark status={row.status} code={entry.http?.status} /></span>
      <span role="gridcell" class="cell-duration number">{row.durationMs === undefined ? '…' : formatDuration(row.durationMs)}</span>
      <span role="gridcell" class="cell-bar" aria-label={`from ${formatDuration(row.startMs)}`}>
        <span class="bar-track">
          {ticks.map(({ position }) => <span key={position} class="grid-line" style={{ left: `${position * 100}%` }} />)}
          {bar !== undefined && <span class={`span-bar bar-${row.status} ${phaseClass(row.phase)}`} style={{ left: `${bar.left * 100}%`, width: `${bar.width * 100}%` }} />}
        </span>
      </span>
    </div>
  );
}

/** What a call did: `PutItem items`, `GET https://...`, a query's first words. */
export function detailOf(entry: TraceEntry): string {
  const { aws, http, sql } = entry;
  if (entry.namespace === 'aws') return [aws.operation, resourceOf(entry)].filter((part) => typeof part === 'string').join(' ');
  if (typeof sql?.sanitized_query === 'string') return sql.sanitized_query.replace(/\s+/g, ' ');
  if (entry.kind === 'subsegment' && http?.url !== undefined) return [http.method, http.url].filter((part) => part !== undefined).join(' ');
  return '';
}

function phaseClass(phase: Phase | undefined): string {
  return phase === undefined ? '' : `phase-${phase}`;
}

function rowId(id: string): string {
  return `row-${id}`;
}
