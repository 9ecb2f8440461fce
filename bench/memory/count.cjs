// Calls one handler many times and looks at the memory in between. Arguments: the file, how many calls, at which count the first look is, whether sampled.
// Prints { first, last }, each { heap, rss } in bytes after a full collection. Started with --expose-gc.
const [file, count, first, sampled] = process.argv.slice(2).map((text, i) => i === 0 ? text : Number(text));
const { handler } = require(file);

/** Calls until the event loop turns: on Lambda it does so at least once a call. */
const TURN = 20;

/** Headers in rotation: the system's setenv keeps each new text for ever, with which Lambda's runtime lives too. */
const HEADERS = 1_000;

const hex = (value, digits) => value.toString(16).padStart(digits, '0');
const context = { awsRequestId: 'request', functionName: 'bench' };

async function look() {
  for (let i = 0; i < 4; i++) {
    await new Promise(setImmediate); // what is under way ends, and what waits for its finalizer goes
    globalThis.gc();
  }
  const { heapUsed: heap, external, rss } = process.memoryUsage();
  return { heap: heap + external, rss };
}

(async () => {
  const looks = {};
  const headers = Array.from({ length: HEADERS }, (_, i) => `Root=1-${hex(0x6a000000 + i, 8)}-${hex(i, 24)};Parent=${hex(i + 1, 16)};Sampled=${sampled}`);
  for (let i = 1; i <= count; i++) {
    process.env._X_AMZN_TRACE_ID = headers[i % HEADERS];
    await handler({ id: `item ${i}` }, context);
    if (i % TURN === 0) await new Promise(setImmediate);
    if (i === first) looks.first = await look();
  }
  looks.last = await look();
  console.log(JSON.stringify(looks));
  process.exit(0);
})();
