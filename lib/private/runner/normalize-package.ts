import * as fs from 'fs';
import * as path from 'path';

/** Left out of every package: they differ from machine to machine, or are of no use on Lambda. */
const LEFT_OUT_NAMES = new Set([
  '__pycache__', '.git', '.hg', '.svn', '.venv', 'venv', '.mypy_cache', '.pytest_cache', '.ruff_cache', '.tox', '.DS_Store', 'node_modules', 'cdk.out',
]);

/** What installers write about themselves into a `.dist-info` folder. */
const INSTALLER_RECORDS = new Set(['RECORD', 'INSTALLER', 'REQUESTED', 'direct_url.json', 'uv_cache.json', 'uv_build.json']);

export function isLeftOut(name: string): boolean {
  return LEFT_OUT_NAMES.has(name) || name.endsWith('.pyc') || name.endsWith('.egg-info');
}

/** Takes out of a folder that pip or uv has filled what would give two machines two different packages. */
export function normalizePythonPackage(directory: string): void {
  // Scripts carry the interpreter's path, and nothing on Lambda runs them.
  fs.rmSync(path.join(directory, 'bin'), { recursive: true, force: true });
  fs.rmSync(path.join(directory, '.lock'), { force: true });
  walk(directory, (file, name, parent) => {
    if (isLeftOut(name) || (parent.endsWith('.dist-info') && INSTALLER_RECORDS.has(name))) {
      fs.rmSync(file, { recursive: true, force: true });
    }
  });
}

function walk(directory: string, visit: (file: string, name: string, parent: string) => void): void {
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const file = path.join(directory, entry.name);
    visit(file, entry.name, directory);
    if (entry.isDirectory() && fs.existsSync(file)) {
      walk(file, visit);
    }
  }
}
