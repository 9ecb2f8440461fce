// Starts AWS's runtime interface client, `index.mjs` beside this file, as the `bootstrap` of Lambda's Node.js runtimes does.
'use strict';

// Lambda starts Node.js with --expose-gc. As an option of the command line that costs the code cache of Node.js itself, a third of its start.
Object.defineProperty(globalThis, 'gc', {
  configurable: true,
  get() {
    require('v8').setFlagsFromString('--expose-gc');
    const gc = require('vm').runInNewContext('gc');
    Object.defineProperty(globalThis, 'gc', { configurable: true, writable: true, value: gc });
    return gc;
  },
  set(value) {
    Object.defineProperty(globalThis, 'gc', { configurable: true, writable: true, value });
  },
});

// From version 4 on the client starts by itself. What it throws is thrown on, as it would be by a module that waits for it.
import('./index.mjs').then(({ run }) => run && run(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER))
  .catch((error) => process.nextTick(() => { throw error; }));
