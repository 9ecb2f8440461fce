import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { buildSync, type BuildOptions } from 'esbuild';

/** The handler that most functions of the app have, as others bundle it. */
export const CALLS_ENTRY = path.join(__dirname, '..', 'matrix', 'handlers', 'node', 'calls.ts');
export const PYTHON_DIR = path.join(__dirname, 'handlers', 'python');
export const PYTHON_SOURCE = fs.readFileSync(path.join(PYTHON_DIR, 'app.py'), 'utf8');

/** A folder that is there as long as the process. */
export const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'adoption-app-'));
process.on('exit', () => fs.rmSync(scratch, { recursive: true, force: true }));

/** As other tools bundle: nothing of it is this package's. */
export function built(name: string, options: BuildOptions = {}): string {
  const file = path.join(scratch, name);
  buildSync({ entryPoints: [CALLS_ENTRY], outfile: file, bundle: true, platform: 'node', target: 'node22', minify: true, logLevel: 'silent', ...options });
  return file;
}

/** Small enough to be inline: the AWS SDK is the runtime's. */
export const INLINE_SOURCE = fs.readFileSync(built('inline/index.js', { external: ['@aws-sdk/*', '@smithy/*'] }), 'utf8');

export function writeFiles(folder: string, files: Record<string, string>): string {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(scratch, folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text, { mode: 0o755 });
  }
  return path.join(scratch, folder);
}
