import { buildSync } from 'esbuild';
import { replaceCommonImports } from '../../../../lib/private/runner/nodejs/common-imports';

const A = 'cdk-traced-common:a';

/** What esbuild prints for a module. */
function print(source: string, format: 'cjs' | 'esm', minify = false): string {
  return buildSync({
    stdin: { contents: source }, bundle: true, write: false, format, platform: 'node', external: ['cdk-traced-common:*'],
    ...minify ? { minify } : { minifyWhitespace: true, minifySyntax: true },
  }).outputFiles[0].text;
}

describe.each(['cjs', 'esm'] as const)('%s', format => {
  const importsOf = (source: string) => replaceCommonImports(print(source, format), format === 'esm')?.imports;

  test.each<[string, string, string[]]>([
    ['names', `import { B, A } from '${A}'; console.log(new A(), B());`, ['A', 'B']],
    ['a name under another', `import { A as B } from '${A}'; console.log(B);`, ['A']],
    ['members of a namespace', `import * as a from '${A}'; console.log(a.B, new a.A());`, ['A', 'B']],
    ['names in several statements', `import { A } from '${A}'; import { B } from '${A}'; console.log(A, B);`, ['A', 'B']],
    ['what is exported again', `import { A } from '${A}'; export { A };`, ['A']],
  ])('%s are found', (_, source, names) => {
    expect(importsOf(source)).toEqual([['a', names]]);
  });

  test.each([
    ['a whole namespace', `import * as a from '${A}'; console.log(a);`],
    ['a member by a computed name', `import * as a from '${A}'; console.log(a[process.argv[2]]);`],
    ['the spread of a namespace', `import * as a from '${A}'; console.log({ ...a });`],
    ['all that is exported again', `export * from '${A}';`],
    ['effects only', `import '${A}';`],
    ['a dynamic import', `import('${A}').then(console.log);`],
    ['a require', `console.log(require('${A}').x);`],
    ['a text like the name', `import { A } from '${A}'; console.log(A, 'cdk-traced-common:b');`],
  ])('%s cannot be told by name', (_, source) => {
    expect(importsOf(source)).toBeUndefined();
  });

  test.each([false, true])('the code runs as before (minified: %p)', async minify => {
    const source = `import * as a from '${A}'; import { A as first } from '${A}'; import { C } from 'cdk-traced-common:c'; import { trace } from 'cdk-traced-common:setup';
      export const result = [a.B, first, C, trace(5)];`;
    const { text } = replaceCommonImports(print(source, format, minify && format === 'esm'), format === 'esm')!;
    const body = format === 'esm' ? text.replace(/export\{(\w+)(?: as result)?\};/, 'return{result:$1};') : `const module={};${text};return module.exports;`;
    const common = { m0: { A: 1, B: 2 }, m1: { C: 3 }, setup: { trace: (x: number) => x } };
    expect(new Function('__cdkTracedFunctionCommon', body)(common).result).toEqual([2, 1, 3, 5]);
  });
});
