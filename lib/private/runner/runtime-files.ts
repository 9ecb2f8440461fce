import * as path from 'path';

/** This package's folder; the same depth above `lib` and `build`. */
export const PACKAGE_ROOT = path.resolve(__dirname, '..', '..', '..');

/** The files that go into functions. */
const RUNTIME_DIR = path.join(PACKAGE_ROOT, 'runtime');

export function nodejsRuntimeFile(name: string): string {
  return path.join(RUNTIME_DIR, 'nodejs', name);
}

export function pythonRuntimeFile(name: string): string {
  return path.join(RUNTIME_DIR, 'python', name);
}

export function goRuntimeFile(name: string): string {
  return path.join(RUNTIME_DIR, 'go', name);
}

export function javaRuntimeFile(name: string): string {
  return path.join(RUNTIME_DIR, 'java', name);
}
