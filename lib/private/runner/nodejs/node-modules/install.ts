import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { InstallationPlan, planInstallation } from './layout';
import { LockGraph, PlatformArchitecture } from './lock-graph';
import { settleBinaries } from './native-binaries';
import { npmSettings, NpmSettings } from './npm-settings';
import { readLock } from './read-lock';
import { JobInputs } from '../../../bundling/bundling-job';
import { findInstallation, keepInstallation } from '../../../cache/installations';
import { ancestors } from '../../../files/ancestors';
import { NodejsJob, NodeModules } from '../../../languages/nodejs-job';
import { BundlingError } from '../../bundling-error';
import { runCommand } from '../../run-command';

/** Part of the key: a change of how things are installed. */
const FORMAT = 2;

/** Installed packages. */
export interface InstalledModules {
  /** Absolute path of a folder that holds what `node_modules` has to. */
  readonly directory: string;
  /** What decided what is installed. */
  readonly inputs: JobInputs;
}

/** Under way or done in this process: functions share them. */
const installing = new Map<string, Promise<string>>();

/**
 * Installs packages at the versions of the lock file, for the function's platform.
 *
 * @throws with the package or the file that is to blame, and what to do
 */
export async function installNodeModules(job: NodejsJob, modules: NodeModules): Promise<InstalledModules> {
  const { lockFile, names } = modules;
  const root = path.dirname(lockFile);
  const graph = readLock(lockFile);
  const folders = ancestors(path.dirname(job.entry)).filter(folder => folder === root || folder.startsWith(root + path.sep))
    .map(folder => path.relative(root, folder).split(path.sep).join('/'));
  const wanted = new Map(names.map(name => [name, keyOf(graph, name, folders, lockFile)]));
  const architecture: PlatformArchitecture = modules.architecture === 'arm64' ? 'arm64' : 'x64';
  const plan = planInstallation(graph, wanted, architecture);
  const settings = npmSettings(root);
  const environment = job.more.environment ?? {};
  const target = { architecture: modules.architecture, nodeVersion: job.nodeVersion };
  const key = createHash('sha256').update(JSON.stringify([FORMAT, plan, target, settings.text, Object.entries(environment).sort()])).digest('hex');
  if (!installing.has(key)) {
    installing.set(key, findOrInstall(key, plan, settings, environment, job));
  }
  return {
    directory: await installing.get(key)!,
    inputs: { files: [lockFile, ...folders.map(folder => path.join(root, folder, 'package.json')), ...settings.files], folders: [] },
  };
}

function keyOf(graph: LockGraph, name: string, folders: string[], lockFile: string): string {
  const found = graph.find(name, folders);
  if (found !== undefined) {
    return found;
  }
  const all = [...new Map(graph.all(name).map(key => [graph.get(key).version, key]))];
  if (all.length === 0) {
    throw new BundlingError('TF323', `nodeModules '${name}' is not in the lock file '${lockFile}'; install it in the project`);
  }
  if (all.length > 1) {
    throw new BundlingError('TF324', `nodeModules '${name}' is in the lock file '${lockFile}' in several versions (${all.map(([version]) => version).join(', ')}), none of them for the entry's own folder; ` +
      'add it to the dependencies in the package.json that is nearest to the entry');
  }
  return all[0][1];
}

async function findOrInstall(
  key: string, plan: InstallationPlan, settings: NpmSettings, environment: Record<string, string>, job: NodejsJob,
): Promise<string> {
  const found = findInstallation('node-modules', key);
  if (found) {
    return found;
  }
  const directory = path.join(path.dirname(job.outputDir), `node-modules-${key.slice(0, 16)}`);
  fs.mkdirSync(directory, { recursive: true });
  fs.writeFileSync(path.join(directory, 'package.json'), JSON.stringify({ ...plan.manifest, private: true }));
  fs.writeFileSync(path.join(directory, 'package-lock.json'), JSON.stringify(plan.lock));
  fs.writeFileSync(path.join(directory, '.npmrc'), settings.text, { mode: 0o600 });
  const { architecture } = job.more.nodeModules!;
  const npm = async (...args: string[]) => runCommand([process.platform === 'win32' ? 'npm.cmd' : 'npm', ...args, '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: directory,
    env: {
      ...environment,
      // For install scripts that fetch a binary, or compile one: prebuild-install, node-pre-gyp, node-gyp.
      npm_config_platform: 'linux', npm_config_target_platform: 'linux', npm_config_arch: architecture === 'arm64' ? 'arm64' : 'x64',
      npm_config_target_arch: architecture === 'arm64' ? 'arm64' : 'x64', npm_config_target_libc: 'glibc',
      ...process.version.startsWith(`v${job.nodeVersion}.`) ? {} : { npm_config_target: `${job.nodeVersion}.0.0` },
    },
  });
  try {
    await npm('ci', '--ignore-scripts', '--omit=dev', '--include=optional', '--legacy-peer-deps', '--engine-strict=false', '--package-lock=true',
      '--prefer-offline');
    const modules = path.join(directory, 'node_modules');
    await settleBinaries(modules, { architecture, nodeVersion: job.nodeVersion }, async packages => npm('rebuild', ...packages));
    for (const name of ['.bin', '.package-lock.json']) {
      fs.rmSync(path.join(modules, name), { recursive: true, force: true });
    }
    return keepInstallation('node-modules', key, modules);
  } catch (error) {
    throw new BundlingError('TF325', `cannot install 'nodeModules' (${Object.keys(plan.manifest.dependencies).join(', ')}) for '${job.entry}': ${(error as Error).message.replace(/\nnpm error\nnpm error (?:Clean install|Usage:)[^]*$/, '')}`);
  } finally {
    fs.rmSync(path.join(directory, '.npmrc'), { force: true }); // it may hold a token
  }
}
