import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { distributions, readRecord, recordedPath } from './distributions';

/** What installers write about themselves into a `.dist-info` folder. */
const INSTALLER_RECORDS = new Set(['INSTALLER', 'REQUESTED', 'direct_url.json', 'uv_cache.json', 'uv_build.json']);

/** Takes out of a folder that pip or uv has filled what would give two machines two different packages. */
export function normalizePythonPackage(directory: string): void {
  // Scripts carry the interpreter's path, and nothing on Lambda runs them.
  fs.rmSync(path.join(directory, 'bin'), { recursive: true, force: true });
  fs.rmSync(path.join(directory, '.lock'), { force: true });
  removeTraces(directory);
  normalizeRecords(directory);
}

/** Leaves in each list of installed files, by which `importlib.metadata` finds them, those that are there, sorted: pip and uv have orders of their own. */
export function normalizeRecords(directory: string): void {
  for (const distribution of distributions(directory)) {
    const rows = readRecord(directory, distribution).flatMap(row => {
      const file = path.join(directory, recordedPath(row));
      return file.startsWith(directory + path.sep) && fs.existsSync(file) ? [actualRow(row, file)] : [];
    });
    if (rows.length > 0) {
      fs.writeFileSync(path.join(directory, distribution.folder, 'RECORD'), rows.sort().join('\n') + '\n');
    }
  }
}

/** A file that was changed since, by stripping it, has another size. */
function actualRow(row: string, file: string): string {
  const [, name, size] = /^(.*),sha256=[\w-]+,(\d+)$/.exec(row) ?? [];
  if (size === undefined || fs.statSync(file).size === Number(size)) {
    return row;
  }
  const contents = fs.readFileSync(file);
  return `${name},sha256=${createHash('sha256').update(contents).digest('base64url')},${contents.length}`;
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
