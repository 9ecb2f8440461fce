import { spawn } from 'child_process';
import { withoutCredentials } from './credentials';
import { requireShipped } from '../files/shipped-packages';
import { systemErrorText } from '../files/system-error';

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** Whether standard output is data, which an error does not show: what is wrong is on standard error. */
  readonly printsData?: boolean;
  /** Statuses other than 0 that are no failure. */
  readonly acceptStatus?: readonly number[];
}

/** On Windows npm, Maven and Gradle are `.cmd` files, which Node.js starts by no name and with no arguments of its own quoting. */
const start = process.platform === 'win32' ? requireShipped<typeof spawn>('cross-spawn') : spawn;

const SHOWN_OUTPUT_CHARACTERS = 4_000;

/**
 * Runs a command to its end and gives its standard output.
 *
 * @throws with the command and the end of its output when it fails
 */
export async function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = start(argv[0], argv.slice(1), {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let all = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      all += options.printsData ? '' : text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => all += text);
    child.on('error', error => reject(new Error(systemErrorText(error) ?? `cannot start '${argv[0]}': ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0 || options.acceptStatus?.includes(code!)) {
        resolve(stdout);
      } else {
        // Hidden before it is cut: half an address would not be known for one.
        const output = withoutCredentials(all.trim()).slice(-SHOWN_OUTPUT_CHARACTERS);
        reject(new Error(withoutCredentials(`'${argv.join(' ')}' ended with ${signal ?? `status ${code}`}${options.cwd ? ` in ${options.cwd}` : ''}:\n`) + output));
      }
    });
  });
}
