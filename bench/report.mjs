// Tables for the terminal and for RESULTS.md.

/** Rows with their verdict, as aligned text. */
export function renderTable(result) {
  const rows = [['', 'ours', 'peer', 'ratio', 'goal', ''], ...result.rows.map(row => [
    [row.what, row.size].filter(Boolean).join(', '), quantity(row.ours, row.unit), quantity(row.peer, row.unit), ratio(row.ratio), goal(row), verdict(row),
  ])];
  const widths = rows[0].map((_, column) => Math.max(...rows.map(row => row[column].length)));
  return rows.map(row => row.map((cell, column) => column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column])).join('  ')).join('\n');
}

/** The whole of RESULTS.md. */
export function renderResults(results) {
  return [
    '# Benchmarks',
    '',
    '`npm run bench` makes this file. Every figure is a median of several rounds in which both sides ran in turn on the same machine; the ratio is ours divided by the peer\'s.',
    '',
    ...results.flatMap(renderResult),
  ].join('\n');
}

function renderResult(result) {
  const versions = Object.entries(result.versions ?? {}).map(([name, version]) => `${name} ${version}`).join(', ');
  return [
    `## ${result.title}`,
    '',
    `${result.date}; ${result.machine}${versions ? `; ${versions}` : ''}.`,
    '',
    '| | Ours | Peer | Ratio | Goal | |',
    '|---|--:|--:|--:|--:|---|',
    ...result.rows.map(row => `| ${[row.what, row.size].filter(Boolean).join(', ')} | ${quantity(row.ours, row.unit)} | ${quantity(row.peer, row.unit)} | ${ratio(row.ratio)} | ${goal(row)} | ${[verdict(row), row.note].filter(Boolean).join(': ')} |`),
    '',
    ...(result.plots ?? []).flatMap(renderPlot),
    ...(result.notes ?? []).flatMap(note => [note, '']),
  ];
}

/** { title, x: { title, values }, y: { title }, series: [{ name, values }] } */
function renderPlot(plot) {
  return [
    '```mermaid',
    'xychart-beta',
    `  title "${plot.title}"`,
    `  x-axis "${plot.x.title}" [${plot.x.values.join(', ')}]`,
    `  y-axis "${plot.y.title}"`,
    ...plot.series.map(series => `  line [${series.values.map(value => Math.round(value * 10) / 10).join(', ')}]`),
    '```',
    '',
    `Lines, from the top of the legend: ${plot.series.map(series => series.name).join('; ')}.`,
    '',
  ];
}

function quantity(value, unit) {
  if (value === undefined || value === null) return '';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${unit}`;
}

function ratio(value) {
  if (value === undefined || value === null || !Number.isFinite(value)) return '';
  return value > 0 && value < 0.1 ? `1/${Math.round(1 / value)}` : value.toFixed(2);
}

function goal(row) {
  if (row.limit !== undefined) return `<= ${quantity(row.limit, row.unit)}`;
  return row.goal === undefined ? '' : `<= ${ratio(row.goal)}`;
}

function verdict(row) {
  if (row.goal === undefined && row.limit === undefined) return '';
  return (row.goal ?? Infinity) >= row.ratio && (row.limit ?? Infinity) >= row.ours ? 'reached' : 'missed';
}
