import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { TraceEntry, TraceException } from '../../../src/xray/model/trace';
import { annotationExpression } from '../filter-expressions';
import { formatDateTime, formatDuration } from '../formatting';
import { ServiceIcon } from '../map/service-icon';
import { addressOf } from '../routes';
import { CopyButton } from '../shell/copy-button';
import { Glyph } from '../shell/glyph';
import { StatusMark } from '../shell/status-mark';
import { statusOf } from '../status';
import type { TimeRange } from '../time-range';
import { exceptionsBelow, OpenEntry, OpenTrace } from './open-trace';
import { focusRow } from './timeline';
import { isColdStart } from './timeline-rows';

/** Everything that is known of one segment or subsegment. */
export function SegmentPanel({ trace, segment: open, range, onClose, onSelect }: {
  trace: OpenTrace; segment: OpenEntry; range: TimeRange; onClose: () => void; onSelect: (id: string) => void;
}) {
  const { entry, document, parentId, segment, inferred } = open;
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    panel.current?.scrollTo({ top: 0 });
  }, [entry.id]);
  // The button goes with the panel: whoever pressed it goes on where the panel was opened.
  const close = (): void => {
    onClose();
    focusRow(entry.id);
  };
  const annotations = Object.entries(entry.annotations);
  const exceptions = exceptionsOf(open, trace);
  const raw = JSON.stringify(document, undefined, 2);
  return (
    <aside
      class="panel segment-panel" ref={panel} aria-label={`Segment details: ${entry.name}`}
      onKeyDown={(event) => { if (event.key === 'Escape') close(); }}
    >
      <div class="panel-heading">
        <div class="service-heading">
          <span class="service-disc"><ServiceIcon type={entry.origin ?? inferred?.origin ?? (entry.namespace === 'remote' ? 'remote' : undefined)} size={20} /></span>
          <div><h2>{entry.name}</h2><p class="muted">{entry.kind === 'segment' ? entry.origin ?? 'Segment' : `Subsegment of ${segment.name}`}</p></div>
        </div>
        <button type="button" class="button icon-button" onClick={close} aria-label="Close panel" title="Close (Esc)"><Glyph name="close" /></button>
      </div>
      <Section title="Overview">
        <Pairs pairs={[
          ['Status', <StatusMark status={statusOf(entry)} code={entry.http?.status} />],
          ['Duration', entry.endMs === undefined ? 'in progress' : formatDuration(entry.endMs - entry.startMs)],
          ['Start', formatDateTime(entry.startMs)],
          ['Offset in the trace', formatDuration(entry.startMs - trace.trace.startMs)],
          ['End', entry.endMs === undefined ? undefined : formatDateTime(entry.endMs)],
          ['Segment ID', <code>{entry.id}</code>],
          ['Parent', parentId === undefined ? undefined : <Parent id={parentId} trace={trace} onSelect={onSelect} />],
          ['Origin', entry.origin],
          ['On the map', open.service === undefined ? undefined : `${open.service.name} ${open.service.type ?? ''}`.trim()],
          ['Namespace', entry.namespace],
          ['Cold start', isColdStart(entry) ? 'yes: the environment was started for this request' : undefined],
          ['User', entry.user],
          ['State', entry.cycle ? 'part of a circle of parents, cut open here' : entry.orphan ? 'its parent never came' : undefined],
        ]} />
      </Section>
      {exceptions.length > 0 && (
        <Section title="Exceptions" count={exceptions.length}>{exceptions.map((exception, index) => <Exception key={index} exception={exception} />)}</Section>
      )}
      {exceptions.length === 0 && (entry.fault || entry.error) && <ExceptionsBelow trace={trace} id={entry.id} onSelect={onSelect} />}
      {Object.keys(entry.aws).length > 0 && <Section title="AWS"><Pairs pairs={pairsOf(entry.aws)} /></Section>}
      {entry.http !== undefined && (
        <Section title="HTTP">
          <Pairs pairs={[
            ['Method', entry.http.method], ['URL', entry.http.url], ['Status', entry.http.status], ['Content length', entry.http.contentLength],
            ['User agent', entry.http.userAgent], ['Client IP', entry.http.clientIp], ['Traced downstream', entry.http.traced ? 'yes' : undefined],
          ]} />
        </Section>
      )}
      {entry.sql !== undefined && <Section title="SQL"><Pairs pairs={pairsOf(entry.sql)} /></Section>}
      <Section title="Annotations" count={annotations.length}>
        {annotations.length === 0 ? <p class="muted">None.</p> : (
          <dl class="pairs">
            {annotations.map(([key, value]) => (
              <div key={key}>
                <dt>{key}</dt>
                <dd><a href={addressOf({ view: 'traces', range, filter: annotationExpression(key, value) })} title="Traces with this annotation">{String(value)}</a></dd>
              </div>
            ))}
          </dl>
        )}
      </Section>
      {Object.keys(entry.metadata).length > 0 && <Section title="Metadata"><Json value={entry.metadata} what="metadata" /></Section>}
      {entry.links.length > 0 && (
        <Section title="Links">
          <ul class="links">
            {entry.links.map(({ traceId, segmentId }) => (
              <li key={`${traceId} ${segmentId}`}><a href={addressOf({ view: 'trace', range, id: traceId, segment: segmentId === '' ? undefined : segmentId })}><code>{traceId}</code></a></li>
            ))}
          </ul>
        </Section>
      )}
      {raw !== undefined && (
        <details class="panel-section">
          <summary><h3>Raw document</h3></summary>
          <Json value={document} what="document" />
        </details>
      )}
    </aside>
  );
}

