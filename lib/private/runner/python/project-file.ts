import * as fs from 'fs';
import * as path from 'path';
import { normalizedName, requirementName } from './names';
import { readToml, TomlTable as Table } from './toml';
import { requireShipped } from '../../files/shipped-packages';
import { PythonChoices } from '../../languages/python-job';
import { BundlingError } from '../bundling-error';

const { satisfies, validRange } = requireShipped<typeof import('@renovatebot/pep440')>('@renovatebot/pep440');

/** What is read of a project's `pyproject.toml`. */
export class ProjectFile {
  /** @returns undefined where there is none */
  public static read(folder: string): ProjectFile | undefined {
    const file = path.join(folder, 'pyproject.toml');
    return fs.existsSync(file) ? new ProjectFile(file, readToml(file)) : undefined;
  }

  private constructor(public readonly file: string, private readonly contents: Table) {}

  private table(...names: string[]): Table {
    return names.reduce((table: Table, name) => typeof table[name] === 'object' ? table[name] as Table : {}, this.contents);
  }

  public get name(): string | undefined {
    const name = this.table('project').name ?? this.table('tool', 'poetry').name;
    return typeof name === 'string' ? name : undefined;
  }

  /** `[tool.uv]`, which says among other things where packages come from. */
  public get uv(): Table {
    return this.table('tool', 'uv');
  }

  /** Whether it says that the project itself is a package, as uv and Poetry understand it. */
  public get isPackage(): boolean {
    return this.name !== undefined && (this.uv.package === true || ('build-system' in this.contents && this.uv.package !== false && this.table('tool', 'poetry')['package-mode'] !== false));
  }

  /** Whether only a build tells the dependencies. */
  public get isDynamic(): boolean {
    return strings(this.table('project').dynamic).includes('dependencies');
  }

  /** @throws where the function's runtime is none that the project is for */
  public checkPython(pythonVersion: string): void {
    const wanted = this.table('project')['requires-python'];
    if (typeof wanted !== 'string') {
      return;
    }
    if (!validRange(wanted)) {
      throw new BundlingError('TF425', `'${this.file}' has requires-python = '${wanted}', which is no version specifier; write it as '>=3.12'`);
    }
    // The runtime's patch version is not known, and is the newest.
    if (!['', '.99'].some(patch => satisfies(pythonVersion + patch, wanted))) {
      throw new BundlingError('TF411', `'${this.file}' requires Python '${wanted}', and the function's runtime is python${pythonVersion}; set 'runtime' to one that fits, or change requires-python`);
    }
  }

  /** Normalised names of what the project asks for itself, whichever tool it is kept for. */
  public directNames({ extras, groups }: PythonChoices): Set<string> {
    const lines = [
      ...strings(this.table('project').dependencies), ...Object.keys(this.table('tool', 'poetry', 'dependencies')),
      ...extras.flatMap(extra => strings(this.table('project', 'optional-dependencies')[extra])),
      ...groups.flatMap(group => [...this.hasGroup(group) ? this.group(group) : [], ...Object.keys(this.table('tool', 'poetry', 'group', group, 'dependencies'))]),
    ];
    return new Set(lines.map(requirementName).filter((name): name is string => name !== undefined));
  }

  /**
   * Lines of what the project requires, with those of its extras and dependency groups that are asked for.
   *
   * @throws where it says in a way that only another tool reads what is installed
   */
  public requirements({ extras, groups }: PythonChoices): string[] {
    const { dependencies } = this.table('project');
    const poetry = Object.keys(this.table('tool', 'poetry', 'dependencies')).filter(name => name !== 'python');
    if (dependencies === undefined && poetry.length > 0) {
      throw new BundlingError('TF413', `'${this.file}' lists its dependencies for Poetry only; move them to [project], or write requirements.txt with 'poetry export'`);
    }
    const sources = Object.keys(this.table('tool', 'uv', 'sources'));
    if (sources.length > 0) {
      throw new BundlingError('TF414', `'${this.file}' says in [tool.uv.sources] where ${sources.map(name => `'${name}'`).join(', ')} is to come from, which only uv.lock ` +
        "has for others to read; run 'uv lock' there");
    }
    return [...strings(dependencies), ...extras.flatMap(extra => this.extra(extra)), ...groups.flatMap(group => this.group(group))];
  }

  /** An extra may name others of the same project: `all = ["shop[http,sql]"]`. */
  private extra(name: string, around: string[] = []): string[] {
    const lines = named(this.table('project', 'optional-dependencies'), name);
    if (lines === undefined) {
      throw this.unknown('extra', name, Object.keys(this.table('project', 'optional-dependencies')));
    }
    const own = normalizedName(String(this.table('project').name));
    return strings(lines).flatMap(line => {
      const others = requirementName(line) === own ? /\[([^\]]*)\]/.exec(line)?.[1].split(',').map(other => other.trim()) : undefined;
      return others ? others.filter(other => !around.includes(other)).flatMap(other => this.extra(other, [...around, name])) : [line];
    });
  }

  /** https://packaging.python.org/en/latest/specifications/dependency-groups/ */
  private group(name: string, around: string[] = []): string[] {
    const groups = this.table('dependency-groups');
    const entries = named(groups, name);
    if (entries === undefined || around.includes(name)) {
      throw this.unknown('group', name, Object.keys(groups));
    }
    return (entries as unknown[]).flatMap(entry => typeof entry === 'string' ? [entry]
      : this.group(String((entry as Table)['include-group']), [...around, name]));
  }

  private hasGroup(name: string): boolean {
    return named(this.table('dependency-groups'), name) !== undefined;
  }

  private unknown(kind: string, name: string, known: string[]): Error {
    return new BundlingError('TF426', `'${this.file}' has no ${kind} '${name}' (it has ${known.length > 0 ? known.join(', ') : 'none'}); correct the bundling option '${kind}s'`);
  }
}

function named(table: Table, name: string): unknown {
  return Object.entries(table).find(([key]) => normalizedName(key) === normalizedName(name))?.[1];
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
