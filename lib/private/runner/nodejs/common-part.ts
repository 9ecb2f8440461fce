import { createHash, Hash } from 'crypto';
import * as path from 'path';
import type { BuildOptions, Message, Plugin, ResolveResult } from 'esbuild';
import { esModuleOf } from './aws-es-modules';
import { COMMON, COMMON_VARIABLE, CommonImports, replaceCommonImports, SETUP } from './common-imports';
import { contextAnswers } from './context-answers';
import { asksForMetadata, emitDecoratorMetadata, moduleAsksForMetadata } from './decorator-metadata';
import { isEntangled } from './entangled';
import { EsbuildInstallation } from './esbuild-installation';
import { isExternal } from './external-modules';
import { importsOf } from './inputs';
import { legalComment } from './legal-comment';
import { capturedLibrary } from './library-capture';
import { buildWithoutMissing } from './optional-packages';
import { BATCH_LIBRARY, RUNTIME_API } from './runtime-api';
import { captureExternalClients, entryName, generateEntries, instrument, nameWithin, SETUP_NAMESPACE } from './traced-entry';
import { NodejsJob } from '../../languages/nodejs-job';

type Esbuild = EsbuildInstallation['esbuild'];

/** A package that is ready to be written. */
export interface LinkedPackage {
  /** The package's one file. */
  readonly contents: Buffer[];
  /** SHA-256 of the contents, 64 hexadecimal digits. */
  readonly hash: string;
  /** Keys of esbuild's metafile: the function's own, and those of the common part, the same array for all functions that have it. */
  readonly inputs: readonly string[];
  readonly commonInputs: readonly string[];
  /** What the function's own modules import, as it is written there. */
  readonly imports: readonly string[];
  readonly warnings: Message[];
}

/** A function's code without what it has in common with others. */
interface OwnPart {
  readonly job: NodejsJob;
  readonly text: string;
  readonly inputs: readonly string[];
  /** From the common part. */
  readonly imports: CommonImports;
  readonly specifiers: readonly string[];
  readonly warnings: Message[];
}

/** The tracing set-up and what is imported of the AWS SDK, linked. */
interface CommonPart {
  /** With what is needed around it to stand in a package. */
  readonly contents: Buffer;
  /** SHA-256 of the contents, not yet digested. */
  readonly hash: Hash;
  readonly inputs: readonly string[];
}

/** Imported in a way that only a bundle of its own can serve. */
const WHOLE = `${COMMON}whole`;
const AWS_MODULE = /[\\/]node_modules[\\/]@(?:aws-sdk|smithy)[\\/].*[\\/]dist-es[\\/]/;

/**
 * Links the tracing set-up and the AWS SDK once for all functions that import the same names of it, and each function's own code apart from that; a package
 * is one after the other. The AWS SDK is nine tenths of a package, and esbuild links all of an entry for each entry.
 *
 * A package depends on nothing but its function: those that import the same have the same common part, whatever else is built. It is evaluated
 * first, as the set-up has to be; the modules of the AWS SDK do nothing when they are loaded that could tell.
 *
 * Left to the caller are the functions that a common part could change: those with source maps, those that import the AWS SDK other than statically and
 * by name, or the tracing SDK itself, and those whose own code has a module that the common part has too.
 *
 * @param jobs with equal options
 * @param options of esbuild for the jobs
 * @returns what could be made in this way
 */
export async function linkWithCommonParts(
  jobs: NodejsJob[], { esbuild }: EsbuildInstallation, options: BuildOptions,
): Promise<Map<NodejsJob, LinkedPackage>> {
  const [{ sourceMap, plainExports, sdkInLayer, minify, more }] = jobs;
  const packages = new Map<NodejsJob, LinkedPackage>();
  if (sourceMap || plainExports || sdkInLayer || minify === false || more.esbuild) {
    return packages;
  }
  const modules = new AwsModules();
  // An error of esbuild is no news yet: what is not made here is bundled as a whole, which says what is wrong with which function.
  const parts = await ownParts(jobs, esbuild, options, modules).catch(() => []);
  const groups = new Map<string, OwnPart[]>();
  for (const part of parts) {
    const key = JSON.stringify([modules.sdkOf(part.job), part.job.adaptsCallbacks, part.imports]);
    groups.set(key, [...groups.get(key) ?? [], part]);
  }
  const firsts = [...groups.values()].map(([part]) => part);
  const common = await commonParts(firsts.filter(({ imports }) => imports.length > 0), esbuild, options, modules);
  firsts.filter(({ imports }) => imports.length === 0).forEach(part => common.set(part, commonPart('', [], options)));
  for (const group of groups.values()) {
    const linked = common.get(group[0]);
    const shared = new Set(linked?.inputs);
    const legal = linked && legalComment(group[0].job, linked.inputs);
    for (const { job, inputs, specifiers: imports, warnings, text } of group) {
      if (linked && legal && !inputs.some(input => shared.has(input))) {
        const own = Buffer.from(await minified(text, job, esbuild) + contextAnswers(job, text, inputs));
        packages.set(job, { contents: [linked.contents, own, legal], hash: linked.hash.copy().update(own).update(legal).digest('hex'), inputs, imports, commonInputs: linked.inputs, warnings });
      }
    }
  }
  return packages;
}

