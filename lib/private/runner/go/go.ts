import * as fs from 'fs';
import * as path from 'path';
import { AWS_CLIENTS, captureArguments, captureOf, GoCapture, XRAY_SDK_GO } from './capture';
import { GoBuild, GoModule, GoPackage } from './module';
import { JobInputs, JobResult } from '../../bundling/bundling-job';
import { ancestors } from '../../files/ancestors';
import { GoJob } from '../../languages/go-job';
import { runCommand } from '../run-command';
import { findTool, Tool } from '../tool';

/**
 * Builds `bootstrap` for Lambda into the output folder of each job.
 *
 * @param jobs a group that `groupGoJobs` has made
 */
export async function bundleGo(jobs: GoJob[]): Promise<Map<GoJob, JobResult>> {
  const results = new Map<GoJob, JobResult>();
  const tool = await findTool({
    name: 'Go',
    candidates: [{ argv: ['go'], versionArgs: ['version'] }],
    docker: { image: 'golang:1.26', argv: ['go'] },
    install: 'Go (https://go.dev/dl/)',
  }, [jobs[0].moduleRoot, path.dirname(jobs[0].outputDir)]);
  const alike = new Map<string, { capture: GoCapture | undefined; builds: GoBuild[] }>();
  for (const job of jobs) {
    try {
      const build = await planBuild(new GoModule(tool, job), job);
      const capture = captureOf(build);
      const key = JSON.stringify(capture ?? null);
      alike.set(key, { capture, builds: [...alike.get(key)?.builds ?? [], build] });
    } catch (error) {
      results.set(job, { error: (error as Error).message });
    }
  }
  for (const { capture, builds } of alike.values()) {
    await buildTogether(tool, builds, capture, results);
  }
  return results;
}

/** One call of the compiler for all; when it fails one for each, so that a function is not blamed for another's mistake. */
async function buildTogether(tool: Tool, builds: GoBuild[], capture: GoCapture | undefined, results: Map<GoJob, JobResult>): Promise<void> {
  try {
    await compile(tool, builds, capture);
    for (const { job, packages } of builds) {
      results.set(job, { tool: tool.label, inputs: await goInputs(new GoModule(tool, job), job, packages) });
    }
  } catch (error) {
    if (builds.length === 1) {
      results.set(builds[0].job, { error: (error as Error).message });
      return;
    }
    for (const build of builds) {
      await buildTogether(tool, [build], capture, results);
    }
  }
}

async function compile(tool: Tool, builds: GoBuild[], capture: GoCapture | undefined): Promise<void> {
  const [{ job }] = builds;
  const { workDir } = job;
  fs.mkdirSync(workDir, { recursive: true });
  const go = new GoModule(tool, job);
  // With a folder as its output, go names each binary after its package.
  const binaries = path.join(workDir, 'bin');
  await go.run([
    'build', ...capture ? await captureArguments(go, builds, capture, workDir) : [],
    // Nothing of this machine's paths, clock or version control goes into the binary.
    '-trimpath', '-buildvcs=false', '-ldflags=-s -w -buildid=',
    `-tags=${['lambda.norpc', ...job.tags].join(',')}`,
    ...job.buildArgs, '-o', binaries + path.sep, ...builds.map(build => build.job.package),
  ]);
  for (const { job: { outputDir }, packages } of builds) {
    const built = path.join(binaries, path.basename(packages[packages.length - 1].Target!));
    if (capture?.kind === 'xray-sdk') {
      await verifyXraySdk(tool, job, built);
    } else if (capture && !fs.readFileSync(built).includes('/cdk_traced_function.')) {
      throw new Error(`the binary of '${job.moduleRoot}' does not hold what records its calls; take what replaces -overlay out of 'buildArgs'`);
    }
    fs.mkdirSync(outputDir, { recursive: true });
    fs.copyFileSync(built, path.join(outputDir, 'bootstrap'));
  }
}

/**
 * Jobs that one call of the compiler can build: of one module, with the same settings, and with binaries of different names.
 */
