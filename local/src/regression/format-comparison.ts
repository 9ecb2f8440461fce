import type { Difference } from './compare-recordings';
import type { TraceRecording } from './trace-recording';

export const FORMATS = ['text', 'markdown', 'junit'] as const;
export type ComparisonFormat = (typeof FORMATS)[number];

/** A comparison for people, for a pull request, or for a CI server. Ends with a line feed. */
export function formatComparison(
  differences: readonly Difference[], before: TraceRecording, after: TraceRecording, format: ComparisonFormat,
): string {
  const entries = [...new Set([...Object.keys(before.entries), ...Object.keys(after.entries)])].sort();
  const of = (entry: string): readonly Difference[] => differences.filter((difference) => difference.entry === entry);
  const runs = (entry: string): string => `${before.entries[entry]?.runs ?? 0} before, ${after.entries[entry]?.runs ?? 0} after`;
  switch (format) {
    case 'markdown': return [
      differences.length === 0 ? '### Traces are as before' : `### Traces differ (${differences.length})`, '',
      '| request | runs | difference |', '|---|---|---|',
      ...entries.map((entry) => `| ${cell(entry)} | ${runs(entry)} | ${of(entry).map(({ sentence }) => cell(sentence)).join('<br>') || 'none'} |`), '',
    ].join('\n');
    case 'junit': return [
      '<?xml version="1.0" encoding="UTF-8"?>',
      `<testsuites tests="${entries.length}" failures="${entries.filter((entry) => of(entry).length > 0).length}">`,
      `  <testsuite name="traces" tests="${entries.length}" failures="${entries.filter((entry) => of(entry).length > 0).length}">`,
      ...entries.flatMap((entry) => [
        `    <testcase classname="traces" name="${xml(entry)}">`,
        ...of(entry).map(({ kind, sentence }) => `      <failure type="${kind}" message="${xml(sentence)}"/>`),
        '    </testcase>',
      ]),
      '  </testsuite>', '</testsuites>', '',
    ].join('\n');
    default: return [
      ...entries.flatMap((entry) => of(entry).length === 0 ? [] : [`${entry} (${runs(entry)})`, ...of(entry).map(({ sentence }) => `  ${sentence}`)]),
      differences.length === 0 ? `the traces of ${entries.length} ${entries.length === 1 ? 'request' : 'requests'} are as before` : `${differences.length} ${differences.length === 1 ? 'difference' : 'differences'}`, '',
    ].join('\n');
  }
}

function cell(text: string): string {
  return text.replace(/[|\\]/g, '\\$&').replace(/[<>&]/g, (sign) => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;' })[sign]!).replace(/\s+/g, ' ');
}

function xml(text: string): string {
  // eslint-disable-next-line no-control-regex -- XML has no place for them
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '').replace(/[<>&"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
