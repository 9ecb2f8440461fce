// The bundling runner of a checkout as JavaScript: started as TypeScript, each bundling of each test would transpile it again.
const { createHash, randomUUID } = require('node:crypto');
const { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync } = require('node:fs');
const { join, relative } = require('node:path');

const root = join(__dirname, '..');
const lib = join(root, 'lib');
/** Of all checkouts that were compiled within that time some process may still be running. */
const KEPT_MS = 24 * 60 * 60 * 1000;

/**
 * Compiles `lib` unless that has been done for exactly these sources.
 *
 * @returns gives the compiled file of a file of `lib`; any other stays what it is
 */
exports.compiledRunner = function compiledRunner() {
  const files = readdirSync(lib, { recursive: true }).filter(name => name.endsWith('.ts')).sort().map(name => join(lib, name));
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update(readFileSync(file));
  const folder = join(root, '.local', 'runner');
  const compiled = join(folder, hash.digest('hex').slice(0, 16));
  if (existsSync(compiled)) {
    const now = new Date();
    utimesSync(compiled, now, now);
  } else {
    compile(files, folder, compiled);
  }
  return file => file.startsWith(lib) ? join(compiled, relative(lib, file)).replace(/\.ts$/, '.js') : file;
};

function compile(files, folder, compiled) {
  const unfinished = join(folder, `new-${randomUUID()}`);
  mkdirSync(unfinished, { recursive: true });
  require('esbuild').buildSync({
    entryPoints: files, outbase: lib, outdir: unfinished, format: 'cjs', platform: 'node', target: 'node20', sourcemap: 'inline', logLevel: 'error',
  });
  try {
    renameSync(unfinished, compiled);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(compiled)) throw error; // another process was first
  }
  for (const name of readdirSync(folder)) {
    const other = join(folder, name);
    if (statSync(other, { throwIfNoEntry: false })?.mtimeMs < Date.now() - KEPT_MS) rmSync(other, { recursive: true, force: true });
  }
}
