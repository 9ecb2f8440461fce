import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT_DIR, STATE_DIR } from '../../src/project-folders';

const { devDependencies } = JSON.parse(readFileSync(join(PROJECT_DIR, 'package.json'), 'utf8')) as { devDependencies: Record<string, string> };
// PyPI gets CDK a little later than npm.
const REQUIREMENTS = [`aws-cdk-lib>=2.270,<=${devDependencies['aws-cdk-lib']}`, `constructs==${devDependencies.constructs}`];

let made: { python: string; variables: Record<string, string> } | undefined;

/** A Python that runs CDK apps, with this library as jsii gives it to Python. Returns the command and the variables that it needs. */
export function pythonForCdk(): { python: string; variables: Record<string, string> } {
  return made ??= prepare();
}

function prepare(): { python: string; variables: Record<string, string> } {
  const key = createHash('sha256').update(REQUIREMENTS.join()).update(run('python3', '--version')).digest('hex').slice(0, 16);
  const home = join(STATE_DIR, 'python-cdk', key);
  const python = join(home, 'bin', 'python');
  if (!existsSync(join(home, 'complete'))) {
    rmSync(home, { recursive: true, force: true });
    run('python3', '-m', 'venv', home);
    run(python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-compile', ...REQUIREMENTS);
    writeFileSync(join(home, 'complete'), '');
  }
  return { python, variables: { PYTHONPATH: binding() } };
}

/** The folder of the Python package, made from what npm would publish. */
function binding(): string {
  const scratch = mkdtempSync(join(tmpdir(), 'cdk-traced-binding-'));
  process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));
  if (!existsSync(join(PROJECT_DIR, '.jsii'))) throw new Error("the compiled library is missing; run 'npx jsii'");
  run(process.execPath, join(PROJECT_DIR, 'node_modules', 'jsii-pacmak', 'bin', 'jsii-pacmak'), '--target', 'python', '--code-only', '--outdir', scratch, PROJECT_DIR);
  return join(scratch, 'python', 'src');
}

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1e8 });
}
