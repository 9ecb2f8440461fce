// CloudFormation's response address is https on AWS, and CDK's custom resources call it as such, without the port that it has in the local
// cloud. Only that path is sent there over http.
'use strict';
const http = require('http');
const https = require('https');
const { syncBuiltinESMExports } = require('module');
const { URL } = require('url');

const cloud = new URL(process.env.AWS_ENDPOINT_URL || 'http://127.0.0.1');
const { request } = https;
https.request = function (...args) {
  const first = args[0];
  const url = typeof first === 'string' || first instanceof URL ? new URL(first) : undefined;
  const own = args.find((arg) => typeof arg === 'object' && arg !== null && !(arg instanceof URL));
  const path = (own && own.path) || (url && `${url.pathname}${url.search}`);
  if (!String(path).startsWith('/_ministack/')) return request.apply(this, args);
  const callback = args.find((arg) => typeof arg === 'function');
  const local = { protocol: 'http:', host: undefined, hostname: cloud.hostname, port: cloud.port, path, agent: undefined };
  return http.request(Object.assign({}, own, local), callback);
};
syncBuiltinESMExports();
