import * as fs from 'fs';
import * as path from 'path';
import { IConstruct } from 'constructs';
import { Bundler } from './bundler';
import { goBundler } from './go-bundler';
import { javaBundler } from './java-bundler';
import { nodejsBundler } from './nodejs-bundler';
import { pythonBundler } from './python-bundler';
import { validationError } from '../validation-error';

/** In the order in which an entry is offered to them: a module file says more about a folder than a stray script beside it. */
export const BUNDLERS: readonly Bundler[] = [nodejsBundler, goBundler, javaBundler, pythonBundler];

/** The absolute path of an entry and the language that it is written in. */
export function resolveEntry(scope: IConstruct, entry: string): { entry: string; bundler: Bundler } {
  const absolute = path.resolve(entry);
  if (!fs.existsSync(absolute)) {
    throw validationError(scope, `cannot find the entry '${entry}' (looked for ${absolute}); set 'entry' to the handler's file or folder`);
  }
  const bundler = BUNDLERS.find(candidate => candidate.canHandle(absolute));
  if (!bundler) {
    throw validationError(scope,
      `cannot tell the language of the entry '${entry}' (${absolute}); it has to be ${BUNDLERS.map(b => b.accepts).join('; or ')}`);
  }
  return { entry: absolute, bundler };
}
