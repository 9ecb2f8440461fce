// A program that takes what is sent to the X-Ray daemon.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export async function startSink() {
  const child = spawn(process.execPath, [join(dirname(fileURLToPath(import.meta.url)), 'sink.cjs')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout);
  const [port] = await once(lines, 'line');
  return {
    port: Number(port),
    /** Datagrams so far. */
    async count() {
      child.stdin.write('count\n');
      return Number((await once(lines, 'line'))[0]);
    },
    stop: () => child.stdin.end(),
  };
}
