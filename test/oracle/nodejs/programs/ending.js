import { setTimeout as sleep } from 'node:timers/promises';
import { dispatch } from './dispatch.js';

const call = () => fetch(`${process.env.SITE}/status/200`);

/** Each of these takes its process with it. */
export const handler = dispatch({
  exits: async () => { await call(); process.exit(3); },
  uncaught: async () => { await call(); setTimeout(() => { throw new TypeError('in a timer'); }); await sleep(1_000); },
  unhandledRejection: async () => { await call(); void Promise.reject(new Error('nobody waits')); await sleep(1_000); },
  neverSettles: async () => { await call(); await new Promise(() => {}); },
  timesOut: async () => { await call(); await sleep(60_000); },
});
