import type { FunctionOptions } from 'aws-cdk-lib/aws-lambda';
import type { BundlingConfig, GoBundlingOptions, JavaBundlingOptions, NodejsBundlingOptions, PythonBundlingOptions } from '../../bundling';
import type { TracedFunctionProps } from '../../traced-function-props';
import { ErrorScope, validationError } from '../validation-error';
import { closestName } from './closest-name';

/** What an option has to be. `object` is not looked into. */
type Kind = 'boolean' | 'string' | 'strings' | 'record' | 'object';
type Language = 'nodejs' | 'python' | 'go' | 'java';

interface OptionTable {
  readonly options: Readonly<Record<string, Kind>>;
  /** Options that CDK's own function of the language has and this one has not, with what to do. */
  readonly elsewhere: Readonly<Record<string, string>>;
  /** Whether `options` is complete, so that all other names are refused. */
  readonly isComplete: boolean;
}

const NO_DOCKER = "nothing runs in Docker; packages with a native addon belong into 'nodeModules'";

const NODEJS: OptionTable = {
  options: {
    minify: 'boolean', sourceMap: 'boolean', sourceMapMode: 'string', sourcesContent: 'boolean', format: 'string', target: 'string', externalModules: 'strings',
    nodeModules: 'strings',
    depsLockFilePath: 'string', projectRoot: 'string', copyFiles: 'record', commandHooks: 'object', commandHooksInputs: 'strings',
    environment: 'record',
    define: 'record', loader: 'record', alias: 'record', inject: 'strings', keepNames: 'boolean', mainFields: 'strings', conditions: 'strings',
    drop: 'strings', dropLabels: 'strings', charset: 'string', banner: 'string', footer: 'string', esbuildArgs: 'object', tsconfig: 'string',
  } satisfies Record<keyof NodejsBundlingOptions, Kind>,
  elsewhere: {
    bundleAwsSDK: "the AWS SDK is bundled unless 'externalModules' leaves it out",
    forceDockerBundling: NO_DOCKER, dockerImage: NO_DOCKER, buildArgs: NO_DOCKER, bundlingFileAccess: NO_DOCKER,
    entrypoint: NO_DOCKER, command: NO_DOCKER, volumes: NO_DOCKER, volumesFrom: NO_DOCKER, workingDirectory: NO_DOCKER, user: NO_DOCKER,
    securityOpt: NO_DOCKER, network: NO_DOCKER, platform: NO_DOCKER,
    esbuildVersion: 'install that version of esbuild in the project, where it is preferred',
    logLevel: 'errors and warnings are shown always, and nothing else',
    metafile: 'esbuild describes no build here; leave it out',
    assetHash: 'the hash is that of what the package holds',
    preCompilation: "decorator metadata is emitted where the tsconfig sets 'emitDecoratorMetadata'",
    external: "write 'externalModules'",
  },
  isComplete: true,
};

const TABLES: Record<Language, OptionTable> = {
  nodejs: NODEJS,
  python: {
    options: {
      exclude: 'strings',
      dependencies: 'object',
      installArgs: 'strings',
      installer: 'object',
      extras: 'strings',
      groups: 'strings',
      environment: 'record',
      slim: 'boolean',
      strip: 'boolean',
    } satisfies Record<keyof PythonBundlingOptions, Kind>,
    elsewhere: {
      assetExcludes: "it is 'exclude', with patterns as in .gitignore",
      poetryIncludeHashes: 'hashes of lock files are always checked',
      poetryWithoutUrls: 'addresses of indexes are never packed',
      commandHooks: 'run commands of your own before the synth',
      outputPathSuffix: 'the package has the folders of the entry',
      buildArgs: "arguments of the installer are 'installArgs'",
      assetHash: "the hash is that of the package's contents",
      assetHashType: "the hash is that of the package's contents",
    },
    isComplete: true,
  },
  go: {
    options: { tags: 'strings', environment: 'record' } satisfies Partial<Record<keyof GoBundlingOptions, Kind>>,
    elsewhere: {},
    isComplete: false,
  },
  java: {
    options: { environment: 'record' } satisfies Partial<Record<keyof JavaBundlingOptions, Kind>>,
    elsewhere: {},
    isComplete: false,
  },
};

