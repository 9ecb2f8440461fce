'use strict';
// Stands in for call_capturer.js of aws-xray-sdk-core: what is recorded of a call, by lists that come with the commands. Whoever brings lists of their own
// has the original.
const { services } = require('../resources/aws_whitelist.json');

const snakeCase = name => name === 'IPAddress' ? 'ip_address' : name.split(/(?=[A-Z])/).join('_').toLowerCase();

module.exports = class CallCapturer {
  services = services;

  capture(service, { request: { operation, params }, data }) {
    const known = this.services[service];
    if (!known) return undefined;
    const captured = {};
    const lists = known.operations[operation];
    for (const kind in lists) {
      const source = kind.startsWith('request') ? params : data;
      if (!source) continue;
      const wanted = lists[kind];
      for (const key in wanted) {
        const isName = Array.isArray(wanted);
        const name = isName ? wanted[key] : key;
        const { list, get_count: count, get_keys: keys, rename_to: renamed } = isName ? {} : wanted[key];
        const value = source[name];
        if (value !== undefined) captured[renamed ?? snakeCase(name)] = list && count ? value?.length ?? 0 : keys ? Object.keys(value) : value;
      }
    }
    return captured;
  }
};
