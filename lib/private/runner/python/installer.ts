import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { IndexConfiguration } from './index-configuration';
import { isUseless } from './left-out';
import { normalizePythonPackage } from './normalize-package';
import { machineName, refuseForeignBinaries } from './wheel-check';
import { findInstallation, keepInstallation } from '../../cache/installations';
import { directoryHash } from '../../files/directory-hash';
import { isWithin } from '../../files/is-within';
import { PythonInstallation } from '../../languages/python-job';
import { BundlingError } from '../bundling-error';
import { hideCredentialsOf, hideValues, namesCredentials, withoutCredentials } from '../credentials';
import { runCommand } from '../run-command';
import { commandLine, findTool, Tool } from '../tool';

/** What is installed in one go. */
export interface PythonLines {
  /** Of a requirements file, with absolute paths. */
  readonly lines: readonly string[];
  /** Of a constraints file. */
  readonly constraints?: readonly string[];
  readonly noDependencies?: boolean;
}

/** Where it goes. */
export interface PythonTarget extends PythonInstallation {
  /** Folder that receives the packages. Others are made beside it. */
  readonly directory: string;
}


/** Part of the key, so that what was installed in another way is not found. */
const FORMAT = 3;

/** Fetched by pip when a project has a uv.lock and the machine has no uv. */
const UV_VERSION = '0.9.7';

const PYTHON = ['python3', 'python', 'py'];
const DOCKER_IMAGE = 'python:3.13-slim';

const INDEX_VARIABLES = /^(?:PIP|UV)_(?:EXTRA_|DEFAULT_)?INDEX(?:_URL)?$/;

/** More packages than this without a wheel are no accident. */
const MOST_BUILDS = 30;

/** Installations of this run, by what they install: functions with the same requirements share one. */
type Installation = Promise<{ readonly directory: string; readonly tool: string }>;
const installations = new Map<string, Installation>();

/**
 * Puts wheels for Lambda's platform into the target's folder, whatever this machine's platform is. Gives the installer's name and version.
 * The same lines for the same platform from the same indexes are installed once, and found again by later synths, also after a change of the function's code.
 */
export async function installRequirements(wanted: PythonLines, target: PythonTarget, sourceDir: string): Promise<string> {
  const configuration = new IndexConfiguration(sourceDir, { ...process.env, ...target.environment });
  hideCredentials(wanted, target, configuration);
  const { lines: staged, hasSources } = stageLocalProjects(wanted.lines, target.directory);
  const key = installationKey(wanted, staged, target, configuration);
  const kept = key && findInstallation('python-dependencies', key);
  if (kept) {
    fs.cpSync(kept, target.directory, { recursive: true });
    return 'dependencies of an earlier synth';
  }
  const id = key ?? JSON.stringify([target.directory, wanted]);
  if (!installations.has(id)) {
    installations.set(id, installApart({ ...wanted, lines: staged }, hasSources, target, sourceDir, configuration, key));
  }
  const { directory, tool } = await installations.get(id)!;
  fs.cpSync(directory, target.directory, { recursive: true });
  return tool;
}

/** No message may show them again. */
function hideCredentials({ lines }: PythonLines, { installArgs, environment }: PythonTarget, configuration: IndexConfiguration): void {
  hideValues(Object.values(environment));
  const variables = Object.entries(process.env).filter(([name]) => /^(?:PIP|UV|POETRY)_/.test(name)).map(([, value]) => value!);
  const addresses = lines.filter(line => /^-(?:i|f|-index-url|-extra-index-url|-find-links)\b/.test(line) || namesCredentials(line));
  hideCredentialsOf([...addresses, ...installArgs, ...variables, ...configuration.contents].join('\n'));
}

