import * as fs from 'fs';
import * as path from 'path';
import { findUv } from './installer';
import { isUseless } from './left-out';
import { EXPORTED_FILES, exportLock } from './lock-export';
import { requirementName, requirementNames } from './names';
import { ProjectFile } from './project-file';
import { readText } from './text-file';
import { ancestors } from '../../files/ancestors';
import { PythonInstallation } from '../../languages/python-job';
import { BundlingError } from '../bundling-error';
import { runCommand } from '../run-command';

/** Files that say what a project requires. */
const READ_FILES = ['uv.lock', 'requirements.txt', 'pyproject.toml', 'setup.py'];

/** Files that decide what is installed, whether they exist or not: one that appears may take the place of another. */
export const PROJECT_FILES = [...READ_FILES, 'setup.cfg', ...EXPORTED_FILES];

export interface PythonRequirements {
  /** Lines of a requirements file that name something to install, paths made absolute, without the line of the tracing SDK. */
  readonly lines: string[];
  /** Lines that say from where and how, such as indexes. */
  readonly options: string[];
  /** Lines of constraints files: versions of what something else asks for. */
  readonly constraints: string[];
  /** Normalised names that the project asks for itself. */
  readonly direct: ReadonlySet<string>;
  /** The project's own line for the tracing SDK, which then decides its version. */
  readonly sdkLine?: string;
  /** Whether a lock file names every package, so that none is looked for. */
  readonly isLocked: boolean;
  /** Absolute paths of what the lines name: other requirements files, constraints, wheels, and all that is in projects. */
  readonly files: string[];
}

/**
 * What a project folder requires: from `uv.lock`, else `requirements.txt`, else the lock file of Poetry, PDM or Pipenv, else `pyproject.toml` (with the `uv.lock`
 * of the workspace that it is in), else `setup.py`, else nothing.
 *
 * @throws for a project whose requirements cannot be read: without them the function could not be imported
 */
export async function readRequirements(sourceDir: string, workDir: string, installation: PythonInstallation): Promise<PythonRequirements> {
  const has = (name: string) => fs.existsSync(path.join(sourceDir, name));
  if (has('uv.lock')) {
    return fromUvLock(sourceDir, workDir, installation, sourceDir);
  }
  if (has('requirements.txt')) {
    refuseChoices(installation, path.join(sourceDir, 'requirements.txt'));
    return fromText(path.join(sourceDir, 'requirements.txt'), sourceDir);
  }
  const exported = await exportLock(sourceDir, workDir, installation, READ_FILES);
  if (exported) {
    ProjectFile.read(sourceDir)?.checkPython(installation.pythonVersion);
    return { ...split(logicalLines(exported.text).map(line => absolutePaths(line, sourceDir)), [], exported.direct, exported.files), isLocked: true };
  }
  const project = ProjectFile.read(sourceDir);
  if (project) {
    const workspace = uvWorkspace(sourceDir);
    return workspace ? fromUvLock(sourceDir, workDir, installation, workspace) : fromProject(project, sourceDir, installation);
  }
  if (has('setup.py')) {
    return fromBuild(sourceDir, installation);
  }
  refuseChoices(installation, undefined);
  return { lines: [], options: [], constraints: [], direct: new Set(), isLocked: false, files: [] };
}

/** Extras and groups are what a project file has, and an option without effect would leave out what somebody counts on. */
function refuseChoices({ extras, groups }: PythonInstallation, file: string | undefined): void {
  const given = [...extras.length > 0 ? ["'extras'"] : [], ...groups.length > 0 ? ["'groups'"] : []];
  if (given.length > 0) {
    throw new BundlingError('TF427', `the bundling option${given.length > 1 ? 's' : ''} ${given.join(' and ')} would have no effect: what the function requires comes from ` +
      `${file ? `'${file}', which has none; write what they stand for into it` : `none of ${READ_FILES.join(', ')}`}, or leave the option out`);
  }
}

function fromProject(project: ProjectFile, sourceDir: string, installation: PythonInstallation): PythonRequirements {
  project.checkPython(installation.pythonVersion);
  if (project.isDynamic) {
    return fromBuild(sourceDir, installation);
  }
  const lines = project.requirements(installation);
  return split(lines.map(line => absolutePaths(line, sourceDir)), [], requirementNames(lines));
}

/** A project whose build tells what it requires: it is installed itself, with that. */
function fromBuild(sourceDir: string, { extras, groups }: PythonInstallation): PythonRequirements {
  if (groups.length > 0) {
    throw new BundlingError('TF428', `the bundling option 'groups' cannot be used where the build says what '${sourceDir}' requires; write the dependencies into pyproject.toml`);
  }
  // What it asks for is not known before it is built, but whether it is meant to bring its own boto3 can be seen.
  const text = ['setup.py', 'setup.cfg', 'pyproject.toml'].map(name => path.join(sourceDir, name)).filter(file => fs.existsSync(file)).map(readText).join('\n');
  const direct = ['boto3', 'botocore', 's3transfer'].filter(name => new RegExp(`(?:^|['"\\s])${name}(?![\\w-])`, 'm').test(text));
  return split([sourceDir + (extras.length > 0 ? `[${extras.join(',')}]` : '')], [], new Set(direct));
}

/** The folder with the lock file of the workspace that the project belongs to. */
function uvWorkspace(sourceDir: string): string | undefined {
  return ancestors(path.dirname(sourceDir)).find(folder => {
    const [lock, project] = ['uv.lock', 'pyproject.toml'].map(name => path.join(folder, name));
    return fs.existsSync(lock) && fs.existsSync(project) && /^\[tool\.uv\.workspace\]/m.test(fs.readFileSync(project, 'utf8'));
  });
}

