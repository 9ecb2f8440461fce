import { OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { PythonDependencies } from './python-dependencies';

/**
 * How a Node.js function is bundled with esbuild.
 *
 * @see https://esbuild.github.io/api/
 */
export interface NodejsBundlingOptions {
  /**
   * Whether white space, syntax and names are made shorter.
   *
   * @default - white space and syntax only, so that names in stack traces stay readable
   */
  readonly minify?: boolean;

  /**
   * Whether a source map goes into the package, and Node.js is told to use it.
   *
   * @default false
   */
  readonly sourceMap?: boolean;

  /**
   * The module format of the package. An ES module (`index.mjs`) allows top-level await.
   *
   * @default OutputFormat.CJS
   */
  readonly format?: OutputFormat;

  /**
   * Modules that are left out of the package, because the runtime or a layer has them. `*` stands for any characters.
   *
   * @default - none: the AWS SDK is bundled too, which starts faster than the runtime's copy
   */
  readonly externalModules?: string[];

  /**
   * Names that are replaced by a constant expression while bundling.
   *
   * @default - none
   */
  readonly define?: { [key: string]: string };

  /**
   * esbuild's loader for a file extension, such as `{ '.png': 'dataurl' }`.
   *
   * @default - esbuild's own table
   */
  readonly loader?: { [extension: string]: string };

  /**
   * JavaScript text that is put in front of the package.
   *
   * @default - none
   */
  readonly banner?: string;

  /**
   * Path of the TypeScript configuration.
   *
   * @default - the `tsconfig.json` nearest to each file
   */
  readonly tsconfig?: string;
}

/**
 * How a Python function is packaged.
 */
export interface PythonBundlingOptions {
  /**
   * Patterns of files and folders that are left out of the package, in the syntax of `.gitignore`: `*.md` at any depth, `/docs/` at the root of the
   * source folder only, `!docs/help.md` for what is packed all the same. A pattern that matches nothing is an error.
   *
   * Left out unless named with `!`: caches, virtual environments, version control, and where secrets are kept: `.env*`, `.aws`, `.netrc`, `.npmrc`,
   * `.pypirc`, `pip.conf`, `*.pem`, keys of SSH and the state of Terraform. The construct warns of those that are there.
   *
   * @default - none
   */
  readonly exclude?: string[];

  /**
   * Where the packages in the requirements are installed: in the function's package or in a layer.
   *
   * @default PythonDependencies.bundled()
   */
  readonly dependencies?: PythonDependencies;

  /**
   * Additional arguments of `uv pip install` or `pip install`.
   *
   * @default - none
   */
  readonly installArgs?: string[];
}

/**
 * How a Go function is built.
 */
export interface GoBundlingOptions {
  /**
   * Additional build tags. `lambda.norpc`, those in `buildArgs` and those in GOFLAGS are set as well.
   *
   * @default - none
   */
  readonly tags?: string[];

  /**
   * Additional arguments of `go build`, one by one (`['-ldflags=-X main.version=1']`), or written for a shell as for `goBuildFlags` of `GoFunction`
   * (`['-ldflags "-X main.version=1" -tags=prod']`).
   *
   * @default - none
   */
  readonly buildArgs?: string[];

  /**
   * Whether packages that `import "C"` are compiled, with the C compiler of this machine. The binary then needs Lambda's C library: one that asks for
   * a newer version than the runtime has fails at synth.
   *
   * @default false
   */
  readonly cgoEnabled?: boolean;

  /**
   * Environment variables of the build, such as `{ GOPRIVATE: 'example.com/*' }`.
   *
   * @default - those of the process
   */
  readonly environment?: { [name: string]: string };
}

/**
 * How a Java function is built.
 */
export interface JavaBundlingOptions {
  /**
   * Additional arguments of Maven or Gradle, such as `['-Pproduction']`.
   *
   * @default - none
   */
  readonly buildArgs?: string[];

  /**
   * Environment variables of the build, such as `{ JAVA_HOME: '/opt/jdk-21' }`.
   *
   * @default - those of the process
   */
  readonly environment?: { [name: string]: string };
}

/** @internal */
export interface BundlingConfig {
  readonly language: string;
  /** Of that language. */
  readonly options: object;
}

/**
 * Bundling options of one language.
 */
export abstract class Bundling {
  /** Options for a Node.js function. */
  public static nodejs(options: NodejsBundlingOptions): Bundling {
    return new LanguageBundling({ language: 'nodejs', options });
  }

  /** Options for a Python function. */
  public static python(options: PythonBundlingOptions): Bundling {
    return new LanguageBundling({ language: 'python', options });
  }

  /** Options for a Go function. */
  public static go(options: GoBundlingOptions): Bundling {
    return new LanguageBundling({ language: 'go', options });
  }

  /** Options for a Java function. */
  public static java(options: JavaBundlingOptions): Bundling {
    return new LanguageBundling({ language: 'java', options });
  }

  /** @internal */
  public abstract _bind(): BundlingConfig;
}

class LanguageBundling extends Bundling {
  constructor(private readonly config: BundlingConfig) {
    super();
  }

  public _bind(): BundlingConfig {
    return this.config;
  }
}
