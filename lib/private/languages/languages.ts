import * as fs from 'fs';
import * as path from 'path';
import { IConstruct } from 'constructs';
import { ErrorScope, validationError } from '../validation-error';
import { Bundler } from './bundler';
import { goBundler } from './go-bundler';
import { javaBundler } from './java-bundler';
import { nodejsBundler } from './nodejs-bundler';
import { pythonBundler } from './python-bundler';

/** In the order in which an entry is offered to them: a module file says more about a folder than a stray script beside it. */
const BUNDLERS: readonly Bundler[] = [nodejsBundler, goBundler, javaBundler, pythonBundler];

const LANGUAGES = Symbol('cdk-traced-function.Languages');

/** The languages of an app: those of this package, and what was added to its construct tree. */
export class Languages {
  /** The languages of the construct tree that the scope belongs to. */
  public static of(scope: IConstruct): Languages {
    const root = scope.node.root as IConstruct & { [LANGUAGES]?: Languages };
    if (!root[LANGUAGES]) {
      Object.defineProperty(root, LANGUAGES, { value: new Languages(), enumerable: false });
    }
    return root[LANGUAGES]!;
  }

  private readonly bundlers: Bundler[] = [...BUNDLERS];

  public get all(): readonly Bundler[] {
    return this.bundlers;
  }

  /** Adds a language, which is asked before all others. */
  public add(bundler: Bundler): void {
    this.bundlers.unshift(bundler);
  }

  /** The bundler that made a job. */
  public named(language: string): Bundler {
    return this.bundlers.find(bundler => bundler.language === language)!;
  }

  /** The absolute path of an entry and the language that it is written in. */
  public resolveEntry(scope: ErrorScope, entry: string): { entry: string; bundler: Bundler } {
    const absolute = path.resolve(entry);
    if (!fs.existsSync(absolute)) {
      throw validationError(scope, 'TF116', `cannot find the entry '${entry}' (looked for ${absolute}); set 'entry' to the handler's file or folder`);
    }
    const found = this.bundlers.find(candidate => candidate.canHandle(absolute));
    if (!found) {
      throw validationError(scope,
        'TF117', `cannot tell the language of the entry '${entry}' (${absolute}); it has to be ${this.bundlers.map(b => b.accepts).join('; or ')}`);
    }
    return { entry: absolute, bundler: found };
  }
}
