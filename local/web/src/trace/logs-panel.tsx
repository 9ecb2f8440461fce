import { useMemo, useState } from 'preact/hooks';
import { ShownLine, shownLines } from './log-lines';
import type { OpenTrace } from './open-trace';
import type { TraceEntry } from '../../../src/xray/model/trace';
import { useQuery } from '../api/use-query';
import { traceLogs } from '../api/xray-api';
import { formatTimeOfDay, plural, shorten } from '../formatting';
import { ErrorNotice, Loading } from '../shell/notices';

/** Log lines are written after the segments are sent: asked again so often, in milliseconds, while the page is live. */
const INTERVAL_MS = 3000;

/** What the functions of the trace wrote to CloudWatch Logs, among it why one did not start. */
export function LogsPanel({ trace, selected }: { trace: OpenTrace; selected: TraceEntry | undefined }) {
  const id = trace.trace.id;
  const hasFunctions = trace.trace.segments.some(({ origin, inferred }) => !inferred && origin?.startsWith('AWS::Lambda') === true);
  const { data, error, reload } = useQuery(hasFunctions ? `logs ${id}` : undefined, (signal) => traceLogs(id, signal), {
    isOutdatedBy: (changes) => [...changes.created, ...changes.updated].includes(id), everyMs: INTERVAL_MS,
  });
  const [chosen, setChosen] = useState<string | undefined>();
  const names = data?.functions.map(({ functionName }) => functionName) ?? [];
  const shownFunction = chosen !== undefined && names.includes(chosen) ? chosen : undefined;
  const lines = useMemo(() => shownLines(data?.functions ?? [], shownFunction), [data, shownFunction]);
  if (!hasFunctions) return null;
  const missing = (data?.functions ?? [])
    .filter(({ functionName }) => shownFunction === undefined || functionName === shownFunction)
    .filter(({ missing: reason }) => reason !== undefined);
  return (
    <section class="logs" aria-label="Logs">
      <div class="section-bar">
        <h2>Logs {data !== undefined && lines.length > 0 && <span class="count">{plural(lines.length, 'line')}</span>}</h2>
        {names.length > 1 && (
          <div class="chips" role="group" aria-label="Function">
            <button type="button" class="chip" aria-pressed={shownFunction === undefined} onClick={() => setChosen(undefined)}>All functions</button>
            {names.map((name) => (
              <button key={name} type="button" class={`chip${selected?.name === name ? ' is-related' : ''}`} aria-pressed={shownFunction === name} onClick={() => setChosen(name)}>{name}</button>
            ))}
          </div>
        )}
      </div>
      {error !== undefined && <ErrorNotice error={error} onRetry={reload} />}
      {data === undefined && error === undefined && <Loading what="logs" />}
      {data?.unavailable !== undefined && <p class="muted">{sentence(data.unavailable)}</p>}
      {missing.map(({ functionName, missing: reason }) => <p key={functionName} class="muted">{functionName}: {reason}.</p>)}
      {lines.length > 0 && (
        <div class="log-frame" tabIndex={0} role="region" aria-label="Log lines">
          <ol class="log-lines">{lines.map((line) => <Line key={line.key} line={line} showsFunction={shownFunction === undefined && names.length > 1} startMs={trace.trace.startMs} />)}</ol>
        </div>
      )}
      {data?.functions.some(({ isTruncated }) => isTruncated) === true && <p class="muted">Only the first lines are shown; the log has more.</p>}
    </section>
  );
}

function Line({ line, showsFunction, startMs }: { line: ShownLine; showsFunction: boolean; startMs: number }) {
  return (
    <li class={`log-line level-${line.level} part-${line.part}`} title={`${line.logGroup}\n${line.stream}${line.requestId === undefined ? '' : `\n${line.requestId}`}`}>
      <span class="time" title={`+${Math.round(line.at - startMs)} ms`}>{formatTimeOfDay(line.at)}</span>
      {showsFunction && <span class="log-function">{shorten(line.functionName, 18)}</span>}
      <span class="log-message">
        {line.part === 'start' && line.level !== 'platform' && <span class="badge cold">before the request</span>}
        {line.part === 'unattributed' && <span class="badge">no request id</span>}
        {line.message}
      </span>
    </li>
  );
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
}
