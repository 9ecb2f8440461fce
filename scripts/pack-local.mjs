// `npm pack` in local: builds the launcher, the page and the assertions, and puts what else belongs to the package beside them.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildAssertions } from './build-assertions.mjs';
import { buildWeb } from './build-web.mjs';
import { buildLauncher, root, run } from './setup.mjs';

await run(async () => {
  await Promise.all([buildLauncher(), buildWeb(), buildAssertions()]);
  copyFileSync(join(root, 'local/src/xray/collector/receiver-worker.cjs'), join(root, 'local/dist/receiver-worker.cjs'));
  copyFileSync(join(root, 'LICENSE'), join(root, 'local/LICENSE'));
});
