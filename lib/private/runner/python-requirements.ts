import * as fs from 'fs';
import * as path from 'path';
import { findPython, findUv } from './python-installer';
import { runCommand } from './run-command';

/** Files that say what a project requires. */
export const PROJECT_FILES = ['uv.lock', 'requirements.txt', 'pyproject.toml'];

export interface PythonRequirements {
  /** Lines of a requirements file, paths made absolute, without the line of the tracing SDK. */
  readonly lines: string[];
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
    const lines = logicalLines(fs.readFileSync(file('requirements.txt'), 'utf8')).map(line => absolutePaths(line, sourceDir));
    return split(lines, names(lines));
  }
  if (fs.existsSync(file('pyproject.toml'))) {
    const lines = await projectDependencies(sourceDir);
    return split(lines, names(lines));
  }
  return { lines: [], direct: new Set(), files: [] };
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
    'import json, sys, tomllib',
    'project = tomllib.load(open(sys.argv[1], "rb"))',
    'found = project.get("project", {}).get("dependencies")',
    'print(json.dumps({"dependencies": found, "poetry": "poetry" in project.get("tool", {})}))',
  ].join('\n');
  const file = path.join(sourceDir, 'pyproject.toml');
  const found = JSON.parse(await runCommand([...python.argv, '-c', script, file])) as { dependencies: string[] | null; poetry: boolean };
  if (!found.dependencies && found.poetry) {
    throw new Error(`'${file}' lists its dependencies for Poetry only; move them to [project], or write requirements.txt with 'poetry export'`);
  }
  return found.dependencies ?? [];
}

function logicalLines(text: string): string[] {
  return text.replace(/\\\r?\n/g, ' ').split(/\r?\n/)
    .map(line => line.replace(/(^|\s)#.*$/, '').trim())
    .filter(line => line !== '');
}

/** The lines are installed from another folder, so the paths in them have to be absolute. */
function absolutePaths(line: string, sourceDir: string): string {
  const option = /^(-r|--requirement|-c|--constraint|-e|--editable)[ =]\s*(\S+)(.*)$/.exec(line);
  if (option && !/^[a-z+]+:\/\//.test(option[2])) {
    return `${option[1]} ${path.resolve(sourceDir, option[2])}${option[3]}`;
  }
  return /^\.{0,2}\//.test(line) ? path.resolve(sourceDir, line) : line;
}

function split(lines: string[], direct: ReadonlySet<string>): PythonRequirements {
  const sdkLine = lines.find(line => requirementName(line) === 'aws-xray-sdk');
  const files = lines.flatMap(line => /^(?:-\S+ )?(\/[^\s]+|[A-Za-z]:\\[^\s]+)/.exec(line)?.[1] ?? []);
  return { lines: lines.filter(line => line !== sdkLine), direct, sdkLine, files };
}

function names(lines: string[]): Set<string> {
  return new Set(lines.map(requirementName).filter((name): name is string => name !== undefined));
}

/** Normalised as in https://packaging.python.org/en/latest/specifications/name-normalization/ */
function requirementName(line: string): string | undefined {
  return /^([A-Za-z0-9][A-Za-z0-9._-]*)/.exec(line)?.[1].replace(/[-_.]+/g, '-').toLowerCase();
}
