// Calls a handler as Lambda's Node.js runtime does. Arguments: the package's file, the handler's name. Standard input: a JSON list of
// { event, traceId } (traceId null: no header). Last line of the output: a JSON list of { value } or { error }.
const path = require('node:path');
const { Writable } = require('node:stream');
const { pathToFileURL } = require('node:url');

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
globalThis.awslambda = { streamifyResponse: handler => Object.assign(handler, { [STREAMING]: 'response' }) };

async function main([file, name]) {
  delete process.env._X_AMZN_TRACE_ID; // as during the initialisation
  const module = file.endsWith('.mjs') ? await import(pathToFileURL(file).href) : require(path.resolve(file));
  const handler = module[name];
  const results = [];
  for (const { event, traceId } of JSON.parse(require('node:fs').readFileSync(0, 'utf8'))) {
    if (traceId === null) delete process.env._X_AMZN_TRACE_ID;
    else process.env._X_AMZN_TRACE_ID = traceId;
    results.push(await call(handler, event).then(value => ({ value }), error => ({ error: `${error?.name}: ${error?.message ?? error}` })));
  }
  process.stdout.write(`\n${JSON.stringify(results)}\n`);
}

function call(handler, event) {
  const context = { awsRequestId: 'request', functionName: 'function', callbackWaitsForEmptyEventLoop: true };
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
