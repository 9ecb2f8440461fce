import { isAbsolute, relative, sep } from 'node:path';
import { watch, type FSWatcher } from 'chokidar';
import { LauncherError } from './launcher-error';
import type { Reporter } from './reporter';

/** An editor, or a checkout, writes several files at once; they are one change. */
const SETTLE_MS = 50;
const SHOWN_FILES = 3;

/** What is made from the sources, or is no part of the app. The CLI writes what it looks up into cdk.context.json, and would be told of it. */
const IGNORED = new Set(['node_modules', 'cdk.out', '__pycache__', 'cdk.context.json']);

export interface WatchOptions {
  /** The CDK app's folder. */
  readonly appDir: string;
  /** Brings the app as it is now to the local cloud. */
  readonly redeploy: () => Promise<void>;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/**
 * Redeploys whenever a file of the app is saved, until `signal` aborts. What is saved meanwhile is the next deployment's. An app that cannot be
 * deployed is told of, and waits for the next change.
 */
export async function redeployOnSave({ appDir, redeploy, reporter, signal }: WatchOptions): Promise<void> {
  const watcher = watch(appDir, { ignoreInitial: true, ignored: path => isIgnored(appDir, path) });
  try {
    await ready(watcher, signal);
    reporter.watching(appDir);
    const changes = new Changes(watcher, appDir);
    for (;;) {
      const files = await changes.next(signal);
      const started = Date.now();
      try {
        reporter.progress(`${files.slice(0, SHOWN_FILES).join(', ')}${files.length > SHOWN_FILES ? ` and ${files.length - SHOWN_FILES} more` : ''} changed: deploying...`);
        await redeploy();
        reporter.redeployed(files, (Date.now() - started) / 1000);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof LauncherError)) throw error;
        reporter.error(`${error.message}\nThe local cloud has what it had before; save a file to try again.`);
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await watcher.close();
  }
}

/** Names with a dot in front are those of tools and editors: `.git`, `.venv`, `.handler.ts.swp`. */
function isIgnored(appDir: string, path: string): boolean {
  const inApp = relative(appDir, path);
  if (inApp === '' || inApp.startsWith('..') || isAbsolute(inApp)) return false;
  const name = inApp.split(sep).pop()!;
  return IGNORED.has(name) || name.startsWith('.') || /\.pyc$|~$/.test(name);
}

function ready(watcher: FSWatcher, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    watcher.once('ready', () => resolve());
    watcher.once('error', error => reject(new LauncherError(`the app's files cannot be watched: ${(error as Error).message}`)));
  });
}

/** Files that were saved since they were last asked for. */
class Changes {
  private readonly files = new Set<string>();
  private last = 0;
  private wake?: () => void;

  constructor(watcher: FSWatcher, appDir: string) {
    watcher.on('all', (event, path) => {
      if (event === 'addDir') return;
      this.files.add(relative(appDir, path));
      this.last = Date.now();
      this.wake?.();
    });
  }

  /** Resolves once there are some and no more come. */
  public async next(signal: AbortSignal): Promise<string[]> {
    while (this.files.size === 0) await this.woken(signal);
    for (let rest = SETTLE_MS; rest > 0; rest = this.last + SETTLE_MS - Date.now()) await this.woken(signal, rest);
    const files = [...this.files].sort();
    this.files.clear();
    return files;
  }

  private woken(signal: AbortSignal, timeoutMs?: number): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const abort = () => reject(signal.reason as Error);
      const timer = timeoutMs === undefined ? undefined : setTimeout(() => this.wake?.(), timeoutMs);
      signal.addEventListener('abort', abort, { once: true });
      this.wake = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        resolve();
      };
    });
  }
}
