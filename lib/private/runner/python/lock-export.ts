import * as fs from 'fs';
import * as path from 'path';
import { requirementNames } from './names';
import { ProjectFile } from './project-file';
import { readText } from './text-file';
import { readToml } from './toml';
import { PythonChoices } from '../../languages/python-job';
import { BundlingError } from '../bundling-error';
import { runCommand } from '../run-command';

/** A lock file that only the tool which wrote it can read. */
interface Exporter {
  readonly lock: string;
  readonly tool: string;
  /** How a user does it by hand. */
  readonly command: string;
  /** Keeps the tool from writing into the project. */
  readonly env: Record<string, string>;
  /** What to do when the tool cannot. */
  readonly hint?: string;
  /** Arguments that write requirements with hashes into a file, or print them. */
  args(file: string, choices: PythonChoices): string[];
}

const EXPORTERS: readonly Exporter[] = [
  {
    lock: 'poetry.lock',
    tool: 'poetry',
    command: 'poetry export --output requirements.txt',
    // The file holds the addresses of private indexes with their credentials; it goes with the working folder.
    args: (file, { extras, groups }) => ['export', '--no-interaction', '--no-ansi', '--format', 'requirements.txt', '--with-credentials', '--output', file,
      ...extras.flatMap(extra => ['--extras', extra]), ...groups.flatMap(group => ['--with', group])],
    env: { POETRY_VIRTUALENVS_CREATE: 'false' },
    hint: "if it knows no 'export', add it with 'poetry self add poetry-plugin-export'",
  },
  {
    lock: 'pdm.lock',
    tool: 'pdm',
    command: 'pdm export --output requirements.txt',
    args: (file, { extras, groups }) => ['export', '--prod', '--format', 'requirements', '--output', file, ...[...extras, ...groups].flatMap(group => ['--group', group])],
    env: { PDM_IGNORE_SAVED_PYTHON: '1', PDM_CHECK_UPDATE: 'false' },
  },
  {
    lock: 'Pipfile.lock',
    tool: 'pipenv',
    command: 'pipenv requirements > requirements.txt',
    args: (_, { groups }) => ['requirements', '--hash', ...groups.length > 0 ? ['--categories', ['packages', ...groups].join(' ')] : []],
    env: { PIPENV_IGNORE_VIRTUALENVS: '1', PIPENV_VENV_IN_PROJECT: '0' },
  },
];

/** Names of the lock files, and of what they are made from. */
export const EXPORTED_FILES = [...EXPORTERS.map(({ lock }) => lock), 'Pipfile'];

export interface ExportedLock {
  readonly text: string;
  readonly direct: ReadonlySet<string>;
  readonly files: string[];
}

/**
 * The requirements of a project whose lock file another tool reads.
 *
 * @returns undefined where there is no such file
 * @throws where that tool is not installed, or fails: without them the function could not be imported
 */
export async function exportLock(
  folder: string, workDir: string, choices: PythonChoices, readable: readonly string[],
): Promise<ExportedLock | undefined> {
  const exporter = EXPORTERS.find(({ lock }) => fs.existsSync(path.join(folder, lock)));
  if (!exporter) {
    const pipfile = path.join(folder, 'Pipfile');
    if (fs.existsSync(pipfile)) {
      throw new BundlingError('TF422', `'${pipfile}' says what the function requires, and cannot be read (without a Pipfile.lock no version is settled); ` +
        "write a requirements.txt beside it, for example with 'pipenv requirements > requirements.txt', or run 'pipenv lock'");
    }
    return undefined;
  }
  const { lock, tool, command, env, hint } = exporter;
  const file = path.join(workDir, `${lock}.txt`);
  const environment = { ...env, ...choices.environment };
  if (choices.extras.length > 0 && tool === 'pipenv') {
    throw new BundlingError('TF423', `a Pipfile has no extras ('${path.join(folder, lock)}'); name its categories in the bundling option 'groups' instead`);
  }
  try {
    await runCommand([tool, '--version'], { env: environment });
  } catch {
    throw new BundlingError('TF416', `'${path.join(folder, lock)}' says what the function requires, and cannot be read (${readable.join(', ')} can, and '${tool}', which is not on the PATH); ` +
      `write a requirements.txt beside it, for example with '${command}', or install ${tool}`);
  }
  let printed: string;
  try {
    printed = await runCommand([tool, ...exporter.args(file, choices)], { cwd: folder, env: environment, printsData: true });
  } catch (error) {
    throw new BundlingError('TF424', `${tool} cannot export '${path.join(folder, lock)}'; mend that, or write a requirements.txt beside it with '${command}'${hint ? ` (${hint})` : ''}.\n${(error as Error).message}`);
  }
  return {
    text: fs.existsSync(file) ? readText(file) : printed,
    direct: directNames(folder, choices),
    files: [...EXPORTED_FILES, 'poetry.toml'].map(name => path.join(folder, name)),
  };
}

function directNames(folder: string, choices: PythonChoices): Set<string> {
  const pipfile = path.join(folder, 'Pipfile');
  if (!fs.existsSync(pipfile)) {
    return ProjectFile.read(folder)?.directNames(choices) ?? new Set();
  }
  const contents = readToml(pipfile);
  return requirementNames(['packages', ...choices.groups].flatMap(category => Object.keys((contents[category] ?? {}) as object)));
}
