// `npm run traffic -- <stack>`: sends traffic to a deployed sample.
import { run, runProgram } from './setup.mjs';

await run(() => runProgram('traffic'));
