import { Component } from 'preact';
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
  const shown = useMemo(() => zoomed ?? { fromMs: 0, toMs: total }, [zoomed, total]);
  const ticks = useMemo(() => timeTicks(shown, Math.max(2, Math.floor(width / TICK_DISTANCE))), [shown, width]);
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
  // The same functions for all rows at all times, so that of thousands only those are drawn again that have changed.
  const latest = useRef<RowActions | undefined>(undefined);
  latest.current = {
    onToggle: toggle,
    onKeyDown,
    onSelect: (id) => {
      setCurrent(id);
      onSelect(id);
    },
  };
  const actions = useMemo((): RowActions => ({
    onToggle: (id) => latest.current?.onToggle(id),
    onKeyDown: (event, id) => latest.current?.onKeyDown(event, id),
    onSelect: (id) => latest.current?.onSelect(id),
  }), []);

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
      <div class="grid" role="treegrid" aria-label="Segments and subsegments" aria-readonly="true" style={gridLines(ticks)}>
        <div class="grid-head" role="row">
          <span role="columnheader">Name</span><span role="columnheader">Response</span><span role="columnheader" class="number">Duration</span>
          <span role="columnheader" class="axis"><span class="visually-hidden">Time</span>
            <span class="axis-track" ref={axis} aria-hidden="true">{ticks.map(({ ms, position, label }) => <span key={ms} class="tick" style={{ left: `${position * 100}%` }}>{label}</span>)}</span>
          </span>
        </div>
        <div class="grid-body" role="rowgroup">
          {rows.map((row) => (
            <Row key={row.id} row={row} shown={shown} isSelected={row.id === selected} isEntry={row.id === entry} actions={actions} />
          ))}
        </div>
      </div>
    </section>
  );
}

interface RowActions {
  onSelect(id: string): void;
  onToggle(id: string): void;
  onKeyDown(event: KeyboardEvent, id: string): void;
}

interface RowProps {
  readonly row: TimelineRow;
  readonly shown: TimeWindow;
  readonly isSelected: boolean;
  /** Where the Tab key comes in. */
  readonly isEntry: boolean;
  readonly actions: RowActions;
}

class Row extends Component<RowProps> {
  shouldComponentUpdate(next: RowProps): boolean {
    return (Object.keys(next) as (keyof RowProps)[]).some((name) => next[name] !== this.props[name]);
  }

  render({ row, shown, isSelected, isEntry, actions }: RowProps) {
    const { entry, depth } = row;
    const bar = barOf(row, shown);
    return (
      <div
        id={rowId(row.id)} role="row" class={`grid-row kind-${entry.kind}${isSelected ? ' is-selected' : ''}${entry.orphan ? ' is-orphan' : ''}`} tabIndex={isEntry ? 0 : -1}
        aria-level={depth + 1} aria-posinset={row.position} aria-setsize={row.siblings}
        aria-expanded={row.hasChildren ? row.isExpanded : undefined} aria-selected={isSelected}
        onClick={() => actions.onSelect(row.id)} onKeyDown={(event) => actions.onKeyDown(event, row.id)}
      >
        <span role="gridcell" class="cell-name" style={{ '--depth': String(depth) }}>
          {row.hasChildren ? (
            <button
              type="button" class={`twisty${row.isExpanded ? ' is-open' : ''}`} tabIndex={-1} aria-label={row.isExpanded ? 'Collapse' : 'Expand'}
              onClick={(event) => { event.stopPropagation(); actions.onToggle(row.id); }}
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
            {bar !== undefined && <span class={`span-bar bar-${row.status} ${phaseClass(row.phase)}`} style={{ left: `${bar.left * 100}%`, width: `${bar.width * 100}%` }} />}
          </span>
        </span>
      </div>
    );
  }
}

/** The time axis continued behind all bars: painted by style sheet, since each line as an element of each row would be most of a long page. */
function gridLines(ticks: readonly { position: number }[]): Record<string, string> {
  return {
    '--grid-lines': ticks.map(() => 'linear-gradient(var(--line), var(--line))').join(', '),
    '--grid-line-places': ticks.map(({ position }) => `${position * 100}% 0`).join(', '),
  };
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

/** Gives the row of a segment the focus, if it is to be seen. */
export function focusRow(id: string): void {
  document.getElementById(rowId(id))?.focus({ preventScroll: true });
}

function rowId(id: string): string {
  return `row-${id}`;
}
