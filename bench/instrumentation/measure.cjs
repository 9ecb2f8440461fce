// One package in a fresh process. Argument: the package's file. Prints a JSON object: { init }, milliseconds of processor time to load it.
// Processor time, because that is what a function has little of, and because what else the machine does counts less.
require('node:http');
require('node:https');

function milliseconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}

const started = milliseconds();
require(process.argv[2]);
console.log(JSON.stringify({ init: milliseconds() - started }));
process.exit(0);
