import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { LauncherError } from '../launcher-error';
import { LOCAL_DIR, STATE_DIR } from '../project-folders';
import { runCommand } from '../run-command';
import { isRunning } from '../xray/is-running';

const OLDEST_PYTHON = [3, 11] as const;
const CANDIDATES = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python'];
const REQUIREMENTS = join(LOCAL_DIR, 'cloud', 'requirements.txt');
const LAMBDA_RUNTIME = join(LOCAL_DIR, 'cloud', 'lambda-runtime.txt');
/** Any one will do: only files without native code are used of it. */
const WHEEL_PYTHON = '3.12';
const INSTALL_TIMEOUT_MS = 10 * 60_000;

export interface PythonEnvironmentOptions {
  /** Folder that holds the environments. @default - `.local/python` of this project */
  readonly directory?: string;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
  /** @default process.env */
  readonly environment?: NodeJS.ProcessEnv;
}

/** A Python interpreter that can run the local cloud. */
interface Interpreter {
  readonly command: string;
  /** `3.11.7` */
  readonly version: string;
}

/**
 * The interpreter of a virtual environment with exactly the packages of local/cloud/requirements.txt; installs it at the first start.
 *
 * The folder's name says what is in it (a hash of the requirements and the Python version), and it gets that name when it is complete:
 * an interrupted installation is never used, and two starts at once do not disturb one another.
 */
export async function ensurePythonEnvironment(options: PythonEnvironmentOptions): Promise<string> {
  const directory = options.directory ?? join(STATE_DIR, 'python');
  const environment = installEnvironment(options.environment ?? process.env);
  const python = await findPython(environment, options.signal);
  const requirements = readFileSync(REQUIREMENTS);
  const key = createHash('sha256').update(requirements).update(readFileSync(LAMBDA_RUNTIME)).update(python.version).digest('hex').slice(0, 16);
  const home = join(directory, key);
  // A link to a Python that is gone is no interpreter.
  const interpreter = join(home, 'bin', 'python');
  if (!existsSync(interpreter)) await install(python, directory, home, environment, options);
  return interpreter;
}

async function install(
  python: Interpreter, directory: string, home: string, environment: NodeJS.ProcessEnv, { log, signal }: PythonEnvironmentOptions,
): Promise<void> {
  log(`installing the local cloud's Python packages for Python ${python.version} (once)...`);
  try {
    mkdirSync(directory, { recursive: true });
    removeOthers(directory);
  } catch (error) {
    throw new LauncherError(`the local cloud's Python packages cannot be installed into ${directory}: ${(error as Error).message}; make that folder writable.`);
  }
  const unfinished = `${home}.${process.pid}.unfinished`;
  const run = (command: string, ...args: string[]) => runCommand(command, args, { env: environment, timeoutMs: INSTALL_TIMEOUT_MS, signal });
  try {
    const uv = await works(environment, 'uv', '--version');
    const interpreter = join(unfinished, 'bin', 'python');
    const lambda = ['--no-deps', '--only-binary', ':all:', '--python-version', WHEEL_PYTHON, '--target', join(unfinished, 'lambda-runtime'), '-r', LAMBDA_RUNTIME];
    const uvInstall = ['uv', 'pip', 'install', '--quiet', '--require-hashes', '--python', interpreter] as const;
    const pipInstall = [interpreter, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', '--require-hashes'] as const;
    const steps: [string, ...string[]][] = uv
      ? [
        ['uv', 'venv', '--quiet', '--no-project', '--python', python.command, unfinished],
        [...uvInstall, '-r', REQUIREMENTS],
        [...uvInstall, '--python-platform', 'x86_64-manylinux2014', ...lambda],
      ]
      : [
        [python.command, '-m', 'venv', unfinished],
        [...pipInstall, '-r', REQUIREMENTS],
        [...pipInstall, '--platform', 'manylinux2014_x86_64', '--implementation', 'cp', ...lambda],
      ];
    for (const [command, ...args] of steps) {
      const { status, output } = await run(command, ...args);
      if (status !== 0) throw new LauncherError(failure([command, ...args], output));
    }
    try {
      renameSync(unfinished, home);
    } catch (error) {
      if (!existsSync(home)) throw error; // otherwise another start was quicker
    }
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

/** Environments of other requirements or Python versions, and what interrupted installations left. */
function removeOthers(directory: string): void {
  for (const name of readdirSync(directory)) {
    const pid = Number(/\.(\d+)\.unfinished$/.exec(name)?.[1]);
    if (pid && isRunning(pid)) continue;
    rmSync(join(directory, name), { recursive: true, force: true });
  }
}

function failure(command: string[], output: string): string {
  const hint = /ensurepip|python3-venv/.test(output) ? " (on Debian and Ubuntu: install the package python3-venv, or 'uv')" : '';
  return `the local cloud's Python packages cannot be installed: '${command.join(' ')}' failed${hint}:\n${output.split('\n').slice(-15).join('\n')}`;
}

/** The first suitable Python: CDK_TRACED_PYTHON if set, else the usual names on the PATH. */
async function findPython(environment: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<Interpreter> {
  const named = environment.CDK_TRACED_PYTHON;
  const found: string[] = [];
  for (const command of named ? [named] : CANDIDATES) {
    const version = await versionOf(command, environment, signal);
    if (version === undefined) continue;
    const [major, minor] = version.split('.').map(Number);
    if (major === OLDEST_PYTHON[0] && minor >= OLDEST_PYTHON[1]) return { command, version };
    found.push(`${command} is ${version}`);
  }
  const looked = named ? `CDK_TRACED_PYTHON=${named}` : `${CANDIDATES.join(', ')} on the PATH`;
  throw new LauncherError(`Python ${OLDEST_PYTHON.join('.')} or newer is needed for the local cloud and was not found `
    + `(looked for ${looked}${found.length > 0 ? `; ${found.join(', ')}` : ''}): install it, or set CDK_TRACED_PYTHON to its path.`);
}

async function versionOf(command: string, environment: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<string | undefined> {
  const output = await outputOf(environment, signal, command, '-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])');
  return output?.trim().split('\n').pop()?.match(/^\d+\.\d+\.\d+$/)?.[0];
}

async function works(environment: NodeJS.ProcessEnv, command: string, ...args: string[]): Promise<boolean> {
  return await outputOf(environment, undefined, command, ...args) !== undefined;
}

async function outputOf(
  environment: NodeJS.ProcessEnv, signal: AbortSignal | undefined, command: string, ...args: string[]
): Promise<string | undefined> {
  try {
    const { status, output } = await runCommand(command, args, { env: environment, timeoutMs: 30_000, signal });
    return status === 0 ? output : undefined;
  } catch (error) {
    signal?.throwIfAborted();
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return undefined; // there is no such program
  }
}

/** A virtual environment of the user's must not be mistaken for ours. */
function installEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { VIRTUAL_ENV: _venv, PYTHONHOME: _home, PYTHONPATH: _path, UV_PROJECT_ENVIRONMENT: _uv, CONDA_PREFIX: _conda, ...rest } = environment;
  return rest;
}
