'use strict';
// Stands in for the native part of aws-lambda-ric, which would have to be compiled: the four calls of Lambda's Runtime API over HTTP.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
const http = require('node:http');

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: false });
const { request } = http; // as it is before the function is loaded
let posted = Promise.resolve();

function call(method, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, agent, method, path: `/2018-06-01/runtime${path}`, headers }, response => {
      const chunks = [];
      response.on('data', chunk => chunks.push(chunk)).on('end', () => resolve({ bodyJson: Buffer.concat(chunks).toString(), headers: response.headers }));
    });
    sent.on('error', reject).end(body);
  });
}

module.exports = {
  initializeClient() { /* nothing to prepare */ },
  next: () => posted.then(() => call('GET', '/invocation/next')),
  done(id, body) { posted = call('POST', `/invocation/${id}/response`, body); },
  error(id, body, cause) { posted = call('POST', `/invocation/${id}/error`, body, { 'Lambda-Runtime-Function-XRay-Error-Cause': cause ?? '' }); },
};
