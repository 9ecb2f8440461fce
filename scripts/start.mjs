// `npm start`: makes the project ready, then runs the launcher in this process, so that signals and the terminal are its own.
import { createRequire } from 'node:module';
import { buildAssertions } from './build-assertions.mjs';
import { buildWeb } from './build-web.mjs';
import { buildLauncher, checkNode, ensureNpmPackages, run } from './setup.mjs';

await run(async () => {
  checkNode();
  ensureNpmPackages();
  const [launcher] = await Promise.all([buildLauncher(), buildWeb(), buildAssertions()]);
  process.setSourceMapsEnabled(true);
  createRequire(import.meta.url)(launcher);
});
