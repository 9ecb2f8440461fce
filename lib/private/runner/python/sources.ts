import * as fs from 'fs';
import * as path from 'path';
import { PythonJob } from '../../languages/python-job';

/** Left out of every package: they differ from machine to machine, or are of no use on Lambda. */
const LEFT_OUT_NAMES = new Set([
  '__pycache__', '.git', '.hg', '.svn', '.venv', 'venv', '.mypy_cache', '.pytest_cache', '.ruff_cache', '.tox', '.DS_Store', 'node_modules', 'cdk.out',
]);

/** The sources of a Python function; absolute paths. */
export interface PythonSources {
  readonly files: string[];
  readonly folders: string[];
}

/**
 * All files of the source folder that belong into the package. Links are followed, because their targets may lie outside.
 *
 * @throws for a link without a target, and for one that leads into itself
 */
export function listSources(job: PythonJob): PythonSources {
  const files: string[] = [];
  const folders: string[] = [];
  // The app's output folder may lie inside, under any name; the package must not contain itself.
  const visit = (folder: string, inside: string[]) => {
    const real = fs.realpathSync(folder);
    if (inside.includes(real)) {
      throw new Error(`the source folder '${folder}' is a link to a folder around it; remove the link, or name it in 'exclude'`);
    }
    folders.push(folder);
    for (const name of fs.readdirSync(folder).sort()) {
      const file = path.join(folder, name);
      const relative = path.relative(job.sourceDir, file).split(path.sep).join('/');
      if (isLeftOut(name) || job.exclude.includes(name) || job.exclude.includes(relative) || file === job.assetDir) {
        continue;
      }
      const stats = fs.statSync(file, { throwIfNoEntry: false });
      if (!stats) {
        throw new Error(`the source file '${file}' is a link to '${fs.readlinkSync(file)}', which does not exist; remove it, or name it in 'exclude'`);
      }
      if (stats.isDirectory()) {
        visit(file, [...inside, real]);
      } else if (stats.isFile()) {
        files.push(file);
      }
    }
  };
  visit(job.sourceDir, []);
  return { files, folders };
}

export function copySources(sources: PythonSources, from: string, to: string): void {
  for (const folder of sources.folders) {
    fs.mkdirSync(path.join(to, path.relative(from, folder)), { recursive: true });
  }
  for (const file of sources.files) {
    fs.copyFileSync(file, path.join(to, path.relative(from, file)));
  }
}

export function isLeftOut(name: string): boolean {
  return LEFT_OUT_NAMES.has(name) || name.endsWith('.pyc') || name.endsWith('.egg-info');
}
