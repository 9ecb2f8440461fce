// Whether the files that projen generates are what .projenrc.ts says: a change of one of them by hand would be lost at the next `npx projen`.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

const { files } = JSON.parse(readFileSync(join(root, '.projen/files.json'), 'utf8'));
const contents = () => new Map(files.map(name => [name, existsSync(join(root, name)) ? readFileSync(join(root, name), 'utf8') : undefined]));

const before = contents();
// Without the step after it, which installs packages.
const { status } = spawnSync('npx', ['projen'], { cwd: root, stdio: ['ignore', 2, 2], env: { ...process.env, CI: '', PROJEN_DISABLE_POST: 'true' }, shell: process.platform === 'win32' });
const after = contents();
const changed = files.filter(name => before.get(name) !== after.get(name));
if (changed.length > 0) console.error(`projen has changed ${changed.join(', ')}: change .projenrc.ts instead, and commit what 'npx projen' writes`);
process.exitCode = status !== 0 || changed.length > 0 ? 1 : 0;
