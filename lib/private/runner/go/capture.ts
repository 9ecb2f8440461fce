import * as fs from 'fs';
import * as path from 'path';
import { GoBuild, GoModule, GoPackage } from './module';
import { InstrumentationKind } from '../../bundling/bundling-job';
import { goRuntimeFile } from '../runtime-files';

/** Version of the SDK that the construct supplies when a module names none. */
export const XRAY_SDK_GO = { module: 'github.com/aws/aws-xray-sdk-go/v2', version: 'v2.0.1' };

const AWS_CONFIG = 'github.com/aws/aws-sdk-go-v2/config';
export const AWS_CLIENTS = 'github.com/aws/aws-sdk-go-v2/service/';
const INSTRUMENTATION = `${XRAY_SDK_GO.module}/instrumentation/awsv2`;
const OPEN_TELEMETRY_API = 'go.opentelemetry.io/otel';
const OPEN_TELEMETRY_AWS = 'go.opentelemetry.io/contrib/instrumentation/github.com/aws/aws-sdk-go-v2/otelaws';

/** Name of the package that is laid into the module, and of its folder. */
const PACKAGE = 'cdk_traced_function';

/** The X-Ray SDK's code for servers that use fasthttp or gRPC: 6 MB of a binary, of which no function on Lambda runs anything. */
const XRAY_FOR_SERVERS = /[\\/]xray[\\/](?:fasthttp|grpc)\.go$/;

/** A copy of the user's go.mod with the X-Ray SDK. */
interface OwnModFile {
  readonly file: string;
  /** Arguments with which go commands use it. */
  readonly arguments: string[];
  /** The package of the SDK that is used. */
  readonly wanted: string;
  /** Whether the user's module had the SDK before. */
  readonly required: boolean;
}

/** What is recorded of a program by us, and how. */
export interface GoCapture {
  readonly kind: InstrumentationKind;
  readonly awsClients: boolean;
  readonly http: boolean;
  /** Whether the program makes spans of its own with OpenTelemetry's API. */
  readonly ownSpans: boolean;
}

/**
 * The unexported names of the config package to which the generated file links, and their types. A type that differs would crash at run time,
 * so the source is held against this before it is linked.
 */
