import http from 'node:http';
import https from 'node:https';
import { get as namedGet } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import axios from 'axios';
import got from 'got';
import fetch2 from 'node-fetch-2';
import fetch3 from 'node-fetch';
import * as undici from 'undici';
import { dispatch } from './dispatch.js';

const REFUSED = 'http://127.0.0.1:1/path?secret=1';
const read = response => new Promise((resolve, reject) => {
  let body = '';
  response.setEncoding('utf8').on('data', text => body += text).on('end', () => resolve(`${response.statusCode} ${body}`)).on('error', reject);
});
const get = (...args) => new Promise((resolve, reject) => http.get(...args, response => read(response).then(resolve, reject)).on('error', reject));
const told = error => `${error.name} ${error.code} ${error.message}`;
const keepAlive = new http.Agent({ keepAlive: true, maxSockets: 1 });

export const handler = dispatch({
  httpGet: site => get(`${site}/status/200?q=1`),
  httpGetUrl: site => get(new URL(`${site}/status/201`)),
  httpGetUrlAndOptions: site => get(`${site}/status/200`, { headers: { 'X-Own': 'own' } }),
  httpNamedImport: site => new Promise((resolve, reject) => namedGet(`${site}/status/200`, response => read(response).then(resolve, reject)).on('error', reject)),
  httpPost: site => new Promise((resolve, reject) => {
    const request = http.request(`${site}/status/200`, { method: 'POST', headers: { 'Content-Type': 'text/plain' } }, response => read(response).then(resolve, reject));
    request.on('error', reject).write('one');
    request.end('two');
  }),
  httpHeadersAsList: site => get(`${site}/status/200`, { headers: ['X-Own', 'own', 'Host', 'example.com'] }),
  httpEvents: site => new Promise(resolve => {
    const events = [];
    const request = http.get(`${site}/status/200`);
    for (const name of ['socket', 'finish', 'response', 'close']) request.on(name, () => events.push(name));
    request.on('response', response => response.resume().on('end', () => events.push('end')));
    request.on('close', () => resolve(events.join()));
  }),
  httpNobodyListens: async site => {
    const request = http.get(`${site}/status/200`);
    await new Promise(resolve => request.on('close', resolve));
    return request.listenerCount('response') + request.listenerCount('error');
  },
  httpRefused: () => get(REFUSED).catch(told),
  httpsRefused: () => new Promise(resolve => https.get('https://user:password@127.0.0.1:1/', { agent: false }).on('error', error => resolve(told(error)))),
  httpUnhandledError: () => new Promise(resolve => {
    const request = http.get(REFUSED);
    request.on('close', () => resolve(request.listenerCount('error')));
    request.on('error', error => console.log(told(error)));
  }),
  httpInvalidUrl: () => http.get('no url'),
  httpInvalidHeader: site => http.get(site, { headers: { 'X-Own': 'a\nb' } }),
  httpAbort: site => get(`${site}/slow`, { signal: AbortSignal.timeout(20) }).catch(error => error.name),
  httpTimeoutOption: site => new Promise(resolve => {
    const request = http.get(`${site}/slow`, { timeout: 20 });
    request.on('timeout', () => request.destroy(new Error('too slow'))).on('error', error => resolve(told(error)));
  }),
  httpDestroyed: site => new Promise(resolve => http.get(`${site}/slow`).on('error', error => resolve(told(error))).destroy()),
  httpKeepAlive: async site => [await get(`${site}/status/200`, { agent: keepAlive }), await get(`${site}/status/204`, { agent: keepAlive })],
  httpHead: site => new Promise((resolve, reject) => http.request(`${site}/status/200`, { method: 'HEAD' }, response => read(response).then(resolve, reject)).on('error', reject).end()),
  httpPipeline: async site => {
    const chunks = [];
    const response = await new Promise((resolve, reject) => http.get(`${site}/status/200`, resolve).on('error', reject));
    await pipeline(response, new Writable({ write(chunk, _, done) { chunks.push(String(chunk)); done(); } }));
    return chunks.join('');
  },
  httpPasswordInUrl: site => get(site.replace('//', '//user:password@')),
  httpOwnTraceHeaders: async site => [
    await get(`${site}/echo/traceparent`, { headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' } }),
    await get(`${site}/echo/x-amzn-trace-id`, { headers: { 'X-Amzn-Trace-Id': 'Root=own' } }),
  ],
  httpParallel: site => Promise.all(Array.from({ length: 8 }, (_, i) => get(`${site}/status/20${i}`))),
  httpInTimer: async site => { await sleep(1); return get(`${site}/status/200`); },
  requestName: () => [http.request.length, http.get.length, Object.keys(http).length],

  fetchGet: async site => (await fetch(`${site}/status/200?q=1`)).text(),
  fetchPost: async site => (await fetch(`${site}/status/201`, { method: 'POST', body: JSON.stringify({ a: 1 }), headers: { 'Content-Type': 'application/json' } })).status,
  fetchRequestObject: async site => (await fetch(new Request(`${site}/status/404`, { headers: new Headers([['X-Own', 'own']]) }))).status,
  fetchOwnTraceHeaders: async site => [
    await (await fetch(`${site}/echo/traceparent`, { headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' } })).text(),
    await (await fetch(`${site}/echo/x-amzn-trace-id`, { headers: { 'x-amzn-trace-id': 'Root=own' } })).text(),
  ],
  fetchRefused: () => fetch(REFUSED).catch(error => `${told(error)} ${told(error.cause)}`),
  fetchAbort: site => fetch(`${site}/slow`, { signal: AbortSignal.timeout(20) }).catch(error => error.name),
  fetchInvalidUrl: () => fetch('no url'),
  fetchStreamed: async site => {
    let text = '';
    for await (const chunk of (await fetch(`${site}/status/200`)).body) text += Buffer.from(chunk);
    return text;
  },
  fetchParallel: site => Promise.all(['200', '404', '500'].map(async status => (await fetch(`${site}/status/${status}`)).status)),
  fetchRedirected: async site => { const { redirected, status } = await fetch(`${site}/redirect`); return [redirected, status]; },

  undiciRequest: async site => { const { body, statusCode } = await undici.request(`${site}/status/200`); return [statusCode, await body.text()]; },
  undiciPool: async site => {
    const pool = new undici.Pool(site, { connections: 1 });
    const { body } = await pool.request({ path: '/echo/traceparent', method: 'GET', headers: { traceparent: 'own' } });
    const text = await body.text();
    await pool.close();
    return text;
  },
  undiciFetch: async site => (await undici.fetch(`${site}/status/200`)).text(),
  undiciRefused: () => undici.request(REFUSED).catch(told),

  axiosGet: async site => { const { data, status } = await axios.get(`${site}/status/200`, { params: { q: 1 } }); return [status, data]; },
  axiosPost: async site => (await axios.post(`${site}/status/200`, { a: 1 })).data,
  axiosFails: site => axios.get(`${site}/status/404`).catch(({ name, code, message, response: { status, data } }) => [name, code, message, status, data]),
  axiosThrows: site => axios.get(`${site}/status/500`),
  axiosRefused: () => axios.get(REFUSED).catch(told),
  axiosInterceptor: async site => {
    const client = axios.create({ baseURL: site });
    client.interceptors.request.use(config => { config.headers.set('X-Own', 'own'); return config; });
    return (await client.get('/echo/x-own')).data;
  },
  gotGet: async site => (await got(`${site}/status/200`)).body,
  gotFails: site => got(`${site}/status/404`, { retry: { limit: 0 } }).catch(error => `${error.name} ${error.code} ${error.response.statusCode}`),
  gotStream: async site => {
    let text = '';
    for await (const chunk of got.stream(`${site}/status/200`)) text += chunk;
    return text;
  },
  gotRefused: () => got(REFUSED, { retry: { limit: 0 } }).catch(told),
  nodeFetch2: async site => (await fetch2(`${site}/status/200`)).text(),
  nodeFetch2Refused: () => fetch2(REFUSED).catch(told),
  nodeFetch3: async site => (await fetch3(`${site}/status/200`, { method: 'PUT', body: 'text' })).text(),
  nodeFetch3Abort: site => fetch3(`${site}/slow`, { signal: AbortSignal.timeout(20) }).catch(error => error.name),
});
