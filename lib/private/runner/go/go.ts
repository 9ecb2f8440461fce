import * as fs from 'fs';
import * as path from 'path';
import { readBuildFlags } from './build-flags';
import { checkCLibrary } from './c-library';
import { captureArguments, captureOf, GoCapture } from './capture';
import { PACKAGE } from './goroot';
import { GoBuild, GoModule, GoPackage } from './module';
import { JobInputs, JobResult } from '../../bundling/bundling-job';
import { ancestors } from '../../files/ancestors';
import { GoJob } from '../../languages/go-job';
import { BundlingError, errorText } from '../bundling-error';
import { writeLicenses } from '../license-texts';
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
      results.set(job, { error: errorText(error) });
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
      results.set(job, { tool: tool.label, inputs: await goInputs(new GoModule(tool, job), packages, job) });
    }
  } catch (error) {
    if (builds.length === 1) {
      results.set(builds[0].job, { error: errorText(error) });
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
  const { overlays, linkerFlags, rest } = readBuildFlags(job.buildArgs);
  // With a folder as its output, go names each binary after its package.
  const binaries = path.join(workDir, 'bin');
  const tags = await go.tags();
  await go.run([
    'build', ...capture ? await captureArguments(go, builds, capture, overlays, workDir) : overlays.map(file => `-overlay=${file}`),
    // Nothing of this machine's paths, clock or version control goes into the binary.
    '-trimpath', '-buildvcs=false', `-ldflags=-buildid= ${linkerFlags ?? '-s -w'}`, `-tags=${tags}`,
    ...rest, '-o', binaries + path.sep, ...builds.map(build => build.job.package),
  ]).catch((error: Error) => {
    throw new BundlingError('TF506', `${error.message}${builds.map(cgoHint).find(hint => hint !== '') ?? ''}`);
  });
  for (const { job: { outputDir, glibc }, packages } of builds) {
    const built = path.join(binaries, path.basename(packages[packages.length - 1].Target!));
    const contents = fs.readFileSync(built);
    if (capture && !contents.includes(`${PACKAGE}.`)) {
      throw new BundlingError('TF507', `the binary of '${job.moduleRoot}' does not hold what records its calls; take '-overlay' and '-toolexec' out of 'buildArgs' and GOFLAGS`);
    }
    checkCLibrary(contents, job.moduleRoot, glibc);
    fs.mkdirSync(outputDir, { recursive: true });
    fs.copyFileSync(built, path.join(outputDir, 'bootstrap'));
    if (capture) {
      writeLicenses(outputDir, [], 'LICENSE.cdk-traced-function');
    }
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
    'list', '-deps', ...readBuildFlags(job.buildArgs).deciding, `-tags=${await go.tags()}`,
    '-json=Dir,ImportPath,Name,Standard,Target,Imports,EmbedFiles,IgnoredGoFiles,Module', job.package,
  ]).catch((error: Error) => {
    throw new BundlingError('TF508', `${error.message}${hintOf(error.message, job)}`);
  });
  const listedPackages = JSON.parse(`[${listed.trim().replace(/^}\n{/gm, '},\n{')}]`) as GoPackage[];
  const program = listedPackages[listedPackages.length - 1];
  if (program.Name !== 'main') {
    throw new BundlingError('TF509', `the Go package '${job.package}' in '${job.moduleRoot}' is '${program.Name}' and not 'main'; set 'entry' to the folder of a program`);
  }
  const sqlite = listedPackages.find(p => p.ImportPath === 'github.com/mattn/go-sqlite3');
  if (sqlite?.IgnoredGoFiles?.includes('sqlite3.go')) {
    throw new BundlingError('TF510', `the Go package '${job.package}' in '${job.moduleRoot}' uses ${sqlite.ImportPath}, which is made of C and does nothing without cgo; ` +
      "set 'cgoEnabled: true' in Bundling.go(), or use modernc.org/sqlite");
  }
  return {
    job,
    // Of the same module, or of one that go.mod replaces by a folder: a module from the module cache has a version of its own.
    packages: listedPackages.filter(p => p.Module && (p.Module.Main || (p.Module.Replace && !p.Module.Replace.Version))),
    all: new Map(listedPackages.map(p => [p.ImportPath, p])),
  };
}

function hintOf(message: string, job: GoJob): string {
  if (message.includes('no Go files in')) {
    return `\nSet 'entry' to the folder of a program, such as '${path.join(job.moduleRoot, 'cmd', 'NAME')}'`;
  }
  const excluded = /build constraints exclude all Go files in (.+)$/m.exec(message)?.[1];
  if (excluded && fs.existsSync(excluded) && isCgoOff(job)) {
    return hintOfCgo(excluded, fs.readdirSync(excluded));
  }
  const workspace = ancestors(job.moduleRoot).map(folder => path.join(folder, 'go.work')).find(file => fs.existsSync(file));
  if (workspace && /not one of the workspace modules|no modules were found in the current workspace|does not contain main module|outside modules listed in go\.work/.test(message)) {
    return `\nName '${job.moduleRoot}' in '${workspace}' ('go work use .' there), or leave the workspace alone with Bundling.go({ environment: { GOWORK: 'off' } })`;
  }
  return '';
}

/** Empty unless the program has files that are left out for want of cgo. */
function cgoHint({ job, packages }: GoBuild): string {
  return isCgoOff(job) ? packages.map(p => hintOfCgo(p.Dir, p.IgnoredGoFiles ?? [])).find(hint => hint !== '') ?? '' : '';
}

function hintOfCgo(folder: string, names: string[]): string {
  const file = names.filter(name => name.endsWith('.go')).map(name => path.join(folder, name)).find(name => /^(?:import\s+|\s+)"C"/m.test(fs.readFileSync(name, 'utf8')));
  return file ? `\n'${file}' imports "C", and without cgo it is left out; set 'cgoEnabled: true' in Bundling.go()` : '';
}

function isCgoOff({ cgo, environment }: GoJob): boolean {
  return (environment.CGO_ENABLED ?? (cgo ? '1' : '0')) === '0';
}

async function goInputs(go: GoModule, packages: GoPackage[], job: GoJob): Promise<JobInputs> {
  const folders = packages.map(p => p.Dir);
  const { environmentFile, workspace } = await go.settings();
  const modules = new Set([job.moduleRoot, ...packages.map(p => p.Module!.Dir ?? p.Dir)]);
  const { overlays } = readBuildFlags(job.buildArgs);
  return {
    folders,
    files: [
      environmentFile,
      // One that appears would count.
      ...workspace ? [workspace, `${workspace}.sum`, path.join(path.dirname(workspace), 'vendor', 'modules.txt')]
        : ancestors(job.moduleRoot).map(folder => path.join(folder, 'go.work')),
      ...overlays.map(file => path.resolve(job.moduleRoot, file)),
      ...[...modules].flatMap(dir => ['go.mod', 'go.sum', 'vendor/modules.txt'].map(name => path.join(dir, name))),
      ...folders.flatMap(dir => fs.readdirSync(dir).map(name => path.join(dir, name)).filter(file => fs.statSync(file).isFile())),
      ...packages.flatMap(p => (p.EmbedFiles ?? []).map(name => path.join(p.Dir, name))),
    ],
  };
}
