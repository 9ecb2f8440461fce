import * as fs from 'fs';
import * as path from 'path';
import { ancestors } from '../files/ancestors';

/** This package's folder. */
export const PACKAGE_ROOT = ancestors(__dirname).find(folder => fs.existsSync(path.join(folder, 'runtime', 'nodejs')))!;

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
