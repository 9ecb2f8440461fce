// Writes the licence texts: of all that the published package holds (THIRD-PARTY-LICENSES), and of what goes into functions and layers (runtime/licenses.json
// and lib/private/layer-licenses.ts). All are read from what is installed. With --check it only says whether the files are current.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './setup.mjs';
import { SHIPPED } from './ship-packages.mjs';

/** Licences whose text is the same for all that have it, but for the lines with the copyright. */
const ALLOWED = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT']);
const APACHE = readFileSync(join(root, 'LICENSE'), 'utf8').split(/^ *APPENDIX:/m)[0].trimEnd();
/** For a package that names this licence and brings no text. */
const BSD_2 = `Redistribution and use in source and binary forms, with or without
modification, are permitted provided that the following conditions are met:

1. Redistributions of source code must retain the above copyright notice, this
   list of conditions and the following disclaimer.
2. Redistributions in binary form must reproduce the above copyright notice,
   this list of conditions and the following disclaimer in the documentation
   and/or other materials provided with the distribution.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND
ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR
ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES
(INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES;
LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON
ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT
(INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS
SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.`;

const OWN = { name: 'cdk-traced-function', license: 'Apache-2.0', copyright: ['Copyright The cdk-traced-function authors'], text: APACHE };
/** From Maven's and Python's registries, so not installed here. Python's packages carry their licences in their .dist-info. */
const XRAY_FOR_JAVA = { name: 'AWS X-Ray SDK for Java', license: 'Apache-2.0', copyright: ['Copyright Amazon.com, Inc. or its affiliates'], text: APACHE };
const PYTHON_LAYER = ['Apache-2.0', 'BSD-2-Clause'];

const bundled = SHIPPED.flatMap(name => withDependencies(name, root));
const xray = withDependencies('aws-xray-sdk-core', root);
const spdx = packages => [...new Set(packages.map(({ license }) => license))].sort().join(' AND ');
const layers = { nodejs: spdx(xray), python: PYTHON_LAYER.join(' AND '), java: XRAY_FOR_JAVA.license, capture: OWN.license };

const files = {
  'THIRD-PARTY-LICENSES': page('cdk-traced-function is published with copies of the following packages.', bundled),
  // What a function's package holds is known when it is made: the runner puts its text together of these.
  'runtime/licenses.json': JSON.stringify(parts([OWN, XRAY_FOR_JAVA, ...[...xray, ...withDependencies('@opentelemetry/api', root)].map(({ version, ...found }) => found)]), undefined, 2) + '\n',
  'lib/private/layer-licenses.ts': [
    '// Written by scripts/third-party-licenses.mjs.', '',
    '/** SPDX expressions for the layers that this package makes: those with the X-Ray SDK by language, and those that only capture. */',
    'export const LAYER_LICENSES = {', ...Object.entries(layers).map(([language, license]) => `  ${language}: '${license}',`), '} as const;', '',
  ].join('\n'),
};
const outdated = Object.entries(files).filter(([name, text]) => !existsSync(join(root, name)) || readFileSync(join(root, name), 'utf8') !== text);
if (!process.argv.includes('--check')) {
  outdated.forEach(([name, text]) => writeFileSync(join(root, name), text));
} else if (outdated.length > 0) {
  console.error(`${outdated.map(([name]) => name).join(', ')}: not what is installed asks for; run 'node scripts/third-party-licenses.mjs'`);
  process.exitCode = 1;
}

/** A package as it is installed, and all that it needs to run. */
function withDependencies(name, from, seen = new Set()) {
  const folder = folderOf(name, from);
  if (seen.has(folder)) return [];
  seen.add(folder);
  const { version, license, author, dependencies = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  if (name.startsWith('@types/')) return []; // declarations become no code
  const below = Object.keys(dependencies).flatMap(dependency => withDependencies(dependency, folder, seen));
  if (!ALLOWED.has(license)) throw new Error(`the licence of ${name} ${version} is '${license}', which is none of ${[...ALLOWED].join(', ')}: look at it, then add it to the list`);
  return [{ name, version, license, ...textOf(folder, license, name, author) }, ...below];
}

function folderOf(name, from) {
  // As Node looks for it; 'exports' may not give package.json away.
  for (let folder = from; ; folder = dirname(folder)) {
    const found = join(folder, 'node_modules', name);
    if (existsSync(join(found, 'package.json'))) return found;
    if (folder === dirname(folder)) throw new Error(`${name}, which ${from} needs, is not installed; run 'npm ci'`);
  }
}

function textOf(folder, license, name, author) {
  const file = readdirSync(folder).find(entry => /^licen[cs]e/i.test(entry));
  const text = file && readFileSync(join(folder, file), 'utf8').replace(/\r\n/g, '\n').trim();
  const notice = readdirSync(folder).find(entry => /^notice/i.test(entry));
  const owner = typeof author === 'object' ? author.name : author?.replace(/ *[<(].*$/, '');
  const copyright = (text?.match(/^ *Copyright (?!notice|owner|license|\[yyyy\]|\{yyyy\}).*\d{4}.*$/gim) ?? []).map(line => line.trim());
  const lines = [...copyright.length > 0 ? copyright : owner ? [`Copyright ${owner}`] : [], ...notice ? [readFileSync(join(folder, notice), 'utf8').trim()] : []];
  if (license === 'Apache-2.0') return { copyright: lines, text: APACHE };
  if (text) return { copyright: [], text };
  if (license !== 'BSD-2-Clause' || !owner) throw new Error(`${name} has the licence ${license} and no text of it: ${folder}`);
  return { copyright: [`Copyright (c) ${owner}`], text: BSD_2 };
}

/** Texts that several packages have in common stand there once. */
function parts(packages) {
  const texts = [];
  const found = packages.map(({ text, ...rest }) => [rest.name, { ...rest, text: (texts.includes(text) ? texts.indexOf(text) : texts.push(text) - 1) }]);
  return { texts, packages: Object.fromEntries(found.sort(([a], [b]) => a < b ? -1 : 1)) };
}

function page(title, packages) {
  const named = packages.map(found => ({ ...found, name: `${found.name} ${found.version}` }));
  const unique = [...new Map(named.map(found => [found.name, found])).values()].sort((a, b) => a.name < b.name ? -1 : 1);
  const { texts } = parts(unique);
  const line = '-'.repeat(80);
  return [
    title, '', ...unique.map(({ name, license }) => `- ${name} (${license})`), '',
    ...texts.flatMap(text => [line, ...unique.filter(other => other.text === text).flatMap(({ name, copyright }) => [name, ...copyright.map(c => `    ${c}`)]), '', text, '']),
  ].join('\n');
}
