import * as fs from 'fs';
import * as path from 'path';
import type { BuildOptions, Message, Metafile } from 'esbuild';
import { addFiles, runCommands } from './added-files';
import { LinkedPackage, linkWithCommonParts } from './common-part';
import { contextAnswers } from './context-answers';
import { asksForMetadata, metadataInputs, moduleAsksForMetadata } from './decorator-metadata';
import { isEntangled } from './entangled';
import { EsbuildInstallation, findEsbuild } from './esbuild-installation';
import { filesBesideCode } from './files-beside-code';
import { importsOf, NodejsInputs } from './inputs';
import { usedParts } from './lean-xray-sdk';
import { addLegalComment } from './legal-comment';
import { packageOf, refuseNativeAddons } from './native-addons';
import { buildWithoutMissing } from './optional-packages';
import { CLIENT_FILE, entryName, tracedEntryPlugin } from './traced-entry';
import { JobResult } from '../../bundling/bundling-job';
import { filesHash } from '../../files/directory-hash';
import { NodejsJob } from '../../languages/nodejs-job';
import { BundlingError, errorText } from '../bundling-error';

/**
 * The AWS X-Ray SDK and many other CommonJS packages call `require` for Node's own modules, which an ES module does not have.
 * https://github.com/evanw/esbuild/issues/1921
 */
const REQUIRE_BANNER = "import { createRequire as __cdkTracedFunctionCreateRequire } from 'node:module'; const require = __cdkTracedFunctionCreateRequire(import.meta.url);";

/** Nor has it these, which a module of the project may declare itself: only what is meant to be Node's own gets another name. */
const ESM_NAMES = { __filename: '__cdkTracedFunctionFilename', __dirname: '__cdkTracedFunctionDirname' };
const ESM_NAMES_BANNER = `const ${ESM_NAMES.__filename} = require('node:url').fileURLToPath(import.meta.url), ` +
  `${ESM_NAMES.__dirname} = require('node:path').dirname(${ESM_NAMES.__filename});`;

/** What an ES module knows of its place, in CommonJS, where esbuild would leave it empty. */
const IMPORT_META = { 'import.meta.url': '__cdkTracedFunctionUrl', 'import.meta.filename': '__filename', 'import.meta.dirname': '__dirname' };
const IMPORT_META_BANNER = "const __cdkTracedFunctionUrl = require('node:url').pathToFileURL(__filename).href;";

/** Bundles all jobs with as few esbuild calls as their options allow: one, unless they differ. */
export async function bundleNodejs(jobs: NodejsJob[]): Promise<Map<NodejsJob, JobResult>> {
  const groups = new Map<string, NodejsJob[]>();
  for (const job of jobs) {
    const { adaptsCallbacks, entry, handlerExport, outputDir, workDir, consumers, more, ...shared } = job;
    const key = JSON.stringify([shared, more.esbuild, copiesFiles(job) ? outputDir : '']);
    groups.set(key, [...groups.get(key) ?? [], job]);
  }
  const results = new Map<NodejsJob, JobResult>();
  for (const [key, group] of groups) {
    groups.set(key, await afterCommands(group, results));
  }
  for (const group of [...groups.values()].filter(({ length }) => length > 0)) {
    let installation: EsbuildInstallation;
    try {
      installation = await findEsbuild(group[0].projectRoot);
    } catch (error) {
      group.forEach(job => results.set(job, { error: errorText(error) }));
      continue;
    }
    const inputs = new NodejsInputs(installation.manifest);
    const linked = copiesFiles(group[0])
      ? new Map<NodejsJob, LinkedPackage>()
      : await linkWithCommonParts(group, installation, buildOptions(group));
    for (const [job, made] of linked) {
      results.set(job, await finish(job, made, installation, inputs, () => writePackage(job, made)));
    }
    const rest = group.filter(job => !linked.has(job));
    if (rest.length > 0) {
      await bundleGroup(rest, results, { keep: [], hasImportMeta: false, hasMetadata: rest.some(asksForMetadata) }, installation, inputs);
    }
  }
  return results;
}

/** Runs what has to run before bundling; gives the jobs for which it went well. */
async function afterCommands(jobs: NodejsJob[], results: Map<NodejsJob, JobResult>): Promise<NodejsJob[]> {
  for (const job of jobs.filter(({ more }) => more.commands)) {
    try {
      fs.mkdirSync(job.outputDir, { recursive: true });
      await runCommands(job, 'beforeBundling');
    } catch (error) {
      results.set(job, { error: errorText(error) });
    }
  }
  return jobs.filter(job => !results.has(job));
}

