import { readdirSync } from 'node:fs';
import { ensurePythonEnvironment } from '../../src/cloud/python-environment';
import { LOCAL_DIR } from '../../src/project-folders';
import { runCommand } from '../../src/run-command';

jest.setTimeout(300_000);

// The Python parts are tested in Python, with the packages of the local cloud: one file of unittest is one test here.
test.each(readdirSync(__dirname).filter(name => /^test_.*\.py$/.test(name)))('%s', async file => {
  const python = await ensurePythonEnvironment({ log: () => undefined });
  const { status, output } = await runCommand(python, ['-m', 'unittest', '-v', file], {
    cwd: __dirname, timeoutMs: 120_000, env: { ...process.env, PYTHONPATH: LOCAL_DIR, PYTHONDONTWRITEBYTECODE: '1' },
  });
  if (status !== 0) throw new Error(output);
  expect(output).toMatch(/^Ran [1-9]\d* tests? in/m);
});
