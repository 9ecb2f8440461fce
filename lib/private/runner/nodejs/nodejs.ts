import * as fs from 'fs';
import * as path from 'path';
import type { BuildOptions, Message, Metafile } from 'esbuild';
import { LinkedPackage, linkWithCommonParts } from './common-part';
import { isEntangled } from './entangled';
import { EsbuildInstallation, findEsbuild } from './esbuild-installation';
import { importsOf, NodejsInputs } from './inputs';
import { usedParts } from './lean-xray-sdk';
import { CLIENT_FILE, entryName, tracedEntryPlugin } from './traced-entry';
import { JobResult } from '../../bundling/bundling-job';
import { filesHash } from '../../files/directory-hash';
import { NodejsJob } from '../../languages/nodejs-job';

/**
 * The AWS X-Ray SDK and many other CommonJS packages call `require` for Node's own modules, which an ES module does not have.
 * https://github.com/evanw/esbuild/issues/1921
 */
const REQUIRE_BANNER = "import { createRequire as __cdkTracedFunctionCreateRequire } from 'node:module'; const require = __cdkTracedFunctionCreateRequire(import.meta.url);";

/** Bundles all jobs with as few esbuild calls as their options allow: one, unless they differ. */
export async function bundleNodejs(jobs: NodejsJob[]): Promise<Map<NodejsJob, JobResult>> {
  const groups = new Map<string, NodejsJob[]>();
  for (const job of jobs) {
    const { entry, handlerExport, outputDir, workDir, consumers, ...shared } = job;
    const key = JSON.stringify([shared, copiesFiles(job) ? outputDir : '']);
    groups.set(key, [...groups.get(key) ?? [], job]);
  }
  const results = new Map<NodejsJob, JobResult>();
  for (const group of groups.values()) {
    let installation: EsbuildInstallation;
    try {
      installation = await findEsbuild(group[0].projectRoot);
    } catch (error) {
      group.forEach(job => results.set(job, { error: (error as Error).message }));
      continue;
    }
    const inputs = new NodejsInputs(installation.manifest);
    const linked = copiesFiles(group[0])
      ? new Map<NodejsJob, LinkedPackage>()
      : await linkWithCommonParts(group, installation, buildOptions(group, []));
    for (const [job, made] of linked) {
      results.set(job, finish(job, made, installation, inputs, () => writePackage(job, made)));
    }
    const rest = group.filter(job => !linked.has(job));
    if (rest.length > 0) {
      await bundleGroup(rest, results, [], installation, inputs);
    }
  }
  return results;
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

/** @param keep names of parts of the X-Ray SDK that stay as they are */
async function bundleGroup(
  jobs: NodejsJob[], results: Map<NodejsJob, JobResult>, keep: string[], installation: EsbuildInstallation, inputs: NodejsInputs,
): Promise<void> {
  const tryAgain = async (group: NodejsJob[], kept = keep) => bundleGroup(group, results, kept, installation, inputs);
  try {
    const { metafile, warnings } = await installation.esbuild.build(buildOptions(jobs, keep));
    const outputs = outputsByEntry(metafile);
    const again = new Map<string, NodejsJob[]>();
    const alone: NodejsJob[] = [];
    for (const job of jobs) {
      const files = Object.keys(outputs.get(entryName(job))!.inputs);
      const missing = usedParts(job, metafile, files).filter(part => !keep.includes(part)).join();
      if (missing) {
        again.set(missing, [...again.get(missing) ?? [], job]);
      } else if (jobs.length > 1 && isEntangled(metafile, files)) {
        alone.push(job);
      } else {
        results.set(job, finish(job, { inputs: files, imports: importsOf(metafile, files), warnings }, installation, inputs, () => {
          if (job.sourceMap) {
            rewriteSourceMap(job);
          }
          return undefined;
        }));
      }
    }
    await Promise.all([
      ...[...again].map(async ([missing, group]) => tryAgain(group, [...keep, ...missing.split(',')])),
      ...alone.map(async job => tryAgain([job])),
    ]);
  } catch (error) {
    if (jobs.length > 1) {
      // esbuild does not say which entries an error concerns: each is tried alone.
      await Promise.all(jobs.map(async job => tryAgain([job])));
      return;
    }
    const { errors, message } = error as { errors?: Message[]; message: string };
    results.set(jobs[0], { error: errors ? `esbuild failed:\n${errors.map(formatMessage).join('\n')}` : message });
  }
}

/** @param complete gives the hash of the package when it knows it */
function finish(
  job: NodejsJob, made: Pick<LinkedPackage, 'inputs' | 'imports' | 'warnings'> & { readonly commonInputs?: readonly string[] },
  installation: EsbuildInstallation, inputs: NodejsInputs, complete: () => string | undefined,
): JobResult {
  try {
    refuseMissingHandler(job, made.warnings);
    tellWarnings(made.warnings, made.inputs);
    verify(job, [...made.inputs, ...made.commonInputs ?? []]);
    return { tool: `esbuild ${installation.version}`, hash: complete(), inputs: inputs.of(job, made.inputs, made.imports, made.commonInputs) };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

function buildOptions(jobs: NodejsJob[], keep: string[]): BuildOptions & { metafile: true } {
  const [job] = jobs;
  const outdir = copiesFiles(job) ? job.outputDir : path.dirname(job.outputDir);
  const extension = job.esm ? '.mjs' : '.js';
  return {
    entryPoints: jobs.map(j => ({ in: entryName(j), out: path.join(path.relative(outdir, j.outputDir), 'index') })),
    absWorkingDir: job.projectRoot,
    outdir,
    outExtension: { '.js': extension },
    bundle: true,
    platform: 'node',
    target: `node${job.nodeVersion}`,
    format: job.esm ? 'esm' : 'cjs',
    mainFields: ['module', 'main'],
    minify: job.minify,
    ...(job.minify === undefined ? { minifyWhitespace: true, minifySyntax: true } : {}),
    sourcemap: job.sourceMap ? 'linked' : false,
    external: job.external,
    define: job.define,
    loader: job.loader as BuildOptions['loader'],
    banner: { js: banner(job) },
    footer: { js: job.plainExports && !job.esm ? 'module.exports = { ...module.exports };' : '' },
    tsconfig: job.tsconfig,
    metafile: true,
    logLevel: 'silent',
    plugins: [tracedEntryPlugin(jobs, new Set(keep))],
  };
}

/** A project that already works around the missing `require` must not get a second one: the name may be declared once. */
function banner(job: NodejsJob): string {
  const needsRequire = job.esm && !/\brequire\s*=/.test(job.banner);
  return [job.banner, ...(needsRequire ? [REQUIRE_BANNER] : [])].filter(Boolean).join('\n');
}

function outputsByEntry(metafile: Metafile): Map<string, Metafile['outputs'][string]> {
  return new Map(Object.values(metafile.outputs).flatMap(output => output.entryPoint ? [[output.entryPoint, output]] : []));
}

function refuseMissingHandler(job: NodejsJob, warnings: Message[]): void {
  // A warning for esbuild, which knows it of ES modules only; on Lambda it is the end.
  const entry = entryName(job);
  const lacks = (name: string) => warnings.some(w => w.id === 'import-is-undefined' && w.location?.file === entry && w.text.startsWith(`Import "${name}" `));
  if (lacks(job.handlerExport.split('.')[0]) && lacks('default')) {
    throw new Error(`'${job.entry}' exports no '${job.handlerExport}'; export it, or set 'handler' to the name that it exports`);
  }
}

const told = new Set<string>();

/** What esbuild warns of in a function's own modules, once: such as `import.meta` in CommonJS, where it is empty. */
function tellWarnings(warnings: readonly Message[], inputs: readonly string[]): void {
  for (const warning of warnings.filter(({ location }) => location && !/^cdk-traced-/.test(location.file) && inputs.includes(location.file))) {
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
      : /^No loader is configured for/.test(message.text) ? " (name one in the bundling option 'loader': 'text', 'dataurl', 'file'...)" : '';
  return `${place}${message.text}${hint}`;
}

/** The package has to hold the SDK, and every AWS client in it has to pass through the captured base class. */
function verify(job: NodejsJob, inputs: string[]): void {
  if (job.instrumentation === 'none') {
    return;
  }
  const holds = (pattern: RegExp) => inputs.some(input => pattern.test(input));
  if (job.instrumentation === 'xray-sdk' && !job.sdkInLayer && !holds(/aws-xray-sdk-core\//)) {
    throw new Error(`the finished package of '${job.entry}' does not hold aws-xray-sdk-core; take it off 'externalModules', or use SdkDelivery.sharedLayer()`);
  }
  if (job.instrumentation === 'open-telemetry' && holds(/aws-xray-sdk-core\//)) {
    throw new Error(`'${job.entry}', or something that it imports, uses aws-xray-sdk-core, which would record calls beside OpenTelemetry; ` +
      'make its subsegments with @opentelemetry/api (trace.getTracer()), or use Instrumentation.xraySdk()');
  }
  const client = inputs.find(input => /node_modules\/@aws-sdk\/client-[^/]+\//.test(input));
  if (client && !holds(CLIENT_FILE)) {
    throw new Error(`the AWS client '${client}' in the package of '${job.entry}' has no base class that can be captured; ` +
      "its calls would be missing from the trace. Update the AWS SDK to version 3.567 or newer, or set 'instrumentation' to Instrumentation.none()");
  }
}

/** esbuild writes sources relative to a folder that is gone afterwards; they become relative to the project. */
function rewriteSourceMap(job: NodejsJob): void {
  const file = path.join(job.outputDir, `index${job.esm ? '.mjs' : '.js'}.map`);
  const map = JSON.parse(fs.readFileSync(file, 'utf8')) as { sources: string[] };
  map.sources = map.sources.map(source => path.isAbsolute(source) || /^[\w-]+:/.test(source)
    ? source
    : path.relative(job.projectRoot, path.resolve(job.outputDir, source)).split(path.sep).join('/'));
  fs.writeFileSync(file, JSON.stringify(map));
}
