import { execFileSync } from 'child_process';
import * as path from 'path';
import * as lambda from 'aws-cdk-lib/aws-lambda';

const version = execFileSync('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], { encoding: 'utf8' }).trim();

const PIP_INSTALL = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--root-user-action', 'ignore', '--target'];

/** The runtime and architecture of this machine's Python, which can then import the finished package. */
export const LOCAL_PYTHON = {
  runtime: new lambda.Runtime(`python${version}`, lambda.RuntimeFamily.PYTHON),
  architecture: process.arch === 'arm64' ? lambda.Architecture.ARM_64 : lambda.Architecture.X86_64,
};

/** Installs into a folder, once for a test file, what Lambda's runtime has. */
export function installBoto3(folder: string): string {
  execFileSync('python3', [...PIP_INSTALL, folder, 'boto3==1.40.0'], { stdio: ['ignore', 'ignore', 'inherit'] });
  return folder;
}

/** Installs uv for a test into a folder. Gives the folder of its binary. */
export function installUv(folder: string): string {
  execFileSync('python3', [...PIP_INSTALL, folder, 'uv==0.9.7'], { stdio: ['ignore', 'ignore', 'inherit'] });
  return path.join(folder, 'bin');
}
