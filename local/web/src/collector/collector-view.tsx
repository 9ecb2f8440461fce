import { useQuery } from '../api/use-query';
import type { Health } from '../api/wire-types';
import { health } from '../api/xray-api';
import { formatBytes, formatCount, formatDateTime } from '../formatting';
import { ErrorNotice, Loading } from '../shell/notices';

/** What came in, what was refused and why: nothing that was sent vanishes without a word. */
export function CollectorView() {
  const { data, error, reload } = useQuery('health', health, { everyMs: 2000 });
  return (
    <div class="collector">
      <h1>Collector</h1>
      {error !== undefined && <ErrorNotice error={error} onRetry={reload} />}
      {data === undefined ? error === undefined && <Loading what="the counters" /> : <Counters health={data} />}
    </div>
  );
}

function Counters({ health: counters }: { health: Health }) {
  const { datagrams, accepted, unsampled, refused, lastRefusals, deviations, lastDeviations, dropped, traces, bytes, evicted, journal } = counters;
  return (
    <>
      <dl class="figures">
        <Figure
          name="Documents accepted" value={formatCount(accepted)}
          note={unsampled > 0 ? `${formatCount(unsampled)} of them not sampled` : undefined}
        />
        <Figure
          name="Datagrams received" value={formatCount(datagrams)} isBad={dropped > 0}
          note={dropped > 0 ? `${formatCount(dropped)} lost: they came too fast` : undefined}
        />
        <Figure
          name="Traces held" value={formatCount(traces)}
          note={evicted > 0 ? `${formatCount(evicted)} older ones went` : formatBytes(bytes)}
        />
        <Figure
          name="Journal" value={journal === undefined ? 'off' : formatBytes(journal.bytes)} isBad={journal?.healthy === false}
          note={journalNote(journal)}
        />
      </dl>
      <section>
        <h2>Refused</h2>
        <Reasons counts={refused} none="Every document was accepted." />
      </section>
      {lastRefusals.length > 0 && <Latest title="Last refusals" column="What was wrong" entries={lastRefusals} />}
      {Object.keys(deviations).length > 0 && (
        <section>
          <h2>Accepted here, not on AWS</h2>
          <Reasons counts={deviations} />
        </section>
      )}
      {lastDeviations.length > 0 && <Latest title="Last differences" column="What AWS does otherwise" entries={lastDeviations} />}
    </>
  );
}

function Reasons({ counts, none = '' }: { counts: Record<string, number>; none?: string }) {
  const reasons = Object.entries(counts).filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
  if (reasons.length === 0) return <p class="muted">{none}</p>;
  return (
    <table class="table">
      <thead><tr><th scope="col">Reason</th><th scope="col" class="number">Documents</th></tr></thead>
      <tbody>{reasons.map(([reason, count]) => <tr key={reason}><td><code>{reason}</code></td><td class="number">{formatCount(count)}</td></tr>)}</tbody>
    </table>
  );
}

function Latest({ title, column, entries }: { title: string; column: string; entries: Health['lastRefusals'] }) {
  return (
    <section>
      <h2>{title}</h2>
      <table class="table">
        <thead><tr><th scope="col">Time</th><th scope="col">Reason</th><th scope="col">{column}</th></tr></thead>
        <tbody>
          {entries.map(({ at, code, message }, index) => (
            <tr key={index}><td class="time">{formatDateTime(at)}</td><td><code>{code}</code></td><td class="wrap">{message}</td></tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function journalNote(journal: Health['journal']): string {
  if (journal === undefined) return 'Traces end with the process';
  return journal.healthy ? `${formatCount(journal.restored)} traces read back at the start` : 'A write failed: new traces are not kept';
}

function Figure({ name, value, note, isBad = false }: { name: string; value: string; note?: string; isBad?: boolean }) {
  return (
    <div class={`figure${isBad ? ' is-bad' : ''}`}>
      <dt>{name}</dt>
      <dd><span class="figure-value">{value}</span>{note !== undefined && <span class="figure-note">{note}</span>}</dd>
    </div>
  );
}
