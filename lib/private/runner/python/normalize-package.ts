import * as fs from 'fs';
import * as path from 'path';

/** What installers write about themselves into a `.dist-info` folder. */
const INSTALLER_RECORDS = new Set(['RECORD', 'INSTALLER', 'REQUESTED', 'direct_url.json', 'uv_cache.json', 'uv_build.json']);

/** Takes out of a folder that pip or uv has filled what would give two machines two different packages. */
export function normalizePythonPackage(directory: string): void {
  // Scripts carry the interpreter's path, and nothing on Lambda runs them.
  fs.rmSync(path.join(directory, 'bin'), { recursive: true, force: true });
  fs.rmSync(path.join(directory, '.lock'), { force: true });
  removeTraces(directory);
}

function removeTraces(directory: string): void {
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const file = path.join(directory, entry.name);
    if (entry.name === '__pycache__' || entry.name.endsWith('.pyc') || (directory.endsWith('.dist-info') && INSTALLER_RECORDS.has(entry.name))) {
      fs.rmSync(file, { recursive: true });
    } else if (entry.isDirectory()) {
      removeTraces(file);
    }
  }
}
