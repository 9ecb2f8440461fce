// Writes API.md from what jsii has compiled. With --check it only says whether the file is current.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './setup.mjs';

const file = join(root, 'API.md');
const folder = mkdtempSync(join(tmpdir(), 'cdk-traced-function-api-'));
try {
  const made = join(folder, 'API.md');
  const { status } = spawnSync(join(root, 'node_modules', '.bin', 'jsii-docgen'), ['--output', made], { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' });
  if (status !== 0) throw new Error(`jsii-docgen ended with status ${status}`);
  const text = readFileSync(made, 'utf8');
  if (!process.argv.includes('--check')) {
    writeFileSync(file, text);
  } else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    console.error("API.md is not what the library says; run 'node scripts/api-docs.mjs'");
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
