import * as fs from 'fs';
import * as path from 'path';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Bundler, BundlerRequest, BundlerResult } from './bundler';
import { captureFrom } from './capture';
import { PythonDependencyLayerJob, PythonInstallation, PythonJob, PythonLayerJob } from './python-job';
import { checkRelativeImports } from './python-relative-imports';
import { PythonBundlingOptions } from '../../bundling';
import { LambdaArchitecture, RequestOf } from '../bundling/bundling-job';
import { ancestors } from '../files/ancestors';
import { isWithin } from '../files/is-within';
import { LAYER_LICENSES } from '../layer-licenses';
import { validationError } from '../validation-error';

const PROJECT_FILES = ['requirements.txt', 'pyproject.toml', 'uv.lock', 'setup.py', 'poetry.lock', 'pdm.lock', 'Pipfile'];
const HANDLER_FILES = ['handler.py', 'index.py', 'app.py', 'lambda_function.py', 'main.py'];
const HANDLER_FUNCTIONS = ['handler', 'lambda_handler', 'main'];

export const pythonBundler: Bundler = {
  language: 'python',
  name: 'Python',
  family: lambda.RuntimeFamily.PYTHON,
  defaultRuntime: lambda.Runtime.PYTHON_3_14,
  accepts: `a .py file, or a folder with ${PROJECT_FILES.join(', ')}, a .py file or a package (Python)`,

  runner: () => require.resolve('../runner/python/runner'),
  tools: ['uv', 'python3', 'python'],
  environment: /^(?:PIP_|UV_)/,
  captureOptions: kind => [
    'captureAwsSdk', 'captureHttp', 'captureSql', 'contextMissing', 'captureColdStart', 'captureResponse', 'annotations', 'recording', 'logs',
    ...kind === 'open-telemetry' ? ['messages', 'sampling'] as const : [],
  ],
  keepsRequestsApart: () => true,
  sdkLayer: { language: 'python', kind: 'python-layer' } satisfies RequestOf<PythonLayerJob>,
  sdkLicense: LAYER_LICENSES.python,

  canRunOn: () => true,
  canHandle: entry => fs.statSync(entry).isFile()
    ? path.extname(entry) === '.py'
    : PROJECT_FILES.some(name => fs.existsSync(path.join(entry, name))) || holdsModules(entry),

  bind(request: BundlerRequest): BundlerResult {
    const options = request.options as PythonBundlingOptions;
    const isFile = fs.statSync(request.entry).isFile();
    const entryDir = isFile ? path.dirname(request.entry) : request.entry;
    const projectDir = isFile ? folderWithRequirements(entryDir) : entryDir;
    const { sourceDir, handler } = findHandler(request, sourceFolders(entryDir, isFile), isFile ? [path.basename(request.entry)] : HANDLER_FILES);
    checkRelativeImports(request, sourceDir, handler);
    const { captureOptions } = request;
    const dependenciesInLayer = options.dependencies?._inOwnLayer ?? false;
    const installation = pythonInstallation(options, request.runtime, request.architecture);
    return {
      // The generated module patches the libraries, and only then imports the user's.
      handler: request.instrumentation === 'none' ? handler : 'cdk_traced_function.handler',
      environment: {},
      job: {
        language: 'python',
        kind: 'python',
        sourceDir,
        projectDir,
        handler,
        instrumentation: request.instrumentation,
        capture: captureFrom(captureOptions, [
          ['aws-sdk', captureOptions.captureAwsSdk], ['http', captureOptions.captureHttp], ['fetch', true], ['sql', captureOptions.captureSql],
          ['logs', captureOptions.logs?._traceId ?? false],
        ]),
        sdkInLayer: request.sdkInLayer,
        dependenciesInLayer,
        exclude: options.exclude ?? [],
        excludeMayMiss: request.isAdopted ?? false,
        linkRoot: projectRoot(entryDir),
        installation,
      } satisfies RequestOf<PythonJob>,
      dependencyLayer: dependenciesInLayer ? {
        language: 'python',
        kind: 'python-dependency-layer',
        sourceDir: projectDir,
        instrumentation: request.instrumentation,
        withSdk: request.instrumentation === 'xray-sdk' && !request.sdkInLayer,
        installation,
      } satisfies RequestOf<PythonDependencyLayerJob> : undefined,
    };
  },

  sourceOf: request => request.sourceDir as string | undefined ?? __dirname,
};

/** Whether Python modules can be imported from a folder: files, or packages in folders of it. */
function holdsModules(folder: string): boolean {
  const entries = fs.readdirSync(folder, { withFileTypes: true });
  return entries.some(entry => entry.name.endsWith('.py')
    || (entry.isDirectory() && !entry.name.startsWith('.') && fs.existsSync(path.join(folder, entry.name, '__init__.py'))));
}

