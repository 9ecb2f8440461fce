// `npm pack`: puts what is needed of other packages into build/shipped, where lib/private/files/shipped-packages.ts looks for it.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);

/** Their files as they are, because functions are bundled from them. */
const FOR_FUNCTIONS = { 'aws-xray-sdk-core': undefined, '@opentelemetry/api': 'build/esm/index.js' };
/** What bundling needs: one file each. */
const FOR_BUNDLING = ['@renovatebot/pep440', 'cross-spawn', 'fflate', 'ignore', 'smol-toml'];
/** Without what these need themselves. */
export const SHIPPED = [...Object.keys(FOR_FUNCTIONS), ...FOR_BUNDLING];
/** What is shipped, with versions; in the folder of the runner, by whose contents the cache knows this package. */
const LIST = join(root, 'build/private/runner/shipped-packages.json');

/** Writes the folder and returns the packages in it: names, versions, licences, and the folders that they come from. */
export async function shipPackages(outdir = join(root, 'build/shipped')) {
  const { build } = require('esbuild');
  const unfinished = `${outdir}.${process.pid}`;
  rmSync(unfinished, { recursive: true, force: true });
  const packages = new Map();
  /** Its licence, and what is needed of its package.json. */
  const add = (file, change) => {
    const folder = packageOf(file);
    const { name, version, license, main, sideEffects } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const target = join(unfinished, name);
    if (packages.has(name)) {
      if (packages.get(name).folder !== folder) throw new Error(`${name} is needed in two versions, which build/shipped has no place for`);
      return { folder, target };
    }
    mkdirSync(target, { recursive: true });
    const licences = readdirSync(folder).filter(entry => /^(?:licen[cs]e|notice|copying)/i.test(entry));
    licences.forEach(entry => copyFileSync(join(folder, entry), join(target, entry)));
    writeFileSync(join(target, 'package.json'), `${JSON.stringify({ name, version, license, main, sideEffects, ...change })}\n`);
    packages.set(name, { name, version, license, folder });
    return { folder, target };
  };
  const common = { absWorkingDir: root, bundle: true, platform: 'node', target: 'node20', write: false, metafile: true, logLevel: 'error' };

  for (const [name, main] of Object.entries(FOR_FUNCTIONS)) {
    const entry = main ? join(packageOf(require.resolve(name)), main) : require.resolve(name);
    const { metafile } = await build({ ...common, entryPoints: [entry], outdir: unfinished, format: main ? 'esm' : 'cjs' });
    for (const input of Object.keys(metafile.inputs)) {
      const { folder, target } = add(join(root, input), main && input.includes(`/${name}/`) ? { main } : {});
      const file = relative(folder, join(root, input));
      if (file === 'package.json') continue;
      mkdirSync(dirname(join(target, file)), { recursive: true });
      copyFileSync(join(root, input), join(target, file));
    }
  }
  for (const name of FOR_BUNDLING) {
    const { outputFiles: [{ contents }], metafile } = await build({ ...common, entryPoints: [require.resolve(name)], outfile: 'index.js', format: 'cjs', minify: true });
    for (const input of Object.keys(metafile.inputs)) {
      const { target } = add(join(root, input), { main: 'index.js' });
      if (input.includes(`/${name}/`)) writeFileSync(join(target, 'index.js'), contents);
    }
  }
  // Another `npm pack` may be reading the folder.
  const fingerprint = JSON.stringify([...packages.values()].map(({ name, version }) => `${name}@${version}`));
  if (existsSync(outdir) && existsSync(LIST) && readFileSync(LIST, 'utf8') === fingerprint) {
    rmSync(unfinished, { recursive: true, force: true });
  } else {
    rmSync(outdir, { recursive: true, force: true });
    mkdirSync(dirname(LIST), { recursive: true });
    renameSync(unfinished, outdir);
    writeFileSync(LIST, fingerprint);
  }
  return [...packages.values()];
}

/** Removes what jsii has made of sources that have gone: it never does. */
export function removeStaleFiles() {
  const build = join(root, 'build');
  for (const name of readdirSync(build, { recursive: true })) {
    const source = join(root, 'lib', name.replace(/(?:\.d\.ts|\.js)$/, '.ts'));
    if (/\.(?:js|d\.ts)$/.test(name) && !name.startsWith('shipped') && !existsSync(source)) rmSync(join(build, name));
  }
}

/** The folder of the package that a file belongs to. */
function packageOf(file) {
  const parts = file.split(sep);
  const at = parts.lastIndexOf('node_modules') + 1;
  return parts.slice(0, at + (parts[at].startsWith('@') ? 2 : 1)).join(sep);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  removeStaleFiles();
  for (const { name, version, license } of await shipPackages()) console.error(`shipped with this package: ${name} ${version} (${license})`);
}
