// The handler as Lambda calls it: the user's, with its errors, annotations and response recorded.
import { guard } from './capture/guard.mjs';

const manyAtOnce = 'AWS_LAMBDA_MAX_CONCURRENCY' in process.env;
const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');

/**
 * @param handler what the user's module exports
 * @param recorder `xrayRecorder(...)` or the one of OpenTelemetry
 * @param {{ coldStart?: boolean, response?: (value: unknown) => unknown }} options what is recorded of each invocation, and of its response
 */
export function traceHandler(handler, recorder, { coldStart = false, response } = {}) {
  if (typeof handler !== 'function') return handler; // Lambda says so in its own words
  // Deploy-time values, which may not be known when the package is made.
  const fixed = guard(() => JSON.parse(process.env.CDK_TRACED_FUNCTION_ANNOTATIONS ?? '{}')) ?? {};
  const annotated = coldStart || response !== undefined || Object.keys(fixed).length > 0;
  const name = `## ${process.env._HANDLER ?? 'handler'}`;
  let isFirst = true;
  const open = new Set();
  closeWithProcess(open);

  // A proxy, because Lambda looks at the number of the handler's parameters and at the symbols that streamifyResponse puts onto it.
  return new Proxy(handler, {
    apply(target, self, args) {
      if (!manyAtOnce) open.forEach(close => close()); // it neither promised nor called back
      const annotations = annotated ? { ...fixed, ...coldStart && { ColdStart: isFirst } } : undefined;
      const invocation = guard(() => recorder.beginInvocation(name, annotations, args[target[STREAMING] ? 2 : 1], args[0]));
      isFirst = false;
      if (!invocation) return Reflect.apply(target, self, args);
      const close = outcome => { // once: an async handler may call back too
        if (open.delete(close)) guard(() => invocation.close(outcome));
      };
      open.add(close);
      const succeed = value => close(response && !target[STREAMING] ? { response: response(value) } : undefined);
      const fail = error => close({ error });
      if (typeof args[2] === 'function') {
        const callback = args[2];
        args[2] = (error, value) => {
          if (error) fail(error);
          else succeed(value);
          return callback(error, value);
        };
      }
      let result;
      try {
        const invoke = () => Reflect.apply(target, self, args);
        result = invocation.run ? invocation.run(invoke) : invoke();
      } catch (error) {
        fail(error);
        throw error;
      }
      if (!isThenable(result)) {
        if (target.length < 3) succeed(result); // it neither promises nor calls back
        return result;
      }
      return Promise.resolve(result).then(value => {
        succeed(value);
        return value;
      }, error => {
        fail(error);
        throw error;
      });
    },
  });
}

/** What refuses to be looked at is for Lambda to complain of. */
function isThenable(value) {
  try {
    return typeof value?.then === 'function';
  } catch {
    return false;
  }
}

/** An invocation that takes the process with it is the one that people look for. */
function closeWithProcess(open) {
  process.on('uncaughtExceptionMonitor', error => open.forEach(close => close({ error })));
  process.on('exit', code => open.forEach(close => close({
    error: { name: 'Runtime.ExitError', message: `the process ended with code ${code} before the handler` },
  })));
}
