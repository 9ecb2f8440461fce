import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';

/**
 * What a path was when a package was made from it. `state` is the SHA-256 of a file's bytes, of a folder's sorted names, or `absent`.
 * The times are nanoseconds as text: they do not fit into a number.
 */
export interface InputFingerprint {
  readonly path: string;
  readonly state: string;
  readonly size?: string;
  readonly mtime?: string;
  readonly ctime?: string;
  readonly inode?: string;
  /** Whether equal times and size prove that nothing has changed, which they do not for what was written just before it was read. */
  readonly settled: boolean;
}

/** Two writes within this time may leave the same time stamp on coarse file systems. */
const SETTLE_NANOSECONDS = 2_000_000_000n;

/** Reads fingerprints, each path once: the functions of an app share most of their inputs. */
export class FingerprintReader {
  private readonly stats = new Map<string, fs.BigIntStats | undefined>();
  private readonly states = new Map<string, string>();

  public read(file: string): InputFingerprint {
    const stats = this.stat(file);
    if (!stats) {
      return { path: file, state: 'absent', settled: true };
    }
    const now = BigInt(Date.now()) * 1_000_000n;
    return {
      path: file,
      state: this.state(file, stats),
      size: String(stats.size),
      mtime: String(stats.mtimeNs),
      ctime: String(stats.ctimeNs),
      inode: String(stats.ino),
      settled: now - stats.mtimeNs > SETTLE_NANOSECONDS && now - stats.ctimeNs > SETTLE_NANOSECONDS,
    };
  }

  /** Whether the path is still what it was. */
  public isUnchanged(then: InputFingerprint): boolean {
    const stats = this.stat(then.path);
    if (!stats) {
      return then.state === 'absent';
    }
    if (then.state === 'absent') {
      return false;
    }
    const sameStats = String(stats.mtimeNs) === then.mtime && String(stats.ctimeNs) === then.ctime
      && String(stats.ino) === then.inode && String(stats.size) === then.size;
    return (sameStats && then.settled) || this.state(then.path, stats) === then.state;
  }

  private stat(file: string): fs.BigIntStats | undefined {
    if (!this.stats.has(file)) {
      this.stats.set(file, fs.statSync(file, { bigint: true, throwIfNoEntry: false }));
    }
    return this.stats.get(file);
  }

  private state(file: string, stats: fs.BigIntStats): string {
    let state = this.states.get(file);
    if (!state) {
      const contents = stats.isDirectory() ? JSON.stringify(fs.readdirSync(file).sort()) : fs.readFileSync(file);
      state = createHash('sha256').update(contents).digest('hex');
      this.states.set(file, state);
    }
    return state;
  }
}

/** One value for a tree of files, by names and contents. */
export function treeHash(directory: string): string {
  const hash = createHash('sha256');
  const visit = (folder: string) => {
    for (const entry of fs.readdirSync(folder, { withFileTypes: true }).sort((a, b) => a.name < b.name ? -1 : 1)) {
      const file = path.join(folder, entry.name);
      if (entry.isDirectory()) {
        // Python leaves these beside what it has run.
        if (entry.name !== '__pycache__') visit(file);
      } else if (!entry.name.endsWith('.d.ts')) {
        hash.update(`${path.relative(directory, file)}\0`).update(fs.readFileSync(file)).update('\0');
      }
    }
  };
  visit(directory);
  return hash.digest('hex');
}
