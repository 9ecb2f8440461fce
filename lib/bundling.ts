import { Charset, ICommandHooks, OutputFormat, SourceMapMode } from 'aws-cdk-lib/aws-lambda-nodejs';
import { PythonDependencies } from './python-dependencies';
import { PythonInstaller } from './python-installer';

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
   * @default - false, or true when `sourceMapMode` is set
   */
  readonly sourceMap?: boolean;

  /**
   * Where the source map goes: a file that the code names, a file that it does not name, into the code, or both.
   *
   * @default SourceMapMode.DEFAULT
   */
  readonly sourceMapMode?: SourceMapMode;

  /**
   * Whether a source map holds the text of the sources too.
   *
   * @default true
   */
  readonly sourcesContent?: boolean;

  /**
   * The module format of the package. An ES module (`index.mjs`) allows top-level await.
   *
   * @default OutputFormat.CJS
   */
  readonly format?: OutputFormat;

  /**
   * What the code may use of JavaScript, as esbuild writes it: `node22`, `es2022`.
   *
   * @default - the Node.js version of the runtime
   */
  readonly target?: string;

  /**
   * Modules that are left out of the package, because the runtime or a layer has them. `*` stands for any characters.
   *
   * @default - none: the AWS SDK is bundled too, which starts faster than the runtime's copy
   */
  readonly externalModules?: string[];

  /**
   * Packages that are installed into `node_modules` of the package instead of being bundled: those with a native addon (`sharp`, `argon2`), or that
   * read files of their own. Their versions, and those of all that they need, are those of the lock file of npm, pnpm or yarn; what is installed is made for the
   * function's architecture and its Linux, without Docker. The project's `.npmrc` counts. npm has to be on the PATH.
   *
   * @default - none
   */
  readonly nodeModules?: string[];

  /**
   * Path of the lock file: `package-lock.json`, `pnpm-lock.yaml` or `yarn.lock`.
   *
   * @default - the nearest one, upwards from the entry
   */
  readonly depsLockFilePath?: string;

  /**
   * Path of the project's folder, in which commands run, and at which the paths in source maps and those of `inject` and `alias` start.
   *
   * @default - the folder of the lock file
   */
  readonly projectRoot?: string;

  /**
   * Files and folders that are copied into the package: paths (relative ones start at the folder in which the CDK app runs), and where each goes in the package.
   * What a folder holds goes into the folder of that name: `{ 'assets/fonts': 'fonts', 'LICENCE.txt': '.' }`.
   *
   * @default - none
   */
  readonly copyFiles?: { [from: string]: string };

  /**
   * Commands that run on this machine before and after bundling, in the project's folder. The package is made anew at each synth unless `commandHooksInputs` says what they read.
   *
   * @default - none
   */
  readonly commandHooks?: ICommandHooks;

  /**
   * Files and folders that decide what `commandHooks` do. While they stay the same, so does the package.
   *
   * @default - not known
   */
  readonly commandHooksInputs?: string[];

  /**
   * Environment variables of `commandHooks`, and of npm for `nodeModules`.
   *
   * @default - those of the process
   */
  readonly environment?: { [name: string]: string };

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
   * Modules in whose place others are bundled: `{ 'react': 'preact/compat' }`.
   *
   * @default - none
   */
  readonly alias?: { [module: string]: string };

  /**
   * Files whose exports take the place of global names.
   *
   * @default - none
   */
  readonly inject?: string[];

  /**
   * Whether functions and classes keep their `name` where esbuild has to rename them.
   *
   * @default false
   */
  readonly keepNames?: boolean;

  /**
   * Fields of a package's `package.json` that name its main file, the preferred first.
   *
   * @default - `main`, `module`; `module`, `main` for packages of the AWS SDK, of which only what is used is bundled then
   */
  readonly mainFields?: string[];

  /**
   * Conditions for the `exports` of a package, besides those of esbuild.
   *
   * @default - none
   */
  readonly conditions?: string[];

  /**
   * Statements that are left out: `console`, `debugger`.
   *
   * @default - none
   */
  readonly drop?: string[];

  /**
   * Labels whose statements are left out: `['DEV']` for `DEV: check()`.
   *
   * @default - none
   */
  readonly dropLabels?: string[];

  /**
   * How characters beyond ASCII are written.
   *
   * @default Charset.ASCII
   */
  readonly charset?: Charset;

  /**
   * JavaScript text that is put in front of the package.
   *
   * @default - none
   */
  readonly banner?: string;

  /**
   * JavaScript text that is put at the end of the package.
   *
   * @default - none
   */
  readonly footer?: string;

  /**
   * Further options of esbuild, as its command line names them: `{ '--log-override:direct-eval': 'silent' }`.
   *
   * @see https://esbuild.github.io/api/
   * @default - none
   */
  readonly esbuildArgs?: { [option: string]: string | boolean | string[] };

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

  /**
   * What installs the requirements. Both make the same package.
   *
   * @default - uv where there is one, else pip; pip first where an index is configured for pip (`pip.conf`, `PIP_INDEX_URL`) and none for uv
   */
  readonly installer?: PythonInstaller;

  /**
   * Extras of the project that are installed too (`[project.optional-dependencies]`).
   *
   * @default - none
   */
  readonly extras?: string[];

  /**
   * Dependency groups of the project that are installed too (`[dependency-groups]`, Poetry's groups, Pipenv's categories).
   *
   * @default - none
   */
  readonly groups?: string[];

  /**
   * Environment variables of the installer, and of Poetry, PDM or Pipenv where they export their lock file, such as `{ UV_INDEX_INTERNAL_PASSWORD: token }`.
   * Their values appear in no message.
   *
   * @default - those of the process
   */
  readonly environment?: { [name: string]: string };

  /**
   * Whether tests, type stubs and the sources and headers of compiled code are left out of the installed packages.
   *
   * @default false
   */
  readonly slim?: boolean;

  /**
   * Whether symbols are taken out of the compiled files of the installed packages, with `llvm-strip` or `strip`.
   *
   * @default false
   */
  readonly strip?: boolean;
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
   * What the project's own build packs for Lambda, relative to `entry`: `target/function.zip` of Quarkus, an executable jar of Spring Boot, a jar of Micronaut or of
   * another plugin that holds all jars. The build is run up to the phase `package` (Gradle: `assemble`), and what it has made is unpacked and instrumented.
   *
   * @default - the compiled classes and the jars that they need, or the jar of the shade, assembly or shadow plugin
   */
  readonly artifact?: string;

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