/** Whether files of the project become files of the package: esbuild lays them where its output goes, which has to be the package then. */
function copiesFiles(job: NodejsJob): boolean {
  return Object.values(job.loader).some(loader => loader === 'file' || loader === 'copy');
}

/** @returns its hash */
function writePackage({ outputDir, esm }: NodejsJob, { contents, hash }: LinkedPackage): string {
  const file = `index${esm ? '.mjs' : '.js'}`;
  const umask = process.umask(0o022); // everybody may read a package
  fs.mkdirSync(outputDir, { recursive: true });
  const descriptor = fs.openSync(path.join(outputDir, file), 'w', 0o644);
  try {
    contents.forEach(part => fs.writeFileSync(descriptor, part));
  } finally {
    fs.closeSync(descriptor);
    process.umask(umask);
  }
  return filesHash([{ file, executable: false, hash }]);
}

/** What is found out about functions by bundling them. */
interface Attempt {
  /** Names of parts of the X-Ray SDK that stay as they are. */
  readonly keep: readonly string[];
  /** Whether CommonJS has to know where it lies, because a module of it was written as an ES module. */
  readonly hasImportMeta: boolean;
  /** Whether TypeScript has to compile what has decorators. */
  readonly hasMetadata: boolean;
}

async function bundleGroup(
  jobs: NodejsJob[], results: Map<NodejsJob, JobResult>, attempt: Attempt, installation: EsbuildInstallation, inputs: NodejsInputs,
): Promise<void> {
  const tryAgain = async (group: NodejsJob[], next = attempt) => bundleGroup(group, results, next, installation, inputs);
  try {
    const { metafile, warnings } = await buildWithoutMissing(installation.esbuild, buildOptions(jobs, attempt));
    const outputs = outputsByEntry(metafile);
    const again = new Map<string, NodejsJob[]>();
    const withImportMeta: NodejsJob[] = [];
    const withMetadata: NodejsJob[] = [];
    const alone: NodejsJob[] = [];
    for (const job of jobs) {
      const files = Object.keys(outputs.get(entryName(job))!.inputs);
      const missing = usedParts(job, metafile, files).filter(part => !attempt.keep.includes(part)).join();
      if (missing) {
        again.set(missing, [...again.get(missing) ?? [], job]);
      } else if (!attempt.hasImportMeta && !job.esm && warnings.some(({ id, location }) => id === 'empty-import-meta' && location && files.includes(location.file))) {
        withImportMeta.push(job);
      } else if (!attempt.hasMetadata && moduleAsksForMetadata(job, files)) {
        withMetadata.push(job);
      } else if (jobs.length > 1 && isEntangled(metafile, files)) {
        alone.push(job);
      } else {
        results.set(job, await finish(job, { inputs: files, imports: importsOf(metafile, files), warnings }, installation, inputs, () => {
          rewriteSourceMap(job);
          appendContextAnswers(job, files);
          addLegalComment(job, files);
          return undefined;
        }));
      }
    }
    await Promise.all([
      ...[...again].map(async ([missing, group]) => tryAgain(group, { ...attempt, keep: [...attempt.keep, ...missing.split(',')] })),
      ...withMetadata.length > 0 ? [tryAgain(withMetadata, { ...attempt, hasMetadata: true })] : [],
      ...withImportMeta.length > 0 ? [tryAgain(withImportMeta, { ...attempt, hasImportMeta: true })] : [],
      ...alone.map(async job => tryAgain([job])),
    ]);
  } catch (error) {
    if (jobs.length > 1) {
      // esbuild does not say which entries an error concerns: each is tried alone.
      await Promise.all(jobs.map(async job => tryAgain([job])));
      return;
    }
    const { errors } = error as { errors?: Message[] };
    results.set(jobs[0], { error: errorText(errors ? new BundlingError('TF339', `esbuild failed:\n${errors.map(formatMessage).join('\n')}`) : error) });
  }
}

/** @param complete gives the hash of the package when it knows it */
async function finish(
  job: NodejsJob, made: Pick<LinkedPackage, 'inputs' | 'imports' | 'warnings'> & { readonly commonInputs?: readonly string[] },
  installation: EsbuildInstallation, inputs: NodejsInputs, complete: () => string | undefined,
): Promise<JobResult> {
  try {
    const all = [...made.inputs, ...made.commonInputs ?? []];
    refuseMissingHandler(job, made.warnings);
    tellWarnings(made.warnings, made.inputs);
    verify(job, all);
    refuseNativeAddons(job, made.inputs);
    const hash = complete();
    const added = await addFiles(job);
    const read = inputs.of(job, made.inputs, made.imports, made.commonInputs);
    read.files.push(...await metadataInputs(job, made.inputs));
    const tool = `esbuild ${installation.version}`;
    const warnings = filesBesideCode(job, made.inputs);
    if (!added) {
      return { tool, hash, inputs: read, warnings };
    }
    // Of what commands read nothing may be known.
    const more = added.inputs;
    return { tool, warnings, inputs: more && { ...read, files: [...read.files, ...more.files], folders: [...read.folders, ...more.folders] } };
  } catch (error) {
    return { error: errorText(error) };
  }
}

