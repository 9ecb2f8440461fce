import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { dispatch } from './dispatch.js';

const storage = new AsyncLocalStorage();
class OwnError extends Error {
  constructor(message, options) { super(message, options); this.name = 'OwnError'; this.code = 'E_OWN'; }
}
const raise = error => { throw error; };
const cyclic = () => { const error = new OwnError('cyclic'); error.cause = new Error('inner', { cause: error }); return error; };

export const handler = dispatch({
  throwsError: () => raise(new Error('an error')),
  throwsOwn: () => raise(new OwnError('own', { cause: new Error('inner') })),
  throwsCyclic: () => raise(cyclic()),
  throwsString: () => raise('text'),
  throwsEmptyString: () => raise(''),
  throwsNumber: () => raise(42),
  throwsUndefined: () => raise(undefined),
  throwsNull: () => raise(null),
  throwsObject: () => raise({ message: 'like an error', code: 7 }),
  throwsFrozen: () => raise(Object.freeze(new Error('frozen'))),
  throwsNullPrototype: () => raise(Object.assign(Object.create(null), { code: 'E_REAL', message: 'bare', name: 'Bare', stack: 'Bare: bare\n    at nowhere (file.js:1:1)' })),
  throwsAggregate: () => Promise.any([Promise.reject(new Error('one')), Promise.reject(new Error('two'))]),
  throwsCallSites: () => {
    const { prepareStackTrace } = Error;
    Error.prepareStackTrace = (_, sites) => sites;
    const error = new Error('call sites');
    void error.stack;
    Error.prepareStackTrace = prepareStackTrace;
    error.toString = () => 'own text';
    return Promise.reject(Object.assign(new Error('the real reason'), { sites: error.stack.length > 0 }));
  },
  throwsWithResponse: () => raise(Object.assign(new Error('has a response'), { response: { status: 'odd', get data() { throw new Error('do not look'); } } })),
  throwsManyLines: () => raise(new Error('one\n    at two (three:4:5)\nlast')),
  throwsWithoutStack: () => { const error = new Error('no stack'); error.stack = undefined; error.stack = 'Error: no stack'; throw error; },
  throwsOddStack: () => raise(Object.assign(new Error('odd stack'), { stack: 'Error: odd stack' })),
  throwsLate: async () => { await sleep(2); throw new RangeError('late'); },
  throwsMessageOfOtherType: () => { const error = new Error(); error.message = { not: 'a text' }; error.stack = 'Error'; throw error; },

  returnsUndefined: () => undefined,
  returnsNull: () => null,
  returnsText: () => 'text',
  returnsDate: () => new Date(0),
  returnsBuffer: () => Buffer.from('bytes'),
  returnsMap: () => new Map([[1, 2]]),
  returnsNested: () => ({ a: [{ b: undefined, c: NaN, d: () => 1 }], toJSON: undefined }),
  returnsOwnJson: () => ({ toJSON: () => 'own' }),
  returnsBigInt: () => 10n,
  returnsCircular: () => { const value = {}; value.self = value; return value; },
  returnsThrowingJson: () => ({ toJSON() { throw new Error('no JSON'); } }),
  returnsThenable: () => ({ then: resolve => resolve('thenable') }),
  returnsGenerator: () => (function* () { yield 1; })(),
  returnsFrozen: () => Object.freeze([1, 2]),
  returnsProxy: () => new Proxy({ a: 1 }, { get: (target, name) => name === 'then' ? undefined : target[name] }),
  returnsLarge: () => 'x'.repeat(200_000),
  returnsContext: (_, __, context) => Object.keys(context).sort(),

  logs: () => { console.log('out', { a: 1 }); console.error('err'); console.warn('warn %s', 'x'); process.stdout.write('raw\n'); return 'logged'; },
  keepsContext: () => storage.run('mine', async () => { await sleep(1); await fetch(`${process.env.SITE}/status/200`); return storage.getStore(); }),
  racesAndSettles: async () => [
    await Promise.race([sleep(30, 'slow'), sleep(1, 'fast')]),
    await Promise.allSettled([Promise.reject(new Error('no')), fetch(`${process.env.SITE}/status/200`).then(({ status }) => status)]),
  ].map(value => JSON.stringify(value)),
  microtaskOrder: async () => {
    const order = [];
    const request = fetch(`${process.env.SITE}/status/200`).then(() => order.push('fetch'));
    queueMicrotask(() => order.push('microtask'));
    process.nextTick(() => order.push('tick'));
    setImmediate(() => order.push('immediate'));
    await request;
    return order;
  },
  environment: () => Object.keys(process.env).filter(name => /TRACE|XRAY|OTEL/i.test(name)).sort(),
  globals: () => Object.keys(globalThis).sort(),
  listeners: () => ['uncaughtException', 'unhandledRejection', 'SIGTERM', 'warning'].map(name => process.listenerCount(name)),
});
