'use strict';
// Records queries with pg, mysql2 and mysql. It is in a package only when one of them is. The text of a query is not recorded, which may hold values.
const { errorMonitor } = require('node:events');
const { beginCall } = require('./database-call.cjs');

const TRACED = Symbol('traced');

/** How a client tells of its server, and which of its functions query. */
const CLIENTS = {
  pg: { system: 'postgresql', methods: ['query'], target: ({ host, port, database }) => ({ host, port, database }) },
  mysql2: { system: 'mysql', methods: ['query', 'execute'], target: ({ config: { host, port, socketPath, database } }) => ({ host: host ?? socketPath, port, database }) },
  mysql: { system: 'mysql', methods: ['query'], target: ({ config: { host, port, socketPath, database } }) => ({ host: host ?? socketPath, port, database }) },
};

/**
 * @param {keyof CLIENTS} driver
 * @param Client class of a connection, or one made from it
 */
exports.captureClient = (driver, Client) => {
  const { system, methods, target } = CLIENTS[driver];
  for (const method of methods) {
    let { prototype } = Client ?? {};
    while (prototype && !Object.hasOwn(prototype, method)) prototype = Object.getPrototypeOf(prototype);
    const original = prototype?.[method];
    if (typeof original !== 'function' || original[TRACED]) continue;
    prototype[method] = function (...args) {
      const recorder = globalThis[Symbol.for('cdk-traced-function.recorder')];
      const running = recorder?.running();
      const call = running && recorder.guard(() => beginCall(recorder, running, { system, driver, ...target(this) }));
      if (!call) return original.apply(this, args);
      const { guard } = recorder;
      let isOpen = true;
      const finish = error => {
        if (isOpen) guard(() => error ? call.fail(error) : call.end());
        isOpen = false;
      };
      return watched(original, this, args, finish);
    };
    Object.defineProperties(prototype[method], { name: { value: method }, length: { value: original.length }, [TRACED]: { value: true } });
  }
};

/** Calls a function that tells its outcome by a callback, a promise or events. */
function watched(original, client, args, finish) {
  const wrap = callback => function (...outcome) {
    finish(outcome[0]);
    return callback.apply(this, outcome);
  };
  const given = [...args];
  const at = given.findIndex((argument, i) => i > 0 && typeof argument === 'function');
  const [query] = given;
  let tells = at > 0;
  if (tells) {
    given[at] = wrap(given[at]);
  } else if (typeof query === 'object' && query !== null) {
    // A query that was made before has its callback with it: in pg, in mysql2, and in the options of pg.
    const name = ['callback', 'onResult'].find(key => typeof query[key] === 'function');
    tells = name !== undefined;
    if (tells && (name === 'onResult' || typeof query.submit === 'function')) query[name] = wrap(query[name]);
    else if (tells) given[0] = Object.create(query, { [name]: { value: wrap(query[name]), enumerable: true, writable: true } });
  }
  let result;
  try {
    result = original.apply(client, given);
  } catch (error) {
    finish(error);
    throw error;
  }
  if (tells) return result;
  if (typeof result?.once === 'function') { // first: mysql2's queries have a `then` that only complains
    result.once(errorMonitor, finish);
    result.once('end', () => finish());
    return result;
  }
  if (typeof result?.then === 'function') {
    return result.then(value => {
      finish();
      return value;
    }, error => {
      finish(error);
      throw error;
    });
  }
  finish();
  return result;
}