export function groupGoJobs(jobs: GoJob[]): GoJob[][] {
  const groups = new Map<string, GoJob[]>();
  for (const job of jobs) {
    const { package: name, outputDir, workDir, consumers, ...shared } = job;
    const sameSettings = JSON.stringify(shared);
    let key = sameSettings;
    for (let i = 0; groups.get(key)?.some(other => path.basename(other.package) === path.basename(name)); i++) {
      key = `${sameSettings}${i}`;
    }
    groups.set(key, [...groups.get(key) ?? [], job]);
  }
  return [...groups.values()];
}

/**
 * What goes into a binary.
 *
 * @throws when the package is not a program
 */
async function planBuild(go: GoModule, job: GoJob): Promise<GoBuild> {
  const listed = await go.run([
    'list', '-deps', `-tags=${['lambda.norpc', ...job.tags].join(',')}`, '-json=Dir,ImportPath,Name,Standard,Target,Imports,EmbedFiles,Module', job.package,
  ]).catch((error: Error) => {
    throw new Error(`${error.message}${hintOf(error.message, job)}`);
  });
  const all = JSON.parse(`[${listed.trim().replace(/^}\n{/gm, '},\n{')}]`) as GoPackage[];
  const program = all[all.length - 1];
  if (program.Name !== 'main') {
    throw new Error(`the Go package '${job.package}' in '${job.moduleRoot}' is '${program.Name}' and not 'main'; set 'entry' to the folder of a program`);
  }
  return {
    job,
    // Of the same module, or of one that go.mod replaces by a folder: a module from the module cache has a version of its own.
    packages: all.filter(p => p.Module && (p.Module.Main || (p.Module.Replace && !p.Module.Replace.Version))),
    imports: new Set(all.filter(p => !/^github\.com\/aws\/(?:aws-sdk-go-v2|aws-xray-sdk-go)\//.test(p.ImportPath)).flatMap(p => p.Imports ?? [])),
    callsHttp: all.some(p => !p.Standard && !/^(?:github\.com\/aws|go\.opentelemetry\.io)\//.test(p.ImportPath) && p.Imports?.includes('net/http')),
  };
}

function hintOf(message: string, job: GoJob): string {
  if (message.includes('no Go files in')) {
    return `\nSet 'entry' to the folder of a program, such as '${path.join(job.moduleRoot, 'cmd', 'NAME')}'`;
  }
  const workspace = ancestors(job.moduleRoot).map(folder => path.join(folder, 'go.work')).find(file => fs.existsSync(file));
  return workspace
    ? `\n'${workspace}' is not used, because a workspace lets no calls be captured at build time; ` +
      `name its modules in '${path.join(job.moduleRoot, 'go.mod')}', such as 'replace example.com/shared => ../shared'`
    : '';
}

async function goInputs(go: GoModule, job: GoJob, packages: GoPackage[]): Promise<JobInputs> {
  const folders = packages.map(p => p.Dir);
  const settings = (await go.run(['env', 'GOENV'])).trim();
  const modules = new Set([job.moduleRoot, ...packages.map(p => p.Module!.Dir)]);
  return {
    folders,
    files: [
      settings,
      ...[...modules].flatMap(dir => ['go.mod', 'go.sum', 'vendor/modules.txt'].map(name => path.join(dir, name))),
      ...folders.flatMap(dir => fs.readdirSync(dir).map(name => path.join(dir, name)).filter(file => fs.statSync(file).isFile())),
      ...packages.flatMap(p => (p.EmbedFiles ?? []).map(name => path.join(p.Dir, name))),
    ],
  };
}

/** `go version -m` lists the modules in a binary. One without AWS clients needs no SDK: Lambda's own segments are all there is to record. */
async function verifyXraySdk(tool: Tool, job: GoJob, binary: string): Promise<void> {
  const modules = await runCommand([...tool.argv, 'version', '-m', binary]);
  if (modules.includes(`\t${AWS_CLIENTS}`) && !modules.includes(`\t${XRAY_SDK_GO.module}\t`)) {
    throw new Error(`the binary of '${job.moduleRoot}' calls AWS services but does not hold ${XRAY_SDK_GO.module}; ` +
      'load the configuration with config.LoadDefaultConfig in the function\'s own module');
  }
}
