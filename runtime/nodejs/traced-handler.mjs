// The handler as Lambda calls it: the user's, with its errors, annotations and response recorded.

/** A response beyond this would not fit into a datagram together with the rest of its document. */
const LARGEST_RESPONSE_BYTES = 30_000;
const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');

/**
 * @param handler what the user's module exports
 * @param recorder `xrayRecorder(...)` or the one of OpenTelemetry
 * @param {{ coldStart?: boolean, response?: boolean }} options what is recorded of each invocation
 */
export function traceHandler(handler, recorder, { coldStart = false, response = false } = {}) {
  if (typeof handler !== 'function') return handler; // Lambda says so in its own words
  // Deploy-time values, which may not be known when the package is made.
  const fixed = JSON.parse(process.env.CDK_TRACED_FUNCTION_ANNOTATIONS ?? '{}');
  const annotated = coldStart || response || Object.keys(fixed).length > 0;
  const name = `## ${process.env._HANDLER ?? 'handler'}`;
  let isFirst = true;

  // A proxy, because Lambda looks at the number of the handler's parameters and at the symbols that streamifyResponse puts onto it.
  return new Proxy(handler, {
    apply(target, self, args) {
      const annotations = annotated ? { ...fixed, ...coldStart && { ColdStart: isFirst } } : undefined;
      const invocation = recorder.beginInvocation(name, annotations, args[target[STREAMING] ? 2 : 1]);
      isFirst = false;
      if (!invocation) return Reflect.apply(target, self, args);
      let isOpen = true; // an async handler may call back too
      const close = outcome => {
        if (isOpen) invocation.close(outcome);
        isOpen = false;
      };
      const succeed = value => close(response && !target[STREAMING] ? { response: limited(value) } : undefined);
      const fail = error => close({ error: error ?? new Error(String(error)) });
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
      if (typeof result?.then !== 'function') {
        if (target.length < 3) succeed(result); // it neither promises nor calls back
        return result;
      }
      return result.then(value => {
        succeed(value);
        return value;
      }, error => {
        fail(error);
        throw error;
      });
    },
  });
}

/** What the handler returns, or how large it was. */
function limited(value) {
  try {
    const bytes = Buffer.byteLength(JSON.stringify(value) ?? '');
    return bytes <= LARGEST_RESPONSE_BYTES ? value : { omitted: `${bytes} bytes` };
  } catch (error) {
    return { omitted: error.message }; // Lambda will fail to send it, and say so
  }
}
