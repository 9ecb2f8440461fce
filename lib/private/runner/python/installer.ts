import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { normalizePythonPackage } from './normalize-package';
import { LambdaArchitecture } from '../../bundling/bundling-job';
import { keepForLater, keepNewest, moveUnlessThere, packageCacheRoot } from '../../cache/user-cache';
import { withoutCredentials } from '../credentials';
import { runCommand } from '../run-command';
import { findTool, Tool } from '../tool';
import { BundlingError } from '../bundling-error';

export interface PythonTarget {
  /** Such as `3.14`. */
  readonly pythonVersion: string;
  readonly architecture: LambdaArchitecture;
  /** Folder that receives the packages. */
  readonly directory: string;
  readonly installArgs: string[];
  readonly noDependencies?: boolean;
}

const LARGEST_NUMBER_OF_INSTALLATIONS = 100;

/** Part of the key, so that what was installed in another way is not found. */
const FORMAT = 2;

/** Fetched by pip when a project has a uv.lock and the machine has no uv. */
const UV_VERSION = '0.9.7';

const PYTHON = ['python3', 'python', 'py'];
const DOCKER_IMAGE = 'python:3.13-slim';

/** Installations of this run, by what they install: functions with the same requirements share one. */
type Installation = Promise<{ readonly directory: string; readonly tool: string }>;
const installations = new Map<string, Installation>();

/**
 * Puts wheels for Lambda's platform into the target's folder, whatever this machine's platform is. Gives the installer's name and version.
 * The same lines for the same platform are installed once, and found again by later synths, also after a change of the function's code.
 *
 * @param lines of a requirements file, with absolute paths
 */
export async function installRequirements(lines: string[], target: PythonTarget, sourceDir: string): Promise<string> {
  const key = installationKey(lines, target);
  const kept = key && dependencyCacheDir() ? path.join(dependencyCacheDir()!, key) : undefined;
  if (kept && fs.existsSync(kept)) {
    fs.cpSync(kept, target.directory, { recursive: true });
    return 'dependencies of an earlier synth';
  }
  const id = key ?? JSON.stringify([target.directory, lines]);
  if (!installations.has(id)) {
    installations.set(id, installApart(lines, target, sourceDir, kept));
  }
  const { directory, tool } = await installations.get(id)!;
  fs.cpSync(directory, target.directory, { recursive: true });
  return tool;
}

/** Undefined when the lines name what may change without them: a project or a wheel in a folder, a file at an address. */
function installationKey(lines: string[], target: PythonTarget): string | undefined {
  const contents: string[] = [];
  for (const line of lines) {
    const file = /^(?:-r|--requirement|-c|--constraint) "?([^"]+)/.exec(line)?.[1];
    if (file) {
      if (/^[a-z+]+:\/\//.test(file)) {
        return undefined;
      }
      const text = fs.readFileSync(file, 'utf8');
      if (/^\s*-(?:r|c|e|-requirement|-constraint|-editable)\b|^\s*\.{0,2}\/|file:/m.test(text)) {
        return undefined;
      }
      contents.push(text);
    } else if (/^-e|^--editable|^(?:(?:-f|--find-links) "?)?\/|^[A-Za-z]:\\|file:/.test(line)) {
      return undefined;
    }
  }
  const { directory, ...platform } = target;
  const environment = Object.entries(process.env).filter(([name]) => /^(?:PIP|UV)_/.test(name)).sort();
  return createHash('sha256').update(JSON.stringify([FORMAT, lines, contents, platform, environment])).digest('hex');
}

