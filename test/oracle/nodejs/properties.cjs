'use strict';
// Properties of a traced handler, over whatever can be thrown, returned and answered. Arguments: the folders of the untraced and of the traced package.
// Prints how many were tried; fails with fast-check's counterexample and seed.
const { isProxy } = require('node:util/types');
const fc = require('fast-check');

const [untracedDir, tracedDir] = process.argv.slice(2);
const load = folder => {
  const { handler } = require(`${folder}/index.js`);
  const { callAws } = globalThis;
  return { handler, callAws };
};
process.env._HANDLER = 'index.handler';
const [untraced, traced] = [load(untracedDir), load(tracedDir)];

const anything = fc.anything({
  withBigInt: true, withBoxedValues: true, withDate: true, withMap: true, withNullPrototype: true, withObjectString: true, withSet: true, withSparseArray: true, withTypedArray: true,
});

const refusal = new Error('do not look');
const refuse = () => { throw refusal; };
/** Shapes that libraries give to their errors. */
const members = fc.record({
  message: anything, name: anything, stack: fc.oneof(fc.string(), anything), code: anything, cause: anything, response: anything, severity: anything, sqlMessage: anything, errors: anything,
  $metadata: anything, $response: anything, $fault: anything, statusCode: anything, remote: anything, toString: fc.oneof(fc.func(anything), anything), toJSON: anything,
}, { requiredKeys: [] });
const construct = fc.constantFrom(Error, TypeError, AggregateError, class OwnError extends Error {}, class Odd { constructor(message) { this.message = message; } });
const error = fc.tuple(construct, fc.string(), members, fc.constantFrom('plain', 'frozen', 'cyclic', 'getters', 'null prototype', 'proxy', 'revoked')).map(([Class, text, values, kind]) => {
  const made = Class === AggregateError ? new AggregateError([], text) : new Class(text);
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(made, name, kind === 'getters' ? { get: refuse, configurable: true } : { value, configurable: true, writable: true, enumerable: true });
  }
  if (kind === 'cyclic') made.cause = { cause: made };
  if (kind === 'null prototype') Object.setPrototypeOf(made, null);
  if (kind === 'frozen') Object.freeze(made);
  if (kind === 'proxy') return { held: new Proxy(made, { get: refuse, has: refuse, getOwnPropertyDescriptor: refuse, getPrototypeOf: refuse }) };
  if (kind === 'revoked') {
    const { proxy, revoke } = Proxy.revocable(made, {});
    revoke();
    return { held: proxy };
  }
  return { held: made };
});
/** In a box: fast-check looks at what it draws, and some of it does not bear that. */
const boxed = held => ({ held });
const value = fc.oneof(anything.map(boxed), error, fc.constant({ held: Symbol('own') }), fc.func(anything).map(boxed), error.map(({ held }) => ({ held: [held] })));

/** How a handler ends, and whether at once or later. */
const outcome = fc.record({ value, ends: fc.constantFrom('returns', 'resolves', 'throws', 'rejects', 'settles later', 'fails later') });

function end({ value: { held: given }, ends }) {
  switch (ends) {
    case 'returns': return given;
    case 'resolves': return Promise.resolve(given);
    case 'throws': throw given;
    case 'rejects': return Promise.reject(given);
    case 'settles later': return new Promise(resolve => setImmediate(resolve, given));
    default: return new Promise((_, reject) => setImmediate(reject, given));
  }
}

/** What a caller could notice. */
async function observe(call) {
  const seen = {};
  let result;
  try {
    result = call();
  } catch (thrown) {
    return { throws: thrown };
  }
  seen.isPromise = !isProxy(result) && result instanceof Promise;
  try {
    if (seen.isPromise) seen.resolves = await result;
    else seen.returns = result;
  } catch (rejected) {
    seen.rejects = rejected;
  }
  return seen;
}

/** Of a revoked proxy each look gives an error of its own. */
const isSame = (one, other) => Object.is(one, other) || [one, other].every(thing => !isProxy(thing) && thing instanceof TypeError && /revoked/.test(thing.message));
function same(one, other) {
  const keys = Object.keys(one);
  return keys.join() === Object.keys(other).join() && keys.every(key => isSame(one[key], other[key]));
}

/** Own properties as they are, without calling a getter. */
function shape(thing) {
  if (isProxy(thing) || (typeof thing !== 'object' && typeof thing !== 'function') || thing === null) return undefined;
  return [Object.isFrozen(thing), Object.getPrototypeOf(thing), ...Reflect.ownKeys(thing).flatMap(key => {
    const { value: held, get, enumerable } = Object.getOwnPropertyDescriptor(thing, key);
    return key === 'stack' ? [key] : [key, held, get, enumerable]; // a stack is made when it is first looked at
  })];
}
const alike = (one, other) => one === other || one.length === other.length && one.every((part, i) => Object.is(part, other[i]));

const complaints = [];
for (const name of ['log', 'warn', 'error', 'info', 'debug']) console[name] = (...words) => complaints.push(words.join(' '));

let n = 0;
const invoke = ({ handler }, program) => {
  process.env._X_AMZN_TRACE_ID = `Root=1-5759e988-${String(++n).padStart(24, '0')};Parent=53995c3f42cd8ad8;Sampled=${n % 3 === 0 ? 0 : 1}`;
  globalThis.program = program;
  return observe(() => handler({}, { awsRequestId: 'request', getRemainingTimeInMillis: () => 3_000 }));
};
function expect(condition, told) {
  if (!condition) throw new Error(told);
}

async function main() {
  const settings = { seed: Number(process.env.SEED ?? 7), numRuns: 700, endOnFailure: false };
  await fc.assert(fc.asyncProperty(outcome, async given => {
    const before = shape(given.value.held);
    const expected = await invoke(untraced, () => end(given));
    const seen = await invoke(traced, () => end(given));
    expect(same(expected, seen), `the outcome is another: ${Object.keys(expected)} became ${Object.keys(seen)}`);
    expect(alike(before, shape(given.value.held)), 'it was changed');
    expect(complaints.length === 0, `it was told of: ${complaints.splice(0)}`);
  }), settings);

  // A client of AWS whose transport fails with it, or answers with it.
  const answer = fc.oneof(error.map(({ held }) => () => { throw held; }), anything.map(response => () => ({ response })), fc.record({
    statusCode: fc.constantFrom(200, 400, 429, 500), headers: fc.constant({}), body: fc.constantFrom(undefined, new Uint8Array()),
  }).map(response => () => ({ response })));
  const plain = seen => JSON.stringify([Object.keys(seen), ...Object.values(seen).map(held => {
    try {
      return `${held?.constructor?.name} ${held?.name} ${held?.message}`;
    } catch {
      return 'cannot be looked at';
    }
  })]);
  await fc.assert(fc.asyncProperty(answer, async given => {
    const calls = [];
    globalThis.answerOfAws = () => {
      calls.push(1);
      return given();
    };
    const expected = await invoke(untraced, () => untraced.callAws());
    const seen = await invoke(traced, () => traced.callAws());
    expect(plain(expected) === plain(seen), `a client gives another outcome: ${plain(expected)} became ${plain(seen)}`);
    expect(calls.length % 2 === 0, 'another number of requests');
    expect(complaints.length === 0, `it was told of: ${complaints.splice(0)}`);
  }), { ...settings, numRuns: 300 });
  process.stdout.write(`${n}\n`);
}

main().catch(failed => {
  process.stderr.write(`${failed.message}\n${failed.cause?.message ?? ""}\n`);
  process.exitCode = 1;
});
