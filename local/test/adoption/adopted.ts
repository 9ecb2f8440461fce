/** Functions of the app by their names, how they are traced, and the reference in their language. */
export const ADOPTED: readonly { readonly name: string; readonly level: 'rebundled' | 'layer'; readonly reference: 'reference-node' | 'reference-python' }[] = [
  ...([
    ['nodejs-function', 'rebundled'], ['nodejs-function-esm', 'rebundled'], ['nodejs-function-own-options', 'layer'], ['asset', 'layer'], ['asset-esm', 'layer'], ['asset-in-folder', 'layer'],
    ['zip', 'layer'], ['inline', 'layer'], ['singleton', 'layer'], ['nested', 'layer'], ['cfn-function', 'layer'], ['cfn-resource', 'layer'], ['included', 'layer'], ['by-mixin', 'layer'],
    ['of-provider', 'layer'], ['made-by-aspect', 'layer'],
  ] as const).map(([name, level]) => ({ name, level, reference: 'reference-node' as const })),
  ...([
    ['python-function', 'rebundled'], ['python-asset', 'layer'], ['python-package', 'layer'], ['python-inline', 'layer'], ['python-cfn-function', 'layer'], ['python-included', 'layer'],
  ] as const).map(([name, level]) => ({ name, level, reference: 'reference-python' as const })),
];
