// Fills the tables of options in docs/*.md, between `<!-- options: Type -->` and `<!-- end -->`, from what jsii knows of the library. With --check it only says whether they are current.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

const { types, name } = JSON.parse(readFileSync(join(root, '.jsii'), 'utf8'));
const pages = readdirSync(join(root, 'docs')).filter(file => file.endsWith('.md'));
for (const page of pages) {
  const file = join(root, 'docs', page);
  const before = readFileSync(file, 'utf8');
  const after = before.replace(/(<!-- options: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g, (_, start, type, end) => `${start}${table(type)}\n${end}`);
  if (after === before) continue;
  if (process.argv.includes('--check')) {
    console.error(`the tables of docs/${page} are not what the library says; run 'node scripts/option-tables.mjs'`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, after);
  }
}

function table(type) {
  const struct = types[`${name}.${type}`];
  if (!struct) throw new Error(`there is no type ${type}`);
  const rows = withParents(struct).flatMap(({ properties = [] }) => properties)
    .sort((a, b) => a.name.localeCompare(b.name))
    .map(({ name: option, type: of, docs = {} }) => `| \`${option}\` | ${cell(typeName(of))} | ${cell([docs.summary, docs.remarks].filter(Boolean).join(' '))} | ${cell((docs.default ?? 'required').replace(/^- /, ''))} |`);
  return ['| Option | Type | | Default |', '|---|---|---|---|', ...rows].join('\n');
}

/** Structs of other libraries are documented there. */
function withParents(struct) {
  return [struct, ...(struct.interfaces ?? []).map(fqn => types[fqn]).filter(Boolean).flatMap(withParents)];
}

function typeName({ primitive, fqn, collection }) {
  if (fqn) return `\`${fqn.split('.').pop()}\``;
  if (!collection) return primitive;
  const of = typeName(collection.elementtype);
  return collection.kind === 'array' ? `list of ${of}` : `map of ${of}`;
}

function cell(text) {
  return text.replace(/\s*\n\s*/g, ' ').replace(/\|/g, '\\|');
}
