// Packages of functions for the benchmarks.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const folder = dirname(fileURLToPath(import.meta.url));
const root = dirname(folder);
const library = join(root, 'build');

/** Compiles the library unless that was done since its sources changed. */
export function compileLibrary() {
  const written = statSync(join(root, '.jsii'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const sources = readdirSync(join(root, 'lib'), { recursive: true }).filter(file => file.endsWith('.ts'));
  const isStale = sources.some(file => statSync(join(root, 'lib', file)).mtimeMs > written);
  if (existsSync(join(library, 'index.js')) && !isStale) return library;
  const { status } = spawnSync('npx', ['jsii', '--silence-warnings=reserved-word'], { cwd: root, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('the library does not compile; its messages are above');
  return library;
}

/**
 * @param {string} outdir a folder that may be written to
 * @param {Record<string, object>} wanted props by name, as in lambda-packages.cjs
 * @returns {Promise<Record<string, { folder: string, handler: string, layers: string[] }>>}
 */
export async function makePackages(outdir, wanted) {
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'lambda-packages.cjs'), outdir, compileLibrary(), JSON.stringify(wanted)], {
    cwd: root, maxBuffer: 1e8, env: { ...process.env, CDK_TRACED_FUNCTION_CACHE: join(outdir, 'cache') },
  });
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

/** Bytes of a file of JavaScript without the legal comments that esbuild, and we, leave in it. */
export function sizeOfCode(file) {
  return Buffer.byteLength(readFileSync(file, 'utf8').replace(/\/\*![^]*?\*\/\n?/g, ''));
}

/** Bytes of a file, or of all files of a folder. */
export function sizeOf(path) {
  const found = statSync(path);
  return found.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0) : found.size;
}