const FIRST_ATTEMPT: Attempt = { keep: [], hasImportMeta: false, hasMetadata: false };

function buildOptions(jobs: NodejsJob[], { keep, hasImportMeta, hasMetadata } = FIRST_ATTEMPT): BuildOptions & { metafile: true } {
  const [job] = jobs;
  const outdir = copiesFiles(job) ? job.outputDir : path.dirname(job.outputDir);
  const extension = job.esm ? '.mjs' : '.js';
  const options: BuildOptions & { metafile: true } = {
    entryPoints: jobs.map(j => ({ in: entryName(j), out: path.join(path.relative(outdir, j.outputDir), 'index') })),
    absWorkingDir: job.projectRoot,
    outdir,
    outExtension: { '.js': extension },
    bundle: true,
    platform: 'node',
    target: `node${job.nodeVersion}`,
    format: job.esm ? 'esm' : 'cjs',
    minify: job.minify,
    ...(job.minify === undefined ? { minifyWhitespace: true, minifySyntax: true } : {}),
    sourcemap: job.sourceMap,
    external: job.external,
    define: { ...job.esm ? ESM_NAMES : hasImportMeta ? IMPORT_META : {}, ...job.define },
    loader: job.loader as BuildOptions['loader'],
    banner: { js: banner(job, hasImportMeta) },
    footer: { js: job.plainExports && !job.esm ? 'module.exports = { ...module.exports };' : '' },
    tsconfig: job.tsconfig,
    metafile: true,
    logLevel: 'silent',
    // Of an installed package, too: its ES modules have to know where they lie.
    logOverride: { 'empty-import-meta': 'warning' },
    plugins: [tracedEntryPlugin(jobs, new Set(keep), hasMetadata)],
  };
  return { ...options, ...laidOver(options, job.more.esbuild ?? {}), metafile: true };
}

/** What the user gives esbuild directly: lists and objects are added to those that are there. */
function laidOver(options: BuildOptions, more: Record<string, unknown>): BuildOptions {
  return Object.fromEntries(Object.entries(more).map(([name, value]) => {
    const before = options[name as keyof BuildOptions] as unknown;
    if (name === 'footer') {
      return [name, { js: [(before as { js: string }).js, (value as { js: string }).js].filter(Boolean).join('\n') }];
    }
    if (name === 'mangleProps' || name === 'reserveProps') {
      return [name, new RegExp(value as string)];
    }
    if (name === 'external') {
      return [name, [...before as string[], ...value as string[]]];
    }
    return [name, !Array.isArray(value) && value instanceof Object ? { ...before as object, ...value } : value];
  }));
}

/** A project that already works around the missing `require` must not get a second one: the name may be declared once. */
function banner(job: NodejsJob, hasImportMeta: boolean): string {
  const needsRequire = job.esm && !/\brequire\s*=/.test(job.banner);
  return [job.banner, ...(needsRequire ? [REQUIRE_BANNER] : []), ...(job.esm ? [ESM_NAMES_BANNER] : hasImportMeta ? [IMPORT_META_BANNER] : [])].filter(Boolean).join('\n');
}

function outputsByEntry(metafile: Metafile): Map<string, Metafile['outputs'][string]> {
  return new Map(Object.values(metafile.outputs).flatMap(output => output.entryPoint ? [[output.entryPoint, output]] : []));
}

function refuseMissingHandler(job: NodejsJob, warnings: Message[]): void {
  // A warning for esbuild, which knows it of ES modules only; on Lambda it is the end.
  const entry = entryName(job);
  const lacks = (name: string) => warnings.some(w => w.id === 'import-is-undefined' && w.location?.file === entry && w.text.startsWith(`Import "${name}" `));
  if (!job.more.handlerOptional && lacks(job.handlerExport.split('.')[0]) && lacks('default')) {
    throw new BundlingError('TF335', `'${job.entry}' exports no '${job.handlerExport}'; export it, or set 'handler' to the name that it exports`);
  }
}

const told = new Set<string>();

