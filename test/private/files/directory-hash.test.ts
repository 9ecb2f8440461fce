import * as fs from 'fs';
import * as path from 'path';
import { directoryHash } from '../../../lib/private/files/directory-hash';
import { normalizeModes } from '../../../lib/private/files/file-modes';
import { projectFolder } from '../../test-app';

const FILES = { 'a.txt': 'one', 'b/c.txt': 'two' };

test('equal contents have equal hashes, wherever and whenever they were written', () => {
  const [first, second] = [projectFolder(FILES), projectFolder({ 'b/c.txt': 'two', 'a.txt': 'one' })];
  fs.utimesSync(path.join(second, 'a.txt'), 1, 1);
  expect(directoryHash(first)).toMatch(/^[0-9a-f]{64}$/);
  expect(directoryHash(first)).toBe(directoryHash(second));
});

test.each<[string, Record<string, string>]>([
  ['a byte', { ...FILES, 'a.txt': 'onE' }],
  ['a name', { 'A.txt': 'one', 'b/c.txt': 'two' }],
  ['a folder', { 'a.txt': 'one', 'c.txt': 'two' }],
  ['a further file', { ...FILES, 'd.txt': '' }],
  ['text that moves from one file to the next', { 'a.txt': 'onet', 'b/c.txt': 'wo' }],
])('%s changes the hash', (_, files) => {
  expect(directoryHash(projectFolder(files))).not.toBe(directoryHash(projectFolder(FILES)));
});

test('whether a file can be run changes the hash, and who may read it does not', () => {
  const folder = projectFolder(FILES);
  const before = directoryHash(folder);
  fs.chmodSync(path.join(folder, 'a.txt'), 0o600);
  expect(directoryHash(folder)).toBe(before);
  fs.chmodSync(path.join(folder, 'a.txt'), 0o755);
  expect(directoryHash(folder)).not.toBe(before);
});

test('modes become those that Lambda needs', () => {
  const folder = projectFolder({ ...FILES, 'bin/tool': '#!' });
  for (const [name, mode] of [['a.txt', 0o600], ['b', 0o700], ['b/c.txt', 0o666], ['bin/tool', 0o700]] as const) {
    fs.chmodSync(path.join(folder, name), mode);
  }
  normalizeModes(folder);
  expect(['', 'a.txt', 'b', 'b/c.txt', 'bin/tool'].map(name => (fs.statSync(path.join(folder, name)).mode & 0o777).toString(8))).toEqual(['755', '644', '755', '644', '755']);
});
