import * as fs from 'fs';
import * as path from 'path';
import { LeftOut } from './left-out';
import { holdsIndexPassword, seemingSecret } from './secret-check';
import { JobWarning } from '../../bundling/bundling-job';
import { isWithin } from '../../files/is-within';
import { BundlingError } from '../bundling-error';

/** Where the sources of a function or layer lie, and what of them is packed. */
export interface SourceSelection {
  /** Absolute path of the folder with the sources. */
  readonly sourceDir: string;
  /** Absolute path of the folder that links may lead into. */
  readonly linkRoot: string;
  /** Patterns in the syntax of `.gitignore`. */
  readonly exclude: readonly string[];
  /** Whether a pattern may match nothing. */
  readonly excludeMayMiss?: boolean;
  /** The app's output folder, which may lie inside under any name; a package must not contain itself. */
  readonly assetDir: string;
}

/** The sources of a Python function; absolute paths. */
export interface PythonSources {
  readonly files: string[];
  readonly folders: string[];
  readonly warnings: JobWarning[];
}

/**
 * All files of the source folder that belong into the package. Links are followed, as long as they stay within the project.
 *
 * @throws for a link without a target, one that leads into itself or out of the project, and for a pattern that matches nothing
 */
export function listSources(selection: SourceSelection): PythonSources {
  return new SourceList(selection).read();
}

class SourceList {
  private readonly files: string[] = [];
  private readonly folders: string[] = [];
  private readonly leftOut: LeftOut;
  private readonly secrets: string[] = [];
  private readonly named = new Set<string>();

  constructor(private readonly selection: SourceSelection) {
    this.leftOut = new LeftOut(selection.exclude);
  }

  public read(): PythonSources {
    this.visit(this.selection.sourceDir, [], 0);
    this.checkPatterns();
    return { files: this.files, folders: this.folders, warnings: this.warnings() };
  }

  /** Gives whether the folder is packed: one of which nothing is left is not, but one that was empty is. */
  private visit(folder: string, around: string[], named: number): boolean {
    const real = fs.realpathSync(folder);
    if (around.includes(real)) {
      throw new BundlingError('TF418', `the source folder '${folder}' is a link to a folder around it; remove the link, or name it in 'exclude'`);
    }
    const position = this.folders.push(folder) - 1;
    let [packed, excluded] = [false, false];
    for (const entry of fs.readdirSync(folder, { withFileTypes: true }).sort((a, b) => a.name < b.name ? -1 : 1)) {
      const file = path.join(folder, entry.name);
      if (file === this.selection.assetDir) {
        continue;
      }
      const stats = fs.statSync(file, { throwIfNoEntry: false });
      const name = this.relative(file) + (stats?.isDirectory() ? '/' : '');
      const verdict = this.leftOut.judge(name, named);
      const target = entry.isSymbolicLink() && stats ? fs.realpathSync(file) : undefined;
      // A link may give what it leads to another name.
      const isSecret = verdict === 'secret' || (verdict === 'packed' && target !== undefined && this.leftOut.judge(path.basename(target) + (stats!.isDirectory() ? '/' : '')) === 'secret');
      if (isSecret) {
        this.secrets.push(name);
      }
      if (isSecret || verdict === 'excluded' || verdict === 'useless') {
        excluded ||= verdict === 'excluded';
        continue;
      }
      this.checkLink(file, target, stats);
      if (stats!.isDirectory()) {
        const isPacked = this.visit(file, [...around, real], verdict === 'named' ? name.length : named);
        packed ||= isPacked;
        excluded ||= !isPacked;
      } else if (stats!.isFile()) {
        packed = true;
        this.files.push(file);
        if (verdict === 'named') {
          this.named.add(file);
        }
      }
    }
    if (excluded && !packed && around.length > 0) {
      this.folders.splice(position);
      return false;
    }
    return true;
  }

  private checkLink(file: string, target: string | undefined, stats: fs.Stats | undefined): void {
    if (!stats) {
      throw new BundlingError('TF419', `the source file '${file}' is a link to '${fs.readlinkSync(file)}', which does not exist; remove it, or name it in 'exclude'`);
    }
    const roots = [this.selection.linkRoot, this.selection.sourceDir].map(folder => fs.realpathSync(folder));
    if (target !== undefined && !roots.some(root => isWithin(root, target))) {
      throw new BundlingError('TF420', `the source '${file}' is a link to '${target}', which is outside of the project ('${this.selection.linkRoot}'), so that anything of this machine could be ` +
        "packed; copy what it leads to into the project, or name the link in 'exclude'");
    }
  }

  /** A typing mistake would put into the package what should stay out. */
  private checkPatterns(): void {
    if (this.selection.excludeMayMiss || this.leftOut.withoutMatch.length === 0) {
      return;
    }
    // Perhaps it names what another pattern leaves out already.
    const visit = (folder: string) => {
      for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
        this.leftOut.noteMatch(this.relative(path.join(folder, entry.name)) + (entry.isDirectory() ? '/' : ''));
        if (entry.isDirectory()) {
          visit(path.join(folder, entry.name));
        }
      }
    };
    visit(this.selection.sourceDir);
    const [pattern, ...others] = this.leftOut.withoutMatch;
    if (pattern !== undefined) {
      throw new BundlingError('TF421', `'exclude' has ${[pattern, ...others].map(p => `'${p}'`).join(', ')}, which match${others.length > 0 ? '' : 'es'} nothing in '${this.selection.sourceDir}'; ` +
        "correct or remove the pattern (patterns are written as in .gitignore: '*.md' at any depth, '/docs/' at the root only)");
    }
  }

  private warnings(): JobWarning[] {
    const unnamed = () => this.files.filter(file => !this.named.has(file));
    const passwords = unnamed().filter(holdsIndexPassword);
    passwords.forEach(file => this.files.splice(this.files.indexOf(file), 1));
    const leftOut = [...this.secrets, ...passwords.map(file => this.relative(file))].sort();
    const kept = unnamed().map(file => [this.relative(file), seemingSecret(file)] as const).filter(([, kind]) => kind !== undefined);
    return [
      ...leftOut.length > 0 ? [{
        id: 'cdk-traced-function:secretLeftOut',
        text: `${quotedList(leftOut)} of '${this.selection.sourceDir}' ${leftOut.length > 1 ? 'are' : 'is'} not packed, since secrets are kept there; if the function needs ` +
          `${leftOut.length > 1 ? 'one of them' : 'it'}, name it in the bundling option 'exclude' as '!${leftOut[0]}', else as '${leftOut[0]}'`,
      }] : [],
      ...kept.length > 0 ? [{
        id: 'cdk-traced-function:secretPacked',
        text: `${kept.map(([name, kind]) => `'${name}' (${kind})`).join(', ')} of '${this.selection.sourceDir}' ${kept.length > 1 ? 'look like secrets, and are' : 'looks like a secret, and is'} ` +
          `packed; name it in the bundling option 'exclude' as '${kept[0][0]}' to leave it out, or as '!${kept[0][0]}' if it has to be packed`,
      }] : [],
    ];
  }

  private relative(file: string): string {
    return path.relative(this.selection.sourceDir, file).split(path.sep).join('/');
  }
}

export function copySources(sources: PythonSources, from: string, to: string): void {
  for (const folder of sources.folders) {
    fs.mkdirSync(path.join(to, path.relative(from, folder)), { recursive: true });
  }
  for (const file of sources.files) {
    fs.copyFileSync(file, path.join(to, path.relative(from, file)));
  }
}

function quotedList(names: string[]): string {
  return names.map(name => `'${name}'`).join(', ');
}
