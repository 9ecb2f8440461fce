// Starts programs that ask Lambda's runtime API for work by themselves: Go, and Java with its runtime client.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { pinnedCommand } from '../pinned-process.mjs';

/**
 * Milliseconds of processor time, of all threads, until a program asks for its first request.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
export async function startOf(program, args, env) {
  let ask;
  const asked = new Promise(resolve => { ask = resolve; });
  const server = createServer(request => {
    if (request.url.endsWith('/invocation/next')) ask(); // and waits, as on Lambda
    else request.resume().on('end', () => ask(new Error(`${program} does not start: ${request.url}`)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const [command, ...rest] = pinnedCommand(program, args);
  const child = spawn(command, rest, { env: { PATH: process.env.PATH, ...env, AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${server.address().port}` }, stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.on('data', text => { output += text; });
  const ended = once(child, 'close');
  try {
    const failure = await Promise.race([asked, ended.then(([status]) => new Error(`${program} ended with ${status}:\n${output}`))]);
    if (failure) throw failure;
    return processorTime(child.pid);
  } finally {
    child.kill('SIGKILL');
    await ended;
    server.closeAllConnections();
    server.close();
  }
}

/** https://docs.kernel.org/scheduler/sched-stats.html: nanoseconds on a processor come first. Threads that have ended are missing. */
function processorTime(pid) {
  const tasks = readdirSync(`/proc/${pid}/task`).map(task => readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8'));
  return tasks.reduce((sum, text) => sum + Number(text.split(' ')[0]), 0) / 1e6;
}
