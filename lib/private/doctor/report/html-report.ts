import { stopsOf, summaryOf } from './json-report';
import { Examination } from '../examine';
import { Stop } from '../map/stop';

const NODE = { width: 190, height: 40, across: 90, down: 18 };
const STYLE = `body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color:#1b1f24;background:#fff}
h1{font-size:1.4rem}
h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}
td,th{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid #d8dee4}
code,pre{font:13px ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}.error{color:#b3261e}.warning{color:#8a5300}.note{color:#0b57a4}
figure{margin:0;overflow-x:auto}
svg text{font:12px system-ui,sans-serif;fill:currentColor}
svg .type{font-size:10px;opacity:.75}
rect{fill:none;stroke:currentColor}
rect.traced{stroke:#2e7d32;stroke-width:2}
rect.untraced{stroke:#b3261e;stroke-dasharray:4 3}
path{fill:none;stroke:currentColor;opacity:.7}
path.link{stroke-dasharray:5 4}
path.lost{stroke:#b3261e;stroke-dasharray:2 4;opacity:1}
@media (prefers-color-scheme:dark){body{background:#111418;color:#e3e6ea}
td,th{border-color:#3a4048}.error{color:#ff8a80}.warning{color:#ffb84d}.note{color:#8ab8ff}
path.lost,rect.untraced{stroke:#ff8a80}
rect.traced{stroke:#81c784}}`;

/** One file that shows findings and map, without a script and without anything from elsewhere. */
export function htmlReport(examination: Examination): string {
  const { findings } = examination;
  const { errors, warnings, notes, functions, traced } = summaryOf(examination);
  const rows = findings.map(({ rule, severity, resource, message, fix }) => `<tr><td class="${severity}">${severity}</td><td><a href="${escape(rule.link)}">${rule.id}</a> ${escape(rule.title)}</td>
<td><code>${escape(resource.path)}</code><br>${escape(message)}${fix ? `<pre>${escape(fix)}</pre>` : ''}</td></tr>`);
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>cdk-traced doctor</title><style>${STYLE}</style>
<h1>What will be traced</h1>
<p>${traced} of ${functions} functions traced; <span class="error">${errors} errors</span>, <span class="warning">${warnings} warnings</span>, <span class="note">${notes} notes</span>.</p>
<h2>Where traces go</h2>
${drawing(examination)}
<p>Drawn through: the trace goes on. Dashed: a trace of its own, linked. Dotted: lost. Green: sends segments.</p>
<h2>Findings</h2>
${rows.length > 0 ? `<table><thead><tr><th>Severity<th>Rule<th>What happens, and what to do</tr></thead><tbody>${rows.join('\n')}</tbody></table>` : '<p>Nothing.</p>'}
</html>
`;
}

/** Columns by the longest way from a beginning; what stands in a circle ends a way. */
function drawing(examination: Examination): string {
  const { examined: { map } } = examination;
  const stops = stopsOf(examination);
  const edges = map.edges.filter(({ from, to }) => stops.includes(from) && stops.includes(to) && from !== to);
  const columns = new Map<Stop, number>();
  const columnOf = (stop: Stop, above: ReadonlySet<Stop> = new Set()): number => {
    const known = columns.get(stop);
    if (known !== undefined) return known;
    const callers = edges.filter(({ from, to }) => to === stop && !above.has(from));
    const column = callers.length === 0 ? 0 : 1 + Math.max(...callers.map(({ from }) => columnOf(from, new Set([...above, stop]))));
    columns.set(stop, column);
    return column;
  };
  const rows: number[] = [];
  const places = new Map<Stop, { x: number; y: number }>();
  for (const stop of [...stops].sort((one, other) => columnOf(one) - columnOf(other))) {
    const column = columnOf(stop);
    const callers = edges.filter(({ to, from }) => to === stop && places.has(from)).map(({ from }) => places.get(from)!.y);
    const wanted = callers.length > 0 ? Math.min(...callers) : 0;
    const y = Math.max(rows[column] ?? 10, wanted);
    rows[column] = y + NODE.height + NODE.down;
    places.set(stop, { x: 10 + column * (NODE.width + NODE.across), y });
  }
  const width = 20 + rows.length * (NODE.width + NODE.across);
  const height = 10 + Math.max(10, ...rows.filter(Boolean));
  const lines = edges.map(({ from, to, kind, reason }) => {
    const [a, b] = [places.get(from)!, places.get(to)!];
    const [x, y, toX, toY] = [a.x + NODE.width, a.y + NODE.height / 2, b.x, b.y + NODE.height / 2];
    const middle = toX > x ? (x + toX) / 2 : x + NODE.across / 2;
    return `<path class="${kind}" marker-end="url(#end)" d="M${x} ${y}C${middle} ${y} ${toX > x ? middle : toX - NODE.across / 2} ${toY} ${toX - 2} ${toY}"><title>${escape(`${from.label} -> ${to.label}: ${kind}, ${reason}`)}</title></path>`;
  });
  const boxes = stops.map(stop => {
    const { x, y } = places.get(stop)!;
    return `<g><title>${escape(`${stop.label}\n${stop.type}${stop.fn ? `\n${stop.fn.mode}, ${stop.fn.recorder}` : ''}`)}</title><rect class="${stop.isTraced ? 'traced' : stop.fn ? 'untraced' : ''}" x="${x}" y="${y}" width="${NODE.width}" height="${NODE.height}" rx="6"/>
<text x="${x + 8}" y="${y + 17}">${escape(shorten(stop.label))}</text><text class="type" x="${x + 8}" y="${y + 31}">${escape(stop.type)}</text></g>`;
  });
  return `<figure><svg role="img" aria-label="Predicted map: ${stops.length} parts, ${edges.length} connections" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0 8 4 0 8Z" style="fill:currentColor"/></marker></defs>
${[...lines, ...boxes].join('\n')}</svg></figure>`;
}

function shorten(label: string): string {
  return label.length > 27 ? `…${label.slice(-26)}` : label;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`);
}
