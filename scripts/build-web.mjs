// Bundles the page of the local X-Ray, local/web, into a folder that any web server can serve as it is.
import { readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Builds the page into `outdir`, and removes what else is there, after the build: a page that is being served must not vanish meanwhile.
 * Returns the folder's path. Fails with esbuild's messages.
 */
export async function buildWeb(outdir = join(root, 'local/dist/web')) {
  const { build } = createRequire(import.meta.url)('esbuild');
  const { metafile } = await build({
    absWorkingDir: join(root, 'local/web'),
    entryPoints: ['src/main.tsx', 'src/apply-theme.ts', 'index.html', 'favicon.svg'],
    entryNames: '[name]',
    assetNames: 'fonts/[name]',
    outdir,
    bundle: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    minify: true,
    sourcemap: true,
    loader: { '.html': 'copy', '.svg': 'copy', '.woff2': 'file' },
    // The X-Ray API compiles traces with it; what the page takes from there does not need it, and esbuild drops it again.
    alias: { 'node:crypto': './src/api/no-crypto.ts' },
    metafile: true,
    logLevel: 'error',
  });
  const written = new Set(Object.keys(metafile.outputs).map(path => resolve(root, 'local/web', path)));
  for (const entry of readdirSync(outdir, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !written.has(path)) rmSync(path);
  }
  return outdir;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const outdir = process.argv[2];
  console.log(await buildWeb(outdir === undefined ? undefined : resolve(outdir)));
}
