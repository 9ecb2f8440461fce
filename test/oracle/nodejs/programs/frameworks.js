import middy from '@middy/core';
import { Hono } from 'hono';
import { handle } from 'hono/aws-lambda';
import { dispatch } from './dispatch.js';

const event = path => ({
  version: '2.0', routeKey: '$default', rawPath: path, rawQueryString: '', headers: { host: 'example.com' }, isBase64Encoded: false,
  requestContext: { accountId: '1', apiId: 'a', domainName: 'example.com', domainPrefix: 'e', requestId: 'r', routeKey: '$default', stage: '$default', time: '', timeEpoch: 0, http: { method: 'GET', path, protocol: 'HTTP/1.1', sourceIp: '1.1.1.1', userAgent: 'u' } },
});
const hono = new Hono();
hono.get('/', async context => context.json({ status: (await fetch(`${process.env.SITE}/status/200`)).status }));
hono.get('/fails', () => { throw new Error('in hono'); });
const ofHono = handle(hono);
const ofMiddy = middy(async ({ fails }) => {
  if (fails) throw new Error('in middy');
  return (await fetch(`${process.env.SITE}/status/200`)).status;
}).use({ before: ({ event: given }) => { given.seen = true; }, after: request => { request.response = { status: request.response }; } });
const recovered = middy(() => { throw new Error('recovered'); }).use({ onError: request => { request.response = `${request.error.message}`; } });

export const handler = dispatch({
  hono: (_, __, context) => ofHono(event('/'), context),
  honoFails: (_, __, context) => ofHono(event('/fails'), context),
  middy: (_, __, context) => ofMiddy({}, context),
  middyFails: (_, __, context) => ofMiddy({ fails: true }, context),
  middyRecovers: (_, __, context) => recovered({}, context),
});
