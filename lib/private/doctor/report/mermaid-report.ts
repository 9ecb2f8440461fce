import { stopsOf } from './json-report';
import { Examination } from '../examine';

const LINES = { continues: '-->', link: '-. link .->', lost: '-- lost --x' } as const;

/** The predicted map as a flow chart of Mermaid, as code hosts and wikis draw it. */
export function mermaidReport(examination: Examination): string {
  const { examined: { map } } = examination;
  const stops = stopsOf(examination);
  const ids = new Map(stops.map((stop, index) => [stop, `n${index}`]));
  const lines = ['flowchart LR'];
  for (const stop of stops) {
    const label = `"${escape(stop.label)}<br/>${escape(stop.type)}"`;
    lines.push(`  ${ids.get(stop)}${stop.fn ? `(${label})` : `[${label}]`}${stop.isTraced ? ':::traced' : stop.fn ? ':::untraced' : ''}`);
  }
  for (const { from, to, kind } of map.edges) {
    if (ids.has(from) && ids.has(to)) lines.push(`  ${ids.get(from)} ${LINES[kind]} ${ids.get(to)}`);
  }
  lines.push('  classDef traced stroke:#2e7d32,stroke-width:2px', '  classDef untraced stroke:#c62828,stroke-dasharray:4 3');
  return `${lines.join('\n')}\n`;
}

function escape(text: string): string {
  return text.replace(/[&<>"#;]/g, character => `#${character.charCodeAt(0)};`);
}
