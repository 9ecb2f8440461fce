import * as fs from 'fs';
import * as path from 'path';
import { JobInputs } from '../../bundling/bundling-job';
import { ancestors } from '../../files/ancestors';
import { ToolSearch } from '../tool';

/** What makes a folder part of a build, of Maven and of Gradle. */
export interface JavaBuildFiles {
  /** Files that say how a folder is built. */
  readonly build: RegExp;
  /** Folder beside a build file that holds what was built from it. */
  readonly output: string;
  /** Names that count in the folders above the build, too. */
  readonly above: string[];
  /** Paths in a build file that lead upwards, and so perhaps out of the build. */
  upwardPaths(text: string): string[];
}

const LEFT_OUT = new Set(['.git', '.hg', '.svn', '.idea', '.vscode', '.gradle', 'node_modules', 'cdk.out', '.DS_Store']);

/** A copy of a project, in which a build may write what it likes. */
export interface JavaProjectCopy {
  /** The copy of the build's topmost folder. */
  readonly root: string;
  /** The copy of the folder that becomes a function. */
  readonly projectDir: string;
  readonly inputs: JobInputs;
}

/**
 * Copies all that a build reads, without what earlier builds have left: a deleted source's class would still lie in the user's own
 * build folder, and that folder is also the user's editor's, the next synth's, and the running app's when the app is in Java.
 *
 * @param root topmost folder of the build that the project belongs to
 * @param to a folder that does not exist yet
 * @param skip a folder that is not copied, because the copy lies in it
 */
export function copyJavaProject(root: string, projectDir: string, kind: JavaBuildFiles, to: string, skip: string): JavaProjectCopy {
  const files = new Set<string>();
  const folders = new Set<string>();
  const pending = [root];
  for (let next = pending.pop(); next; next = pending.pop()) {
    visit(next, kind, skip, files, folders, pending);
  }
  const base = commonFolder([...folders, ...[...files].map(file => path.dirname(file))]);
  const copyOf = (file: string) => path.join(to, path.relative(base, file));
  for (const folder of folders) {
    fs.mkdirSync(copyOf(folder), { recursive: true });
  }
  for (const file of files) {
    fs.mkdirSync(path.dirname(copyOf(file)), { recursive: true });
    fs.copyFileSync(file, copyOf(file), fs.constants.COPYFILE_FICLONE);
  }
  return {
    root: copyOf(root),
    projectDir: copyOf(projectDir),
    inputs: { files: [...files, ...ancestors(projectDir).flatMap(folder => kind.above.map(name => path.join(folder, name)))], folders: [...folders] },
  };
}

function visit(start: string, kind: JavaBuildFiles, skip: string, files: Set<string>, folders: Set<string>, pending: string[]): void {
  if (files.has(start) || folders.has(start) || start === skip) {
    return;
  }
  if (!fs.statSync(start).isDirectory()) {
    files.add(start);
    if (kind.build.test(path.basename(start))) {
      pending.push(...upwardPaths(start, kind).filter(target => ![...folders].some(folder => isWithin(folder, target))));
    }
    return;
  }
  folders.add(start);
  const names = fs.readdirSync(start).filter(name => !LEFT_OUT.has(name));
  const isProject = names.some(name => kind.build.test(name));
  for (const name of names) {
    const file = path.join(start, name);
    // A link to nowhere is no input; one that leads back to a folder above would never end.
    if ((isProject && name === kind.output) || !fs.existsSync(file) || isWithin(start, fs.realpathSync(file))) {
      continue;
    }
    visit(file, kind, skip, files, folders, pending);
  }
}

/** What a build file names above its own folder, if it is there; never a folder that holds the file itself, which would be everything. */
function upwardPaths(file: string, kind: JavaBuildFiles): string[] {
  return kind.upwardPaths(fs.readFileSync(file, 'utf8'))
    .map(relative => path.resolve(path.dirname(file), relative))
    .filter(target => fs.existsSync(target) && !isWithin(file, target));
}

/** The wrapper script nearest to a project, in it or above it up to the build's topmost folder, as what is to be tried first. */
export function wrapperCandidates(name: string, windowsName: string, projectDir: string, root: string): ToolSearch['candidates'] {
  const onWindows = process.platform === 'win32';
  const wrapper = ancestors(projectDir).filter(folder => isWithin(folder, root))
    .map(folder => path.join(folder, onWindows ? windowsName : name))
    .find(file => fs.existsSync(file));
  if (!wrapper) {
    return [];
  }
  // Version control may have lost the mode.
  const isExecutable = onWindows || (fs.statSync(wrapper).mode & 0o100) !== 0;
  return [{ argv: isExecutable ? [wrapper] : ['sh', wrapper], versionArgs: ['--version'] }];
}

/** Whether a path is a folder or lies in it. */
export function isWithin(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return relative === '' || !(relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative));
}

function commonFolder(folders: string[]): string {
  return ancestors(folders[0]).find(candidate => folders.every(folder => isWithin(folder, candidate)))!;
}
