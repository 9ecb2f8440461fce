// Lambda's Node.js 24 and newer start no handler that declares a callback, and give none. A traced one is shown to Lambda with two parameters, and
// answers with a promise that is settled as older runtimes settle the request: by the callback, or by `succeed`, `fail` and `done` of the context.

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');

/** Set by the package when its code calls `succeed`, `fail` or `done` of a context. */
const ANSWERS_BY_CONTEXT = Symbol.for('cdk-traced-function.answersByContext');

/** Before the time of the invocation runs out, in milliseconds: time enough to answer. */
const MARGIN = 500;

/** Several requests at the same time: the event loop is never empty. */
const waitsAtAll = !process.env.AWS_LAMBDA_MAX_CONCURRENCY;
let loopBecomesEmpty = true;

/** @param handler what the user's module exports */
export function adaptCallbacks(handler) {
  if (typeof handler !== 'function' || handler[STREAMING]) return handler;
  const declaresCallback = handler.length > 2;
  const { length, prototype, ...own } = Object.getOwnPropertyDescriptors(handler);
  return Object.defineProperties(function (event, context, ...rest) {
    if (!declaresCallback && !globalThis[ANSWERS_BY_CONTEXT]) return Reflect.apply(handler, this, [event, context, ...rest]);
    return new Promise((resolve, reject) => {
      const answer = new Answer(resolve, reject, context);
      const result = Reflect.apply(handler, this, [event, answer.extend(context), answer.callback]);
      if (typeof result?.then === 'function') result.then(answer.succeed, error => answer.first(() => answer.settle(reject, error)));
      // Without a callback the request is answered when nothing is left to do: on older runtimes with null, on newer ones with what the handler returns.
      else answer.whenNothingIsLeft(declaresCallback ? null : result);
    });
  }, own);
}

/** The first call counts, as on older runtimes. */
class Answer {
  isGiven = false;
  waitsForEmptyEventLoop = true;

  constructor(resolve, reject, context) {
    this.resolve = resolve;
    this.reject = reject;
    this.remaining = () => context?.getRemainingTimeInMillis?.();
  }

  callback = (error, value) => this.first(() => {
    if (error !== undefined && error !== null) this.settle(this.reject, error);
    else if (this.waitsForEmptyEventLoop && waitsAtAll && loopBecomesEmpty) this.waitForEmptyEventLoop(value);
    else this.settle(this.resolve, value);
  });

  done = (error, value) => this.first(() => {
    if (error !== undefined && error !== null) this.settle(this.reject, error);
    else this.settle(this.resolve, value);
  });

  succeed = value => this.done(null, value);

  fail = error => this.done(error ?? 'handled');

  /** Adds what the context has on older runtimes. */
  extend(context) {
    if (typeof context !== 'object' || context === null || !Object.isExtensible(context)) return context;
    const answer = this;
    return Object.defineProperties(context, {
      callbackWaitsForEmptyEventLoop: {
        get: () => answer.waitsForEmptyEventLoop, set: waits => { answer.waitsForEmptyEventLoop = waits; }, enumerable: true, configurable: true,
      },
      ...Object.fromEntries(['succeed', 'fail', 'done'].map(name => [name, { value: answer[name], enumerable: true, configurable: true, writable: true }])),
    });
  }

  first(act) {
    if (this.isGiven) return;
    this.isGiven = true;
    act();
  }

  settle(by, value) {
    this.stopWaiting();
    by(value);
  }

  whenNothingIsLeft(value) {
    if (this.isGiven || !waitsAtAll) return;
    this.onEmpty = () => this.done(null, value);
    process.once('beforeExit', this.onEmpty);
  }

  waitForEmptyEventLoop(value) {
    this.stopWaiting();
    this.onEmpty = () => this.settle(this.resolve, value);
    process.once('beforeExit', this.onEmpty);
    // An open connection would let the request run into its timeout. Older runtimes do that; here it is answered while there is time.
    const remaining = this.remaining();
    if (!(remaining > 0)) return;
    this.timer = setTimeout(() => {
      loopBecomesEmpty = false;
      console.warn('cdk-traced-function: the callback was called, but something such as an open connection or a timer has kept the event loop from becoming empty; ' +
        'from now on callbacks answer at once. To say so in the handler, set context.callbackWaitsForEmptyEventLoop = false');
      this.onEmpty();
    }, Math.max(remaining - MARGIN, remaining / 2)).unref();
  }

  stopWaiting() {
    if (this.onEmpty) process.off('beforeExit', this.onEmpty);
    clearTimeout(this.timer);
  }
}
