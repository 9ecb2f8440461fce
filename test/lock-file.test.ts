import * as fs from 'fs';
import * as path from 'path';
import { esbuildLock } from '../lib/private/runner/nodejs/esbuild-lock';

interface LockedPackage {
  readonly optionalDependencies?: Record<string, string>;
  readonly resolved?: string;
  readonly link?: boolean;
}

const read = (...file: string[]) => (
  JSON.parse(fs.readFileSync(path.join(__dirname, '..', ...file, 'package-lock.json'), 'utf8')) as { packages: Record<string, LockedPackage> }
).packages;
const packages = read();

test('every platform of an optional dependency is locked, or npm ci refuses the lock file', () => {
  const locked = new Set(Object.keys(packages).map(key => key.replace(/^.*node_modules\//, '')));
  const missing = Object.entries(packages).flatMap(([key, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(name => !locked.has(name)).map(name => `${key} -> ${name}`));
  expect(missing).toEqual([]);
});

test.each([[[]], [['local', 'cloud', 'nodejs', 'aws-sdk-v2']], [['test', 'oracle', 'nodejs']]])('no address of a registry is locked: %j', folder => {
  const addresses = Object.entries(read(...folder)).filter(([, { resolved, link }]) => resolved && !link).map(([key, { resolved }]) => `${key}: ${resolved}`);
  expect(addresses).toEqual([]);
});

test('the esbuild that the library installs by itself is the locked one, by the same hashes', () => {
  const { packages: own } = esbuildLock() as { packages: Record<string, { integrity?: string }> };
  const integrity = (of: Record<string, { integrity?: string }>) => Object.fromEntries(Object.entries(of)
    .filter(([key]) => /^node_modules\/(?:esbuild|@esbuild\/[\w-]+)$/.test(key)).map(([key, entry]) => [key, entry.integrity]));
  expect(integrity(own)).toEqual(integrity(packages as Record<string, { integrity?: string }>));
});
