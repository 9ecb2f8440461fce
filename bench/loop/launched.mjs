// The launcher as a program that tells what it does: `npm start -- --json`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Starts it. `event` resolves with the next event of a kind after the last that was asked for; fails with the launcher's words when it ends before. */
export function launch(program, args, { cwd, env, webPort = 0 }) {
  const child = spawn(process.execPath, [program, '--json', '--cloud-port', '0', '--xray-port', '0', '--web-port', String(webPort), '--otlp-port', '0', ...args], { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', text => { errors += text; });
  const ended = once(child, 'close');
  const events = [];
  let taken = 0;
  let wake = () => {};
  createInterface(child.stdout).on('line', line => {
    if (line.startsWith('{')) events.push(JSON.parse(line));
    wake();
  });
  child.on('close', () => wake());
  return {
    async event(kind, matches = () => true) {
      for (;;) {
        const index = events.findIndex(({ event }, i) => i >= taken && event === kind && matches(events[i]));
        if (index >= 0) {
          taken = index + 1;
          return events[index];
        }
        if (child.exitCode !== null) throw new Error(`the launcher ended before '${kind}': ${errors}${events.filter(({ event }) => event === 'error').map(({ message }) => message).join('\n')}`);
        await new Promise(resolve => { wake = resolve; });
      }
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
