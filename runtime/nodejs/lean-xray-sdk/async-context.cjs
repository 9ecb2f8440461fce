'use strict';
// Stands in for 'cls-hooked/context' in the AWS X-Ray SDK: what the SDK and `AWSXRay.getNamespace()` have of it, on AsyncLocalStorage, which costs nothing until a context is
// entered. cls-hooked runs hooks of its own at every promise. One thing differs: after `await namespace.runPromise(...)` cls-hooked stays in the
// inner context, and whatever comes later, the next invocation included, is recorded under it. Here the context ends with the promise.
const { AsyncLocalStorage, executionAsyncId } = require('node:async_hooks');

const namespaces = { __proto__: null };

class Namespace {
  constructor(name) {
    this.name = name;
    this.storage = new AsyncLocalStorage();
    this.previous = new WeakMap();
  }

  /** Where no context was entered, the one entered first holds: the X-Ray SDK enters it at load, for all invocations. */
  get active() {
    return this.storage.getStore() ?? this.root ?? null;
  }

  set(key, value) {
    const context = this.active;
    if (!context) throw new Error('No context available. ns.run() or ns.bind() must be called first.');
    context[key] = value;
    return value;
  }

  get(key) {
    return this.active?.[key];
  }

  createContext() {
    const context = Object.create(this.active ?? Object.prototype);
    context._ns_name = this.name;
    context.id = executionAsyncId();
    return context;
  }

  run(fn) {
    const context = this.createContext();
    this.storage.run(context, fn, context);
    return context;
  }

  runAndReturn(fn) {
    const context = this.createContext();
    return this.storage.run(context, fn, context);
  }

  runPromise(fn) {
    const promise = this.runAndReturn(fn);
    if (!promise?.then || !promise.catch) throw new Error('fn must return a promise.');
    return promise;
  }

  bind(fn, context = this.active ?? this.createContext()) {
    const { storage } = this;
    return function clsBind(...args) {
      return storage.run(context, () => fn.apply(this, args));
    };
  }

  enter(context) {
    if (!this.root) {
      this.root = context;
      return;
    }
    this.previous.set(context, this.storage.getStore());
    this.storage.enterWith(context);
  }

  exit(context) {
    if (this.root === context) this.root = undefined;
    else if (this.storage.getStore() === context) this.storage.enterWith(this.previous.get(context));
  }

  /** Listeners added from now on run in the context in which they are added. */
  bindEmitter(emitter) {
    const { on, prependListener } = emitter;
    const bound = listener => Object.assign(this.bind(listener), { listener });
    const once = add => (type, listener) => {
      const wrapper = bound(function (...args) {
        emitter.removeListener(type, wrapper);
        return listener.apply(this, args);
      });
      wrapper.listener = listener; // as Node.js does, so that it can be removed by what was added
      return add.call(emitter, type, wrapper);
    };
    emitter.on = emitter.addListener = (type, listener) => on.call(emitter, type, bound(listener));
    emitter.prependListener = (type, listener) => prependListener.call(emitter, type, bound(listener));
    emitter.once = once(on);
    emitter.prependOnceListener = once(prependListener);
  }
}

module.exports = {
  getNamespace: name => namespaces[name],
  createNamespace: name => (namespaces[name] = new Namespace(name)),
  destroyNamespace: name => { namespaces[name] = null; },
};
