// `npm run traffic -- <stack>`: makes the project ready, then sends traffic to a deployed sample.
import { createRequire } from 'node:module';
import { buildProgram, checkNode, ensureNpmPackages, run } from './setup.mjs';

await run(async () => {
  checkNode();
  ensureNpmPackages();
  const traffic = await buildProgram('traffic');
  process.setSourceMapsEnabled(true);
  createRequire(import.meta.url)(traffic);
});
