import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { installedClients } from './runtime-clients';
import { LauncherError } from '../launcher-error';
import { LOCAL_DIR, STATE_DIR } from '../project-folders';
import { killGroup } from '../run-command';
import { LOOPBACK } from '../settings';
import { isRunning } from '../xray/is-running';

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 8_000;
const REMEMBERED_LINES = 20;
const SCRATCH = 'cdk-traced-local-';

export interface LocalCloudOptions {
  /** Interpreter of the environment from `ensurePythonEnvironment`. */
  readonly python: string;
  /** TCP port of the AWS APIs; 0 picks a free one. */
  readonly port: number;
  /** UDP port of the X-Ray daemon to which Lambda and the functions send their segments. */
  readonly xrayPort: number;
  /** Address of the X-Ray API. @default - X-Ray's CloudFormation resources exist only in the cloud's memory */
  readonly xrayUrl?: string;
  /** The CDK app's folder: packages of the AWS SDK that are installed there are part of the Node.js runtime, too. @default - only those of this project */
  readonly appDir?: string;
  /** Functions, REST API stages, state machines and GraphQL APIs are traced whatever their template says. @default false */
  readonly traceAll?: boolean;
  /** Stacks with resource types that the cloud does not provide are refused. @default - stand-ins that do nothing */
  readonly strict?: boolean;
  /** Gets the cloud's warnings, one line each. */
  readonly log: (line: string) => void;
  /** Gets what it fetches, one line each. @default - nobody is told */
  readonly progress?: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Further environment variables of the cloud, such as CDK_TRACED_RETRY_SECONDS. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** A running local cloud. */
export interface LocalCloud {
  readonly port: number;
  /** `http://127.0.0.1:4566`, the `endpoint` of an AWS SDK client. */
  readonly endpoint: string;
  /** A temporary folder that goes with the cloud, also where the launcher is killed. */
  readonly scratch: string;
  /** Resolves with the reason when the cloud ends without having been told to. */
  readonly crashed: Promise<string>;
  /** Ends it and all functions; nothing of it is left afterwards. */
  close(): Promise<void>;
}

/** Starts the local cloud; resolves when it answers. Fails with one clear sentence, and leaves nothing behind then. */
export async function startLocalCloud(options: LocalCloudOptions): Promise<LocalCloud> {
  options.signal?.throwIfAborted();
  const scratch = makeScratch();
  const child = spawn(options.python, ['-m', 'cloud.traced_cloud', '--port', String(options.port)], {
    cwd: LOCAL_DIR,
    env: cloudEnvironment(options, scratch),
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C at the terminal must reach the launcher only, which then ends the cloud in good order.
    detached: true,
  });
  const lastLines: string[] = [];
  createInterface({ input: child.stderr }).on('line', line => {
    lastLines.push(line);
    if (lastLines.length > REMEMBERED_LINES) lastLines.shift();
    options.log(line);
  });
  child.stdin.on('error', () => undefined); // it may be gone when we say goodbye
  let stopping: Promise<void> | undefined;
  const exited = new Promise<void>(resolve => child.once('error', () => resolve()).once('exit', () => resolve()));
  const close = () => stopping ??= stop(child, exited, scratch);
  const crashed = exited.then(() => new Promise<string>(resolve => {
    if (!stopping) resolve(`the local cloud ended by itself (status ${child.exitCode ?? child.signalCode}):\n${lastLines.join('\n')}`);
  }));
  try {
    const port = await listening(child, options, lastLines);
    return { port, endpoint: `http://${LOOPBACK}:${port}`, scratch, crashed, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function makeScratch(): string {
  try {
    removeLeftovers();
    return mkdtempSync(join(tmpdir(), `${SCRATCH}${process.pid}-`));
  } catch (error) {
    throw new LauncherError(`the local cloud needs a temporary folder: ${(error as Error).message}; set TMPDIR to a folder that can be written to.`);
  }
}

/** The cloud of a launcher that was killed removes its folder, but what was still writing then makes a part of it anew. */
function removeLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(SCRATCH) ? Number(/^(\d+)-/.exec(name.slice(SCRATCH.length))?.[1]) : NaN;
    if (!pid || isRunning(pid)) continue;
    try {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    } catch {
      // Another user's: it is theirs to remove.
    }
  }
}

/** The port, once the cloud says that it listens. */
function listening(child: ChildProcess, { signal, port, progress }: LocalCloudOptions, lastLines: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (message: string) => reject(new LauncherError(message));
    const timer = setTimeout(() => fail(`the local cloud did not answer within ${START_TIMEOUT_MS / 1000} seconds:\n${lastLines.join('\n')}`), START_TIMEOUT_MS);
    const onAbort = () => reject(signal!.reason as Error);
    signal?.addEventListener('abort', onAbort);
    const settled = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    createInterface({ input: child.stdout! }).on('line', line => {
      if (!line.startsWith('{')) return;
      const event = JSON.parse(line) as { event: string; port: number; message: string };
      if (event.event === 'progress') {
        progress?.(event.message);
        return;
      }
      settled();
      if (event.event === 'listening') {resolve(event.port);} else if (/address already in use/i.test(event.message)) {
        fail(`port ${port} on ${LOOPBACK}, meant for the local cloud, is in use; set CDK_TRACED_CLOUD_PORT or --cloud-port to another one (0 picks a free one).`);
      } else {fail(`the local cloud cannot start: ${event.message}`);}
    });
    child.once('error', error => { settled(); fail(`the local cloud cannot start: ${error.message}`); });
    child.once('exit', status => { settled(); fail(`the local cloud ended at once (status ${status}):\n${lastLines.join('\n')}`); });
  });
}

