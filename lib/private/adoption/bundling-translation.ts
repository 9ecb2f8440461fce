import type { BundlingOptions as NodejsFunctionBundling } from 'aws-cdk-lib/aws-lambda-nodejs';
import { GoBundlingOptions, NodejsBundlingOptions, PythonBundlingOptions } from '../../bundling';

/** What becomes of an option of CDK's own bundling. */
type Translation =
  /** The option of the same name. */
  | 'same'
  /** It says something about Docker, which is not started. */
  | 'docker'
  /** There is none: the function is bundled by CDK. */
  | 'none'
  /** The options that it becomes; undefined: for this value there is none. */
  | ((value: any) => object | undefined);

type Translations<Option extends string> = Record<Option, Translation>;

export interface TranslatedOptions<T> {
  readonly options: T;
  /** Names of options that have no equivalent. */
  readonly untranslated: string[];
}

const onlyWhenUnset: Translation = value => value === false ? {} : undefined;

/** Every option that CDK's NodejsFunction has; a new one is missed by the compiler. */
const NODEJS: Translations<keyof NodejsFunctionBundling> = {
  minify: 'same',
  sourceMap: 'same',
  format: 'same',
  define: 'same',
  loader: 'same',
  banner: 'same',
  tsconfig: 'same',
  externalModules: 'same',
  bundleAwsSDK: () => ({}), // decides the default of externalModules, see below
  logLevel: () => ({}), // what esbuild prints
  forceDockerBundling: onlyWhenUnset,
  metafile: onlyWhenUnset,
  preCompilation: () => ({}), // decorator metadata is emitted wherever the tsconfig asks for it
  keepNames: 'same',
  sourceMapMode: 'same',
  sourcesContent: 'same',
  target: 'same',
  footer: 'same',
  charset: 'same',
  nodeModules: 'same',
  esbuildArgs: 'same',
  commandHooks: 'same',
  assetHash: 'none',
  mainFields: 'same',
  inject: 'same',
  environment: 'same',
  command: 'none',
  dockerImage: 'docker',
  esbuildVersion: 'docker',
  buildArgs: 'docker',
  bundlingFileAccess: 'docker',
  entrypoint: 'docker',
  volumes: 'docker',
  volumesFrom: 'docker',
  workingDirectory: 'docker',
  user: 'docker',
  securityOpt: 'docker',
  network: 'docker',
  platform: 'docker',
};

/** Of `@aws-cdk/aws-lambda-python-alpha`. It bundles in Docker, so what is said about that decides what the package holds. */
const PYTHON: Translations<string> = {
  // rsync's patterns; those without wildcards and slashes mean the same here.
  assetExcludes: value => (value as string[]).every(pattern => /^[^*?[\]/]+$/.test(pattern)) ? { exclude: value as string[] } : undefined,
  outputPathSuffix: value => value === '' ? {} : undefined,
  poetryIncludeHashes: onlyWhenUnset,
  poetryWithoutUrls: onlyWhenUnset,
  bundlingFileAccess: 'docker',
  platform: 'docker',
  network: 'docker',
  user: 'docker',
  securityOpt: 'docker',
};

/** Of `@aws-cdk/aws-lambda-go-alpha`. */
const GO: Translations<string> = {
  goBuildFlags: value => ({ buildArgs: value as string[] }),
  environment: 'same',
  goProxies: value => ({ environment: { GOPROXY: (value as string[]).join(',') } }),
  cgoEnabled: 'same',
  forcedDockerBundling: onlyWhenUnset,
  dockerImage: 'docker',
  buildArgs: 'docker',
  bundlingFileAccess: 'docker',
  volumes: 'docker',
  volumesFrom: 'docker',
  workingDirectory: 'docker',
  user: 'docker',
  securityOpt: 'docker',
  network: 'docker',
  platform: 'docker',
  entrypoint: 'docker',
};

export const translateNodejs = (bundling: object): TranslatedOptions<NodejsBundlingOptions> => translate(NODEJS, bundling);
export const translatePython = (bundling: object): TranslatedOptions<PythonBundlingOptions> => translate(PYTHON, bundling);
export const translateGo = (bundling: object): TranslatedOptions<GoBundlingOptions> => translate(GO, bundling);

function translate<T extends object>(table: Translations<string>, bundling: object): TranslatedOptions<T> {
  const untranslated: string[] = [];
  const options: Record<string, any> = {};
  for (const [name, value] of Object.entries(bundling).filter(([, given]) => given !== undefined)) {
    const translation = table[name] ?? 'none';
    const made = translation === 'same' ? { [name]: value } : translation === 'docker' ? {} : translation === 'none' ? undefined : translation(value);
    if (!made) {
      untranslated.push(name);
      continue;
    }
    for (const [key, part] of Object.entries(made)) {
      options[key] = typeof part === 'object' && !Array.isArray(part) ? { ...options[key], ...part } : part;
    }
  }
  return { options: options as T, untranslated };
}
