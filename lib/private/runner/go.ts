import * as fs from 'fs';
import * as path from 'path';
import { GoJob, JobInputs, JobResult } from '../bundling-job';
import { runCommand } from './run-command';
import { findTool, Tool } from './tool';
import { goRuntimeFile, XRAY_SDK_GO } from './xray-sdk';

const AWS_CONFIG = 'github.com/aws/aws-sdk-go-v2/config';
const AWS_CLIENTS = 'github.com/aws/aws-sdk-go-v2/service/';
const INSTRUMENTATION = `${XRAY_SDK_GO.module}/instrumentation/awsv2`;

/**
 * The unexported names of the config package to which the generated file links, and their types. A type that differs would crash at run time,
 * so the source is held against this before it is linked.
 */
const CONFIG_ASSUMPTIONS = [
  /^var defaultAWSConfigResolvers = \[\]awsConfigResolver\{/m,
  /^type awsConfigResolver func\(ctx context\.Context, cfg \*aws\.Config, configs configs\) error$/m,
  /^type configs \[\]Config$/m,
];

/** A package of the user's module, as `go list -json` prints it. */
interface GoPackage {
  readonly Dir: string;
  readonly ImportPath: string;
  readonly Name: string;
  /** Where `go install` would put the binary; only of a main package. */
  readonly Target?: string;
  readonly Imports?: string[];
  /** Relative to `Dir`. */
  readonly EmbedFiles?: string[];
  readonly Module?: { readonly Main?: boolean; readonly Dir: string; readonly Replace?: { readonly Version?: string } };
}

/** A job and what goes into its binary. */
interface GoBuild {
  readonly job: GoJob;
  /** The user's own packages, the one to build last. */
  readonly packages: GoPackage[];
  /** What all packages but those of AWS import, libraries of others included. */
  readonly imports: ReadonlySet<string>;
}

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
  const captured: GoBuild[] = [];
  const plain: GoBuild[] = [];
  for (const job of jobs) {
    try {
      const build = await planBuild(new GoModule(tool, job), job);
      (needsCapture(build) ? captured : plain).push(build);
    } catch (error) {
      results.set(job, { error: (error as Error).message });
    }
  }
  await buildTogether(tool, plain, false, results);
  await buildTogether(tool, captured, true, results);
  return results;
}

