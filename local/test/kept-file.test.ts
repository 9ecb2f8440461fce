import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepFile } from '../src/kept-file';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cdk-traced-test-'));
  file = join(folder, 'cdk.context.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('takes away a file that was not there before', async () => {
  expect(await keepFile(file, async () => { writeFileSync(file, '{}'); return 7; })).toBe(7);
  expect(existsSync(file)).toBe(false);
});

it('gives a changed file its content back, also when the work fails', async () => {
  writeFileSync(file, 'before');
  await expect(keepFile(file, async () => { writeFileSync(file, 'after'); throw new Error('no'); })).rejects.toThrow('no');
  expect(readFileSync(file, 'utf8')).toBe('before');
});
