import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { libraryMismatch } from '../src/library-version';
import { userCache } from '../src/project-folders';

let app: string;
beforeEach(() => { app = mkdtempSync(join(tmpdir(), 'cdk-traced-library-')); });
afterEach(() => rmSync(app, { recursive: true, force: true }));

test.each([
  ['0.3.1', '0.3.4', undefined], ['1.2.0', '1.9.0', undefined],
  ['0.3.1', '0.4.0', /the app has cdk-traced-function 0\.3\.1, and this is cdk-traced-function-local 0\.4\.0: .*cdk-traced-function-local@0\.3\.1$/],
  ['1.2.0', '2.0.0', /cdk-traced-function-local@1\.2\.0$/],
])('a library %s and a launcher %s', (library, own, expected) => {
  const folder = join(app, 'node_modules', 'cdk-traced-function');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'cdk-traced-function', version: library }));
  if (expected) expect(libraryMismatch(app, own)).toMatch(expected);
  else expect(libraryMismatch(app, own)).toBeUndefined();
});

test('an app without the library may have any launcher', () => expect(libraryMismatch(app, '0.4.0')).toBeUndefined());

test.each([
  [{ XDG_CACHE_HOME: '/x' }, 'linux', '/x'], [{ LOCALAPPDATA: '/local' }, 'win32', '/local'],
] as const)('the cache folder of %j on %s', (environment, platform, expected) => expect(userCache(environment, platform)).toBe(expected));
