// Writes docs/errors.md: every error of the library with its code, read from the sources. With --check it only says whether the file is current.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './setup.mjs';

const ts = createRequire(import.meta.url)('typescript');
const TABLE = join(root, 'docs', 'errors.md');
const PARTS = { 1: 'Functions, instrumentation and bundling in general', 2: 'Tracing what exists', 3: 'Node.js', 4: 'Python', 5: 'Go', 6: 'Java', 7: 'Tools' };

const rows = errors();
const twice = rows.filter(({ code }, i) => rows.findIndex(other => other.code === code) !== i);
if (twice.length > 0) throw new Error(`codes that two errors have: ${twice.map(({ code }) => code).join(', ')}`);
const text = page(rows);
if (process.argv.includes('--check')) {
  if (!existsSync(TABLE) || readFileSync(TABLE, 'utf8') !== text) {
    console.error("docs/errors.md is not what the sources say; run 'node scripts/error-table.mjs'");
    process.exitCode = 1;
  }
} else {
  mkdirSync(join(root, 'docs'), { recursive: true });
  writeFileSync(TABLE, text);
}

function errors() {
  const found = [];
  for (const name of readdirSync(join(root, 'lib'), { recursive: true }).filter(file => file.endsWith('.ts'))) {
    const source = ts.createSourceFile(name, readFileSync(join(root, 'lib', name), 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = node => {
      const code = (node.arguments ?? []).findIndex(argument => ts.isStringLiteral(argument) && /^TF\d{3}$/.test(argument.text));
      if (code >= 0) found.push({ code: node.arguments[code].text, message: words(node.arguments[code + 1]) });
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found.sort((a, b) => a.code < b.code ? -1 : 1);
}

/** The text of an expression, with an ellipsis for what is only known when it happens. */
function words(node) {
  if (!node) return '';
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) return node.head.text + node.templateSpans.map(span => `…${span.literal.text}`).join('');
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) return words(node.left) + words(node.right);
  if (ts.isConditionalExpression(node)) return `${words(node.whenTrue)} *or* ${words(node.whenFalse)}`;
  if (ts.isParenthesizedExpression(node)) return words(node.expression);
  return '…';
}

function page(all) {
  const cell = message => message.replace(/\s+/g, ' ').replace(/\|/g, '\\|').replace(/</g, '&lt;').trim();
  const parts = Object.entries(PARTS).map(([digit, title]) => [title, all.filter(({ code }) => code[2] === digit)]).filter(([, part]) => part.length > 0);
  return ['# Errors', '', 'Each message of `cdk synth` ends with a code, which stays the same between versions. An ellipsis stands for what the message names.', '',
    ...parts.flatMap(([title, part]) => [`## ${title}`, '', '| Code | Message |', '|---|---|', ...part.map(({ code, message }) => `| ${code} | ${cell(message)} |`), ''])].join('\n');
}
