'use strict';
// Stands in for a part of aws-xray-sdk-core that no code of the package was seen to use. It is reached by names put together at run time only.

/** @param {object} members what is there all the same */
module.exports = members => new Proxy(members, {
  get: (target, name) => name in target || typeof name === 'symbol' ? target[name] : () => {
    throw new Error(`aws-xray-sdk-core: ${name} was left out of this package; to keep it, set Instrumentation.xraySdk({ trim: false })`);
  },
});
