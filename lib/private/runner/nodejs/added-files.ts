import * as fs from 'fs';
import * as path from 'path';
import { installNodeModules } from './node-modules/install';
import { JobInputs } from '../../bundling/bundling-job';
import { copyPackage } from '../../files/copy-package';
import { Commands, NodejsJob, OUTPUT_DIR } from '../../languages/nodejs-job';
import { BundlingError } from '../bundling-error';
import { runCommand } from '../run-command';

/**
 * Adds to a bundled package what does not come from esbuild: installed packages, copied files, what commands make.
 *
 * @returns undefined when there is nothing to add; without inputs when what the commands read is not known
 */
export async function addFiles(job: NodejsJob): Promise<{ inputs?: JobInputs } | undefined> {
  const { nodeModules, copyFiles, commands } = job.more;
  if (!nodeModules && !copyFiles && !commands) {
    return undefined;
  }
  const files: string[] = [];
  const folders: string[] = [];
  if (nodeModules) {
    await runCommands(job, 'beforeInstall');
    const { directory, inputs } = await installNodeModules(job, nodeModules);
    const target = path.join(job.outputDir, 'node_modules');
    fs.mkdirSync(target, { recursive: true });
    copyPackage({ path: directory }, target);
    files.push(...inputs.files);
  }
  for (const { from, to } of copyFiles ?? []) {
    copyInto(job, from, to);
    collect(from, files, folders);
  }
  await runCommands(job, 'afterBundling');
  if (commands && !commands.inputs) {
    return {};
  }
  commands?.inputs?.forEach(input => collect(input, files, folders));
  return { inputs: { files, folders } };
}

/** Runs commands of the user's in the shell of this machine. */
export async function runCommands(job: NodejsJob, when: keyof Omit<Commands, 'inputs'>): Promise<void> {
  const commands = job.more.commands?.[when] ?? [];
  if (commands.length === 0) {
    return;
  }
  const script = commands.join(' && ').split(OUTPUT_DIR).join(job.outputDir);
  const argv = process.platform === 'win32' ? ['cmd', '/d', '/s', '/c', script] : ['bash', '-c', script];
  try {
    await runCommand(argv, { cwd: job.projectRoot, env: job.more.environment });
  } catch (error) {
    throw new BundlingError('TF314', `commandHooks.${when}() failed: ${(error as Error).message}`);
  }
}

function copyInto(job: NodejsJob, from: string, to: string): void {
  const isFolder = fs.statSync(from).isDirectory();
  // '.' and 'fonts/' are folders; what a folder holds goes into the folder of that name.
  const target = path.join(job.outputDir, to, !isFolder && (to === '.' || to.endsWith('/')) ? path.basename(from) : '');
  if (!isFolder && /^index\.m?js$/.test(path.relative(job.outputDir, target))) {
    throw new BundlingError('TF315', `copyFiles '${from}' would take the place of the function's own code; give it another name in the package than '${to}'`);
  }
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.cpSync(from, target, { recursive: true, dereference: true });
}

/** All that a copy reads: bytes of files, names in folders. */
function collect(file: string, files: string[], folders: string[]): void {
  if (fs.statSync(file).isDirectory()) {
    folders.push(file);
    fs.readdirSync(file).forEach(name => collect(path.join(file, name), files, folders));
  } else {
    files.push(file);
  }
}
