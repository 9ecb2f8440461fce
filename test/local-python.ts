import { execFileSync } from 'child_process';
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
  const [program, ...args] = fs.existsSync(UV)
    ? [path.join(UV, 'uv'), 'pip', 'install', '--quiet', '--python', 'python3', '--target', folder]
    : ['python3', ...PIP_INSTALL, folder];
  execFileSync(program, [...args, 'boto3==1.40.0'], { stdio: ['ignore', 'ignore', 'inherit'] });
  return folder;
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
