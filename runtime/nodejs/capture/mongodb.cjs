'use strict';
// Records commands of MongoDB's driver. It is in a package only when that is. Of a command its name is recorded, and neither collection nor documents.
const { beginCall } = require('./database-call.cjs');

const TRACED = Symbol('traced');

/** What the driver does of its own accord, to keep its connections. */
const OWN_COMMANDS = /^(?:hello|ismaster|ping|sasl\w+|endSessions|killCursors|getnonce|authenticate)$/i;

/** @param Connection class of a connection: `command(namespace, command, options, callback)`, before version 6.4 with a callback */
exports.captureConnection = Connection => {
  const { prototype } = Connection ?? {};
  const { command } = prototype ?? {};
  if (typeof command !== 'function' || command[TRACED]) return;
  prototype.command = function (...args) {
    const recorder = globalThis[Symbol.for('cdk-traced-function.recorder')];
    const running = recorder?.running();
    const call = running && recorder.guard(() => begin(recorder, running, this, args));
    if (!call) return command.apply(this, args);
    const { guard } = recorder;
    const succeed = () => guard(() => call.end());
    const fail = error => guard(() => call.fail(error));
    const at = args.length - 1;
    const callsBack = at > 2 && typeof args[at] === 'function' && command.constructor.name !== 'AsyncFunction'; // which has a class there
    if (callsBack) {
      const callback = args[at];
      args[at] = function (error, ...rest) {
        if (error) fail(error);
        else succeed();
        return callback.call(this, error, ...rest);
      };
    }
    let result;
    try {
      result = command.apply(this, args);
    } catch (error) {
      fail(error);
      throw error;
    }
    if (callsBack || typeof result?.then !== 'function') return result;
    return result.then(value => {
      succeed();
      return value;
    }, error => {
      fail(error);
      throw error;
    });
  };
  Object.defineProperties(prototype.command, { name: { value: 'command' }, length: { value: command.length }, [TRACED]: { value: true } });
};

function begin(recorder, running, connection, [namespace, command]) {
  const [operation] = Object.keys(command);
  if (OWN_COMMANDS.test(operation)) return undefined;
  const [, host, port] = /^(.*?)(?::(\d+))?$/.exec(String(connection.address));
  return beginCall(recorder, running, {
    system: 'mongodb', driver: 'mongodb', host, port: port && Number(port), database: namespace.db ?? String(namespace).split('.')[0], operation,
  });
}