async function installApart(lines: string[], target: PythonTarget, sourceDir: string, kept: string | undefined): Installation {
  const directory = `${target.directory}.dependencies-${installations.size}`;
  const tool = await runInstaller(lines, { ...target, directory }, sourceDir);
  normalizePythonPackage(directory);
  if (kept) {
    keepForLater(() => {
      fs.mkdirSync(path.dirname(kept), { recursive: true });
      const temporary = fs.mkdtempSync(`${kept}.new-`);
      fs.cpSync(directory, temporary, { recursive: true });
      moveUnlessThere(temporary, kept);
      keepNewest(path.dirname(kept), LARGEST_NUMBER_OF_INSTALLATIONS);
    });
  }
  return { directory, tool };
}

async function runInstaller(lines: string[], target: PythonTarget, sourceDir: string): Promise<string> {
  const file = `${target.directory}.requirements.txt`;
  fs.mkdirSync(target.directory, { recursive: true });
  const { lines: staged, hasSources } = stageLocalProjects(lines, target.directory);
  fs.writeFileSync(file, staged.join('\n') + '\n');
  const tool = await findInstaller([sourceDir, path.dirname(target.directory)]);
  const isUv = tool.label.startsWith('uv');
  // Goes with the folder around it: uv leaves a lock behind for each project that it builds.
  const temporary = `${target.directory}.tmp`;
  fs.mkdirSync(temporary, { recursive: true });
  try {
    await runCommand([
      ...isUv ? tool.argv : pipForTarget(tool, target), 'install', '--requirement', file, '--target', target.directory,
      ...(isUv ? uvPlatform(target) : pipPlatform(target)),
      // A source distribution would be built for this machine. uv would refuse projects in folders and repositories too, pip does not.
      ...(isUv && hasSources ? [] : ['--only-binary', ':all:']),
      ...(target.noDependencies ? ['--no-deps'] : []),
      ...target.installArgs,
    ], { cwd: sourceDir, env: { TMPDIR: temporary } });
  } catch (error) {
    throw new BundlingError('TF409', `cannot install the requirements for Python ${target.pythonVersion} on ${target.architecture} with ${tool.label} ` +
      `(${withoutCredentials(lines.join(', '))}). If a package has no wheel for that platform, set another 'runtime' or 'architecture', or another version of ` +
      "the package; for one that is published as source only, make a wheel ('pip wheel NAME -w wheels') and add the line '--find-links ./wheels' to the " +
      // Of the platforms that pip is given the last tells all.
      `requirements.\n${(error as Error).message.replace(/(?: --platform manylinux_\S+)+/, '')}`);
  }
  if (hasSources) {
    refuseForeignBinaries(target);
  }
  return tool.label;
}

/** What is built from source is built for this machine, which matters where it holds compiled code. */
function refuseForeignBinaries(target: PythonTarget): void {
  const { directory, pythonVersion, architecture } = target;
  const wanted = `.cpython-${pythonVersion.replace('.', '')}-${machine(target)}-`;
  const foreign = fs.readdirSync(directory, { recursive: true, encoding: 'utf8' }).find(name => /\.cpython-\d+-[\w-]+\.so$/.test(name) && !name.includes(wanted));
  if (foreign) {
    throw new BundlingError('TF410', `'${foreign}' was compiled for this machine, and not for Python ${pythonVersion} on ${architecture}, when its package was built from source; ` +
      "set 'runtime' and 'architecture' to this machine's, or require a wheel of it for that platform");
  }
}

/** Local projects are built from a copy: builds leave files behind, which would be sources the next time. */
function stageLocalProjects(lines: string[], directory: string): { lines: string[]; hasSources: boolean } {
  let hasSources = lines.some(line => /(?:^|@\s*)(?:git|hg|svn|bzr)\+/.test(line));
  const staged = lines.map((line, i) => {
    const project = line.replace(/\[[^\]]*\]$/, '');
    if (!path.isAbsolute(project) || !fs.statSync(project, { throwIfNoEntry: false })?.isDirectory()) {
      return line;
    }
    hasSources = true;
    if (directory.startsWith(project + path.sep)) {
      return line; // a folder cannot be copied into itself
    }
    const copy = `${directory}.project-${i}`;
    fs.cpSync(project, copy, { recursive: true, dereference: true, filter: source => !/^(?:\.git|\.venv|venv|node_modules|build)$/.test(path.basename(source)) });
    return line.replace(project, copy);
  });
  return { lines: staged, hasSources };
}