/** Where what functions import lies. */
class AwsModules {
  private readonly files = new Map<string, Set<string>>();
  private readonly sdks = new Map<string, string>();

  /** @param module as it is imported */
  public add(module: string, file: string): void {
    this.files.set(module, (this.files.get(module) ?? new Set()).add(file));
  }

  public file(module: string): string {
    return [...this.files.get(module)!][0];
  }

  /** Whether not all functions find it in the same place. */
  public isAmbiguous(module: string): boolean {
    return (this.files.get(module)?.size ?? 1) > 1;
  }

  public addSdk(folder: string, file: string): void {
    this.sdks.set(folder, file);
  }

  /** The tracing SDK that a function has installed, if any. */
  public sdkOf(job: NodejsJob): string | undefined {
    return this.sdks.get(path.dirname(job.entry));
  }
}

async function ownParts(jobs: NodejsJob[], esbuild: Esbuild, options: BuildOptions, modules: AwsModules): Promise<OwnPart[]> {
  const { metafile, outputFiles, warnings } = await buildWithoutMissing(esbuild, {
    ...options,
    ...separate(jobs.map(entryName)),
    // The names of what is imported are read from what esbuild prints.
    ...jobs[0].esm ? {} : { minify: undefined, minifyWhitespace: true, minifySyntax: true },
    external: [...options.external ?? [], `${COMMON}*`],
    plugins: [ownPartPlugin(jobs, modules)],
  });
  const outputs = new Map(Object.values(metafile.outputs).map(output => [output.entryPoint, output]));
  const texts = new Map(outputFiles.map(file => [path.basename(file.path), file.text]));
  return jobs.flatMap((job, i) => {
    const { inputs: bytes, cssBundle } = outputs.get(entryName(job))!;
    const inputs = Object.keys(bytes);
    // A style sheet becomes a file beside the code, which only a bundle of its own has room for.
    const replaced = cssBundle ? undefined : replaceCommonImports(texts.get(`${i}${job.esm ? '.mjs' : '.js'}`)!, job.esm);
    const hasImportMeta = !job.esm && warnings.some(({ id, location }) =>
      id === 'empty-import-meta' && location && inputs.includes(location.file));
    const lacksMetadata = !jobs.some(asksForMetadata) && moduleAsksForMetadata(job, inputs);
    if (hasImportMeta || lacksMetadata || !replaced
      || replaced.imports.some(([module]) => modules.isAmbiguous(module)) || isEntangled(metafile, inputs)) {
      return [];
    }
    return [{ job, inputs, specifiers: importsOf(metafile, inputs), warnings, ...replaced }];
  });
}

function ownPartPlugin(jobs: NodejsJob[], modules: AwsModules): Plugin {
  const [{ instrumentation, capture, external }] = jobs;
  return {
    name: 'cdk-traced-function-own-part',
    setup(build) {
      const found = new Map<string, Promise<ResolveResult>>();
      const find = async (module: string, resolveDir: string) => {
        const key = `${module}\0${resolveDir}`;
        if (!found.has(key)) {
          found.set(key, build.resolve(module, { kind: 'import-statement', resolveDir, pluginData: 'resolving' }));
        }
        return found.get(key)!;
      };
      if (jobs.some(asksForMetadata)) {
        emitDecoratorMetadata(build, jobs);
      }
      generateEntries(build, jobs, async job => {
        if (instrumentation === 'xray-sdk') {
          modules.addSdk(path.dirname(job.entry), (await find('aws-xray-sdk-core', path.dirname(job.entry))).path);
        }
        return SETUP;
      });
      build.onResolve({ filter: RUNTIME_API }, () => ({ path: WHOLE, external: true }));
      if (capture.messages) {
        build.onResolve({ filter: BATCH_LIBRARY }, () => ({ path: WHOLE, external: true }));
      }
      if (instrumentation !== 'none') {
        build.onResolve({ filter: capturedLibrary(capture.clients) }, () => ({ path: WHOLE, external: true }));
        build.onResolve({ filter: /^(?:aws-xray-sdk-core|@opentelemetry\/api)(?:\/|$)/ }, args => args.pluginData === 'resolving' ? undefined : { path: WHOLE, external: true });
        if (capture.clients.includes('aws-sdk')) {
          captureExternalClients(build, external);
        }
      }
      build.onResolve({ filter: /^@(?:aws-sdk|smithy)\// }, async ({ path: module, kind, resolveDir, pluginData }) => {
        if (pluginData === 'resolving' || isExternal(module, external)) {
          return undefined;
        }
        if (kind !== 'import-statement') {
          return { path: WHOLE, external: true };
        }
        const { errors, namespace, path: main, sideEffects } = await find(module, resolveDir);
        const file = esModuleOf(main);
        if (errors.length > 0 || namespace !== 'file' || !AWS_MODULE.test(file)) {
          return { path: WHOLE, external: true };
        }
        modules.add(module, file);
        return { path: COMMON + module, external: true, sideEffects };
      });
    },
  };
}

