import type { Metafile } from 'esbuild';

/**
 * Whether what esbuild made of an entry depends on the other entries of the build. A module that anything in a build loads with `require()` or `import()` is
 * wrapped into a function for all of its entries, also for those without that call. Such an entry has to be built again, alone: its package
 * may depend on nothing else.
 *
 * @param inputs keys of the entry's output
 */
export function isEntangled(metafile: Metafile, inputs: readonly string[]): boolean {
  const own = new Set(inputs);
  const loaders = loadersOf(metafile);
  return inputs.some(input => loaders.get(input)?.every(loader => !own.has(loader)));
}

const known = new WeakMap<Metafile, Map<string, string[]>>();

/** For each ES module that is loaded by a call, the modules with the calls. */
function loadersOf(metafile: Metafile): Map<string, string[]> {
  let loaders = known.get(metafile);
  if (!loaders) {
    loaders = new Map();
    for (const [loader, { imports }] of Object.entries(metafile.inputs)) {
      for (const { path, kind } of imports) {
        if ((kind === 'require-call' || kind === 'dynamic-import') && metafile.inputs[path]?.format === 'esm') {
          loaders.set(path, [...loaders.get(path) ?? [], loader]);
        }
      }
    }
    known.set(metafile, loaders);
  }
  return loaders;
}