async function stop(child: ChildProcess, exited: Promise<void>, scratch: string): Promise<void> {
  child.stdin?.end(); // the end of its input tells it to stop
  const timer = setTimeout(() => killGroup(child), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
  killGroup(child); // what a function may have started
  child.stdout?.destroy();
  child.stderr?.destroy();
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** Only what the cloud and its functions need: the user's AWS profile, credentials and other settings stay outside. */
function cloudEnvironment({ xrayPort, xrayUrl, appDir, traceAll, strict, environment }: LocalCloudOptions, scratch: string): NodeJS.ProcessEnv {
  const passed = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'SystemRoot', 'PYENV_ROOT', 'JAVA_HOME', 'CDK_TRACED_RETRY_SECONDS', 'CDK_TRACED_CONCURRENCY', 'CDK_TRACED_NAMESPACES'];
  return {
    ...Object.fromEntries(passed.filter(name => process.env[name] !== undefined).map(name => [name, process.env[name]])),
    TMPDIR: scratch,
    PYTHONDONTWRITEBYTECODE: '1', // the package's folder is not ours to write to
    CDK_TRACED_SCRATCH: scratch,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_CONFIG_FILE: join(scratch, 'no-config'),
    AWS_SHARED_CREDENTIALS_FILE: join(scratch, 'no-credentials'),
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_XRAY_DAEMON_ADDRESS: `${LOOPBACK}:${xrayPort}`,
    CDK_TRACED_NODE: process.execPath,
    CDK_TRACED_NODE_MODULES: [...modulesAbove(LOCAL_DIR), ...(appDir ? modulesAbove(appDir) : []), installedClients()].join(delimiter),
    CDK_TRACED_JAVA_RUNTIME: join(STATE_DIR, 'java'),
    CDK_TRACED_RUNTIMES: join(STATE_DIR, 'lambda'),
    CDK_TRACED_NPM_SETTINGS: JSON.stringify(npmSettings()),
    ...(traceAll ? { CDK_TRACED_TRACE_ALL: '1' } : {}),
    ...(strict ? { CDK_TRACED_STRICT: '1' } : {}),
    ...(xrayUrl ? { CDK_TRACED_XRAY_ENDPOINT: xrayUrl } : {}),
    ...environment,
  };
}

/** The user's registry, proxy and certificates, for npm alone: the cloud and its functions talk to nothing but this machine. */
function npmSettings(): Record<string, string | undefined> {
  const isSetting = (name: string) => /^(npm_config_.*|https?_proxy|no_proxy|ssl_cert_file|node_extra_ca_certs)$/i.test(name);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => isSetting(name)));
}

/** The node_modules folders in which code of a folder finds packages of the AWS SDK, the nearest first. */
function modulesAbove(folder: string): string[] {
  const modules = join(folder, 'node_modules');
  const found = existsSync(join(modules, '@aws-sdk')) ? [modules] : [];
  return dirname(folder) === folder ? found : [...found, ...modulesAbove(dirname(folder))];
}
