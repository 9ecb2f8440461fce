// Renews lib/private/adot-layer-versions.ts from the table of ADOT's public site: node scripts/renew-adot-layers.mjs [file] [date] [target]
// Without a file it is read from the site's repository. Plain Node: it needs nothing installed.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SOURCE = 'https://raw.githubusercontent.com/aws-otel/aws-otel.github.io/main/src/config/lambdaLayerArns.js';
const TARGET = fileURLToPath(new URL('../lib/private/adot-layer-versions.ts', import.meta.url));
const COLUMNS = ['Js', 'Python', 'Java'];

/** @returns rows by region: account, and the version of each column */
function parseLayers(text) {
  const regions = new Map();
  for (const [, region, account, name, version] of text.matchAll(/arn:aws(?:-[a-z]+)*:lambda:([\w-]+):(\d{12}):layer:AWSOpenTelemetryDistro(\w+):(\d+)/g)) {
    if (!COLUMNS.includes(name)) continue;
    const row = regions.get(region) ?? { account, versions: {} };
    if (row.account !== account) throw new Error(`two accounts have layers in ${region}: ${row.account} and ${account}`);
    row.versions[name] = Number(version);
    regions.set(region, row);
  }
  if (regions.size === 0) throw new Error('the text names no layer AWSOpenTelemetryDistro...; has the table moved?');
  return [...regions].sort(([one], [other]) => one < other ? -1 : 1).map(([region, { account, versions }]) => [region, account, ...COLUMNS.map(name => versions[name])]);
}

function render(rows, date) {
  const cell = value => value === undefined ? 'undefined' : value;
  return `// Made by scripts/renew-adot-layers.mjs from src/config/lambdaLayerArns.js of https://github.com/aws-otel/aws-otel.github.io.

/** The day of the table. */
export const ADOT_LAYERS_DATE = '${date}';

/** Account and version numbers of the layers by region: [account, Node.js, Python, Java], absent where there is none. */
export const ADOT_LAYERS: { readonly [region: string]: readonly [account: string, nodejs?: number, python?: number, java?: number] } = {
${rows.map(([region, account, ...versions]) => {
    while (versions.length > 0 && versions.at(-1) === undefined) versions.pop();
    return `  '${region}': [${[`'${account}'`, ...versions.map(cell)].join(', ')}],`;
  }).join('\n')}
};
`;
}

const [file, date = new Date().toISOString().slice(0, 10), target = TARGET] = process.argv.slice(2);
const text = file ? readFileSync(file, 'utf8') : await (await fetch(SOURCE)).text();
writeFileSync(target, render(parseLayers(text), date));
