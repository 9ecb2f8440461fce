import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePythonEnvironment } from '../../src/cloud/python-environment';

jest.setTimeout(300_000);

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'cdk-traced-test-')); });
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A program on a PATH of its own that answers to `-c` with a version, and to everything else with `script`. */
function fakePython(name: string, version: string, script = 'exit 1'): void {
  mkdirSync(join(folder, 'bin'), { recursive: true });
  const file = join(folder, 'bin', name);
  writeFileSync(file, `#!/bin/sh\nif [ "$1" = -c ]; then echo ${version}; exit 0; fi\n${script}\n`);
  chmodSync(file, 0o755);
}

const ensure = (environment: NodeJS.ProcessEnv = { PATH: join(folder, 'bin') }) =>
  ensurePythonEnvironment({ directory: join(folder, 'python'), log: () => undefined, environment });

it('says what is needed, what was found and where it looked', async () => {
  await expect(ensure()).rejects.toThrow(/^Python 3\.11 or newer is needed for the local cloud and was not found \(looked for python3, .* on the PATH\): install it, or set CDK_TRACED_PYTHON/);
  fakePython('python3', '3.9.2');
  await expect(ensure()).rejects.toThrow(/on the PATH; python3 is 3\.9\.2\): install it/);
});

it('uses the interpreter that CDK_TRACED_PYTHON names, and no other', async () => {
  fakePython('python3', '3.12.0');
  await expect(ensure({ PATH: join(folder, 'bin'), CDK_TRACED_PYTHON: '/nowhere/python3' })).rejects.toThrow('looked for CDK_TRACED_PYTHON=/nowhere/python3');
});

it('takes the first that is new enough', async () => {
  fakePython('python3', '3.8.1');
  fakePython('python3.12', '3.12.4', 'echo "made by $0 $*"; exit 3');
  await expect(ensure()).rejects.toThrow(/'python3\.12 -m venv .*' failed:\nmade by .*python3\.12 -m venv/);
});

it('keeps nothing of an installation that failed, and removes what an interrupted one left', async () => {
  fakePython('python3', '3.12.4', '/bin/mkdir -p "$3"; exit 3');
  const interrupted = join(folder, 'python', 'abc.999999999.unfinished');
  mkdirSync(interrupted, { recursive: true });
  await expect(ensure()).rejects.toThrow('failed');
  expect(readdirSync(join(folder, 'python'))).toEqual([]);
});

it('explains a Python without venv', async () => {
  fakePython('python3', '3.12.4', 'echo "The virtual environment was not created successfully because ensurepip is not available."; exit 1');
  await expect(ensure()).rejects.toThrow(/install the package python3-venv, or 'uv'/);
});

it('is made anew when the Python that it was made with is gone', async () => {
  fakePython('python3', '3.12.4', '/bin/mkdir -p "$3/bin"; printf "#!/bin/sh\\n" > "$3/bin/python"; /bin/chmod +x "$3/bin/python"');
  const interpreter = await ensure();
  rmSync(interpreter);
  expect(await ensure()).toBe(interpreter);
  expect(existsSync(interpreter)).toBe(true);
});

it('says that its folder cannot be written to', async () => {
  fakePython('python3', '3.12.4');
  writeFileSync(join(folder, 'python'), 'a file');
  await expect(ensure()).rejects.toThrow(/^the local cloud's Python packages cannot be installed into .*python: .*; make that folder writable\.$/);
});

it('does not install a second time', async () => {
  const first = await ensurePythonEnvironment({ log: () => undefined });
  const lines: string[] = [];
  expect(await ensurePythonEnvironment({ log: line => lines.push(line) })).toBe(first);
  expect(lines).toEqual([]);
  expect(existsSync(first)).toBe(true);
});
