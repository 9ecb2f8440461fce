// A Python function, and the shared layer with its SDK.
import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makePackages, sizeOf } from '../lambda-packages.mjs';
import { pipPeers } from '../peers.mjs';
import { runPinned } from '../pinned-process.mjs';
import { ENVIRONMENT } from './environment.mjs';

const folder = dirname(fileURLToPath(import.meta.url));
const entry = join(folder, 'handlers', 'python');

const BOTO3 = { boto3: '1.40.0' };
const SDK = { 'aws-xray-sdk': '2.15.0' };

export async function pythonPackages(scratch, log) {
  const python = execFileSync('python3', ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])'], { encoding: 'utf8' }).trim();
  const runtime = `python${python.split('.').slice(0, 2).join('.')}`; // this machine's, which can import the packages
  const [boto3, sdk] = [await pipPeers('boto3', BOTO3, log), await pipPeers('aws-xray-sdk', SDK, log)];
  const made = await makePackages(join(scratch, 'python'), {
    traced: { entry, runtime },
    untraced: { entry, runtime, instrumentation: 'none' },
    layered: { entry, runtime, sdkDelivery: 'sharedLayer' },
  });
  const inZip = join(scratch, 'boto3'); // a function may bring its own, which nobody has compiled
  cpSync(boto3, inZip, { recursive: true, filter: path => basename(path) !== '__pycache__' });
  const load = ({ folder: package_, handler, environment, layers }, runtimePackages) => async () => (await runPinned('python3', [join(folder, 'load.py'), handler], {
    env: {
      ...ENVIRONMENT, ...environment, LAMBDA_TASK_ROOT: package_, _HANDLER: handler, PYTHONDONTWRITEBYTECODE: '1',
      PYTHONPATH: [package_, ...layers.map(layer => join(layer, 'python')), runtimePackages].join(delimiter), HOME: process.env.HOME, PYENV_ROOT: process.env.PYENV_ROOT ?? '',
    },
  })).start;
  return {
    starts: {
      'xraySdk()': { traced: load(made.traced, boto3), untraced: load(made.untraced, boto3) },
      'xraySdk(), boto3 in the package': { traced: load(made.traced, inZip), untraced: load(made.untraced, inZip) },
    },
    sizes: [
      {
        what: 'Python, shared layer', size: 'against aws-xray-sdk as pip leaves it', ours: sizeOf(made.layered.layers[0]), peer: sizeOf(sdk), limit: 1.3,
        note: 'unzipped; pip installs botocore, which the runtime has, and .pyc files',
      },
      { what: 'Python, package', size: 'against untraced', ours: sizeOf(made.traced.folder), peer: sizeOf(made.untraced.folder), ratio: undefined, note: 'unzipped' },
    ],
    goal: 1.15,
    versions: { Python: python, ...BOTO3, ...SDK },
  };
}
