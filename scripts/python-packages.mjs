// What the tests need of Python, in a virtual environment of the project: .venv at the root.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root, SetupError } from './setup.mjs';

const REQUIREMENTS = join(root, 'test', 'requirements.txt');
const FOLDER = join(root, '.venv');

/** Interpreter of an environment with exactly the packages of test/requirements.txt, which are installed unless they are there already. */
export function ensurePythonPackages() {
  const python = process.env.CDK_TRACED_PYTHON ?? 'python3';
  const version = output(python, ['-c', 'import sys; print(sys.version)']);
  if (version === undefined) throw new SetupError(`'${python}' cannot be started; install Python 3.11 or newer, or set CDK_TRACED_PYTHON to its path.`);
  const interpreter = join(FOLDER, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  const record = join(FOLDER, 'installed');
  const wanted = createHash('sha256').update(version).update(readFileSync(REQUIREMENTS)).digest('hex');
  if (existsSync(record) && readFileSync(record, 'utf8') === wanted) return interpreter;
  console.error('Installing the Python packages of the tests...');
  rmSync(FOLDER, { recursive: true, force: true });
  // uv takes seconds where pip takes half a minute.
  const commands = output('uv', ['--version']) === undefined
    ? [[python, '-m', 'venv', FOLDER], [interpreter, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--require-hashes', '-r', REQUIREMENTS]]
    : [['uv', 'venv', '--quiet', '--no-project', '--python', python, FOLDER], ['uv', 'pip', 'install', '--quiet', '--require-hashes', '--python', interpreter, '-r', REQUIREMENTS]];
  for (const [command, ...args] of commands) {
    const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
    if (error || status !== 0) throw new SetupError(`'${[command, ...args].join(' ')}' failed (${error?.message ?? `status ${status}`}); its messages above say why.`);
  }
  // In a folder of its own, which tests put on their PATH without this environment's Python.
  const scripts = dirname(interpreter);
  mkdirSync(join(FOLDER, 'tools'));
  for (const name of process.platform === 'win32' ? ['uv.exe'] : ['uv']) copyFileSync(join(scripts, name), join(FOLDER, 'tools', name));
  // Written last, so that an interrupted installation is made anew.
  writeFileSync(record, wanted);
  return interpreter;
}

function output(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return status === 0 ? stdout.trim() : undefined;
}
