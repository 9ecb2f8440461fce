// Builds the trace assertions, local/src/assertions, for other projects: for `import` and for `require`, with types that need none of our compiler options.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, 'local/src');
/** Folders that hold all that the assertions are made of. */
const PARTS = ['assertions', 'xray/model', 'xray/wire'];
/** Vitest refuses to be required. */
const ENTRIES = { esm: ['index', 'jest', 'vitest'], cjs: ['index', 'jest'] };
/** Written last; tells what the folder was built from. */
const RECORD = 'built-from';

/**
 * Builds into `outdir`, unless it holds just this already, and returns its path. Beside `<entry>.mjs` and `<entry>.cjs`, declarations lie in
 * `types/` as their sources do in local/src. Fails with the messages of esbuild.
 */
export async function buildAssertions(outdir = join(root, 'local/dist/assertions')) {
  const wanted = fingerprint();
  const record = join(outdir, RECORD);
  if (existsSync(record) && readFileSync(record, 'utf8') === wanted) return outdir;

  // Another start may be doing the same.
  const unfinished = `${outdir}.${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  const { build } = createRequire(import.meta.url)('esbuild');
  const common = { absWorkingDir: root, outdir: unfinished, bundle: true, platform: 'node', target: 'node20', packages: 'external', logLevel: 'error' };
  await build({ ...common, entryPoints: ENTRIES.esm.map(sourceOf), format: 'esm', outExtension: { '.js': '.mjs' }, splitting: true });
  await build({ ...common, entryPoints: ENTRIES.cjs.map(sourceOf), format: 'cjs', outExtension: { '.js': '.cjs' } });
  declareTypes(join(unfinished, 'types'));
  writeFileSync(join(unfinished, RECORD), wanted);
  mkdirSync(dirname(outdir), { recursive: true });
  rmSync(outdir, { recursive: true, force: true });
  try {
    renameSync(unfinished, outdir);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(record)) throw error; // else the other start was faster
  }
  return outdir;
}

function sourceOf(entry) {
  return join(source, 'assertions', `${entry}.ts`);
}

function fingerprint() {
  const hash = createHash('sha256').update(readFileSync(fileURLToPath(import.meta.url)));
  for (const part of PARTS) {
    for (const entry of readdirSync(join(source, part), { withFileTypes: true })) {
      if (entry.isFile()) hash.update(entry.name).update(readFileSync(join(source, part, entry.name)));
    }
  }
  return hash.digest('hex');
}

function declareTypes(outDir) {
  const ts = createRequire(import.meta.url)('typescript');
  const options = {
    declaration: true, emitDeclarationOnly: true, outDir, rootDir: source, strict: true, skipLibCheck: true, target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, types: ['node'], lib: ['lib.es2022.d.ts'],
  };
  ts.createProgram(ENTRIES.esm.map(sourceOf), options, ts.createCompilerHost(options)).emit();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const outdir = process.argv[2];
  console.log(await buildAssertions(outdir === undefined ? undefined : resolve(outdir)));
}
