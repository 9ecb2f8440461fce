import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { LauncherError } from './launcher-error';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** After this time the command and all it started are ended, and it counts as failed. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Called for each line of output, of both streams, as it comes. */
  readonly onLine?: (line: string) => void;
}

export interface CommandResult {
  /** Exit status, or null where a signal ended it. */
  readonly status: number | null;
  /** Both streams, as lines, in the order in which they came. */
  readonly output: string;
  /** Standard output alone. */
  readonly stdout: string;
}

/**
 * Runs a command without a shell, as the leader of a process group of its own, so that nothing it started outlives it.
 * Rejects with ENOENT where there is no such program, with a LauncherError when it takes too long, and with the signal's reason when aborted.
 */
export async function runCommand(command: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  options.signal?.throwIfAborted();
  const child = spawn(command, args, { cwd: options.cwd, env: options.env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const lines: { line: string; isError: boolean }[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', line => {
      lines.push({ line, isError: stream === child.stderr });
      options.onLine?.(line);
    });
  }
  let ended: Error | undefined;
  const end = (reason: Error) => {
    ended ??= reason;
    killGroup(child);
  };
  const seconds = Math.round(options.timeoutMs / 1000);
  const timer = setTimeout(() => end(new LauncherError(`'${[command, ...args].join(' ')}' was ended after ${seconds} seconds without a result`)), options.timeoutMs);
  const onAbort = () => end(options.signal!.reason as Error);
  options.signal?.addEventListener('abort', onAbort);
  try {
    const status = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
    if (ended) throw ended;
    const text = (chosen: typeof lines) => chosen.map(({ line }) => line).join('\n');
    return { status, output: text(lines), stdout: text(lines.filter(({ isError }) => !isError)) };
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
  }
}

/** Ends a process that leads its group, and the whole group with it. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

/** Resolves after that time; rejects with the signal's reason when aborted before. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const onAbort = () => {
      clearTimeout(timer);
      reject(signal!.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