/** One call of the compiler for all; when it fails one for each, so that a function is not blamed for another's mistake. */
async function buildTogether(tool: Tool, builds: GoBuild[], capture: boolean, results: Map<GoJob, JobResult>): Promise<void> {
  if (builds.length === 0) {
    return;
  }
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

async function compile(tool: Tool, builds: GoBuild[], capture: boolean): Promise<void> {
  const [{ job }] = builds;
  const workDir = `${job.outputDir}.go`;
  fs.mkdirSync(workDir, { recursive: true });
  const go = new GoModule(tool, job);
  // With a folder as its output, go names each binary after its package.
  const binaries = path.join(workDir, 'bin');
  await go.run([
    'build', ...capture ? await captureArguments(go, builds, workDir) : [],
    // Nothing of this machine's paths, clock or version control goes into the binary.
    '-trimpath', '-buildvcs=false', '-ldflags=-s -w -buildid=',
    `-tags=${['lambda.norpc', ...job.tags].join(',')}`,
    ...job.buildArgs, '-o', binaries + path.sep, ...builds.map(build => build.job.package),
  ]);
  for (const { job: { outputDir }, packages } of builds) {
    const built = path.join(binaries, path.basename(packages[packages.length - 1].Target!));
    if (capture) {
      await verify(tool, job, built);
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
    const { package: name, outputDir, consumers, ...shared } = job;
    const sameSettings = JSON.stringify(shared);
    let key = sameSettings;
    for (let i = 0; groups.get(key)?.some(other => path.basename(other.package) === path.basename(name)); i++) {
      key = `${sameSettings}${i}`;
    }
    groups.set(key, [...groups.get(key) ?? [], job]);
  }
  return [...groups.values()];
}

/** The go command in the user's module, for Lambda's platform. */
class GoModule {
  constructor(private readonly tool: Tool, private readonly job: GoJob) {}

  public async run(args: string[]): Promise<string> {
    const inContainer = this.tool.argv.length > 1;
    // The image's own GOPATH would be lost with each container, and with it the modules that the next command needs.
    const home = this.tool.argv.find(word => word.startsWith('HOME='))?.slice('HOME='.length);
    const env = {
      ...home ? { GOPATH: path.join(home, 'go') } : {},
      GOOS: 'linux',
      GOARCH: this.job.architecture === 'arm64' ? 'arm64' : 'amd64',
      CGO_ENABLED: '0',
      GOFLAGS: '',
      GOWORK: 'off', // with a workspace neither -modfile nor -mod is allowed
      ...this.job.environment,
    };
    const { argv } = this.tool;
    const command = inContainer ? [...argv.slice(0, 2), ...Object.entries(env).flatMap(([k, v]) => ['-e', `${k}=${v}`]), ...argv.slice(2)] : argv;
    return runCommand([...command, ...args], { cwd: this.job.moduleRoot, env });
  }
}

/** Whether AWS clients have to be captured by us: not when there are none, nor when the module does it itself. */
function needsCapture({ job, imports }: GoBuild): boolean {
  const usesClients = [...imports].some(name => name.startsWith(AWS_CLIENTS));
  // A second capture of the same client would be refused by the AWS SDK.
  if (job.instrumentation === 'none' || !usesClients || imports.has(INSTRUMENTATION)) {
    return false;
  }
  if (!imports.has(AWS_CONFIG)) {
    throw new Error(`the Go package '${job.package}' in '${job.moduleRoot}' makes AWS clients without config.LoadDefaultConfig, so they cannot be captured; ` +
      `load the configuration with it, or call awsv2.AWSV2Instrumentor(&cfg.APIOptions) of ${XRAY_SDK_GO.module} yourself`);
  }
  return true;
}

/**
 * Prepares a build in which AWS clients made from a loaded configuration are captured, without a change to the user's files:
 * the SDK is added to a copy of go.mod, and a generated file is laid over each package that loads a configuration.
 * Gives the arguments of `go build`.
 */
async function captureArguments(go: GoModule, builds: GoBuild[], workDir: string): Promise<string[]> {
  const { moduleRoot } = builds[0].job;
  const modFile = path.join(workDir, 'go.mod');
  fs.copyFileSync(path.join(moduleRoot, 'go.mod'), modFile);
  const sums = path.join(moduleRoot, 'go.sum');
  if (fs.existsSync(sums)) {
    fs.copyFileSync(sums, path.join(workDir, 'go.sum'));
  }
  const required = new RegExp(`^(?:require )?\\s*${XRAY_SDK_GO.module} v`, 'm').test(fs.readFileSync(modFile, 'utf8'));
  await go.run(['get', `-modfile=${modFile}`, `${INSTRUMENTATION}${required ? '' : `@${XRAY_SDK_GO.version}`}`]);
  const ownModFile = ['-mod=mod', `-modfile=${modFile}`];
  await checkConfigPackage(go, ownModFile);
  // Go lets nothing be laid over a library's package: where only a library loads a configuration, the program captures for it.
  const packages = new Map(builds.flatMap(build => build.packages).map(p => [p.ImportPath, p]));
  const loaders = [...packages.values()].filter(p => p.Name === 'main' || p.Imports?.includes(AWS_CONFIG));
  return [...ownModFile, `-overlay=${writeOverlay(loaders, workDir)}`];
}

/**
 * What goes into a binary.
 *
 * @throws when the package is not a program
 */
async function planBuild(go: GoModule, job: GoJob): Promise<GoBuild> {
  const listed = await go.run(['list', '-deps', `-tags=${['lambda.norpc', ...job.tags].join(',')}`, '-json=Dir,ImportPath,Name,Target,Imports,EmbedFiles,Module', job.package]);
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
  };
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

async function checkConfigPackage(go: GoModule, ownModFile: string[]): Promise<void> {
  const directory = (await go.run(['list', ...ownModFile, '-f', '{{.Dir}}', AWS_CONFIG])).trim();
  const sources = fs.readdirSync(directory).filter(name => name.endsWith('.go') && !name.endsWith('_test.go'))
    .map(name => fs.readFileSync(path.join(directory, name), 'utf8')).join('\n');
  const broken = CONFIG_ASSUMPTIONS.filter(assumption => !assumption.test(sources));
  if (broken.length > 0) {
    throw new Error(`the Go package ${AWS_CONFIG} in '${directory}' is not laid out as expected (${broken.map(b => b.source).join('; ')}), so its clients cannot be ` +
      `captured; pin an older version of it, or call awsv2.AWSV2Instrumentor(&cfg.APIOptions) of ${XRAY_SDK_GO.module} yourself`);
  }
}

/** The digits put the file first in its package, so that it runs before the package's own variables make clients. */
function writeOverlay(packages: GoPackage[], workDir: string): string {
  const template = fs.readFileSync(goRuntimeFile('instrument.go.txt'), 'utf8');
  const replace: Record<string, string> = {};
  for (const [i, p] of packages.entries()) {
    const file = path.join(workDir, `instrument${i}.go`);
    fs.writeFileSync(file, template.replace('package instrument', `package ${p.Name}`));
    replace[path.join(p.Dir, '00_cdk_traced_function.go')] = file;
  }
  const overlay = path.join(workDir, 'overlay.json');
  fs.writeFileSync(overlay, JSON.stringify({ Replace: replace }));
  return overlay;
}

/** `go version -m` lists the modules in a binary. One without AWS clients needs no SDK: Lambda's own segments are all there is to record. */
async function verify(tool: Tool, job: GoJob, binary: string): Promise<void> {
  const modules = await runCommand([...tool.argv, 'version', '-m', binary]);
  if (modules.includes(`\t${AWS_CLIENTS}`) && !modules.includes(`\t${XRAY_SDK_GO.module}\t`)) {
    throw new Error(`the binary of '${job.moduleRoot}' calls AWS services but does not hold ${XRAY_SDK_GO.module}; ` +
      'load the configuration with config.LoadDefaultConfig in the function\'s own module');
  }
}