/** @param lockDir folder of the uv.lock, which paths in it are relative to */
async function fromUvLock(sourceDir: string, workDir: string, installation: PythonInstallation, lockDir: string): Promise<PythonRequirements> {
  const { extras, groups, environment, pythonVersion } = installation;
  const uv = await findUv(lockDir, workDir);
  const project = ProjectFile.read(sourceDir);
  // Older versions of uv know no other switch, and few projects have more default groups than this one.
  const noGroups = Array.isArray(project?.uv['default-groups']) ? '--no-default-groups' : '--no-dev';
  // --frozen: the lock file is what was tested, and a synth must not rewrite it.
  const exported = await runCommand([
    ...uv.argv, 'export', '--project', sourceDir, '--frozen', noGroups, '--no-emit-project', '--no-annotate', '--no-header', '--quiet',
    ...extras.flatMap(extra => ['--extra', extra]), ...groups.flatMap(group => ['--group', group]),
  ], { cwd: sourceDir, env: { ...environment, UV_PROJECT_ENVIRONMENT: path.join(workDir, '.venv') } });
  project?.checkPython(pythonVersion);
  const lines = logicalLines(exported).map(line => absolutePaths(line, lockDir));
  return { ...split(lines, [], project?.directNames(installation) ?? new Set(), [path.join(lockDir, 'uv.lock'), path.join(lockDir, 'pyproject.toml')]), isLocked: true };
}

function fromText(file: string, sourceDir: string): PythonRequirements {
  const files: string[] = [];
  const constraints: string[] = [];
  const lines = readRequirementsFile(file, sourceDir, files, constraints);
  return split(lines, constraints, requirementNames(lines), files);
}

/** Lines of a requirements file and of those that it includes, which may name the tracing SDK too. Their paths are added to `files`, and what constrains to `constraints`. */
function readRequirementsFile(file: string, sourceDir: string, files: string[], constraints: string[]): string[] {
  if (files.includes(file)) {
    return []; // includes itself
  }
  if (!fs.existsSync(file)) {
    throw new BundlingError('TF417', `cannot find the requirements file '${file}'${files.length > 0 ? `, which '${files[files.length - 1]}' includes` : ''}`);
  }
  files.push(file);
  return logicalLines(readText(file)).flatMap(line => {
    const [, option, quote, bare] = /^(-r|--requirement|-c|--constraint)[ =]?\s*(?:"([^"]+)"|(\S+))/.exec(line) ?? [];
    const target = quote ?? bare;
    if (!option || /^[a-z+]+:\/\//.test(target)) {
      return [absolutePaths(line, sourceDir)];
    }
    // As in pip, relative to the file that includes.
    const absolute = path.resolve(path.dirname(file), target);
    if (option.startsWith('-r') || option === '--requirement') {
      return readRequirementsFile(absolute, sourceDir, files, constraints);
    }
    constraints.push(...readRequirementsFile(absolute, sourceDir, files, constraints).filter(constraint => !constraint.startsWith('-')));
    return [];
  });
}

function logicalLines(text: string): string[] {
  return text.replace(/\\\r?\n/g, ' ').split(/\r?\n/)
    .map(line => line.replace(/(^|\s)#.*$/, '').trim())
    .filter(line => line !== '');
}

/** The lines are installed from another folder, so the paths in them have to be absolute; and an editable installation would leave a link only. */
function absolutePaths(line: string, sourceDir: string): string {
  const [, option, folder] = /^(-f|--find-links)[ =]\s*(\S+)$/.exec(line) ?? [];
  if (option && !/^[a-z+]+:/.test(folder)) {
    return `${option} ${quoted(path.resolve(sourceDir, folder))}`;
  }
  const requirement = line.replace(/^(?:-e|--editable)[ =]\s*/, '').replace(/^file:(?!\/)/, './');
  const isPath = /^\.{1,2}(?:\/|$|\[)|^\//.test(requirement)
    || (/^[^\s@:;=<>~!]+\/[^\s@:;]+$/.test(requirement) && fs.existsSync(path.join(sourceDir, requirement.replace(/\[.*$/, ''))));
  return isPath ? path.resolve(sourceDir, requirement) : requirement;
}

/** Of an option: there white space would end the path. */
function quoted(file: string): string {
  return /\s/.test(file) ? `"${file}"` : file;
}

function split(lines: string[], constraints: string[], direct: ReadonlySet<string>, files: string[] = []): PythonRequirements {
  const options = lines.filter(line => line.startsWith('-') && !/^(?:-r|--requirement)\b/.test(line));
  const sdkLine = lines.find(line => requirementName(line) === 'aws-xray-sdk');
  const named = lines.flatMap(line => /^(?:-\S+[ =]"?|.*\bfile:\/\/)?((?:\/|[A-Za-z]:\\)[^"[#;]+?)(?:"|\[.*|#.*|\s*;.*|\s+--.*)?$/.exec(line)?.[1] ?? []).flatMap(filesWithin);
  const others = lines.filter(line => line !== sdkLine && !options.includes(line));
  return { lines: others, options, constraints, direct, sdkLine, isLocked: false, files: [...files, ...named] };
}

/** A file, or a folder with all that is in it: a project is built from that, and a folder of wheels searched. */
function filesWithin(file: string): string[] {
  if (!fs.statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
    return [file];
  }
  const entries = fs.readdirSync(file, { withFileTypes: true }).filter(({ name }) => !isUseless(name) && name !== 'build');
  return [file, ...entries.flatMap(entry => entry.isDirectory() ? filesWithin(path.join(file, entry.name)) : [path.join(file, entry.name)])];
}
