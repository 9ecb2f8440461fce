import * as fs from 'fs';
import * as path from 'path';

interface LockedPackage {
  readonly optionalDependencies?: Record<string, string>;
  readonly resolved?: string;
  readonly link?: boolean;
}

const { packages } = JSON.parse(fs.readFileSync(path.join(__dirname, '..', 'package-lock.json'), 'utf8')) as { packages: Record<string, LockedPackage> };

test('every platform of an optional dependency is locked, or npm ci refuses the lock file', () => {
  const locked = new Set(Object.keys(packages).map(key => key.replace(/^.*node_modules\//, '')));
  const missing = Object.entries(packages).flatMap(([key, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(name => !locked.has(name)).map(name => `${key} -> ${name}`));
  expect(missing).toEqual([]);
});

test('no address of a registry is locked', () => {
  const addresses = Object.entries(packages).filter(([, { resolved, link }]) => resolved && !link).map(([key, { resolved }]) => `${key}: ${resolved}`);
  expect(addresses).toEqual([]);
});
