// One package in a fresh process. Arguments: the package's file, 'init' or 'calls', how many calls. Prints a JSON object:
// { init } milliseconds of processor time to load it, or { call } microseconds of processor time of a call, the tenth percentile of chunks of 250.
// Processor time, because that is what a function has little of, and because what else the machine does counts less.
const [file, what, count, sampled] = process.argv.slice(2);
require('node:http');
require('node:https');

const hex = (value, digits) => value.toString(16).padStart(digits, '0');

/** Microseconds. */
function processorTime() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

(async () => {
  const started = processorTime();
  const { handler } = require(file);
  const init = (processorTime() - started) / 1e3;
  if (what === 'init') {
    console.log(JSON.stringify({ init }));
    return;
  }
  const context = { awsRequestId: 'request', functionName: 'bench', invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:bench' };
  const call = async i => {
    process.env._X_AMZN_TRACE_ID = `Root=1-${hex(0x6a000000 + i, 8)}-${hex(i, 24)};Parent=${hex(i + 1, 16)};Sampled=${sampled}`;
    await handler({ id: 'a' }, context);
  };
  for (let i = 0; i < 1500; i++) await call(i);
  const chunks = [];
  for (let i = 0; i < Number(count); i += 250) {
    const chunk = processorTime();
    for (let j = i; j < i + 250; j++) await call(j);
    chunks.push((processorTime() - chunk) / 250);
  }
  chunks.sort((a, b) => a - b);
  console.log(JSON.stringify({ call: chunks[Math.floor(chunks.length / 10)] }));
  process.exit(0);
})();
