import * as fs from 'fs';
import * as path from 'path';
import { findUv } from './installer';
import { isUseless } from './left-out';
import { projectDependencies } from './project-file';
import { ancestors } from '../../files/ancestors';
import { runCommand } from '../run-command';
import { BundlingError } from '../bundling-error';

/** Files that say what a project requires. */
export const PROJECT_FILES = ['uv.lock', 'requirements.txt', 'pyproject.toml'];

/** Files that say it too, for other tools, and how to make of them what is read. */
const UNREAD_FILES: readonly [name: string, command: string][] = [
  ['poetry.lock', 'poetry export --output requirements.txt'],
  ['pdm.lock', 'pdm export --output requirements.txt'],
  ['Pipfile.lock', 'pipenv requirements > requirements.txt'],
  ['Pipfile', 'pipenv requirements > requirements.txt'],
];

export interface PythonRequirements {
  /** Lines of a requirements file that name something to install, paths made absolute, without the line of the tracing SDK. */
  readonly lines: string[];
  /** Lines that say from where and how: indexes, constraints. */
  readonly options: string[];
  /** Normalised names that the project asks for itself. */
  readonly direct: ReadonlySet<string>;
  /** The project's own line for the tracing SDK, which then decides its version. */
  readonly sdkLine?: string;
  /** Absolute paths of what the lines name: other requirements files, constraints, wheels, and all that is in projects. */
  readonly files: string[];
}

/**
 * What a project folder requires: from `uv.lock`, else `requirements.txt`, else `pyproject.toml` (with the `uv.lock` of the workspace that it is in),
 * else nothing.
 *
 * @param pythonVersion such as `3.14`
 * @throws for a project whose requirements are kept for another tool: without them the function could not be imported
 */
export async function readRequirements(sourceDir: string, workDir: string, pythonVersion: string): Promise<PythonRequirements> {
  const file = (name: string) => path.join(sourceDir, name);
  if (fs.existsSync(file('uv.lock'))) {
    return fromUvLock(sourceDir, workDir, pythonVersion, sourceDir);
  }
  if (fs.existsSync(file('requirements.txt'))) {
    const files: string[] = [];
    const lines = readRequirementsFile(file('requirements.txt'), sourceDir, files);
    return split(lines, names(lines), files);
  }
  const [unread, command] = UNREAD_FILES.find(([name]) => fs.existsSync(file(name))) ?? [];
  if (unread) {
    throw new BundlingError('TF416', `'${file(unread)}' says what the function requires, and cannot be read (${PROJECT_FILES.join(', ')} can); ` +
      `write a requirements.txt beside it, for example with '${command}'`);
  }
  if (fs.existsSync(file('pyproject.toml'))) {
    const workspace = uvWorkspace(sourceDir);
    if (workspace) {
      return fromUvLock(sourceDir, workDir, pythonVersion, workspace);
    }
    const lines = await projectDependencies(sourceDir, pythonVersion, false);
    return split(lines.map(line => absolutePaths(line, sourceDir)), names(lines));
  }
  return { lines: [], options: [], direct: new Set(), files: [] };
}

/** The folder with the lock file of the workspace that the project belongs to. */
function uvWorkspace(sourceDir: string): string | undefined {
  return ancestors(path.dirname(sourceDir)).find(folder => {
    const [lock, project] = ['uv.lock', 'pyproject.toml'].map(name => path.join(folder, name));
    return fs.existsSync(lock) && fs.existsSync(project) && /^\[tool\.uv\.workspace\]/m.test(fs.readFileSync(project, 'utf8'));
  });
}

/** @param lockDir folder of the uv.lock, which paths in it are relative to */
async function fromUvLock(sourceDir: string, workDir: string, pythonVersion: string, lockDir: string): Promise<PythonRequirements> {
  const uv = await findUv(lockDir, workDir);
  // --frozen: the lock file is what was tested, and a synth must not rewrite it.
  const exported = await runCommand([
    ...uv.argv, 'export', '--project', sourceDir, '--frozen', '--no-dev', '--no-emit-project', '--no-hashes', '--no-annotate', '--no-header', '--quiet',
  ], { cwd: sourceDir, env: { UV_PROJECT_ENVIRONMENT: path.join(workDir, '.venv') } });
  const direct = names(await projectDependencies(sourceDir, pythonVersion, true));
  return split(logicalLines(exported).map(line => absolutePaths(line, lockDir)), direct, [path.join(lockDir, 'uv.lock'), path.join(lockDir, 'pyproject.toml')]);
}

/** Lines of a requirements file and of those that it includes, which may name the tracing SDK too. Their paths are added to `files`. */
function readRequirementsFile(file: string, sourceDir: string, files: string[]): string[] {
  if (files.includes(file)) {
    return []; // includes itself
  }
  if (!fs.existsSync(file)) {
    throw new BundlingError('TF417', `cannot find the requirements file '${file}'${files.length > 0 ? `, which '${files[files.length - 1]}' includes` : ''}`);
  }
  files.push(file);
  return logicalLines(fs.readFileSync(file, 'utf8')).flatMap(line => {
    const [, option, target] = /^(-r|--requirement|-c|--constraint)[ =]?\s*(\S+)/.exec(line) ?? [];
    if (!option || /^[a-z+]+:\/\//.test(target)) {
      return [absolutePaths(line, sourceDir)];
    }
    // As in pip, relative to the file that includes.
    const absolute = path.resolve(path.dirname(file), target);
    return option.startsWith('-r') || option === '--requirement' ? readRequirementsFile(absolute, sourceDir, files) : [`-c ${quoted(absolute)}`];
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

function split(lines: string[], direct: ReadonlySet<string>, files: string[] = []): PythonRequirements {
  const options = lines.filter(line => line.startsWith('-') && !/^(?:-r|--requirement)\b/.test(line));
  const sdkLine = lines.find(line => requirementName(line) === 'aws-xray-sdk');
  const named = lines.flatMap(line => /^(?:-\S+[ =]"?|.*\bfile:\/\/)?((?:\/|[A-Za-z]:\\)[^"[#;]+?)(?:"|\[.*|#.*|\s*;.*|\s+--.*)?$/.exec(line)?.[1] ?? []).flatMap(filesWithin);
  return { lines: lines.filter(line => line !== sdkLine && !options.includes(line)), options, direct, sdkLine, files: [...files, ...named] };
}

/** A file, or a folder with all that is in it: a project is built from that, and a folder of wheels searched. */
function filesWithin(file: string): string[] {
  if (!fs.statSync(file, { throwIfNoEntry: false })?.isDirectory()) {
    return [file];
  }
  const entries = fs.readdirSync(file, { withFileTypes: true }).filter(({ name }) => !isUseless(name) && name !== 'build');
  return [file, ...entries.flatMap(entry => entry.isDirectory() ? filesWithin(path.join(file, entry.name)) : [path.join(file, entry.name)])];
}

function names(lines: string[]): Set<string> {
  return new Set(lines.map(requirementName).filter((name): name is string => name !== undefined));
}

/** Normalised as in https://packaging.python.org/en/latest/specifications/name-normalization/ */
function requirementName(line: string): string | undefined {
  return /^([A-Za-z0-9][A-Za-z0-9._-]*)/.exec(line)?.[1].replace(/[-_.]+/g, '-').toLowerCase();
}