/** @param parts one for each common part that is wanted */
async function commonParts(parts: OwnPart[], esbuild: Esbuild, options: BuildOptions, modules: AwsModules): Promise<Map<OwnPart, CommonPart>> {
  const linked = new Map<OwnPart, CommonPart>();
  if (parts.length === 0) {
    return linked;
  }
  const again: OwnPart[] = [];
  try {
    // esbuild makes identifiers of the last part, which may tell nothing of the function.
    const names = parts.map((_, i) => `${COMMON}${i}/common`);
    const { metafile, outputFiles, warnings } = await esbuild.build({ ...options, ...separate(names), format: 'cjs', mainFields: ['module', 'main'], plugins: [commonPartPlugin(parts, modules)] });
    const outputs = new Map(Object.values(metafile.outputs).map(output => [output.entryPoint, output]));
    for (const [i, part] of parts.entries()) {
      const inputs = Object.keys(outputs.get(names[i])!.inputs);
      if (parts.length > 1 && isEntangled(metafile, inputs)) {
        again.push(part);
      } else if (!warnings.some(({ id }) => id === 'empty-import-meta')) {
        linked.set(part, commonPart(outputFiles[i].text, inputs, options));
      }
    }
  } catch {
    again.push(...parts.length > 1 ? parts : []); // a name that the AWS SDK does not have
  }
  for (const part of again) {
    (await commonParts([part], esbuild, options, modules)).forEach((common, key) => linked.set(key, common));
  }
  return linked;
}

function commonPartPlugin(parts: OwnPart[], modules: AwsModules): Plugin {
  const namespace = COMMON.slice(0, -1);
  return {
    name: 'cdk-traced-function-common-part',
    setup(build) {
      build.onResolve({ filter: new RegExp(`^${COMMON}`) }, args => ({ path: args.path.slice(COMMON.length), namespace }));
      build.onLoad({ filter: /.*/, namespace }, args => {
        const part = parts[parseInt(args.path)];
        return { contents: commonSource(part, `${SETUP_NAMESPACE}:${nameWithin(part.job)}`, modules), loader: 'js', resolveDir: path.dirname(part.job.entry) };
      });
      instrument(build, parts.map(part => part.job), new Set());
    },
  };
}

/** The set-up comes first: the base class of the AWS clients registers with it when it is loaded. */
function commonSource({ imports }: OwnPart, setup: string, modules: AwsModules): string {
  const own = imports.filter(([module]) => COMMON + module !== SETUP);
  return [
    ...(own.length < imports.length ? [`import { trace } from ${JSON.stringify(setup)};`, 'export const setup = { trace };'] : []),
    ...own.map(([module, names], i) => `import { ${names.map((name, k) => `${name} as m${i}_${k}`).join(', ')} } from ${JSON.stringify(modules.file(module))};`),
    ...own.map(([, names], i) => `export const m${i} = { ${names.map((name, k) => `${name}: m${i}_${k}`).join(', ')} };`),
  ].join('\n');
}

function separate(names: string[]): Pick<BuildOptions, 'entryPoints' | 'banner' | 'footer'> & { write: false; metafile: true } {
  return { entryPoints: names.map((name, i) => ({ in: name, out: String(i) })), banner: {}, footer: {}, write: false, metafile: true };
}

/** What is declared at the top of a CommonJS module gets short names only inside of a function. */
async function minified(text: string, job: NodejsJob, esbuild: Esbuild): Promise<string> {
  return job.minify && !job.esm ? (await esbuild.transform(`(()=>{${text}})()`, { minify: true, target: `node${job.nodeVersion}` })).code : text;
}

/** A common part is CommonJS, also in an ES module: it is a function there, and declares nothing outside of it. */
function commonPart(text: string, inputs: string[], { banner }: BuildOptions): CommonPart {
  const standalone = text && `var ${COMMON_VARIABLE}=(module=>{((module,exports)=>{${text}})(module,module.exports);return module.exports})({exports:{}});\n`;
  const contents = Buffer.from(`${banner?.js ? `${banner.js}\n` : ''}${standalone}`);
  return { contents, hash: createHash('sha256').update(contents), inputs };
}
