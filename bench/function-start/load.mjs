// Loads one function in a fresh process, as Lambda's runtime does: `require` for CommonJS, `import` for an ES module.
// Argument: the file. Prints { start }: milliseconds of processor time.
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [file] = process.argv.slice(2);
const require = createRequire(import.meta.url);
void http, https; // Lambda's runtime has loaded them

function processorTime() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e3;
}

const started = processorTime();
const { handler } = file.endsWith('.mjs') ? await import(pathToFileURL(file).href) : require(file);
const start = processorTime() - started;
if (typeof handler !== 'function') throw new Error(`${file} exports no handler`);
console.log(JSON.stringify({ start }));
process.exit(0);