function dependencyCacheDir(): string | undefined {
  const root = packageCacheRoot();
  return root && path.join(root, 'python-dependencies');
}

async function findInstaller(mounts: string[]): Promise<Tool> {
  const tool = await findTool({
    name: 'uv or pip',
    candidates: [
      { argv: ['uv'], versionArgs: ['--version'] }, // 'uv pip --version' is not known to newer ones
      ...PYTHON.map(python => ({ argv: [python, '-m', 'pip'], versionArgs: ['--version'] })),
    ],
    docker: { image: DOCKER_IMAGE, argv: ['python', '-m', 'pip'] },
    install: "uv (https://docs.astral.sh/uv/), or Python's pip",
  }, mounts);
  const isUv = tool.argv[0] === 'uv';
  return { ...tool, argv: isUv ? ['uv', 'pip'] : tool.argv, label: tool.label.replace('uv or pip', isUv ? 'uv' : 'pip') };
}

/** Python itself, to read project files with. */
export async function findPython(sourceDir: string): Promise<Tool> {
  return findTool({
    name: 'Python',
    candidates: [
      ...PYTHON.map(python => ({ argv: [python], versionArgs: ['--version'] })),
      { argv: ['uv', 'run', '--no-project', 'python'], versionArgs: ['--version'] }, // uv brings its own
    ],
    docker: { image: DOCKER_IMAGE, argv: ['python'] },
    install: 'Python 3.11 or newer',
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

function machine(target: PythonTarget): string {
  return target.architecture === 'arm64' ? 'aarch64' : 'x86_64';
}

function uvPlatform(target: PythonTarget): string[] {
  const { newest } = glibc(target);
  const platform = `${machine(target)}-${newest === 17 ? 'manylinux2014' : `manylinux_2_${newest}`}`;
  return ['--python-platform', platform, '--python-version', target.pythonVersion, '--no-compile-bytecode'];
}

/**
 * pip with the target's environment for markers (`; python_version >= "3.13"`), for which it takes this machine's whatever the platform it is told to install
 * for, so that packages would be missing. https://github.com/pypa/pip/issues/11664
 */
function pipForTarget(tool: Tool, target: PythonTarget): string[] {
  const environment = {
    implementation_name: 'cpython', platform_python_implementation: 'CPython', os_name: 'posix', platform_system: 'Linux', sys_platform: 'linux',
    platform_machine: machine(target), platform_release: '', platform_version: '',
    python_version: target.pythonVersion, python_full_version: `${target.pythonVersion}.0`, implementation_version: `${target.pythonVersion}.0`,
  };
  const script = `${target.directory}.pip.py`;
  fs.writeFileSync(script, [
    'import runpy',
    'from pip._vendor.packaging import markers',
    `markers.default_environment = lambda: dict(${JSON.stringify(environment)})`,
    'runpy.run_module("pip", run_name="__main__", alter_sys=True)',
    '',
  ].join('\n'));
  return [...tool.argv.slice(0, tool.argv.lastIndexOf('-m')), script];
}

function pipPlatform(target: PythonTarget): string[] {
  const { oldest, newest } = glibc(target);
  // uv takes the older ones for granted, pip wants each of them.
  const manylinux = Array.from({ length: newest - oldest + 1 }, (_, i) => `manylinux_2_${newest - i}`);
  return [
    ...[...manylinux, 'manylinux2014'].flatMap(platform => ['--platform', `${platform}_${machine(target)}`]),
    '--implementation', 'cp', '--python-version', target.pythonVersion,
    '--no-compile', '--upgrade', '--no-input', '--disable-pip-version-check', '--quiet', '--root-user-action', 'ignore',
  ];
}
