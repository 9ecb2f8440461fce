import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { BinaryTarget, whyNotLoadable } from '../binary-file';
import { isForLambda } from './lock-graph';
import { BundlingError } from '../../bundling-error';
import { nativeParts } from '../native-package';

interface InstalledPackage {
  readonly name: string;
  readonly folder: string;
  readonly manifest: { readonly scripts?: Record<string, string>; readonly os?: string[]; readonly cpu?: string[]; readonly libc?: string[] };
}

/** Of the files of these packages none needs to be loaded when they are used. */
const BUILD_FOLDERS = /(?:^|[\\/])(?:build[\\/]Release|build[\\/]Debug|lib[\\/]binding|compiled|dist)(?:[\\/]|$)/;

/**
 * Leaves in installed packages only what is for the function's platform, runs the install scripts of those that need one, and holds every addon against the platform.
 *
 * @param modules absolute path of the `node_modules`
 * @param runScripts runs the install scripts of packages
 * @throws for an addon that could not be loaded
 */
export async function settleBinaries(modules: string, target: BinaryTarget, runScripts: (packages: string[]) => Promise<unknown>): Promise<void> {
  const architecture = target.architecture === 'arm64' ? 'arm64' : 'x64';
  for (const installed of packagesIn(modules)) {
    if (!isForLambda(installed.manifest, architecture)) {
      fs.rmSync(installed.folder, { recursive: true }); // Yarn 1 does not write down what a package is for
    }
  }
  const packages = packagesIn(modules);
  packages.forEach(({ folder }) => removeForeignPrebuilds(folder, target));
  const withScript = packages.filter(({ folder, manifest }) => hasInstallScript(folder, manifest)
    && (!hasAddon(folder, packages, target) || crashes(folder, target)));
  if (withScript.length > 0) {
    const names = [...new Set(withScript.map(({ name }) => name))];
    try {
      await runScripts(names);
    } catch (error) {
      throw new BundlingError('TF328', `the install script of ${names.map(name => `'${name}'`).join(', ')} failed. ${ADVICE}.\n${(error as Error).message}`);
    }
  }
  for (const { folder, name } of packages) {
    const files = addonsIn(folder);
    const reasons = files.map(file => ({ file, reason: whyNotLoadable(file, target) }));
    const wrong = reasons.find(({ reason, file }) => reason !== undefined && BUILD_FOLDERS.test(path.relative(folder, file)))
      ?? reasons.find(({ reason }) => reason !== undefined);
    const isNative = nativeParts(folder).isAddon;
    if (wrong && !reasons.some(({ reason }) => reason === undefined)) {
      throw new BundlingError('TF329', `'${path.relative(modules, wrong.file)}' of '${name}' ${wrong.reason}. ${ADVICE}`);
    }
    reasons.filter(({ reason }) => reason !== undefined).forEach(({ file }) => fs.rmSync(file));
    if (isNative && !hasAddon(folder, packages, target)) {
      throw new BundlingError('TF330', `'${name}' was installed without an addon for ${target.architecture} on Linux: it brings none, and its install script has made none. ${ADVICE}`);
    }
    removeBuildLeftovers(folder);
  }
}

const ADVICE = 'Take a version of the package that publishes one for that platform and the Node.js of the runtime, set another \'runtime\' or \'architecture\', or put it into a layer and name it in \'externalModules\'';

function hasInstallScript(folder: string, { scripts }: InstalledPackage['manifest']): boolean {
  // npm runs node-gyp for a package with a binding.gyp and no script of its own.
  return ['preinstall', 'install', 'postinstall'].some(name => scripts?.[name] !== undefined) || fs.existsSync(path.join(folder, 'binding.gyp'));
}

