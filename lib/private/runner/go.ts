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
  readonly Imports?: string[];
  /** Relative to `Dir`. */
  readonly EmbedFiles?: string[];
  readonly Module?: { readonly Main?: boolean; readonly Dir: string; readonly Replace?: { readonly Version?: string } };
}

/** Builds `bootstrap` for Lambda into the output folder. */
export async function bundleGo(job: GoJob): Promise<JobResult> {
  const tool = await findTool({
    name: 'Go',
    candidates: [{ argv: ['go'], versionArgs: ['version'] }],
    docker: { image: 'golang:1.26', argv: ['go'] },
    install: 'Go (https://go.dev/dl/)',
  }, [job.moduleRoot, path.dirname(job.outputDir)]);
  const workDir = `${job.outputDir}.go`;
  fs.mkdirSync(workDir, { recursive: true });
  const go = new GoModule(tool, job, workDir);
  const packages = await listLocalPackages(go, job);
  const instrumented = job.instrumentation === 'none' ? [] : await instrument(go, job, packages.filter(p => p.Module?.Main), workDir);
  const binary = path.join(job.outputDir, 'bootstrap');
  await go.run([
    'build', ...instrumented,
    // Nothing of this machine's paths, clock or version control goes into the binary.
    '-trimpath', '-buildvcs=false', '-ldflags=-s -w -buildid=',
    `-tags=${['lambda.norpc', ...job.tags].join(',')}`,
    ...job.buildArgs, '-o', binary, job.package,
  ]);
  if (job.instrumentation !== 'none') {
    await verify(tool, job, binary);
  }
  return { tool: tool.label, inputs: await goInputs(go, job, packages) };
}

/** The go command in the user's module, for Lambda's platform. */
class GoModule {
  constructor(private readonly tool: Tool, private readonly job: GoJob, private readonly workDir: string) {}

  public async run(args: string[]): Promise<string> {
    const inContainer = this.tool.argv.length > 1;
    const env = {
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

  /** Arguments that make go work on a copy of go.mod, in which a synth may change what it must not in the user's. */
  public get ownModFile(): string[] {
    return ['-mod=mod', `-modfile=${path.join(this.workDir, 'go.mod')}`];
  }
}

/**
 * Prepares the build so that AWS clients made from a loaded configuration are captured, without a change to the user's files:
 * the SDK is added to a copy of go.mod, and a generated file is laid over each package that loads a configuration.
 * Gives the arguments of `go build`.
 */
async function instrument(go: GoModule, job: GoJob, packages: GoPackage[], workDir: string): Promise<string[]> {
  const usesClients = packages.some(p => p.Imports?.some(name => name.startsWith(AWS_CLIENTS)));
  const capturesItself = packages.some(p => p.Imports?.includes(INSTRUMENTATION));
  if (capturesItself || !usesClients) {
    return []; // a second capture of the same client would be refused by the AWS SDK
  }
  const loaders = packages.filter(p => p.Imports?.includes(AWS_CONFIG));
  if (loaders.length === 0) {
    throw new Error(`the Go package '${job.package}' in '${job.moduleRoot}' makes AWS clients without config.LoadDefaultConfig, so they cannot be captured; ` +
      `load the configuration with it, or call awsv2.AWSV2Instrumentor(&cfg.APIOptions) of ${XRAY_SDK_GO.module} yourself`);
  }
  fs.copyFileSync(path.join(job.moduleRoot, 'go.mod'), path.join(workDir, 'go.mod'));
  const sums = path.join(job.moduleRoot, 'go.sum');
  if (fs.existsSync(sums)) {
    fs.copyFileSync(sums, path.join(workDir, 'go.sum'));
  }
  const required = new RegExp(`^(?:require )?\\s*${XRAY_SDK_GO.module} v`, 'm').test(fs.readFileSync(path.join(workDir, 'go.mod'), 'utf8'));
  await go.run(['get', `-modfile=${path.join(workDir, 'go.mod')}`, `${INSTRUMENTATION}${required ? '' : `@${XRAY_SDK_GO.version}`}`]);
  await checkConfigPackage(go);
  return [...go.ownModFile, `-overlay=${writeOverlay(loaders, workDir)}`];
}

/** The package to build, and those it imports that lie in the user's own folders: of the same module, or of one that go.mod replaces by a folder. */
async function listLocalPackages(go: GoModule, job: GoJob): Promise<GoPackage[]> {
  const listed = await go.run(['list', '-deps', `-tags=${['lambda.norpc', ...job.tags].join(',')}`, '-json=Dir,ImportPath,Name,Imports,EmbedFiles,Module', job.package]);
  const all = JSON.parse(`[${listed.trim().replace(/^}\n{/gm, '},\n{')}]`) as GoPackage[];
  // A module from the module cache has a version of its own; a folder that replaces one has none.
  return all.filter(p => p.Module && (p.Module.Main || (p.Module.Replace && !p.Module.Replace.Version)));
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

async function checkConfigPackage(go: GoModule): Promise<void> {
  const directory = (await go.run(['list', ...go.ownModFile, '-f', '{{.Dir}}', AWS_CONFIG])).trim();
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
