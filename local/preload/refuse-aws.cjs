'use strict';
// Loaded into the CDK CLI before its own code: no connection to AWS's host names leaves it, whichever SDK it uses and whatever that SDK reads.
// The app that the CLI starts is not concerned: it may well install packages while it is synthesised, and has no credentials.
const dns = require('node:dns');
const tls = require('node:tls');

const AWS_HOST = /(?:^|\.)(?:amazonaws\.com(?:\.cn)?|api\.aws|amazonaws\.eu|api\.amazonwebservices\.com\.cn)\.?$/i;

function refusal(host) {
  return Object.assign(new Error(`the local launcher lets nothing reach AWS, and this CDK CLI wanted to call ${host}`), { code: 'ERR_LOCAL_ONLY', syscall: 'connect' });
}

const { lookup } = dns;
dns.lookup = function refusingLookup(host, ...rest) {
  const callback = rest.at(-1);
  if (typeof host === 'string' && AWS_HOST.test(host) && typeof callback === 'function') {
    process.nextTick(callback, refusal(host));
    return {};
  }
  return lookup.call(this, host, ...rest);
};

// Behind a proxy the proxy looks up the name; whoever talks TLS through the tunnel names it all the same.
const { connect } = tls;
tls.connect = function refusingConnect(...args) {
  const options = args.find(arg => arg !== null && typeof arg === 'object');
  const name = options?.servername ?? options?.host;
  if (options?.socket && typeof name === 'string' && AWS_HOST.test(name)) {
    options.socket.destroy();
    throw refusal(name);
  }
  return connect.apply(this, args);
};
