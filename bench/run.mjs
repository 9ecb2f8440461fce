// `npm run bench [-- name...]`: every figure is a ratio, both sides measured in turn in one run. Nothing here is a test.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { checkNode, ensureNpmPackages, run, SetupError } from '../scripts/setup.mjs';
import { renderResults, renderTable } from './report.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
const results = join(folder, 'results');

/**
 * A benchmark is a module in bench/<name>/benchmark.mjs that exports
 *   title: what is compared
 *   measure({ log, quick }): Promise<{ rows: Row[], versions?: Record<string, string> }>
 * Row: { what, size?, ours, peer, unit, ratio, goal?, limit?, note? }; `ours` and `peer` are medians, `ratio` is ours / peer, `goal` the largest ratio wanted,
 * `limit` the largest `ours`.
 */
const available = readdirSync(folder, { withFileTypes: true })
  .filter(entry => entry.isDirectory() && readdirSync(join(folder, entry.name)).includes('benchmark.mjs'))
  .map(entry => entry.name);

await run(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' }, json: { type: 'boolean' }, quick: { type: 'boolean' } },
  });
  if (values.help) {
    console.log(`Usage: npm run bench -- [name...] [--quick] [--json]

Names: ${available.join(', ')}; all of them when none is given.
--quick   fewer rounds, to see that it works; RESULTS.md is left as it is
--json    prints the results as JSON`);
    return;
  }
  const unknown = positionals.find(name => !available.includes(name));
  if (unknown) throw new SetupError(`There is no benchmark '${unknown}'; there are ${available.join(', ')}.`);
  checkNode();
  ensureNpmPackages();
  mkdirSync(results, { recursive: true });
  for (const name of positionals.length > 0 ? positionals : available) {
    const { title, measure } = await import(join(folder, name, 'benchmark.mjs'));
    console.error(`\n${title}`);
    const measured = await measure({ log: line => console.error(`  ${line}`), quick: values.quick ?? false });
    const result = { name, title, machine: machine(), date: new Date().toISOString().slice(0, 10), ...measured };
    console.log(values.json ? JSON.stringify(result) : renderTable(result));
    if (!values.quick) writeFileSync(join(results, `${name}.json`), JSON.stringify(result, null, 2) + '\n');
  }
  if (!values.quick) {
    const all = readdirSync(results).filter(file => file.endsWith('.json')).sort().map(file => JSON.parse(readFileSync(join(results, file), 'utf8')));
    writeFileSync(join(folder, 'RESULTS.md'), renderResults(all));
    console.error(`\nWritten: ${join('bench', 'RESULTS.md')}`);
  }
});

function machine() {
  return `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node.js ${process.versions.node}, ${process.platform} ${process.arch}`;
}

