// Makes a fresh clone ready: npm packages and the built launcher. Plain Node, because it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The project's root folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** npm's own list of what it installed. */
const RECORD = 'node_modules/.package-lock.json';

/** A reason why the project cannot run, in one sentence for the person at the terminal. */
export class SetupError extends Error {}

/** Runs `main`; a SetupError becomes its one sentence and exit status 1, anything else keeps its stack. */
export async function run(main) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof SetupError ? error.message : error);
    process.exitCode = 1;
  }
}

/** Fails unless Node is as new as package.json asks. */
export function checkNode() {
  const wanted = readJson('package.json').engines.node.match(/(\d+)\.(\d+)\.(\d+)/).slice(1).map(Number);
  const found = process.versions.node.split('.').map(Number);
  const older = found.findIndex((part, i) => part !== wanted[i]);
  if (older >= 0 && found[older] < wanted[older]) {
    throw new SetupError(`Node.js ${wanted.join('.')} or newer is needed, this is ${process.versions.node}; install a newer one and try again.`);
  }
}

/**
 * Installs the npm packages of package-lock.json into node_modules, unless exactly they are there already.
 * Development packages are needed too (esbuild, the CDK CLI), also where NODE_ENV=production is set.
 */
export function ensureNpmPackages() {
  const reason = whyStale();
  if (!reason) return;
  console.error(`Installing npm packages (${reason})...`);
  // npm writes its record last: without it, whatever lies there comes from an installation that was interrupted.
  if (!existsSync(join(root, RECORD))) rmSync(join(root, 'node_modules'), { recursive: true, force: true });
  // Not 'npm ci': it refuses a lock file without the optional packages of every other platform, and a registry may not have those.
  // '--no-save' installs what the lock file says and changes neither it nor package.json.
  const [command, args] = npmCommand('install', '--no-save', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error');
  const result = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (result.error) throw new SetupError(`npm cannot be started (${result.error.message}); install Node.js with npm and try again.`);
  if (result.status !== 0) throw new SetupError(`'npm install' failed with status ${result.status}; its messages above say why.`);
}

/** Installs what the programs of the oracle use into a node_modules of their own, as its lock file says, without the scripts of the packages. */
export function ensureOraclePackages() {
  const folder = join(root, 'test', 'oracle', 'nodejs');
  const [locked, installed] = [join(folder, 'package-lock.json'), join(folder, RECORD)].map(file => existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : {});
  const stale = Object.entries(locked).find(([path, entry]) => path && !entry.optional && !entry.peer && installed[path]?.version !== entry.version);
  if (!stale) return;
  console.error('Installing what the oracle uses...');
  const [command, args] = npmCommand('install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error');
  const { status } = spawnSync(command, args, { cwd: folder, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new SetupError(`'npm install' in ${folder} failed with status ${status}; its messages above say why.`);
}

/** Why node_modules is not what package-lock.json says, or undefined if it is. */
export function whyStale() {
  if (!existsSync(join(root, 'package-lock.json'))) throw new SetupError(`package-lock.json is missing in ${root}; restore it from version control.`);
  if (!existsSync(join(root, RECORD))) return 'first start';
  const installed = readJson(RECORD).packages;
  for (const [path, entry] of Object.entries(readJson('package-lock.json').packages)) {
    // Other platforms' packages are rightly absent, and the workspaces are folders of this project.
    if (!path.includes('node_modules/') || (entry.optional && !installed[path]) || (entry.peer && !installed[path])) continue;
    if (installed[path]?.version !== entry.version) return `${path.replace(/^.*node_modules\//, '')} changed`;
    if (entry.link && !existsSync(join(root, path))) return `${path} is missing`;
  }
  return undefined;
}

/** Bundles the launcher, local/src/main.ts, into local/dist/main.cjs. */
export function buildLauncher() {
  return buildProgram('main');
}

/** Bundles a program of local/src into local/dist: milliseconds, so it is done on every start. */
export async function buildProgram(name) {
  const { build } = createRequire(import.meta.url)('esbuild');
  const { outputFiles } = await build({
    absWorkingDir: root,
    write: false,
    entryPoints: [`local/src/${name}.ts`],
    outfile: `local/dist/${name}.cjs`,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    packages: 'external',
    sourcemap: true,
    logLevel: 'error',
  });
  mkdirSync(join(root, 'local/dist'), { recursive: true });
  for (const { path, contents } of outputFiles) replaceFile(path, contents);
  return join(root, `local/dist/${name}.cjs`);
}

/** Makes the project ready, then runs a program of local/src in this process, so that signals and the terminal are its own. */
export async function runProgram(name) {
  checkNode();
  ensureNpmPackages();
  const program = await buildProgram(name);
  process.setSourceMapsEnabled(true);
  createRequire(import.meta.url)(program);
}

/** Another start may read the file at this moment, so it is replaced as a whole, and only when it changes. */
function replaceFile(path, contents) {
  if (existsSync(path) && readFileSync(path).equals(contents)) return;
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, contents);
  renameSync(unfinished, path);
}

function npmCommand(...args) {
  // Under `npm start` npm says where it lies; otherwise it is looked up on the PATH.
  const cli = process.env.npm_execpath;
  if (cli && /npm-cli\.c?js$/.test(cli) && existsSync(cli)) return [process.execPath, [cli, ...args]];
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm', args];
}

function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await run(async () => {
    checkNode();
    ensureNpmPackages();
    await buildLauncher();
  });
}
