import { closestName } from './closest-name';

/** How an argument is written: `--name`, `--name=text`, `--name=1`, `--name=a,b`, `--name:key=value`, `--name:value`. */
type Form = 'flag' | 'text' | 'number' | 'list' | 'pairs' | 'values';

const FORMS: Readonly<Record<string, Form>> = {
  'abs-paths': 'list', 'alias': 'pairs', 'asset-names': 'text', 'banner': 'pairs', 'charset': 'text', 'conditions': 'list', 'define': 'pairs', 'drop': 'values', 'drop-labels': 'list',
  'external': 'values', 'footer': 'pairs', 'ignore-annotations': 'flag', 'inject': 'values', 'jsx': 'text', 'jsx-dev': 'flag', 'jsx-factory': 'text', 'jsx-fragment': 'text',
  'jsx-import-source': 'text', 'jsx-side-effects': 'flag', 'keep-names': 'flag', 'legal-comments': 'text', 'line-limit': 'number', 'loader': 'pairs', 'log-limit': 'number',
  'log-override': 'pairs', 'main-fields': 'list', 'mangle-props': 'text', 'mangle-quoted': 'flag', 'minify': 'flag', 'minify-identifiers': 'flag', 'minify-syntax': 'flag',
  'minify-whitespace': 'flag', 'packages': 'text', 'preserve-symlinks': 'flag', 'public-path': 'text', 'pure': 'values', 'reserve-props': 'text', 'resolve-extensions': 'list',
  'source-root': 'text', 'sources-content': 'flag', 'supported': 'pairs', 'target': 'list', 'tree-shaking': 'flag', 'tsconfig-raw': 'text',
};

const SET = 'the construct sets it';

const REFUSED: Readonly<Record<string, string>> = {
  'bundle': SET, 'platform': SET, 'outfile': SET, 'outdir': SET, 'outbase': SET, 'entry-names': SET, 'chunk-names': SET, 'out-extension': SET, 'global-name': SET, 'splitting': SET,
  'metafile': SET, 'allow-overwrite': SET, 'log-level': SET, 'color': SET,
  'format': "use the bundling option 'format'", 'sourcemap': "use the bundling option 'sourceMap' or 'sourceMapMode'", 'tsconfig': "use the bundling option 'tsconfig'",
};

/**
 * Arguments of esbuild's command line as options of its JavaScript API.
 *
 * @throws for an argument that esbuild does not have, that would break what the construct does, or whose value is of another form
 */
export function parseEsbuildArgs(args: { readonly [option: string]: string | boolean | string[] }): Record<string, unknown> {
  const parsed: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(args)) {
    const [, name, sub] = /^(?:--)?([^:=]*)(?::([^]*))?$/.exec(key) ?? [undefined, key, undefined];
    if (Object.hasOwn(REFUSED, name)) {
      throw new Error(`esbuildArgs '${key}' cannot be given: ${REFUSED[name]}`);
    }
    if (!Object.hasOwn(FORMS, name)) {
      const meant = closestName(name, Object.keys(FORMS));
      throw new Error(`esbuildArgs '${key}' is not an option of esbuild${meant ? `: did you mean '--${meant}'?` : '; see https://esbuild.github.io/api/'}`);
    }
    if (Array.isArray(value) && value.length === 0) {
      continue; // as in NodejsFunction
    }
    const option = name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
    parsed[option] = merged(parsed[option], parse(key, FORMS[name], sub, value));
  }
  return parsed;
}

function parse(key: string, form: Form, sub: string | undefined, value: string | boolean | string[]): unknown {
  const wrong = (example: string) => new Error(`esbuildArgs '${key}' cannot be ${JSON.stringify(value)}: write ${example}`);
  const isRepeated = form === 'pairs' || form === 'values';
  if ((Array.isArray(value) && form !== 'list' && !isRepeated) || (sub !== undefined && !isRepeated)) {
    throw wrong(`'${key.replace(/:.*/, '')}' with ${form === 'flag' ? 'true or false' : 'a string'}`);
  }
  switch (form) {
    case 'flag':
      if (![true, false, '', 'true', 'false'].includes(value as string)) {
        throw wrong('true or false');
      }
      return value === true || value === '' || value === 'true';
    case 'number':
      if (typeof value !== 'string' || !/^\d+$/.test(value)) {
        throw wrong("a number as a string, such as '0'");
      }
      return Number(value);
    case 'text':
      if (typeof value !== 'string' || value === '') {
        throw wrong('a string');
      }
      return value;
    case 'list':
      if (typeof value === 'boolean') {
        throw wrong("a string such as 'a,b'");
      }
      return Array.isArray(value) ? value : value.split(',');
    case 'values': {
      const values = [...sub !== undefined ? [sub] : [], ...Array.isArray(value) ? value : typeof value === 'string' && value !== '' ? [value] : []];
      if (values.length === 0) {
        throw wrong('a string or a list of strings');
      }
      return values;
    }
    case 'pairs': {
      const texts = (Array.isArray(value) ? value : [value]).map(text => sub === undefined ? text : sub.includes('=') ? sub : `${sub}=${text}`);
      return Object.fromEntries(texts.map(text => {
        const [, name, result] = /^([^=]+)=([^]*)$/.exec(String(text)) ?? [];
        if (name === undefined) {
          throw wrong(`'name=value', or '${key}:name' with the value`);
        }
        return [name, key.replace(/^--/, '').startsWith('supported') ? result === 'true' : result];
      }));
    }
  }
}

function merged(before: unknown, after: unknown): unknown {
  return Array.isArray(before) ? [...before, ...after as unknown[]]
    : before instanceof Object ? { ...before, ...after as object } : after;
}
