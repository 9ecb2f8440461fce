// Writes docs/recorded.md: what is recorded of each library, from what the oracle's tests have seen. With --check it only says whether the file is current.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

const SEEN = join(root, 'test', 'oracle', 'recorded');
const PAGE = join(root, 'docs', 'recorded.md');
const LANGUAGES = { nodejs: 'Node.js', python: 'Python', go: 'Go', java: 'Java' };
const MODES = ['xraySdk', 'openTelemetry'];

const text = page();
if (process.argv.includes('--check')) {
  if (!existsSync(PAGE) || readFileSync(PAGE, 'utf8') !== text) {
    console.error("docs/recorded.md is not what the tests have seen; run 'node scripts/recorded-table.mjs'");
    process.exitCode = 1;
  }
} else {
  writeFileSync(PAGE, text);
}

function page() {
  const languages = Object.entries(LANGUAGES).filter(([name]) => readdirSync(SEEN).includes(`${name}.json`));
  return [
    '# What is recorded',
    '',
    'Generated from what `npm test -- oracle` sees in its datagrams; do not edit. Of each call these fields can be set: with `Instrumentation.xraySdk()` those of X-Ray\'s documents, with `openTelemetry()` attributes of',
    'the span. Values are never bodies, items, header values, queries of URLs, passwords or the text of a statement beyond its first word.',
    ...languages.flatMap(([name, title]) => table(title, JSON.parse(readFileSync(join(SEEN, `${name}.json`), 'utf8')))),
    '',
  ].join('\n');
}

function table(title, seen) {
  const libraries = Object.entries(seen).sort(([one], [other]) => one.localeCompare(other, 'en'));
  return ['', `## ${title}`, '', '| Library | `xraySdk()` | `openTelemetry()` |', '|---|---|---|', ...libraries.map(([library, modes]) => `| ${[library, ...MODES.map(mode => cell(modes[mode]))].join(' | ')} |`)];
}

/** Fields of one part together: `aws`: operation, region. */
function cell(fields = []) {
  const parts = new Map();
  for (const field of fields) {
    const [, part, name] = /^(aws|http\.request|http\.response|sql|cause\.exceptions)\.(.*)$/.exec(field) ?? [undefined, '', field];
    parts.set(part, [...parts.get(part) ?? [], name]);
  }
  // Attributes of OpenTelemetry have dots of their own.
  const isDocument = fields.some(field => /^(?:http\.re(?:quest|sponse)\.(?:url|method|status)$|sql\.|aws\.operation$)/.test(field));
  if (!isDocument) return fields.length > 0 ? fields.map(field => `\`${field}\``).join(', ') : 'nothing';
  return [...parts].map(([part, names]) => `\`${part}\`: ${names.join(', ')}`).join('; ');
}