/** What esbuild warns of in a function's own modules, once: such as `import.meta` in CommonJS, where it is empty. */
function tellWarnings(warnings: readonly Message[], inputs: readonly string[]): void {
  for (const warning of warnings.filter(({ id, location }) => location && !/^cdk-traced-/.test(location.file) && inputs.includes(location.file)
    && !(id === 'empty-import-meta' && packageOf(location.file)))) {
    const text = formatMessage(warning);
    if (!told.has(text)) {
      told.add(text);
      process.stderr.write(`cdk-traced-function: esbuild warns: ${text}\n`);
    }
  }
}

function formatMessage(message: Message): string {
  const { location } = message;
  const place = location ? `${location.file}:${location.line}:${location.column}: ` : '';
  const missing = /^Could not resolve "([^."/@][^"/]*|@[^"/]+\/[^"/]+)/.exec(message.text)?.[1];
  const hint = missing ? ` (install '${missing}' in the project, or list it in 'externalModules' when a layer has it)`
    : /^Top-level await .*"cjs"/.test(message.text) || message.id === 'empty-import-meta' ? " (set the bundling option 'format' to OutputFormat.ESM)"
      : /^No loader is configured for "\.node"/.test(message.text) ? nativeHint(location?.file ?? '')
        : /^No loader is configured for/.test(message.text) ? " (name one in the bundling option 'loader': 'text', 'dataurl', 'file'...)" : '';
  return `${place}${message.text}${hint}`;
}

function nativeHint(importer: string): string {
  const name = packageOf(importer);
  return name ? ` (a native addon cannot be bundled: set the bundling option nodeModules: ['${name}'], which installs it for Lambda)`
    : " (a native addon cannot be bundled: set the bundling option loader: { '.node': 'copy' } for one that was built for Lambda)";
}

/** The package has to hold the SDK, and every AWS client in it has to pass through the captured base class. */
function verify(job: NodejsJob, inputs: string[]): void {
  if (job.instrumentation === 'none') {
    return;
  }
  const holds = (pattern: RegExp) => inputs.some(input => pattern.test(input));
  if (job.instrumentation === 'xray-sdk' && !job.sdkInLayer && !holds(/aws-xray-sdk-core\//)) {
    throw new BundlingError('TF336', `the finished package of '${job.entry}' does not hold aws-xray-sdk-core; take it off 'externalModules', or use SdkDelivery.sharedLayer()`);
  }
  if (job.instrumentation === 'open-telemetry' && holds(/aws-xray-sdk-core\//)) {
    throw new BundlingError('TF337', `'${job.entry}', or something that it imports, uses aws-xray-sdk-core, which would record calls beside OpenTelemetry; ` +
      'make its subsegments with @opentelemetry/api (trace.getTracer()), or use Instrumentation.xraySdk()');
  }
  const client = inputs.find(input => /node_modules\/@aws-sdk\/client-[^/]+\//.test(input));
  if (client && !holds(CLIENT_FILE)) {
    throw new BundlingError('TF338', `the AWS client '${client}' in the package of '${job.entry}' has no base class that can be captured; ` +
      "its calls would be missing from the trace. Update the AWS SDK to version 3.567 or newer, or set 'instrumentation' to Instrumentation.none()");
  }
}

function appendContextAnswers(job: NodejsJob, inputs: string[]): void {
  if (!job.adaptsCallbacks) {
    return;
  }
  const file = path.join(job.outputDir, `index${job.esm ? '.mjs' : '.js'}`);
  const statement = contextAnswers(job, fs.readFileSync(file, 'utf8'), inputs);
  if (statement) {
    fs.appendFileSync(file, statement);
  }
}

const INLINE_MAP = /(\n\/\/# sourceMappingURL=data:application\/json;base64,)([\w+/=]+)\s*$/;

/** esbuild writes sources relative to a folder that is gone afterwards; they become relative to the project. */
function rewriteSourceMap(job: NodejsJob): void {
  const code = path.join(job.outputDir, `index${job.esm ? '.mjs' : '.js'}`);
  const rewritten = (text: string) => {
    const map = JSON.parse(text) as { sources: string[] };
    map.sources = map.sources.map(source => path.isAbsolute(source) || /^[\w-]+:/.test(source)
      ? source
      : path.relative(job.projectRoot, path.resolve(job.outputDir, source)).split(path.sep).join('/'));
    return JSON.stringify(map);
  };
  if (job.sourceMap && job.sourceMap !== 'inline') {
    fs.writeFileSync(`${code}.map`, rewritten(fs.readFileSync(`${code}.map`, 'utf8')));
  }
  if (job.sourceMap === 'inline' || job.sourceMap === 'both') {
    const text = fs.readFileSync(code, 'utf8').replace(INLINE_MAP, (_, comment: string, map: string) =>
      `${comment}${Buffer.from(rewritten(Buffer.from(map, 'base64').toString())).toString('base64')}\n`);
    fs.writeFileSync(code, text);
  }
}
