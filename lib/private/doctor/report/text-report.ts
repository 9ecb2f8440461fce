import { relative, summaryOf } from './json-report';
import { Examination, Finding } from '../examine';

const COLORS = { error: 31, warning: 33, note: 36 } as const;

/** For people: what is wrong first, with its fix; then where traces go. */
export function textReport(examination: Examination, folder: string, { color = false, showsMap = true } = {}): string {
  const { findings, examined } = examination;
  const paint = (code: number, text: string) => color ? `\u001b[${code}m${text}\u001b[0m` : text;
  const lines: string[] = [];
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    const key = `${finding.rule.id}\n${finding.severity}\n${finding.fix ?? ''}`;
    groups.set(key, [...groups.get(key) ?? [], finding]);
  }
  for (const group of groups.values()) {
    const [{ rule, severity, fix }] = group;
    lines.push(`${paint(COLORS[severity], severity)} ${rule.id} ${paint(1, rule.title)}`);
    for (const { resource, message } of group) lines.push(`  ${resource.path} ${paint(2, `(${relative(resource.template.file, folder)})`)}`, `    ${message}`);
    if (fix) lines.push(`  fix: ${fix.split('\n').join('\n       ')}`);
    lines.push(`  ${paint(2, rule.link)}`, '');
  }
  const edges = examined.map.edges.filter(({ from, to }) => !from.isOfTool && !to.isOfTool);
  if (showsMap && edges.length > 0) {
    lines.push(paint(1, 'Where traces go'));
    for (const { from, to, kind, reason } of edges) lines.push(`  ${from.label} -> ${to.label}: ${kind === 'continues' ? kind : paint(kind === 'lost' ? COLORS.warning : COLORS.note, kind)} (${reason})`);
    lines.push('');
  }
  const { errors, warnings, notes, functions, traced } = summaryOf(examination);
  lines.push(`${traced} of ${functions} ${functions === 1 ? 'function' : 'functions'} traced; ${counted(errors, 'error')}, ${counted(warnings, 'warning')}, ${counted(notes, 'note')}`);
  return `${lines.join('\n')}\n`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
