/** How a function's own code, as esbuild prints it, imports what it has in common with other functions: this, and the name of a module. */
export const COMMON = 'cdk-traced-common:';

/** The module with the tracing set-up. */
export const SETUP = `${COMMON}setup`;

/** Under this name the common part is found in a package. */
export const COMMON_VARIABLE = '__cdkTracedFunctionCommon';

/** Names that are imported of each module, both sorted. */
export type CommonImports = readonly (readonly [module: string, names: readonly string[]])[];

const IDENTIFIER = '[\\p{ID_Start}$_][\\p{ID_Continue}$]*';
const CJS_IMPORT = new RegExp(`(?<![\\p{ID_Continue}$.])(${IDENTIFIER})=(?:__toESM\\d*\\()?require\\("${COMMON}([^"]+)"\\)`, 'gu');
const ESM_IMPORT = new RegExp(`import(?:\\{([^{}]*)\\}|\\*as (${IDENTIFIER}) )from"${COMMON}([^"]+)";`, 'gu');

/**
 * Makes code take from the common part what it imports.
 *
 * @param text of esbuild, without white space
 * @returns undefined when not all that is imported can be told by name
 */
export function replaceCommonImports(text: string, esm: boolean): { text: string; imports: CommonImports } | undefined {
  const names = new Map<string, Set<string>>();
  const add = (module: string, imported: Iterable<string>) => names.set(module, new Set([...names.get(module) ?? [], ...imported]));
  const found = [...text.matchAll(esm ? ESM_IMPORT : CJS_IMPORT)];
  if (found.length !== text.split(COMMON).length - 1) {
    return undefined; // in another form: all of the module is exported again, or it is imported for its effects
  }
  const masked = text.replace(new RegExp(`${COMMON}[^"]+`, 'g'), name => ' '.repeat(name.length));
  for (const match of found) {
    const [list, namespace, module] = esm ? match.slice(1) : [undefined, match[1], match[2]];
    const imported = list !== undefined ? list.split(',').map(item => item.split(' as ')[0]) : membersOf(masked, namespace, esm ? match : undefined);
    if (!imported?.length || !imported.every(name => new RegExp(`^${IDENTIFIER}$`, 'u').test(name))) {
      return undefined;
    }
    add(module, imported);
  }
  const imports = [...names].sort(([a], [b]) => a < b ? -1 : 1).map(([module, set]) => [module, [...set].sort()] as const);
  const variable = (module: string) => COMMON + module === SETUP ? `${COMMON_VARIABLE}.setup`
    : `${COMMON_VARIABLE}.m${imports.filter(([name]) => COMMON + name !== SETUP).findIndex(([name]) => name === module)}`;
  if (!esm) {
    return { imports, text: text.replace(new RegExp(`require\\("${COMMON}([^"]+)"\\)`, 'g'), (_, module: string) => variable(module)) };
  }
  // An import takes effect before all code, wherever it stands.
  const declarations = found.map(([, list, namespace, module]) => list !== undefined
    ? `var{${list.replace(/ as /g, ':')}}=${variable(module)};`
    : `var ${namespace}=${variable(module)};`);
  return { imports, text: declarations.join('') + text.replace(ESM_IMPORT, '') };
}

/**
 * @param text without the names of modules, which may be like that of the namespace
 * @returns the members of a namespace that are used; undefined when it is used as a whole. What only looks like a use costs time and no more.
 */
function membersOf(text: string, namespace: string, declaration?: RegExpMatchArray): string[] | undefined {
  const name = namespace.replace(/\$/g, '\\$');
  const uses = [...text.matchAll(new RegExp(`(?<![\\p{ID_Continue}$])${name}(?![\\p{ID_Continue}$])(?:\\.(${IDENTIFIER}))?`, 'gu'))]
    .filter(use => declaration ? use.index < declaration.index! || use.index >= declaration.index! + declaration[0].length
      : !text.slice(use.index).match(new RegExp(`^${name}=(?:__toESM\\d*\\()?require\\(" +"`)));
  return uses.every(use => use[1]) ? uses.map(use => use[1]) : undefined;
}
