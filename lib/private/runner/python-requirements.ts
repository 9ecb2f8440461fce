import * as fs from 'fs';
import * as path from 'path';
import { findPython, findUv } from './python-installer';
import { runCommand } from './run-command';

/** Files that say what a project requires. */
export const PROJECT_FILES = ['uv.lock', 'requirements.txt', 'pyproject.toml'];

export interface PythonRequirements {
  /** Lines of a requirements file that name something to install, paths made absolute, without the line of the tracing SDK. */
  readonly lines: string[];
  /** Lines that say from where and how: indexes, constraints. */
  readonly options: string[];
  /** Normalised names that the project asks for itself. */
  readonly direct: ReadonlySet<string>;
  /** The project's own line for the tracing SDK, which then decides its version. */
  readonly sdkLine?: string;
  /** Absolute paths that the lines name: other requirements files, constraints, projects. */
  readonly files: string[];
}

/** What a project folder requires: from `uv.lock`, else `requirements.txt`, else `pyproject.toml`, else nothing. */
export async function readRequirements(sourceDir: string, workDir: string): Promise<PythonRequirements> {
  const file = (name: string) => path.join(sourceDir, name);
  if (fs.existsSync(file('uv.lock'))) {
    return fromUvLock(sourceDir, workDir);
  }
  if (fs.existsSync(file('requirements.txt'))) {
    const files: string[] = [];
    const lines = readRequirementsFile(file('requirements.txt'), sourceDir, files);
    return split(lines, names(lines), files);
  }
  if (fs.existsSync(file('pyproject.toml'))) {
    const lines = await projectDependencies(sourceDir);
    return split(lines, names(lines));
  }
  return { lines: [], options: [], direct: new Set(), files: [] };
}

async function fromUvLock(sourceDir: string, workDir: string): Promise<PythonRequirements> {
  const uv = await findUv(sourceDir, workDir);
  // --frozen: the lock file is what was tested, and a synth must not rewrite it.
  const exported = await runCommand([
    ...uv.argv, 'export', '--frozen', '--no-dev', '--no-emit-project', '--no-hashes', '--no-annotate', '--no-header', '--quiet',
  ], { cwd: sourceDir, env: { UV_PROJECT_ENVIRONMENT: path.join(workDir, '.venv') } });
  return split(logicalLines(exported).map(line => absolutePaths(line, sourceDir)), names(await projectDependencies(sourceDir)));
}

/** `project.dependencies` of pyproject.toml, read by Python's own TOML parser. */
async function projectDependencies(sourceDir: string): Promise<string[]> {
  const python = await findPython(sourceDir);
  const script = [
    'import json, sys',
    'try:',
    '    import tomllib',
    'except ImportError:', // before Python 3.11
    '    from pip._vendor import tomli as tomllib',
    'file = tomllib.load(open(sys.argv[1], "rb"))',
    'project = file.get("project", {})',
    'print(json.dumps({"dependencies": project.get("dependencies"), "dynamic": "dependencies" in project.get("dynamic", []),',
    '                  "poetry": "dependencies" in file.get("tool", {}).get("poetry", {})}))',
  ].join('\n');
  const file = path.join(sourceDir, 'pyproject.toml');
  const found = JSON.parse(await runCommand([...python.argv, '-c', script, file])) as { dependencies: string[] | null; dynamic: boolean; poetry: boolean };
  if (found.dynamic) {
    throw new Error(`'${file}' leaves its dependencies to the build (dynamic = ["dependencies"]), so they cannot be read; write them into requirements.txt`);
  }
  if (!found.dependencies && found.poetry) {
    throw new Error(`'${file}' lists its dependencies for Poetry only; move them to [project], or write requirements.txt with 'poetry export'`);
  }
  return found.dependencies ?? [];
}

/** Lines of a requirements file and of those that it includes, which may name the tracing SDK too. Their paths are added to `files`. */
function readRequirementsFile(file: string, sourceDir: string, files: string[]): string[] {
  if (files.includes(file)) {
    return []; // includes itself
  }
  if (!fs.existsSync(file)) {
    throw new Error(`cannot find the requirements file '${file}'${files.length > 0 ? `, which '${files[files.length - 1]}' includes` : ''}`);
  }
  files.push(file);
  return logicalLines(fs.readFileSync(file, 'utf8')).flatMap(line => {
    const [, option, target] = /^(-r|--requirement|-c|--constraint)[ =]?\s*(\S+)/.exec(line) ?? [];
    if (!option || /^[a-z+]+:\/\//.test(target)) {
      return [absolutePaths(line, sourceDir)];
    }
    // As in pip, relative to the file that includes.
    const absolute = path.resolve(path.dirname(file), target);
    return option.startsWith('-r') || option === '--requirement' ? readRequirementsFile(absolute, sourceDir, files) : [`-c ${absolute}`];
  });
}

function logicalLines(text: string): string[] {
  return text.replace(/\\\r?\n/g, ' ').split(/\r?\n/)
    .map(line => line.replace(/(^|\s)#.*$/, '').trim())
    .filter(line => line !== '');
}

/** The lines are installed from another folder, so the paths in them have to be absolute; and an editable installation would leave a link only. */
function absolutePaths(line: string, sourceDir: string): string {
  const requirement = line.replace(/^(?:-e|--editable)[ =]\s*/, '');
  return /^\.{1,2}(?:\/|$|\[)|^\//.test(requirement) ? path.resolve(sourceDir, requirement) : requirement;
}

function split(lines: string[], direct: ReadonlySet<string>, files: string[] = []): PythonRequirements {
  const options = lines.filter(line => line.startsWith('-') && !/^(?:-r|--requirement)\b/.test(line));
  const sdkLine = lines.find(line => requirementName(line) === 'aws-xray-sdk');
  const named = lines.flatMap(line => /^(?:-\S+ )?(\/[^\s]+|[A-Za-z]:\\[^\s]+)/.exec(line)?.[1] ?? []);
  return { lines: lines.filter(line => line !== sdkLine && !options.includes(line)), options, direct, sdkLine, files: [...files, ...named] };
}

function names(lines: string[]): Set<string> {
  return new Set(lines.map(requirementName).filter((name): name is string => name !== undefined));
}

/** Normalised as in https://packaging.python.org/en/latest/specifications/name-normalization/ */
function requirementName(line: string): string | undefined {
  return /^([A-Za-z0-9][A-Za-z0-9._-]*)/.exec(line)?.[1].replace(/[-_.]+/g, '-').toLowerCase();
}
