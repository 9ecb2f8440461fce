'use strict';
// Records commands of ioredis. It is in a package only when that is. Of a command its name is recorded, and neither keys nor values.
const { beginCall } = require('./database-call.cjs');

const TRACED = Symbol('traced');
const seen = new WeakSet();

/** What a client does of its own accord, to keep its connection. */
const OWN_COMMANDS = /^(?:auth|hello|select|client|info|readonly|asking|cluster|command|quit)$/i;

/** A cluster's node knows where to look instead, and the client asks there with the same command. */
const ELSEWHERE = /^(?:MOVED|ASK|TRYAGAIN|CLUSTERDOWN|LOADING)\b/;

/** @param Redis class of a client, which has that of its pipelines where the whole library is at hand */
exports.captureClient = Redis => {
  // Each command of a pipeline comes by; the pipeline is recorded instead.
  wrap(Redis, 'sendCommand', ({ options }, [command, stream]) =>
    !stream?.isPipeline && !OWN_COMMANDS.test(command.name) && { outcome: command, operation: String(command.name).toUpperCase(), options });
  exports.capturePipeline(Redis?.Pipeline);
};

/** @param Pipeline class of what sends several commands at once, as transactions do */
exports.capturePipeline = Pipeline => wrap(Pipeline, 'exec', pipeline => ({ outcome: pipeline, operation: 'PIPELINE', options: pipeline.redis?.options }));

function wrap(Class, method, describe) {
  const { prototype } = Class ?? {};
  const original = prototype?.[method];
  if (typeof original !== 'function' || original[TRACED]) return;
  prototype[method] = function (...args) {
    const recorder = globalThis[Symbol.for('cdk-traced-function.recorder')];
    const running = recorder?.running();
    if (running) recorder.guard(() => begin(recorder, running, describe(this, args)));
    return original.apply(this, args);
  };
  Object.defineProperties(prototype[method], { name: { value: method }, length: { value: original.length }, [TRACED]: { value: true } });
}

function begin(recorder, running, described) {
  // A command that waits for the connection comes by once more.
  if (!described || seen.has(described.outcome)) return;
  const { outcome, operation, options = {} } = described;
  seen.add(outcome);
  const { host = options.path ?? 'redis', port } = options.path ? { host: options.path } : options;
  const call = beginCall(recorder, running, { system: 'redis', driver: 'ioredis', host, port, operation });
  if (!call) return;
  // Told by what settles the promise: whoever waits for that would make a rejection that nobody handles look handled.
  const { resolve, reject } = outcome;
  outcome.resolve = function (...values) {
    recorder.guard(() => call.end());
    return resolve.apply(this, values);
  };
  outcome.reject = function (...errors) {
    recorder.guard(() => !ELSEWHERE.test(errors[0]?.message) && call.fail(errors[0]));
    return reject.apply(this, errors);
  };
}
