import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/**
 * What a person should know when the app's cdk-traced-function is of another release than this launcher: both are released together, under one version, and
 * before 1.0 the minor version may change what they mean to one another. Undefined where the app has none, as apps in other languages, or one that fits.
 */
export function libraryMismatch(appDir: string, ownVersion: string): string | undefined {
  const version = installedLibrary(appDir);
  if (version === undefined || compatible(version) === compatible(ownVersion)) return undefined;
  return `the app has cdk-traced-function ${version}, and this is cdk-traced-function-local ${ownVersion}: install both in the same version, `
    + `as with npm install --save-dev cdk-traced-function-local@${version}`;
}

function installedLibrary(appDir: string): string | undefined {
  try {
    const manifest = createRequire(join(appDir, 'package.json')).resolve('cdk-traced-function/package.json');
    return (JSON.parse(readFileSync(manifest, 'utf8')) as { version?: string }).version;
  } catch {
    return undefined; // not installed there
  }
}

/** `0.3` for 0.3.1, `1` for 1.3.1: by the rules of semantic versioning. */
function compatible(version: string): string {
  const [major, minor] = version.split('.');
  return major === '0' ? `${major}.${minor}` : major;
}
