import { execFileSync } from 'child_process';
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import * as lambda from 'aws-cdk-lib/aws-lambda';

const version = execFileSync('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], { encoding: 'utf8' }).trim();

/** Where `npm test` puts uv. */
const UV = path.join(__dirname, '..', '.venv', 'tools');

const PIP_INSTALL = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--root-user-action', 'ignore', '--target'];

/** The runtime and architecture of this machine's Python, which can then import the finished package. */
export const LOCAL_PYTHON = {
  runtime: new lambda.Runtime(`python${version}`, lambda.RuntimeFamily.PYTHON),
  architecture: process.arch === 'arm64' ? lambda.Architecture.ARM_64 : lambda.Architecture.X86_64,
};

/** Installs into a folder, once for a test file, what Lambda's runtime has. */
export function installBoto3(folder: string): string {
  install(folder, ['boto3==1.40.0']);
  return folder;
}

function install(folder: string, lines: string[]): void {
  const [program, ...args] = fs.existsSync(UV)
    ? [path.join(UV, 'uv'), 'pip', 'install', '--quiet', '--python', 'python3', '--target', folder]
    : ['python3', ...PIP_INSTALL, folder];
  execFileSync(program, [...args, ...lines], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Does the work on a PATH without the uv of the tests. */
export function withoutUv<T>(work: () => T): T {
  const { PATH = '' } = process.env;
  process.env.PATH = PATH.split(path.delimiter).filter(folder => folder !== UV).join(path.delimiter);
  try {
    return work();
  } finally {
    process.env.PATH = PATH;
  }
}

/** Gives the folder of uv's binary, which is installed into a folder where the tests have none yet. */
export function installUv(folder: string): string {
  if (fs.existsSync(UV)) {
    return UV;
  }
  execFileSync('python3', [...PIP_INSTALL, folder, 'uv==0.9.7'], { stdio: ['ignore', 'ignore', 'inherit'] });
  return path.join(folder, 'bin');
}

/**
 * Installs packages for tests, once for this checkout: the folder is kept, and found again by the lines that it was made of.
 *
 * @param lines of a requirements file, each with a version
 */
export function installPython(lines: string[]): string {
  const key = createHash('sha256').update(JSON.stringify([version, process.arch, lines])).digest('hex').slice(0, 16);
  const folder = path.join(__dirname, '..', 'node_modules', '.cache', 'python-of-tests', key);
  if (!fs.existsSync(folder)) {
    const temporary = `${folder}.${process.pid}`;
    install(temporary, lines);
    try {
      fs.renameSync(temporary, folder);
    } catch {
      fs.rmSync(temporary, { recursive: true, force: true }); // another test file was quicker
    }
  }
  return folder;
}
