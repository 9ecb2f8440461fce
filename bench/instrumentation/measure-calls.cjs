// Calls of several packages in turn, within one process: each has a worker of its own, and so its own globals and hooks, and one works at a time. Argument: a JSON
// object { files: { name: file }, sampled, rounds }. Prints a JSON object of names to microseconds of processor time of a call, one for each round, beside
// `send`, a bare datagram, and `turn`, the turn of the event loop in which that is sent.
// Processor time of the process, because that is what a function has little of; in turn, because then whatever else the machine does meets all sides.
const { isMainThread, parentPort, Worker, workerData } = require('node:worker_threads');

const CHUNK = 250;
const WARM_UP = 1_500;
/** About as large as the document of one call. */
const DATAGRAM_BYTES = 700;

const hex = (value, digits) => value.toString(16).padStart(digits, '0');
const turn = () => new Promise(resolve => setImmediate(resolve));

async function bareSend() {
  const socket = require('node:dgram').createSocket('udp4').unref();
  const [host, port] = process.env.AWS_XRAY_DAEMON_ADDRESS.split(':');
  await new Promise(resolve => socket.connect(Number(port), host, resolve));
  const datagram = Buffer.alloc(DATAGRAM_BYTES, 'x');
  return () => {
    socket.send(datagram);
    return turn();
  };
}

function handlerCall({ file, sampled }) {
  require('node:http');
  require('node:https');
  const { handler } = require(file);
  const context = { awsRequestId: 'request', functionName: 'bench', invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:bench' };
  return i => {
    process.env._X_AMZN_TRACE_ID = `Root=1-${hex(0x6a000000 + i, 8)}-${hex(i, 24)};Parent=${hex(i + 1, 16)};Sampled=${sampled}`;
    return handler({ id: 'a' }, context);
  };
}

async function work() {
  const { name } = workerData;
  const call = name === 'send' ? await bareSend() : name === 'turn' ? turn : handlerCall(workerData);
  let i = 0;
  parentPort.on('message', async count => {
    for (const end = i + count; i < end; i++) await call(i);
    await turn(); // what was sent has left
    parentPort.postMessage('done');
  });
  parentPort.postMessage('ready');
}

async function main() {
  const { files, sampled, rounds } = JSON.parse(process.argv[2]);
  const workers = {};
  const said = name => new Promise((resolve, reject) => workers[name].once('message', resolve).once('error', reject));
  for (const name of ['send', 'turn', ...Object.keys(files)]) {
    workers[name] = new Worker(__filename, { workerData: { name, file: files[name], sampled } });
    await said(name);
  }
  const run = async (name, count) => {
    const done = said(name);
    workers[name].postMessage(count);
    await done;
    workers[name].removeAllListeners('error');
  };
  const names = Object.keys(workers);
  for (const name of names) await run(name, WARM_UP);
  const found = Object.fromEntries(names.map(name => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const first = round % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      const before = process.cpuUsage();
      await run(name, CHUNK);
      const { user, system } = process.cpuUsage(before);
      found[name].push((user + system) / CHUNK);
    }
  }
  console.log(JSON.stringify(found));
  process.exit(0);
}

if (isMainThread) main();
else work();