/** Undefined when the lines name what may change without them: a file at an address. */
function installationKey(
  { constraints = [], noDependencies = false }: PythonLines, staged: readonly string[], target: PythonTarget, configuration: IndexConfiguration,
): string | undefined {
  const contents: string[] = [];
  for (const line of staged) {
    const [, file] = /^(?:-\S+[ =]"?|.*\bfile:\/\/)?((?:\/|[A-Za-z]:\\)[^"[#;]+?)(?:"|\[.*|#.*|\s*;.*|\s+--.*)?$/.exec(line) ?? [];
    if (/^(?:-r|--requirement|-c|--constraint)[ =]/.test(line) || (file && !fs.existsSync(file))) {
      return undefined;
    }
    const hash = file && contentHash(file);
    contents.push(hash ? `${line.replace(file!, path.basename(file!))} ${hash}` : line);
  }
  const { directory, extras, groups, slim, strip, ...platform } = target;
  const environment = Object.entries(process.env).filter(([name]) => /^(?:PIP|UV)_/.test(name)).sort();
  return createHash('sha256').update(JSON.stringify([FORMAT, contents, constraints, noDependencies, platform, environment, configuration.contents])).digest('hex');
}

function contentHash(file: string): string {
  return fs.statSync(file).isDirectory() ? directoryHash(file) : createHash('sha256').update(fs.readFileSync(file)).digest('hex');
}

async function installApart(
  wanted: PythonLines, hasSources: boolean, target: PythonTarget, sourceDir: string, configuration: IndexConfiguration, key: string | undefined,
): Installation {
  const directory = `${target.directory}.dependencies-${installations.size}`;
  const tool = await runInstaller(wanted, hasSources, { ...target, directory }, sourceDir, configuration);
  normalizePythonPackage(directory);
  if (key) {
    keepInstallation('python-dependencies', key, directory);
  }
  return { directory, tool };
}

async function runInstaller(
  wanted: PythonLines, hasSources: boolean, target: PythonTarget, sourceDir: string, configuration: IndexConfiguration,
): Promise<string> {
  const { lines, constraints = [], noDependencies } = wanted;
  const file = `${target.directory}.requirements.txt`;
  const constraintsFile = `${target.directory}.constraints.txt`;
  fs.mkdirSync(target.directory, { recursive: true });
  const { args, fileLines, environment } = withoutAddresses(target.installArgs);
  const write = (name: string, text: readonly string[]) => fs.writeFileSync(name, text.join('\n') + '\n', { mode: 0o600 });
  write(file, [...fileLines, ...lines]);
  write(constraintsFile, constraints);
  const tool = await findInstaller(target, configuration, [sourceDir, path.dirname(target.directory)]);
  const isUv = tool.label.startsWith('uv');
  // Goes with the folder around it: uv leaves a lock behind for each project that it builds.
  const temporary = `${target.directory}.tmp`;
  fs.mkdirSync(temporary, { recursive: true });
  const env = {
    // A container does not inherit them.
    ...Object.fromEntries(Object.entries(process.env).filter((e): e is [string, string] => INDEX_VARIABLES.test(e[0]) && e[1] !== undefined)),
    ...configuration.pipFile && !process.env.PIP_CONFIG_FILE ? { PIP_CONFIG_FILE: configuration.pipFile } : {},
    ...environment,
    ...target.environment,
    TMPDIR: temporary,
  };
  const install = async (builds: readonly string[], more: { buildsAny?: boolean } = {}) => runCommand([
    ...isUv ? commandLine(tool, Object.keys(env)) : pipForTarget(tool, env, target, more.buildsAny ?? false), 'install', '--requirement', file, '--target', target.directory,
    ...constraints.length > 0 ? ['--constraint', constraintsFile] : [],
    ...isUv ? uvPlatform(target) : pipPlatform(target),
    // A source distribution would be built for this machine. uv would refuse projects in folders and repositories too, pip does not.
    ...more.buildsAny ? ['--prefer-binary'] : isUv && hasSources ? [] : ['--only-binary', ':all:', ...builds.flatMap(name => ['--no-binary', name])],
    ...noDependencies ? ['--no-deps'] : [],
    // A copy is in no workspace; where dependencies come from does not matter where none is installed.
    ...isUv && noDependencies && hasSources ? ['--no-sources'] : [],
    ...args,
  ], { cwd: sourceDir, env });
  try {
    await installOrBuild(install, isUv);
  } catch (error) {
    throw new BundlingError('TF409', `cannot install the requirements for Python ${target.pythonVersion} on ${target.architecture} with ${tool.label} ` +
      `(${withoutCredentials(lines.join(', '))}). If a package has no wheel for that platform, set another 'runtime' or 'architecture', or another version of ` +
      "the package; for one that is published as source only and cannot be built here, make a wheel ('pip wheel NAME -w wheels') and add the line '--find-links ./wheels' to the " +
      // Of the platforms that pip is given the last tells all.
      `requirements.\n${(error as Error).message.replace(/(?: --platform manylinux_\S+)+/, '')}`);
  }
  refuseForeignBinaries(target.directory, target);
  return tool.label;
}

/** Wheels where there are any; what is published as source only is built, and checked afterwards to hold nothing that was compiled. */
async function installOrBuild(install: (builds: readonly string[], more?: { buildsAny?: boolean }) => Promise<string>, isUv: boolean): Promise<void> {
  const builds: string[] = [];
  for (;;) {
    try {
      await install(builds);
      return;
    } catch (error) {
      const { message } = error as Error;
      if (isUv) {
        const missing = [...message.matchAll(/Wheels\s+are\s+required\s+for\s+`([^`]+)`/g)].map(([, name]) => name).filter(name => !builds.includes(name));
        if (missing.length === 0 || builds.length + missing.length > MOST_BUILDS) {
          throw error;
        }
        builds.push(...missing);
        continue;
      }
      if (!/No matching distribution found|ResolutionImpossible/.test(message)) {
        throw error;
      }
      // pip does not say which have none, but takes an older wheel before a newer source.
      await install([], { buildsAny: true }).catch((again: Error) => {
        throw /No matching distribution found|ResolutionImpossible/.test(again.message) ? error : again;
      });
      return;
    }
  }
}

/** Addresses may hold a token, and arguments are seen by everybody on the machine: they go into the requirements file, or into variables. */
function withoutAddresses(installArgs: readonly string[]): { args: string[]; fileLines: string[]; environment: Record<string, string> } {
  const [args, fileLines]: [string[], string[]] = [[], []];
  const environment: Record<string, string> = {};
  for (let i = 0; i < installArgs.length; i++) {
    const [, option, , value] = /^(-i|-f|--index-url|--extra-index-url|--find-links|--index|--default-index)(=(.*))?$/.exec(installArgs[i]) ?? [];
    if (!option || (value === undefined && i + 1 === installArgs.length)) {
      args.push(installArgs[i]);
      continue;
    }
    const address = value ?? installArgs[++i];
    if (option === '--index') {
      environment.UV_INDEX = [environment.UV_INDEX, address].filter(Boolean).join(' ');
    } else if (option === '--default-index') {
      environment.UV_DEFAULT_INDEX = address;
    } else {
      fileLines.push(`${option} ${address}`);
    }
  }
  return { args, fileLines, environment };
}

/** Local projects are built from a copy: builds leave files behind, which would be sources the next time. */
function stageLocalProjects(lines: readonly string[], directory: string): { lines: string[]; hasSources: boolean } {
  let hasSources = lines.some(line => /(?:^|@\s*)(?:git|hg|svn|bzr)\+/.test(line));
  const staged = lines.map((line, i) => {
    const [, project, rest] = /^(\/[^[;]*?|[A-Za-z]:\\[^[;]*?)((?:\[[^\]]*\])?(?:\s*;.*)?)$/.exec(line) ?? [];
    if (!project || !fs.statSync(project, { throwIfNoEntry: false })?.isDirectory()) {
      return line;
    }
    hasSources = true;
    const copy = path.join(`${directory}.projects`, String(i), path.basename(project));
    copyProject(project, copy, directory);
    return copy + rest;
  });
  return { lines: staged, hasSources };
}

/** @param output lies perhaps within the project, in a folder that is not copied */
function copyProject(project: string, copy: string, output: string): void {
  fs.mkdirSync(copy, { recursive: true });
  for (const entry of fs.readdirSync(project)) {
    const source = path.join(project, entry);
    const holdsOutput = isWithin(source, output) && fs.readdirSync(source).some(name => name.startsWith('bundling-'));
    if (isUseless(entry) || entry === 'build' || holdsOutput) {
      continue;
    }
    const stats = fs.statSync(source, { throwIfNoEntry: false });
    if (stats?.isDirectory()) {
      copyProject(source, path.join(copy, entry), output);
    } else if (stats?.isFile()) {
      fs.copyFileSync(source, path.join(copy, entry));
    }
  }
}

async function findInstaller({ installer }: PythonTarget, configuration: IndexConfiguration, mounts: string[]): Promise<Tool> {
  if (installer === 'uv') {
    const uv = await findUv(mounts[0], mounts[1]);
    return { ...uv, argv: [...uv.argv, 'pip'] };
  }
  const uv = { argv: ['uv'], versionArgs: ['--version'] }; // 'uv pip --version' is not known to newer ones
  const pip = PYTHON.map(python => ({ argv: [python, '-m', 'pip'], versionArgs: ['--version'] }));
  const tool = await findTool({
    name: installer === 'pip' ? 'pip' : 'uv or pip',
    candidates: installer === 'pip' ? pip : configuration.isForPipOnly ? [...pip, uv] : [uv, ...pip],
    docker: { image: DOCKER_IMAGE, argv: ['python', '-m', 'pip'] },
    install: installer === 'pip' ? "Python's pip" : "uv (https://docs.astral.sh/uv/), or Python's pip",
  }, mounts);
  const isUv = tool.argv[0] === 'uv';
  return { ...tool, argv: isUv ? ['uv', 'pip'] : tool.argv, label: tool.label.replace('uv or pip', isUv ? 'uv' : 'pip') };
}

/** Python itself, to install uv with. */
async function findPython(sourceDir: string): Promise<Tool> {
  return findTool({
    name: 'Python',
    candidates: [
      ...PYTHON.map(python => ({ argv: [python], versionArgs: ['--version'] })),
      { argv: ['uv', 'run', '--no-project', 'python'], versionArgs: ['--version'] }, // uv brings its own
    ],
    docker: { image: DOCKER_IMAGE, argv: ['python'] },
    install: 'Python, or uv',
  }, [sourceDir]);
}

/** uv itself, which alone can read a uv.lock. */
export async function findUv(sourceDir: string, workDir: string): Promise<Tool> {
  const search = {
    name: 'uv',
    candidates: [{ argv: ['uv'], versionArgs: ['--version'] }],
    docker: { image: 'ghcr.io/astral-sh/uv:python3.13-bookworm-slim', argv: ['uv'] },
    install: 'uv (https://docs.astral.sh/uv/), which alone can read a uv.lock, or commit a requirements.txt instead of it',
  };
  try {
    return await findTool(search, [sourceDir, workDir]);
  } catch (error) {
    return installUv(workDir).catch(() => {
      throw error;
    });
  }
}

async function installUv(workDir: string): Promise<Tool> {
  const python = await findPython(workDir);
  const directory = path.join(workDir, 'uv');
  await runCommand([...python.argv, '-m', 'pip', 'install', '--quiet', '--target', directory, `uv==${UV_VERSION}`]);
  const uv = path.join(directory, 'bin', 'uv');
  return { argv: [uv], label: `uv ${UV_VERSION}` };
}

/** Oldest and newest minor version of glibc 2 whose wheels are taken: Lambda's newer images have 2.34, those up to Python 3.11 have 2.26. */
function glibc(target: PythonTarget): { oldest: number; newest: number } {
  return { oldest: 17, newest: Number(target.pythonVersion.split('.')[1]) >= 12 ? 28 : 17 };
}

function uvPlatform(target: PythonTarget): string[] {
  const { newest } = glibc(target);
  const platform = `${machineName(target)}-${newest === 17 ? 'manylinux2014' : `manylinux_2_${newest}`}`;
  return ['--python-platform', platform, '--python-version', target.pythonVersion, '--no-compile-bytecode'];
}

/**
 * pip with the target's environment for markers (`; python_version >= "3.13"`), for which it takes this machine's whatever the platform it is told to install
 * for, so that packages would be missing. https://github.com/pypa/pip/issues/11664
 *
 * @param buildsAny whether it builds sources too, which it refuses for another platform, since it cannot know that nothing will be compiled
 */
function pipForTarget(tool: Tool, env: Record<string, string>, target: PythonTarget, buildsAny: boolean): string[] {
  const environment = {
    implementation_name: 'cpython', platform_python_implementation: 'CPython', os_name: 'posix', platform_system: 'Linux', sys_platform: 'linux',
    platform_machine: machineName(target), platform_release: '', platform_version: '',
    python_version: target.pythonVersion, python_full_version: `${target.pythonVersion}.0`, implementation_version: `${target.pythonVersion}.0`,
  };
  const script = `${target.directory}.pip.py`;
  fs.writeFileSync(script, [
    'import runpy',
    'from pip._vendor.packaging import markers',
    `markers.default_environment = lambda: dict(${JSON.stringify(environment)})`,
    ...buildsAny ? ['from pip._internal.cli import cmdoptions', 'cmdoptions.check_dist_restriction = lambda *args, **kwargs: None'] : [],
    'runpy.run_module("pip", run_name="__main__", alter_sys=True)',
    '',
  ].join('\n'));
  const { argv } = tool;
  return [...commandLine({ ...tool, argv: argv.slice(0, argv.lastIndexOf('-m')) }, Object.keys(env)), script];
}

function pipPlatform(target: PythonTarget): string[] {
  const { oldest, newest } = glibc(target);
  // uv takes the older ones for granted, pip wants each of them.
  const manylinux = Array.from({ length: newest - oldest + 1 }, (_, i) => `manylinux_2_${newest - i}`);
  return [
    ...[...manylinux, 'manylinux2014'].flatMap(platform => ['--platform', `${platform}_${machineName(target)}`]),
    '--implementation', 'cp', '--python-version', target.pythonVersion,
    '--no-compile', '--upgrade', '--no-input', '--disable-pip-version-check', '--quiet', '--root-user-action', 'ignore',
  ];
}
