import * as fs from 'fs';
import * as path from 'path';
import { JobInputs, NodejsJob } from '../bundling-job';

/** What package managers write when they change what is installed. */
const INSTALL_RECORDS = [
  'package-lock.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock', 'bun.lockb', 'npm-shrinkwrap.json',
  'node_modules/.package-lock.json', 'node_modules/.yarn-integrity', 'node_modules/.yarn-state.yml', 'node_modules/.modules.yaml', '.pnp.cjs',
];

/**
 * What esbuild read for a package, and what would have made it read something else.
 *
 * @param inputs keys of esbuild's metafile: paths relative to the project root, some with a plugin's namespace in front
 */
export function nodejsInputs(job: NodejsJob, inputs: string[], esbuildManifest: string): JobInputs {
  const files = inputs
    .filter(input => !/^cdk-traced-[a-z]+:/.test(input))
    .map(input => path.resolve(job.projectRoot, input.replace(/^[a-z-]+:(?=[/\\])/, '').replace(/[?#].*$/, '')));
  const own = files.filter(file => !/[\\/]node_modules[\\/]/.test(file));
  // A new file beside an own one may be what an import resolves to from now on; installed packages change with the install records.
  const folders = [...new Set(own.map(file => path.dirname(file)))];
  const upwards = new Set([...folders, path.dirname(job.entry)].flatMap(ancestors));
  const configurations = [...upwards].map(folder => path.join(folder, 'tsconfig.json'));
  return {
    folders,
    files: [
      ...files,
      ...[...upwards].flatMap(folder => [path.join(folder, 'package.json'), ...INSTALL_RECORDS.map(name => path.join(folder, name))]),
      ...[...configurations, ...job.tsconfig ? [job.tsconfig] : []].flatMap(extendedConfigurations),
      ...packageManifests(files),
      esbuildManifest,
    ],
  };
}

function ancestors(folder: string): string[] {
  const parent = path.dirname(folder);
  return parent === folder ? [folder] : [folder, ...ancestors(parent)];
}

/** The package.json of each installed package that was read: its fields decide which of its files are. */
function packageManifests(files: string[]): string[] {
  return [...new Set(files.flatMap(file => {
    const match = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(file);
    return match ? [path.join(match[1], 'package.json')] : [];
  }))];
}

/** A TypeScript configuration and those that it extends by path; one from a package changes with the install records. */
function extendedConfigurations(file: string): string[] {
  if (!fs.existsSync(file)) {
    return [file];
  }
  const text = fs.readFileSync(file, 'utf8');
  const field = /"extends"\s*:\s*(\[[^\]]*\]|"[^"]*")/.exec(text)?.[1] ?? '';
  const extended = [...field.matchAll(/"(\.{1,2}\/[^"]*|\/[^"]*)"/g)]
    .map(match => path.resolve(path.dirname(file), match[1]))
    .map(target => target.endsWith('.json') ? target : `${target}.json`);
  return [file, ...extended.flatMap(extendedConfigurations)];
}
