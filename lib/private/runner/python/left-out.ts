import * as path from 'path';
import type { Ignore } from 'ignore';
import { requireShipped } from '../../files/shipped-packages';

const ignore = requireShipped<typeof import('ignore').default>('ignore');

/** They differ from machine to machine, or are of no use on Lambda. */
const USELESS = [
  '__pycache__', '*.pyc', '*.egg-info', '.git', '.hg', '.svn', '.venv', 'venv', '.mypy_cache', '.pytest_cache', '.ruff_cache', '.tox', '.nox', '.DS_Store', 'node_modules',
  'cdk.out', '.aws-sam', '.serverless', '.terraform',
];

/** They hold secrets by their names alone. A module may be called `id_card.py` and a package `id_cards`: keys of SSH have no extension but `.pub`. */
const SECRETS = [
  '.env*', '.aws', '.netrc', '_netrc', '.npmrc', '.pypirc', 'pip.conf', 'pip.ini', '*.pem', 'id_*', '!id_*.*', '!id_*/', 'id_*.pub', '*.tfstate', '*.tfstate.*',
];

const useless = ignore({ ignorecase: false }).add(USELESS);
const secrets = ignore({ ignorecase: true }).add(SECRETS);

/** Whether no package ever needs a file or folder of this name. */
export function isUseless(name: string): boolean {
  return useless.ignores(name);
}

export type Verdict = 'packed' | 'named' | 'useless' | 'secret' | 'excluded';

/** What a package leaves out: what `exclude` says, in the syntax of `.gitignore`, and what is left out unless `exclude` names it with `!`. */
export class LeftOut {
  private readonly users: Ignore;
  private readonly unmatched: Map<string, Ignore>;

  constructor(exclude: readonly string[]) {
    const patterns = exclude.map(withoutDot);
    this.users = ignore({ ignorecase: false }).add(patterns);
    this.unmatched = new Map(exclude.filter(pattern => !isLeftOutAnyway(pattern))
      .map(pattern => [pattern, ignore({ ignorecase: false }).add(withoutDot(pattern).replace(/^!/, ''))]));
  }

  /**
   * @param file path in the source folder, with `/`; that of a folder ends with it
   * @param named length of the path's first part that `exclude` names with `!`, so that what is in it is judged apart
   */
  public judge(file: string, named = 0): Verdict {
    this.noteMatch(file);
    const user = this.users.test(file);
    if (user.ignored) {
      return 'excluded';
    }
    const verdict = useless.ignores(file.slice(named)) ? 'useless' : secrets.ignores(file.slice(named)) ? 'secret' : 'packed';
    return user.unignored ? 'named' : verdict;
  }

  public noteMatch(file: string): void {
    for (const [pattern, matcher] of this.unmatched) {
      if (matcher.ignores(file)) {
        this.unmatched.delete(pattern);
      }
    }
  }

  /** Patterns of `exclude` that have matched nothing so far. */
  public get withoutMatch(): string[] {
    return [...this.unmatched.keys()];
  }
}

/** A pattern for what another machine may not have, such as `.venv/`, is right also where it matches nothing. */
function isLeftOutAnyway(pattern: string): boolean {
  const name = path.posix.basename(withoutDot(pattern).replace(/(?:\/\*{1,2})?\/?$/, '')).replace(/\*/g, 'x');
  return name !== '' && (useless.ignores(name) || secrets.ignores(name));
}

/** `./docs` is no pattern of `.gitignore`, but can only be meant in one way. */
function withoutDot(pattern: string): string {
  return pattern.replace(/^(!?)\.\//, '$1/');
}
