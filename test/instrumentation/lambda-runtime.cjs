// Calls a handler as Lambda's Node.js runtime does. Arguments: the package's file, the handler's name. Standard input: a JSON list of
// { event, traceId } (traceId null: no header). Last line of the output: a JSON list of { value } or { error }.
const { AsyncLocalStorage } = require('node:async_hooks');
const path = require('node:path');
const { Writable } = require('node:stream');
const { pathToFileURL } = require('node:url');

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const traceOfRequest = new AsyncLocalStorage();
globalThis.awslambda = {
  streamifyResponse: handler => Object.assign(handler, { [STREAMING]: 'response' }),
  InvokeStore: { getXRayTraceId: () => traceOfRequest.getStore() },
};

async function main([file, name]) {
  delete process.env._X_AMZN_TRACE_ID; // as during the initialisation
  const module = file.endsWith('.mjs') ? await import(pathToFileURL(file).href) : require(path.resolve(file));
  const handler = module[name];
  const results = [];
  for (const [i, { event, traceId }] of JSON.parse(require('node:fs').readFileSync(0, 'utf8')).entries()) {
    if (traceId === null) delete process.env._X_AMZN_TRACE_ID;
    else process.env._X_AMZN_TRACE_ID = traceId;
    const made = process.env.TEST_TRACE_SOURCES ? callWithSources(handler, event, traceId, i) : call(handler, event);
    results.push(await made.then(value => ({ value }), error => ({ error: `${error?.name}: ${error?.message ?? error}` })));
  }
  process.stdout.write(`\n${JSON.stringify(results)}\n`);
}

/** The first invocation has a trace in the invoke store and the context, the second in the context, the third in neither. */
function callWithSources(handler, event, traceId, i) {
  const other = id => traceId.replace(/Parent=\w+/, `Parent=${id.repeat(16)}`);
  const more = i < 2 ? { xRayTraceId: other('b') } : {};
  return i === 0 ? traceOfRequest.run(other('a'), () => call(handler, event, more)) : call(handler, event, more);
}

/** Calls the handler with all events at the same time, each with a trace of its own. Gives what has to be found of each. */
function runTogether(handler, events) {
  return Promise.all(events.map(async (event, i) => {
    const traceId = `5759e988bd862e3fe1be46a99427270${i}`;
    const parentId = `53995c3f42cd8ad${i}`;
    await traceOfRequest.run(`Root=1-${traceId.slice(0, 8)}-${traceId.slice(8)};Parent=${parentId};Sampled=1`, () => call(handler, event));
    return { traceId, parentId, table: event.table };
  }));
}

function call(handler, event, more = {}) {
  const context = {
    awsRequestId: 'request', functionName: 'function', callbackWaitsForEmptyEventLoop: true, runTogether: events => runTogether(handler, events), ...more,
  };
  return new Promise((resolve, reject) => {
    if (handler[STREAMING]) {
      let text = '';
      const stream = new Writable({ write(chunk, _encoding, done) { text += chunk; done(); } });
      stream.on('finish', () => resolve(text));
      Promise.resolve(handler(event, stream, context)).catch(reject);
      return;
    }
    const result = handler(event, context, (error, value) => { if (error) reject(error); else resolve(value); });
    if (typeof result?.then === 'function') result.then(resolve, reject);
    else if (handler.length < 3) resolve(null);
  });
}

main(process.argv.slice(2)).catch(error => {
  console.error(error);
  process.exitCode = 1;
});
