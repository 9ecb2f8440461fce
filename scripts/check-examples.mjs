// Compiles every example of the README and of the docstrings as jsii-rosetta translates them into other languages: strictly.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './setup.mjs';

const folder = mkdtempSync(join(tmpdir(), 'cdk-traced-function-examples-'));
try {
  // The package lies where a user has it, among its peers.
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  for (const name of ['aws-cdk-lib', 'constructs', '@types']) symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction');
  symlinkSync(root, join(modules, 'cdk-traced-function'), 'junction');
  const rosetta = join(root, 'node_modules', '.bin', 'jsii-rosetta');
  const { status } = spawnSync(rosetta, ['extract', '--strict', '--directory', folder, '--cache-to', join(folder, 'examples.json'), root], {
    stdio: ['ignore', 2, 2], env: { ...process.env, JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION: '1', JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '1' }, shell: process.platform === 'win32',
  });
  process.exitCode = status === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
  rmSync(join(root, '.jsii.tabl.json'), { force: true });
}
