import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT_DIR, STATE_DIR } from '../../src/project-folders';

const { devDependencies } = JSON.parse(readFileSync(join(PROJECT_DIR, 'package.json'), 'utf8')) as { devDependencies: Record<string, string> };
// PyPI gets CDK a little later than npm.
const REQUIREMENTS = [`aws-cdk-lib>=2.270,<=${devDependencies['aws-cdk-lib']}`, `constructs==${devDependencies.constructs}`];
const TARGET = { python: { distName: 'cdk-traced-function', module: 'cdk_traced_function' } };

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
  npm(['pack', '--pack-destination', scratch]);
  const archive = run('ls', scratch).trim();
  run('tar', 'xzf', join(scratch, archive), '-C', scratch);
  const folder = join(scratch, 'package');
  // Targets of languages are not in the package yet.
  for (const [file, key] of [['package.json', 'jsii'], ['.jsii', undefined]] as const) {
    const content = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, any>;
    const holder = key ? content[key] as Record<string, any> : content;
    holder.targets = { ...holder.targets, ...TARGET };
    if (key) holder.outdir = 'dist';
    writeFileSync(join(folder, file), JSON.stringify(content));
  }
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  for (const name of ['aws-cdk-lib', 'constructs', '@aws-cdk']) {
    if (!existsSync(join(folder, 'node_modules', name))) symlinkSync(join(PROJECT_DIR, 'node_modules', name), join(folder, 'node_modules', name));
  }
  run(process.execPath, join(PROJECT_DIR, 'node_modules', 'jsii-pacmak', 'bin', 'jsii-pacmak'), '--target', 'python', '--code-only', '--outdir', join(scratch, 'dist'), folder);
  return join(scratch, 'dist', 'python', 'src');
}

function npm(args: string[]): void {
  execFileSync('npm', [...args, '--loglevel=error'], { cwd: PROJECT_DIR, stdio: ['ignore', 'ignore', 'inherit'] });
}

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1e8 });
}