/** Props of other functions, with what to do. */
const PROPS_ELSEWHERE: Readonly<Record<string, string>> = {
  code: "the code is what 'entry' names; use lambda.Function for code that is packed already",
  projectRoot: 'set it in Bundling.nodejs({ projectRoot })',
  depsLockFilePath: 'set it in Bundling.nodejs({ depsLockFilePath })',
  awsSdkConnectionReuse: 'version 3 of the AWS SDK always reuses connections',
  index: "write it with the handler: 'app.handler'",
  moduleDir: "'entry' may be the package's folder, whose module is found",
};

const PROPS = [
  'entry', 'runtime', 'handler', 'tracing', 'instrumentation', 'sdkDelivery', 'bundling', 'environment', 'timeout', 'memorySize', 'description', 'functionName', 'role', 'vpc',
  'vpcSubnets', 'securityGroups', 'allowAllOutbound', 'layers', 'architecture', 'logGroup', 'logRetention', 'loggingFormat', 'reservedConcurrentExecutions', 'deadLetterQueue',
  'deadLetterQueueEnabled', 'ephemeralStorageSize', 'filesystem', 'initialPolicy', 'events', 'currentVersionOptions', 'environmentEncryption', 'insightsVersion', 'snapStart',
  'onFailure', 'onSuccess', 'retryAttempts', 'maxEventAge', 'profiling', 'codeSigningConfig', 'paramsAndSecrets',
] as const satisfies readonly (keyof TracedFunctionProps | keyof FunctionOptions)[];

/** For apps in JavaScript, and objects that TypeScript takes for something else: props that would be passed over. */
export function checkProps(scope: ErrorScope, props: object): void {
  const known = new Set<string>(PROPS);
  for (const [name, value] of Object.entries(props)) {
    const meant = known.has(name) ? undefined : closestName(name, known);
    if (value !== undefined && (name in PROPS_ELSEWHERE || meant !== undefined)) {
      throw validationError(scope, 'TF118', `there is no prop '${name}': ${meant ? `did you mean '${meant}'?` : PROPS_ELSEWHERE[name]}`);
    }
  }
}

/** The same for bundling options, which also have to be of the right kind. */
export function checkBundlingOptions(scope: ErrorScope, { language, options }: BundlingConfig): void {
  if (!Object.hasOwn(TABLES, language)) {
    return; // one that was added to the app
  }
  const table = TABLES[language as Language];
  for (const [name, value] of Object.entries(options)) {
    const kind = Object.hasOwn(table.options, name) ? table.options[name] : undefined;
    if (value === undefined) {
      continue;
    }
    if (kind) {
      checkKind(scope, `bundling option '${name}'`, kind, value);
      continue;
    }
    const hint = hintFor(language as Language, name);
    if (hint !== undefined || table.isComplete) {
      throw validationError(scope, 'TF119', `Bundling.${language}() has no option '${name}'${hint ? `: ${hint}` : `; its options are ${Object.keys(table.options).join(', ')}`}`);
    }
  }
}

function hintFor(language: Language, name: string): string | undefined {
  const { options, elsewhere } = TABLES[language];
  const meant = closestName(name, Object.keys(options));
  const other = (Object.keys(TABLES) as Language[]).find(l => l !== language && Object.hasOwn(TABLES[l].options, name));
  return Object.hasOwn(elsewhere, name) ? elsewhere[name]
    : meant ? `did you mean '${meant}'?`
      : other && TABLES[language].isComplete ? `it is one of Bundling.${other}()` : undefined;
}

function checkKind(scope: ErrorScope, what: string, kind: Kind, value: unknown): void {
  const isRecord = (v: unknown): v is object => typeof v === 'object' && v !== null && !Array.isArray(v);
  const isString = (v: unknown) => typeof v === 'string';
  const [fits, expected] = {
    boolean: [typeof value === 'boolean', 'true or false'],
    string: [isString(value), 'a string'],
    strings: [Array.isArray(value) && value.every(isString), 'a list of strings'],
    record: [isRecord(value) && Object.values(value).every(isString), 'an object whose values are strings'],
    object: [isRecord(value), 'an object'],
  }[kind] as [boolean, string];
  if (!fits) {
    // Values of environment variables are not shown.
    const got = kind === 'record' ? isRecord(value) ? `one with ${Object.entries(value).filter(([, v]) => !isString(v)).map(([k, v]) => `${k} as ${typeof v}`).join(', ')}` : typeof value
      : JSON.stringify(value);
    throw validationError(scope, 'TF120', `${what} has to be ${expected}, got ${got}`);
  }
}
