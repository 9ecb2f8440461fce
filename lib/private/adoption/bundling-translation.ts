import type { BundlingOptions as NodejsFunctionBundling } from 'aws-cdk-lib/aws-lambda-nodejs';
import { GoBundlingOptions, NodejsBundlingOptions, PythonBundlingOptions } from '../../bundling';

/** What becomes of an option of CDK's own bundling. */
type Translation =
  /** The option of the same name. */
  | 'same'
  /** There is none: the function is bundled by CDK. */
  | 'none'
  /** The options that it becomes; undefined: for this value there is none. */
  | ((value: any, bundling: Record<string, any>) => object | undefined);

type Translations<Option extends string> = Record<Option, Translation>;

export interface TranslatedOptions<T> {
  readonly options: T;
  /** Names of options that have no equivalent. */
  readonly untranslated: string[];
}

const withoutEffect: Translation = () => ({});
const onlyWhenUnset: Translation = value => value === false ? {} : undefined;

function each<Option extends string>(translation: Translation, ...options: Option[]): Translations<Option> {
  return Object.fromEntries(options.map(option => [option, translation])) as Translations<Option>;
}

/** How a container is run, on which no package depends. */
const CONTAINER = each(withoutEffect, 'bundlingFileAccess', 'network', 'platform', 'securityOpt', 'user');

/** What is in a container, for a construct that bundles without one where it can. */
const OPTIONAL_IMAGE = each(withoutEffect, 'buildArgs', 'dockerImage', 'entrypoint', 'volumes', 'volumesFrom', 'workingDirectory');

/** Every option that CDK's NodejsFunction has; a new one is missed by the compiler. */
const NODEJS: Translations<keyof NodejsFunctionBundling> = {
  ...CONTAINER,
  ...OPTIONAL_IMAGE,
  ...each('same',
    'minify', 'sourceMap', 'sourceMapMode', 'sourcesContent', 'format', 'target', 'define', 'loader', 'inject', 'banner', 'footer', 'charset', 'keepNames', 'mainFields', 'tsconfig',
    'externalModules', 'nodeModules', 'esbuildArgs', 'commandHooks', 'environment'),
  bundleAwsSDK: withoutEffect, // decides the default of externalModules, see rebundling.ts
  logLevel: withoutEffect, // what esbuild prints
  preCompilation: withoutEffect, // decorator metadata is emitted wherever the tsconfig asks for it
  esbuildVersion: withoutEffect, // of the one in the container
  // `nodeModules` are installed for Lambda's Linux without a container; what else people want one for is in these options.
  forceDockerBundling: (value, { dockerImage, commandHooks, volumes }) => value && (dockerImage ?? commandHooks ?? volumes) ? undefined : {},
  metafile: onlyWhenUnset,
  ...each('none', 'assetHash', 'command'),
};

/** Of `@aws-cdk/aws-lambda-python-alpha`. It bundles in a container, so what is in that decides what the package holds. */
const PYTHON: Translations<string> = {
  ...CONTAINER,
  assetExcludes: value => (value as string[]).some(hasRule) ? undefined : { exclude: (value as string[]).map(gitignorePattern) },
  environment: 'same',
  buildArgs: value => Object.keys(value).every(isOfInstaller) ? { environment: value } : undefined,
  outputPathSuffix: value => value === '' ? {} : undefined,
  poetryIncludeHashes: withoutEffect, // hashes are always checked
  poetryWithoutUrls: onlyWhenUnset,
};

/** Arguments of the image that say where packages come from; the installer reads them from its environment. */
function isOfInstaller(name: string): boolean {
  return /^(?:PIP_|UV_)|^(?:HTTPS?|NO|ALL)_PROXY$/i.test(name);
}

/** rsync takes some patterns for rules of its own. */
function hasRule(pattern: string): boolean {
  return /^(?:[-+!]$|[-+] |!)/.test(pattern);
}

/** rsync matches a pattern with a slash inside at any depth, as long as it does not begin with one. `folder/***` is the folder and what is in it. */
function gitignorePattern(pattern: string): string {
  const [, path, end] = /^(.*?)(\/\*\*\*|\/?)$/s.exec(pattern)!;
  return `${path.includes('/') && !/^(?:\/|\*\*\/)/.test(path) ? '**/' : path.startsWith('#') ? '\\' : ''}${path}${end === '' ? '' : '/'}`;
}

/** Of `@aws-cdk/aws-lambda-go-alpha`. */
const GO: Translations<string> = {
  ...CONTAINER,
  ...OPTIONAL_IMAGE,
  goBuildFlags: value => ({ buildArgs: value as string[] }),
  environment: 'same',
  goProxies: value => ({ environment: { GOPROXY: (value as string[]).join(',') } }),
  cgoEnabled: 'same',
  forcedDockerBundling: onlyWhenUnset,
};

export const translateNodejs = (bundling: object): TranslatedOptions<NodejsBundlingOptions> => translate(NODEJS, bundling);
export const translatePython = (bundling: object): TranslatedOptions<PythonBundlingOptions> => translate(PYTHON, bundling);
export const translateGo = (bundling: object): TranslatedOptions<GoBundlingOptions> => translate(GO, bundling);

function translate<T extends object>(table: Translations<string>, bundling: object): TranslatedOptions<T> {
  const untranslated: string[] = [];
  const options: Record<string, any> = {};
  for (const [name, value] of Object.entries(bundling).filter(([, given]) => given !== undefined)) {
    const translation = table[name] ?? 'none';
    const made = translation === 'same' ? { [name]: value } : translation === 'none' ? undefined : translation(value, bundling);
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
