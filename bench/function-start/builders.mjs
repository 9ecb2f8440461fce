// Bundles of one handler by the builders that people use, each with its defaults.
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { build } = createRequire(import.meta.url)('esbuild');

/** sst/sst, pkg/runtime/node/build.go at 1bf0370; `minify` is true where a function does not say otherwise. */
function sst(entry, outfile) {
  return build({
    entryPoints: [entry], outfile, platform: 'node', external: ['sharp', 'pg-native'], keepNames: true, bundle: true, format: 'esm', target: 'esnext',
    mainFields: ['module', 'main'], minify: true, logLevel: 'error',
    banner: {
      js: [
        "import { createRequire as topLevelCreateRequire } from 'module';",
        'const require = topLevelCreateRequire(import.meta.url);',
        'import { fileURLToPath as topLevelFileUrlToPath, URL as topLevelURL } from "url"',
        'const __filename = topLevelFileUrlToPath(import.meta.url)',
        'const __dirname = topLevelFileUrlToPath(new topLevelURL(".", import.meta.url))',
      ].join('\n'),
    },
  });
}

/** serverless/serverless, packages/serverless/lib/plugins/esbuild/index.js at 054cd6f, for a project that has no dependencies but the AWS SDK. */
function serverless(entry, outfile, external) {
  return build({ entryPoints: [entry], outfile, bundle: true, minify: false, sourcemap: true, platform: 'node', external, logLevel: 'error' });
}

/** @returns files by name */
export async function otherBuilders(entry, scratch) {
  const file = name => {
    mkdirSync(join(scratch, name));
    return join(scratch, name, name === 'sst' ? 'index.mjs' : 'index.js');
  };
  const files = { 'SST': file('sst'), 'Serverless': file('serverless'), 'Serverless, SDK bundled': file('serverless-bundled') };
  await sst(entry, files.SST);
  await serverless(entry, files.Serverless, ['@aws-sdk/*']);
  await serverless(entry, files['Serverless, SDK bundled'], []);
  return files;
}
