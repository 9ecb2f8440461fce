// Programs that are measured: each in a process of its own, on one core where the system can do that.
import { execFile, spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

// The last core: what the bench itself and its sinks do runs on the others.
const pinned = cpus().length > 1 && spawnSync('taskset', ['--version']).status === 0 ? ['taskset', '-c', String(cpus().length - 1)] : [];

/** @returns {string[]} the command line that starts a program on one core */
export function pinnedCommand(program, args) {
  return [...pinned, program, ...args];
}

/** Runs a program and gives the JSON of its last line. */
export async function runPinned(program, args, { env, cwd } = {}) {
  const [command, ...rest] = pinnedCommand(program, args);
  try {
    const { stdout } = await run(command, rest, { env: { PATH: process.env.PATH, ...env }, cwd, maxBuffer: 1e8 });
    return JSON.parse(stdout.trim().split('\n').at(-1));
  } catch ({ stderr, message }) {
    // Without the lines of the bundle itself, which Node.js prints whole.
    throw new Error(`${[program, ...args].join(' ')} failed:\n${(stderr || message).split('\n').map(line => line.slice(0, 200)).join('\n')}`);
  }
}
