import { execFileSync } from 'child_process';
import * as path from 'path';
import * as lambda from 'aws-cdk-lib/aws-lambda';

const version = execFileSync('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], { encoding: 'utf8' }).trim();

/** The runtime and architecture of this machine's Python, which can then import the finished package. */
export const LOCAL_PYTHON = {
  runtime: new lambda.Runtime(`python${version}`, lambda.RuntimeFamily.PYTHON),
  architecture: process.arch === 'arm64' ? lambda.Architecture.ARM_64 : lambda.Architecture.X86_64,
};

/** Installs uv for a test into a folder. Gives the folder of its binary. */
export function installUv(folder: string): string {
  execFileSync('python3', ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--root-user-action', 'ignore', '--target', folder, 'uv==0.9.7'],
    { stdio: ['ignore', 'ignore', 'inherit'] });
  return path.join(folder, 'bin');
}
