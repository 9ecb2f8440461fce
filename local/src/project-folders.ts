import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** `local/` of this project, or the folder of the installed package, whether this code runs from its source or from the bundle in its `dist`. */
export const LOCAL_DIR = findUp(__dirname);

/** The project's root; above an installed package, its node_modules. */
export const PROJECT_DIR = dirname(LOCAL_DIR);

/** Whether this is a clone of the project, and not a package that npm has installed. */
export const IS_CHECKOUT = existsSync(join(LOCAL_DIR, 'src', 'main.ts'));

/** The version of this package, which is that of the construct library it is released with. */
export const VERSION = (JSON.parse(readFileSync(join(LOCAL_DIR, 'package.json'), 'utf8')) as { version: string }).version;

/** What the launcher installs and writes; nothing in it is worth keeping. An installed package must not write into node_modules. */
export const STATE_DIR = IS_CHECKOUT ? join(PROJECT_DIR, '.local') : join(userCache(), 'cdk-traced-function-local', VERSION);

/** The folder in which programs of this user keep what they can make again. */
export function userCache(environment: NodeJS.ProcessEnv = process.env, platform: NodeJS.Platform = process.platform): string {
  if (environment.XDG_CACHE_HOME) return environment.XDG_CACHE_HOME;
  if (platform === 'win32') return environment.LOCALAPPDATA || join(homedir(), 'AppData', 'Local');
  return platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache');
}

function findUp(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'cloud', 'requirements.txt'))) return folder;
    if (dirname(folder) === folder) throw new Error(`no folder with cloud/requirements.txt above ${start}`);
  }
}