/** What the options say of what is installed, and how. */
export function pythonInstallation(options: PythonBundlingOptions, runtime: lambda.Runtime, architecture: LambdaArchitecture): PythonInstallation {
  return {
    pythonVersion: runtime.name.replace(/^python/, ''),
    architecture,
    installArgs: options.installArgs ?? [],
    installer: options.installer?._name ?? 'any',
    extras: options.extras ?? [],
    groups: options.groups ?? [],
    environment: options.environment ?? {},
    slim: options.slim ?? false,
    strip: options.strip ?? false,
  };
}

/**
 * Where the requirements of a handler's file are: beside it, else in the nearest folder above, up to the root of the project.
 * Those of the CDK app itself, which ask for aws-cdk-lib, are none of a function.
 */
function folderWithRequirements(folder: string): string {
  const root = projectRoot(folder);
  const isForFunctions = (above: string) => {
    const files = PROJECT_FILES.map(name => path.join(above, name)).filter(file => fs.existsSync(file));
    return files.length > 0 && !files.some(file => /\baws[-_.]cdk[-_.]lib\b/i.test(fs.readFileSync(file, 'latin1').replaceAll('\0', '')));
  };
  return ancestors(folder).filter(above => isWithin(root, above)).find(isForFunctions) ?? folder;
}

/** The repository that a folder belongs to, else the folder in which the app runs, else the folder alone. */
export function projectRoot(folder: string): string {
  const repository = ancestors(folder).find(above => fs.existsSync(path.join(above, '.git')));
  return repository ?? (isWithin(process.cwd(), folder) ? process.cwd() : folder);
}

/** Where modules are looked for; `src` is where many projects keep them: https://packaging.python.org/en/latest/discussions/src-layout-vs-flat-layout/ */
function sourceFolders(projectDir: string, isFile: boolean): string[] {
  const src = path.join(projectDir, 'src');
  return isFile || !fs.existsSync(src) ? [projectDir] : [projectDir, src];
}

function findHandler(request: BundlerRequest, folders: string[], files: string[]): { sourceDir: string; handler: string } {
  if (request.handler !== undefined) {
    return { sourceDir: checkHandler(request, folders, request.handler), handler: request.handler };
  }
  for (const sourceDir of folders) {
    for (const file of files) {
      const name = HANDLER_FUNCTIONS.find(candidate => definesFunction(path.join(sourceDir, file), candidate));
      if (name) {
        return { sourceDir, handler: `${path.basename(file, '.py')}.${name}` };
      }
    }
  }
  throw validationError(request.scope,
    'TF401', `cannot find a Python handler in '${folders.join("' and '")}' (looked in ${files.join(', ')} for a function ${HANDLER_FUNCTIONS.join(', ')}); ` +
    "set 'handler', for example 'app.handler'");
}

/** Gives the folder that has the handler's module. */
function checkHandler(request: BundlerRequest, folders: string[], handler: string): string {
  const match = /^(?<module>[\w./-]+)\.(?<name>\w+)$/.exec(handler);
  if (!match) {
    throw validationError(request.scope, 'TF402', `handler '${handler}' does not name a module and a function; write it as 'app.handler'`);
  }
  const modulePath = match.groups!.module.replace(/\./g, '/');
  const candidates = [`${modulePath}.py`, `${modulePath}/__init__.py`];
  for (const folder of folders) {
    const file = candidates.find(candidate => fs.existsSync(path.join(folder, candidate)));
    if (file) {
      checkName(request, folder, file, handler, match.groups!.name);
      return folder;
    }
  }
  throw validationError(request.scope,
    'TF403', `handler '${handler}' is not in '${folders.join("' and '")}' (looked for ${candidates.join(', ')}); set 'handler' or 'entry'`);
}

/** A function may be imported from elsewhere, so all that can be said is whether the file names it. */
function checkName(request: BundlerRequest, folder: string, file: string, handler: string, name: string): void {
  if (!new RegExp(`\\b${name}\\b|^from .* import \\*|__getattr__`, 'm').test(fs.readFileSync(path.join(folder, file), 'utf8'))) {
    throw validationError(request.scope, 'TF404', `handler '${handler}' is not in '${folder}': ${file} defines no '${name}'; set 'handler' to a function of it`);
  }
}

function definesFunction(file: string, name: string): boolean {
  // An assignment counts: a handler is often the result of a decorator or a wrapper call.
  return fs.existsSync(file) && new RegExp(`^(?:(?:async )?def ${name}\\b|${name}\\s*(?::[^=\\n]+)?=)`, 'm').test(fs.readFileSync(file, 'utf8'));
}
