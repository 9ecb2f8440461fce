import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isRunning } from '../is-running';

/** The folder is in use by another process; the message says by which. */
export class LockedError extends Error {}

const LOCK = 'lock';
/** A process that has just been killed is there for some milliseconds more. */
const MAX_ATTEMPTS = 5;
const PAUSE_MS = 100;
/** Folders that this process uses: a lock with its own number may also be left behind by one that had the number before, as in containers. */
const held = new Set<string>();

/** Writes the number of this process into the folder's lock file; fails with a LockedError when that of another running one stands there. */
export function takeLock(directory: string): void {
  const lock = join(directory, LOCK);
  for (let attempt = 1; ; attempt += 1) {
    try {
      // Made, not overwritten: of two processes that start at once only one can.
      writeFileSync(lock, `${process.pid} ${lifeOf(process.pid)}`, { flag: 'wx' });
      held.add(resolve(directory));
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt === MAX_ATTEMPTS) throw error;
    }
    const owner = ownerOf(lock);
    if (owner === undefined || (owner === process.pid && !held.has(resolve(directory)))) {
      rmSync(lock, { force: true });
    } else if (owner === process.pid || attempt === MAX_ATTEMPTS - 1) {
      throw new LockedError(`the traces in ${directory} are in use by process ${owner}; stop it, or give another folder`);
    } else {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
    }
  }
}

export function releaseLock(directory: string): void {
  held.delete(resolve(directory));
  rmSync(join(directory, LOCK), { force: true });
}

/** The running process that holds a lock; undefined when it is gone, also when its number has been given to another process since. */
function ownerOf(lock: string): number | undefined {
  let text: string;
  try {
    text = readFileSync(lock, 'utf8');
  } catch {
    return undefined; // it has just been given back
  }
  const [pid, life = ''] = text.split(' ');
  const owner = Number(pid);
  return owner > 0 && isRunning(owner) && (life === '' || life === lifeOf(owner)) ? owner : undefined;
}

/**
 * What tells a process from a later one with the same number, on this start of the machine or another one; empty where Linux does not tell.
 * A process that was killed and is not yet cleared away lives no more.
 */
function lifeOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // The name of the program, in parentheses, may hold blanks. The 20th field after it is the start, in ticks since the machine's.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
    return /^[ZX]/.test(fields[0]) ? 'none' : `${boot}/${fields[19]}`;
  } catch {
    return '';
  }
}