function Parent({ id, trace, onSelect }: { id: string; trace: OpenTrace; onSelect: (id: string) => void }) {
  const parent = trace.entries.get(id)?.entry;
  if (parent === undefined) return <><code>{id}</code> <span class="muted">not in this trace</span></>;
  return <><button type="button" class="link" onClick={() => onSelect(id)}>{parent.name}</button> <code class="muted">{id}</code></>;
}

function Section({ title, count, children }: { title: string; count?: number; children: ComponentChildren }) {
  return (
    <details class="panel-section" open>
      <summary><h3>{title}{count !== undefined && count > 0 && <span class="count">{count}</span>}</h3></summary>
      {children}
    </details>
  );
}

type Value = ComponentChildren;

/** Names with values; those without a value are left out. */
function Pairs({ pairs }: { pairs: [string, Value | undefined][] }) {
  return <dl class="pairs">{pairs.filter(([, value]) => value !== undefined && value !== '').map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;
}

/** Members of a block of a document, as they are named there. */
function pairsOf(block: Readonly<Record<string, unknown>>): [string, Value][] {
  return Object.entries(block).map(([key, value]) => [
    key,
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value)
      : Array.isArray(value) && value.every((item) => typeof item === 'string') ? value.join(', ') : <code class="wrap">{JSON.stringify(value)}</code>,
  ]);
}

function Json({ value, what }: { value: unknown; what: string }) {
  const text = JSON.stringify(value, undefined, 2) ?? '';
  return <div class="json"><CopyButton text={text} what={what} /><pre tabIndex={0}>{text}</pre></div>;
}

function Exception({ exception: { type, message, stack, remote } }: { exception: TraceException }) {
  return (
    <div class="exception">
      <p class="exception-title"><b>{type ?? 'Error'}</b>{remote && <span class="badge">remote</span>}</p>
      {message !== undefined && <p class="exception-message">{message}</p>}
      {stack.length > 0 && (
        <ol class="stack" aria-label="Stack">
          {stack.map(({ path, line, label }, index) => (
            <li key={index}><code><b>{label ?? '<anonymous>'}</b> <span class="muted">{path}{line === undefined ? '' : `:${line}`}</span></code></li>
          ))}
        </ol>
      )}
    </div>
  );
}

function ExceptionsBelow({ trace, id, onSelect }: { trace: OpenTrace; id: string; onSelect: (id: string) => void }) {
  const below = exceptionsBelow(trace, id);
  if (below.length === 0) return null;
  return (
    <Section title="Exceptions below" count={below.length}>
      {below.map(({ entry, exception }, index) => (
        <div key={index} class="exception-below">
          <p>In <button type="button" class="link" onClick={() => onSelect(entry.id)}>{entry.name}</button></p>
          <Exception exception={exception} />
        </div>
      ))}
    </Section>
  );
}

/** A cause may only be the id of an exception that another (sub)segment of the trace describes. */
function exceptionsOf({ entry, document }: OpenEntry, trace: OpenTrace): readonly TraceException[] {
  if (entry.exceptions.length > 0 || typeof document?.cause !== 'string') return entry.exceptions;
  const id = document.cause;
  const all: TraceEntry[] = [...trace.entries.values()].map((other) => other.entry);
  return all.flatMap(({ exceptions }) => exceptions.filter((exception) => exception.id === id)).slice(0, 1);
}