const CONFIG_ASSUMPTIONS = [
  /^var defaultAWSConfigResolvers = \[\]awsConfigResolver\{/m,
  /^type awsConfigResolver func\(ctx context\.Context, cfg \*aws\.Config, configs configs\) error$/m,
  /^type configs \[\]Config$/m,
];

/** In net/http: what every request comes by. */
const ROUND_TRIP = /^\treturn t\.roundTrip\(req\)$/m;

/** What has to be captured by us: nothing when there is nothing to record, or the module does it itself. */
export function captureOf({ job, imports, callsHttp }: GoBuild): GoCapture | undefined {
  const { instrumentation: kind } = job;
  const xraySdk = [...imports].find(name => /^github\.com\/aws\/aws-xray-sdk-go\//.test(name));
  if (kind === 'open-telemetry' && xraySdk !== undefined) {
    throw new Error(`the Go package '${job.package}' in '${job.moduleRoot}' uses the X-Ray SDK (${xraySdk}), and with Instrumentation.openTelemetry() both would ` +
      'record the same calls; take it out of the program, or use Instrumentation.xraySdk()');
  }
  // A second capture of the same client would be refused by the AWS SDK.
  if (kind === 'none' || imports.has(INSTRUMENTATION)) {
    return undefined;
  }
  const ownSpans = kind === 'open-telemetry' && imports.has(OPEN_TELEMETRY_API);
  const awsClients = [...imports].some(name => name.startsWith(AWS_CLIENTS)) && !(ownSpans && imports.has(OPEN_TELEMETRY_AWS));
  if (awsClients && !imports.has(AWS_CONFIG)) {
    throw new Error(`the Go package '${job.package}' in '${job.moduleRoot}' makes AWS clients without config.LoadDefaultConfig, so they cannot be captured; ` +
      `load the configuration with it, or call awsv2.AWSV2Instrumentor(&cfg.APIOptions) of ${XRAY_SDK_GO.module} yourself`);
  }
  return awsClients || callsHttp || ownSpans ? { kind, awsClients, http: callsHttp, ownSpans } : undefined;
}

/**
 * Prepares a build in which calls are recorded, without a change to the user's files: a package is laid into the module, and a file that imports it
 * over each package that loads a configuration. For the X-Ray SDK, that is added to a copy of go.mod.
 * Gives the arguments of `go build`.
 */
export async function captureArguments(go: GoModule, builds: GoBuild[], capture: GoCapture, workDir: string): Promise<string[]> {
  const { moduleRoot } = builds[0].job;
  const modFile = capture.kind === 'xray-sdk' ? await addXraySdk(go, moduleRoot, capture, workDir) : undefined;
  const ownModFile = modFile?.arguments ?? [];
  if (capture.awsClients) {
    await checkConfigPackage(go, ownModFile);
  }
  // A module that has the SDK for itself keeps all of it.
  const files = modFile && !modFile.required ? await leanXraySdk(go, modFile, moduleRoot) : {};
  // Go lets nothing be laid over a library's package: where only a library loads a configuration, the program captures for it.
  const packages = new Map(builds.flatMap(build => build.packages).map(p => [p.ImportPath, p]));
  const loaders = [...packages.values()].filter(p => p.Name === 'main' || p.Imports?.includes(AWS_CONFIG));
  const main = [...packages.values()].find(p => p.Module!.Main)!.Module!;
  const importPath = `${main.Path}/${PACKAGE}`;
  const roundTrip = capture.http ? await roundTripFiles(go, workDir) : {};
  const texts: Record<string, string> = {
    ...roundTrip,
    ...Object.fromEntries(captureFiles(capture, Object.keys(roundTrip).length > 0, importPath)
      .map(([name, text]) => [path.join(main.Dir, PACKAGE, name), text])),
    // The digits put the file first in its package.
    ...Object.fromEntries(loaders.map(p => [path.join(p.Dir, '00_cdk_traced_function.go'), importing(p, importPath)])),
  };
  return [...ownModFile, `-overlay=${writeOverlay(texts, files, workDir)}`];
}

async function addXraySdk(go: GoModule, moduleRoot: string, { awsClients }: GoCapture, workDir: string): Promise<OwnModFile> {
  const file = path.join(workDir, 'go.mod');
  fs.copyFileSync(path.join(moduleRoot, 'go.mod'), file);
  const sums = path.join(moduleRoot, 'go.sum');
  if (fs.existsSync(sums)) {
    fs.copyFileSync(sums, path.join(workDir, 'go.sum'));
  }
  const required = new RegExp(`^(?:require )?\\s*${XRAY_SDK_GO.module} v`, 'm').test(fs.readFileSync(file, 'utf8'));
  const wanted = awsClients ? INSTRUMENTATION : `${XRAY_SDK_GO.module}/xray`;
  const get = ['get', `-modfile=${file}`, `${wanted}${required ? '' : `@${XRAY_SDK_GO.version}`}`];
  // What has been downloaded before gives the same versions, a second sooner than to ask for newer ones that are not wanted.
  const isThere = !required && await go.run(get, { GOPROXY: 'off' }).then(() => true, () => false);
  if (!isThere) {
    await go.run(get);
  }
  return { file, arguments: ['-mod=mod', `-modfile=${file}`], wanted, required };
}

/**
 * Makes the copy of go.mod take the SDK from a folder of the module, which exists for the compiler only: it holds the SDK's files, less those for servers.
 * A library in the module cache could not be laid over, and a folder elsewhere would get into the binary with its path.
 * Gives what is laid over the module: where go is to find a file, and where it is.
 */
async function leanXraySdk(go: GoModule, modFile: OwnModFile, moduleRoot: string): Promise<Record<string, string>> {
  const template = `{{with .Module}}{{if eq .Path "${XRAY_SDK_GO.module}"}}{{.Dir}}|{{$.Dir}}|{{join $.GoFiles "|"}}{{end}}{{end}}`;
  const listed = (await go.run(['list', ...modFile.arguments, '-deps', '-f', template, modFile.wanted])).split('\n').filter(line => line.includes('|'));
  const folder = `${PACKAGE}_xray_sdk`;
  const files: Record<string, string> = {};
  for (const line of listed) {
    const [moduleDir, packageDir, ...names] = line.trim().split('|');
    const target = (file: string) => path.join(moduleRoot, folder, path.posix.relative(moduleDir, file));
    for (const file of [path.posix.join(moduleDir, 'go.mod'), ...names.map(name => path.posix.join(packageDir, name))]) {
      if (!XRAY_FOR_SERVERS.test(file)) {
        files[target(file)] = file;
      }
    }
  }
  fs.appendFileSync(modFile.file, `\nreplace ${XRAY_SDK_GO.module} => ./${folder}\n`);
  return files;
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

/** Go's own net/http with a hook; nothing where it is not what is known of it, which the user is told. */
async function roundTripFiles(go: GoModule, workDir: string): Promise<Record<string, string>> {
  const directory = await netHttp(go, workDir);
  const file = path.posix.join(directory, 'roundtrip.go');
  const source = await go.read(file);
  if (!ROUND_TRIP.test(source)) {
    process.stderr.write(`cdk-traced-function: calls with net/http are not recorded: '${file}' is not laid out as expected (${ROUND_TRIP.source}); ` +
      'use an older version of Go, or a newer one of this package\n');
    return {};
  }
  return {
    [file]: source.replace(ROUND_TRIP, '\treturn cdkTracedFunctionRoundTrip(t, req)'),
    [path.posix.join(directory, 'cdk_traced_function.go')]: runtimeText('round_trip'),
  };
}

/** Where the source of net/http lies. Go lets nothing be laid over a toolchain that it has downloaded into the module cache, unless that goes by another path. */
async function netHttp(go: GoModule, workDir: string): Promise<string> {
  const directory = (await go.run(['list', '-f', '{{.Dir}}', 'net/http'])).trim();
  const [goroot, moduleCache] = (await go.run(['env', 'GOROOT', 'GOMODCACHE'])).trim().split(/\r?\n/);
  if (!goroot.startsWith(`${moduleCache}${path.sep}`)) {
    return directory;
  }
  const link = path.join(workDir, 'goroot');
  fs.rmSync(link, { force: true });
  fs.symlinkSync(goroot, link);
  go.useGoroot(link);
  return path.join(link, path.relative(goroot, directory));
}

/** Names and texts of the package that records. */
function captureFiles({ kind, awsClients, ownSpans }: GoCapture, http: boolean, importPath: string): [string, string][] {
  const optional: Record<string, boolean> = { aws_clients: awsClients, http, api: ownSpans };
  const folder = kind === 'xray-sdk' ? 'xray_sdk' : 'open_telemetry';
  return fs.readdirSync(goRuntimeFile(folder), { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.go.txt'))
    .map(name => name.replace(/\.go\.txt$/, '').split(path.sep).join('/'))
    .filter(name => optional[name] ?? true)
    .map(name => [`${name}.go`, runtimeText(`${folder}/${name}`).replace(`"${PACKAGE}/`, `"${importPath}/`)]);
}

function importing({ Name }: GoPackage, importPath: string): string {
  return runtimeText('instrument').replace('package instrument', `package ${Name}`).replace(`"${PACKAGE}"`, `"${importPath}"`);
}

function runtimeText(name: string): string {
  return fs.readFileSync(goRuntimeFile(`${name}.go.txt`), 'utf8');
}

/** @param texts by the path that go is to find them at, as `files` are */
function writeOverlay(texts: Record<string, string>, files: Readonly<Record<string, string>>, workDir: string): string {
  const replace: Record<string, string> = { ...files };
  for (const [i, [target, text]] of Object.entries(texts).entries()) {
    const file = path.join(workDir, `overlay${i}.go`);
    fs.writeFileSync(file, text);
    replace[target] = file;
  }
  const overlay = path.join(workDir, 'overlay.json');
  fs.writeFileSync(overlay, JSON.stringify({ Replace: replace }));
  return overlay;
}
