import * as fs from 'fs';
import * as path from 'path';

const EXTENSIONS = ['.ts', '.tsx', '.js', '.jsx', '.mts', '.cts', '.mjs', '.cjs', '.json', '.css'];

interface Configuration {
  readonly extends?: string | string[];
  readonly compilerOptions?: {
    readonly baseUrl?: string;
    readonly paths?: { readonly [pattern: string]: readonly string[] };
    readonly emitDecoratorMetadata?: boolean;
  };
}

/**
 * Where esbuild looks for what is imported because of `paths` and `baseUrl`, whether anything is there or not: the first place that has something wins.
 *
 * @param configurations TypeScript configurations that may apply, which need not exist
 * @param specifiers as they are imported
 * @returns absolute paths of files and folders
 */
export function tsconfigCandidates(configurations: readonly string[], specifiers: readonly string[]): string[] {
  const parsed = configurations.map(file => ({ folder: path.dirname(file), options: readTsconfig(file)?.compilerOptions ?? {} }));
  const baseUrls = parsed.flatMap(({ folder, options }) => typeof options.baseUrl === 'string' ? [path.resolve(folder, options.baseUrl)] : []);
  const bare = specifiers.filter(specifier => !/^(?:\.{0,2}\/|node:|\.{1,2}$)/.test(specifier));
  const found = parsed.flatMap(({ folder, options }) => Object.entries(options.paths ?? {}).flatMap(([pattern, targets]) => {
    // A configuration that extends another has its paths relative to the base URL of that one.
    const bases = [folder, ...baseUrls];
    return bare.flatMap(specifier => {
      const star = matchStar(pattern, specifier);
      return star === undefined || !Array.isArray(targets) ? [] : targets.flatMap(target => bases.map(base => path.resolve(base, String(target).replace('*', star))));
    });
  }));
  const all = new Set([...found, ...baseUrls.flatMap(base => bare.map(specifier => path.resolve(base, specifier)))]);
  return [...all].flatMap(file => [file, ...EXTENSIONS.map(extension => file + extension)]);
}

/** What the star of a pattern stands for; undefined when it does not match. */
function matchStar(pattern: string, specifier: string): string | undefined {
  const [before, after] = pattern.split('*');
  if (after === undefined) {
    return pattern === specifier ? '' : undefined;
  }
  const matches = specifier.length >= before.length + after.length && specifier.startsWith(before) && specifier.endsWith(after);
  return matches ? specifier.slice(before.length, specifier.length - after.length) : undefined;
}

/** JSON with comments and trailing commas. What cannot be read is nothing: esbuild has said so, or it does not concern it. */
export function readTsconfig(file: string): Configuration | undefined {
  try {
    const text = fs.readFileSync(file, 'utf8').replace(/"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[^]*?\*\//g, match => match.startsWith('"') ? match : ' ');
    return JSON.parse(text.replace(/,(?=\s*[}\]])/g, '')) as Configuration;
  } catch {
    return undefined;
  }
}