/** Whether the package, or one of those that it chooses from by platform, has an addon that can be loaded. */
function hasAddon(folder: string, packages: InstalledPackage[], target: BinaryTarget): boolean {
  const { platformPackages } = nativeParts(folder);
  // What such a package holds may be a program, or a library of another kind.
  return packages.some(other => platformPackages.includes(other.name)) || addonsIn(folder).some(file => whyNotLoadable(file, target) === undefined);
}

/** Whether an addon that is for the platform ends the process that loads it, where this machine can tell. Install scripts try that too, and compile one then. */
function crashes(folder: string, target: BinaryTarget): boolean {
  const isLikeTarget = process.platform === 'linux' && process.arch === (target.architecture === 'arm64' ? 'arm64' : 'x64') && process.version.startsWith(`v${target.nodeVersion}.`);
  return isLikeTarget && addonsIn(folder).filter(file => whyNotLoadable(file, target) === undefined)
    .some(file => spawnSync(process.execPath, ['-e', 'try { require(process.argv[1]); } catch { /* it may need what the package sets up first */ }', file], { stdio: 'ignore', timeout: 10_000 }).signal === 'SIGSEGV');
}

function addonsIn(folder: string): string[] {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const file = path.join(folder, entry.name);
    return entry.isDirectory() ? entry.name === 'node_modules' || entry.name === 'obj.target' ? [] : addonsIn(file) : entry.isFile() && entry.name.endsWith('.node') ? [file] : [];
  });
}

/** `prebuilds/linux-x64`, `prebuilds/darwin-x64+arm64`; in them `name.node`, `name.musl.node`, `name.glibc.node`. */
function removeForeignPrebuilds(folder: string, target: BinaryTarget): void {
  const prebuilds = path.join(folder, 'prebuilds');
  for (const name of fs.existsSync(prebuilds) ? fs.readdirSync(prebuilds) : []) {
    const [, platform, architectures] = /^(\w+)-([\w+]+)$/.exec(name) ?? [];
    if (platform !== undefined && (platform !== 'linux' || !architectures.split('+').includes(target.architecture === 'arm64' ? 'arm64' : 'x64'))) {
      fs.rmSync(path.join(prebuilds, name), { recursive: true });
    } else if (platform !== undefined) {
      fs.readdirSync(path.join(prebuilds, name)).filter(file => /[.-]musl\b/.test(file)).forEach(file => fs.rmSync(path.join(prebuilds, name, file)));
    }
  }
}

/** What compiling leaves beside the addon; it names folders of this machine. */
function removeBuildLeftovers(folder: string): void {
  const build = path.join(folder, 'build');
  if (!fs.existsSync(path.join(build, 'config.gypi'))) {
    return;
  }
  for (const file of fs.readdirSync(build, { recursive: true, encoding: 'utf8' })) {
    const absolute = path.join(build, file);
    if (fs.lstatSync(absolute).isFile() && (/(?:^|[\\/])(?:obj(?:\.target)?|\.deps|\.forge-meta)[\\/]/.test(file) || !/\.(?:node|so(?:\.\d+)*|wasm|js|json)$/.test(file))) {
      fs.rmSync(absolute);
    }
  }
  for (const name of ['Release/obj.target', 'Release/obj', 'Release/.deps']) {
    fs.rmSync(path.join(build, name), { recursive: true, force: true });
  }
}

function packagesIn(modules: string): InstalledPackage[] {
  return fs.readdirSync(modules, { withFileTypes: true }).filter(entry => entry.isDirectory() && !entry.name.startsWith('.')).flatMap(({ name }) =>
    name.startsWith('@') ? fs.readdirSync(path.join(modules, name)).map(part => `${name}/${part}`) : [name]).flatMap(name => {
    const folder = path.join(modules, name);
    const nested = path.join(folder, 'node_modules');
    if (!fs.existsSync(path.join(folder, 'package.json'))) {
      return [];
    }
    const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8')) as InstalledPackage['manifest'];
    return [{ name, folder, manifest }, ...fs.existsSync(nested) ? packagesIn(nested) : []];
  });
}
