import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** `local/` of this project, whether this code runs from its source or from the bundle in local/dist. */
export const LOCAL_DIR = findUp(__dirname);

/** The project's root. */
export const PROJECT_DIR = dirname(LOCAL_DIR);

/** What the launcher installs and writes; nothing in it is worth keeping. */
export const STATE_DIR = join(PROJECT_DIR, '.local');

function findUp(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'cloud', 'requirements.txt'))) return folder;
    if (dirname(folder) === folder) throw new Error(`no folder with cloud/requirements.txt above ${start}`);
  }
}
