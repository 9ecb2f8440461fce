// Writes docs/rules: a page for each rule of doctor, from the rule and its examples. With --check it only says whether the pages are current.
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './setup.mjs';

const FOLDER = join(root, 'docs', 'rules');
const EXAMPLES = join(root, 'test', 'private', 'doctor', 'examples');
const TOOLS = { cdk: ['CDK', 'text'], cloudformation: ['CloudFormation', 'yaml'], sam: ['SAM', 'yaml'], serverless: ['Serverless Framework', 'yaml'] };

const require = createRequire(import.meta.url);
require('tsx/cjs/api').register();
const { RULES } = require('../lib/private/doctor/rules/index.ts');

const pages = new Map([['README.md', overview()], ...RULES.map(rule => [`${rule.id}.md`, page(rule)])]);
if (process.argv.includes('--check')) {
  const present = existsSync(FOLDER) ? readdirSync(FOLDER) : [];
  const stale = [...new Set([...pages.keys(), ...present])].filter(name => !present.includes(name) || readFileSync(join(FOLDER, name), 'utf8') !== pages.get(name));
  if (stale.length > 0) {
    console.error(`docs/rules is not what the rules say (${stale.join(', ')}); run 'node scripts/rule-pages.mjs'`);
    process.exitCode = 1;
  }
} else {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, text] of pages) writeFileSync(join(FOLDER, name), text);
}

function overview() {
  return ['# Rules of doctor', '', 'What `npx cdk-traced doctor` looks for. An error: traces do not arrive, or the deployment fails. A warning: a part is missing. A note: what a reader of the map should know.', '',
    '| Rule | Severity | |', '|---|---|---|', ...RULES.map(({ id, severity, title }) => `| [${id}](${id}.md) | ${severity} | ${title} |`), ''].join('\n');
}

function page({ id, name, title, severity, explanation, fix, link }) {
  const [failing, passing] = examples(id);
  return [`# ${id}: ${title}`, '', `\`${name}\`, ${severity}`, '', explanation, '', '## What to do', '',
    ...Object.entries(fix).flatMap(([tool, code]) => [`${TOOLS[tool][0]}:`, '', `\`\`\`${TOOLS[tool][1]}`, code, '```', '']),
    `See <${link}>.`, '', '## Found', '', '```yaml', failing, '```', '', '## Not found', '', '```yaml', passing, '```', ''].join('\n');
}

/** The texts below `failing:` and `passing:`, two characters to the left. */
function examples(id) {
  const [, failing, passing] = /^failing:\n([\s\S]*)\npassing:\n([\s\S]*)$/.exec(readFileSync(join(EXAMPLES, `${id}.yaml`), 'utf8'));
  return [failing, passing].map(text => text.replace(/^ {2}/gm, '').trim());
}
