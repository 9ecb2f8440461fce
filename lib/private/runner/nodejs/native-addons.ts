import * as fs from 'fs';
import * as path from 'path';
import { whyNotLoadable } from './binary-file';
import { nativeParts } from './native-package';
import { NodejsJob } from '../../languages/nodejs-job';
import { BundlingError } from '../bundling-error';

const PACKAGE = /^((?:.*[\\/])?node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/@.][^\\/]*))[\\/]/;

/** Name of the installed package that a file belongs to, with '/' on every platform. */
export function packageOf(file: string): string | undefined {
  return PACKAGE.exec(file)?.[2].replace(/\\/g, '/');
}

/**
 * Refuses a package in which a native addon would be missing: its JavaScript is bundled, and the addon that this loads lies beside the JavaScript no more.
 *
 * @param inputs keys of esbuild's metafile
 */
export function refuseNativeAddons(job: NodejsJob, inputs: readonly string[]): void {
  const folders = new Map<string, string>();
  for (const input of inputs) {
    const [, folder, name] = PACKAGE.exec(input) ?? [];
    if (name !== undefined && !/^@(?:aws-sdk|smithy)[\\/]/.test(name)) {
      folders.set(folder, name.replace(/\\/g, '/'));
    }
  }
  const addons = inputs.filter(input => /\.node(?:[?#].*)?$/.test(input));
  refuseForeign(job, addons);
  for (const [folder, name] of folders) {
    const { isAddon, platformPackages } = nativeParts(path.resolve(job.projectRoot, folder));
    const isBundled = addons.some(file => [name, ...platformPackages].includes(packageOf(file)!));
    if (!isAddon || isBundled || isCopied(job, folder) || isDispensable(job, name, folder, inputs)) {
      continue;
    }
    throw new BundlingError('TF321', `'${job.entry}' imports '${name}', which loads a native addon that cannot be bundled; ` +
      `set the bundling option nodeModules: ['${name}'], which installs it for Lambda, or name it in 'externalModules' when a layer has it`);
  }
}

/** Copied by esbuild, as it is on this machine. */
function refuseForeign(job: NodejsJob, addons: string[]): void {
  for (const addon of addons) {
    const file = path.resolve(job.projectRoot, addon.replace(/[?#].*$/, ''));
    const architecture = job.more.architecture ?? 'x86_64';
    const reason = whyNotLoadable(file, { architecture, nodeVersion: job.nodeVersion });
    const name = packageOf(addon);
    if (reason) {
      throw new BundlingError('TF322', `the native addon '${addon}' of '${job.entry}' ${reason}; ${name ? `set the bundling option nodeModules: ['${name}'], which installs it for Lambda` : 'build it for Lambda'}`);
    }
  }
}

/** Whether the user sees to it. */
function isCopied({ more, projectRoot }: NodejsJob, folder: string): boolean {
  const absolute = path.resolve(projectRoot, folder);
  return more.commands !== undefined || (more.copyFiles ?? []).some(({ from }) => from === absolute || from.startsWith(absolute + path.sep) || absolute.startsWith(from + path.sep) || from.endsWith('.node'));
}

/** Whether what imports the package goes on without it: it brings a fallback, or each import of it stands in a `try`. */
function isDispensable(job: NodejsJob, name: string, folder: string, inputs: readonly string[]): boolean {
  if (inputs.some(input => input.startsWith(folder) && /[\\/](?:fallback|wasm|browser)\.[cm]?js$/.test(input))) {
    return true;
  }
  const imports = inputs.filter(input => !/^cdk-traced-/.test(input) && !input.startsWith(`${folder}/`) && !input.startsWith(`${folder}\\`)).flatMap(input => {
    const text = fs.readFileSync(path.resolve(job.projectRoot, input.replace(/[?#].*$/, '')), 'utf8');
    const pattern = new RegExp(`["'\`]${name.replace(/[.+?^${}()|[\]\\]/g, '\\$&')}(?:/[^"'\`]*)?["'\`]`, 'g');
    return [...text.matchAll(pattern)].map(match => text.slice(Math.max(0, match.index - 600), match.index)).filter(before => /(?:require\s*\(|import\s*\(|from|import)\s*$/.test(before));
  });
  return imports.length > 0 && imports.every(before => /(?:require|import)\s*\(\s*$/.test(before) && isInTry(before));
}

function isInTry(before: string): boolean {
  const start = before.search(/\btry\s*\{(?![^]*\btry\s*\{)/);
  const depth = start < 0 ? 0 : [...before.slice(start)].reduce((sum, c) => sum + (c === '{' ? 1 : c === '}' ? -1 : 0), 0);
  return depth > 0;
}
