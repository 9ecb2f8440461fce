import * as fs from 'fs';
import * as path from 'path';
import { makeGoroot, PACKAGE } from './goroot';
import { GoBuild, GoModule, GoPackage } from './module';
import { Capture, InstrumentationKind } from '../../bundling/bundling-job';
import { BundlingError } from '../bundling-error';
import { goRuntimeFile } from '../runtime-files';

const AWS_V1 = 'github.com/aws/aws-sdk-go/aws/';
const AWS_V2 = 'github.com/aws/aws-sdk-go-v2/';
const AWS_CONFIG = `${AWS_V2}config`;
const OPEN_TELEMETRY_API = 'go.opentelemetry.io/otel';
/** Of version 2 of the X-Ray SDK, and of version 1. */
const XRAY_SDKS = ['github.com/aws/aws-xray-sdk-go/v2/xray', 'github.com/aws/aws-xray-sdk-go/xray'];

/** A package of the user's that imports one of these may make a client, or open a database, before the program starts. */
const USED_WHILE_LOADING = [AWS_CONFIG, `${AWS_V1}session`, 'database/sql'];

/** What is recorded of a program by us, and how. */
export interface GoCapture {
  readonly kind: InstrumentationKind;
  readonly recorded: Capture;
  /** Files of the recording package that only some programs need. */
  readonly optionalFiles: readonly OptionalFile[];
  /** The X-Ray SDK that the program uses itself. */
  readonly xraySdk?: string;
}

type OptionalFile = 'aws_v1' | 'aws_v2' | 'aws_v2_config' | 'sql' | 'open_telemetry_api' | 'xray_sdk' | 'otlp' | 'xray_document';

/** Which programs need an optional file: by what they are made of. */
const OPTIONAL_FILES: Record<OptionalFile, (has: (importPath: string) => boolean, kind: InstrumentationKind, recorded: Capture) => boolean> = {
  otlp: (_, kind) => kind === 'open-telemetry',
  xray_document: (_, kind) => kind === 'xray-sdk',
  aws_v1: (has, _, { clients }) => clients.includes('aws-sdk') && has(`${AWS_V1}corehandlers`),
  aws_v2: (has, _, { clients }) => clients.includes('aws-sdk') && has(`${AWS_V2}aws/middleware`) && has(`${AWS_V2}aws/retry`),
  aws_v2_config: (has, _, { clients }) => clients.includes('aws-sdk') && has(AWS_CONFIG),
  sql: (has, _, { clients }) => clients.includes('sql') && has('database/sql'),
  open_telemetry_api: (has, kind) => kind === 'open-telemetry' && has(OPEN_TELEMETRY_API),
  xray_sdk: (has, kind) => kind === 'xray-sdk' && XRAY_SDKS.some(has),
};

/**
 * The unexported names of the config package to which the generated file links, and their types. A type that differs would crash at run time,
 * so the source is held against this before it is linked.
 */
const CONFIG_ASSUMPTIONS = [
  /^var defaultAWSConfigResolvers = \[\]awsConfigResolver\{/m,
  /^type awsConfigResolver func\(ctx context\.Context, cfg \*aws\.Config, configs configs\) error$/m,
  /^type configs \[\]Config$/m,
];

/** What is put into files of Go's own library, so that all that the library does for a program comes by a hook. */
interface LibraryHook {
  readonly file: string;
  /** Each has to be found once. */
  readonly replaced: readonly (readonly [RegExp, string])[];
  /** Text that becomes a file of the package. */
  readonly added: string;
  readonly recorded: string;
}

const HTTP_HOOK: LibraryHook = {
  file: 'net/http/roundtrip.go',
  replaced: [[/^\treturn t\.roundTrip\(req\)$/m, '\treturn cdkTracedFunctionRoundTrip(t, req)']],
  added: 'net_http',
  recorded: 'calls with net/http and errors of the handler',
};

const SQL_HOOK: LibraryHook = {
  file: 'database/sql/sql.go',
  replaced: [
    [/^type DB struct \{$/m, 'type DB struct {\n\tcdkTracedFunctionTarget string'],
    [/^func Open\(driverName, dataSourceName string\) \(\*DB, error\) \{$/m, 'func cdkTracedFunctionOpen(driverName, dataSourceName string) (*DB, error) {'],
    [/^(func \(db \*DB\) )execDC(\(ctx context\.Context, dc \*driverConn, release func\(error\), query string, args \[\]any\) \(res Result, err error\) \{)$/m, '$1cdkTracedFunctionExecDC$2'],
    [/^(func \(db \*DB\) )queryDC(\(ctx, txctx context\.Context, dc \*driverConn, releaseConn func\(error\), query string, args \[\]any\) \(\*Rows, error\) \{)$/m, '$1cdkTracedFunctionQueryDC$2'],
    [/^(func \(s \*Stmt\) )ExecContext(\(ctx context\.Context, args \.\.\.any\) \(Result, error\) \{)$/m, '$1cdkTracedFunctionExecContext$2'],
    [/^(func \(s \*Stmt\) )QueryContext(\(ctx context\.Context, args \.\.\.any\) \(\*Rows, error\) \{)$/m, '$1cdkTracedFunctionQueryContext$2'],
  ],
  added: 'database_sql',
  recorded: 'queries with database/sql',
};

/** What has to be captured by us: nothing when there is nothing to record. */
export function captureOf({ job, all }: GoBuild): GoCapture | undefined {
  const { instrumentation: kind, capture: recorded } = job;
  if (kind === 'none' || !all.has('net/http')) {
    return undefined; // Lambda's own client, which every handler is run by, is made on net/http
  }
  // What libraries of AWS and OpenTelemetry import of each other is no use of the program.
  const used = new Set([...all.values()].filter(p => !/^(?:github\.com\/aws\/|go\.opentelemetry\.io\/)/.test(p.ImportPath)).flatMap(p => p.Imports ?? []));
  const xraySdk = XRAY_SDKS.find(name => all.has(name));
  if (kind === 'open-telemetry' && xraySdk !== undefined) {
    throw new BundlingError('TF505', `the Go package '${job.package}' in '${job.moduleRoot}' uses the X-Ray SDK (${xraySdk}), and with Instrumentation.openTelemetry() both would ` +
      'record the same calls; take it out of the program, or use Instrumentation.xraySdk()');
  }
  const has = (name: string) => name === OPEN_TELEMETRY_API ? used.has(name) : all.has(name);
  const optionalFiles = (Object.keys(OPTIONAL_FILES) as OptionalFile[]).filter(name => OPTIONAL_FILES[name](has, kind, recorded));
  return { kind, recorded, optionalFiles, xraySdk };
}

/**
 * Prepares a build in which calls are recorded. The user's files, and the modules that go into the binary, stay as they are: a package is put beside Go's own,
 * and a file that imports it is laid over packages of the user's.
 * Gives the arguments of `go build`.
 *
 * @param overlays files of the user's own that are for `-overlay`
 */
export async function captureArguments(go: GoModule, builds: GoBuild[], capture: GoCapture, overlays: string[], workDir: string): Promise<string[]> {
  const optionalFiles = capture.optionalFiles.filter(name => name !== 'aws_v2_config' || isConfigPackageKnown(builds[0].all.get(AWS_CONFIG)!.Dir));
  const read = (folder: string, file: string) => go.read(path.posix.join(folder, file));
  const original = path.posix.join(await go.goroot(), 'src');
  const texts: Record<string, string> = {};
  for (const hook of [HTTP_HOOK, ...optionalFiles.includes('sql') ? [SQL_HOOK] : []]) {
    const hooked = hookInto(hook, await read(original, hook.file));
    if (!hooked) {
      tell(`${hook.recorded} are not recorded: '${hook.file}' in '${original}' is not laid out as expected; ` +
        'use an older version of Go, or a newer one of this package');
      if (hook === HTTP_HOOK) {
        return [];
      }
      optionalFiles.splice(optionalFiles.indexOf('sql'), 1);
      continue;
    }
    texts[hook.file] = hooked;
    texts[path.posix.join(path.posix.dirname(hook.file), 'cdk_traced_function.go')] = runtimeText(hook.added);
  }
  const goroot = await makeGoroot(go, captureFiles(capture, optionalFiles), workDir);
  go.useGoroot(goroot);
  // Go lets nothing be laid over a library's package: where only a library loads a configuration, the program captures for it.
  const packages = [...new Map(builds.flatMap(build => build.packages).map(p => [p.ImportPath, p])).values()];
  const importing = packages.filter(p => p.Name === 'main' || p.Imports?.some(name => USED_WHILE_LOADING.includes(name)));
  const overlay = writeOverlay({
    ...Object.fromEntries(Object.entries(texts).map(([file, text]) => [path.join(goroot, 'src', file), text])),
    // The digits put the file first in its package.
    ...Object.fromEntries(importing.map(p => [path.join(p.Dir, '00_cdk_traced_function.go'), importText(p, optionalFiles)])),
  }, overlays.map(file => path.resolve(builds[0].job.moduleRoot, file)), builds[0].job.moduleRoot, workDir);
  return [`-overlay=${overlay}`];
}

function isConfigPackageKnown(directory: string): boolean {
  const sources = fs.readdirSync(directory).filter(name => name.endsWith('.go') && !name.endsWith('_test.go'))
    .map(name => fs.readFileSync(path.join(directory, name), 'utf8')).join('\n');
  const broken = CONFIG_ASSUMPTIONS.filter(assumption => !assumption.test(sources));
  if (broken.length > 0) {
    tell(`the Go package ${AWS_CONFIG} in '${directory}' is not laid out as expected (${broken.map(b => b.source).join('; ')}): each attempt of a call is recorded for itself, ` +
      'without the table, queue or bucket; use an older version of it, or a newer one of this package');
  }
  return broken.length === 0;
}

/** Undefined where the file is not what is known of it. */
function hookInto({ replaced }: LibraryHook, source: string): string | undefined {
  const isKnown = replaced.every(([found]) => found.test(source));
  return isKnown ? replaced.reduce((text, [found, instead]) => text.replace(found, instead), source) : undefined;
}

function tell(message: string): void {
  process.stderr.write(`cdk-traced-function: ${message}\n`);
}

/** Texts of the package that records, by their paths in it. */
function captureFiles({ recorded, xraySdk }: GoCapture, optionalFiles: readonly OptionalFile[]): Record<string, string> {
  const files = fs.readdirSync(goRuntimeFile('capture')).map(name => name.replace(/\.go\.txt$/, ''))
    .filter(name => !(name in OPTIONAL_FILES) || optionalFiles.includes(name as OptionalFile));
  const texts = Object.fromEntries(files.map(name => [`${name}.go`, runtimeText(`capture/${name}`)]));
  if (optionalFiles.includes('xray_sdk')) {
    texts['xray_sdk.go'] = texts['xray_sdk.go'].replace(`"${XRAY_SDKS[0]}"`, `"${xraySdk}"`);
    texts['daemon/daemon.go'] = runtimeText('xray_sdk_daemon');
  }
  return { ...texts, 'settings.go': settingsText(recorded) };
}

function settingsText({ clients, coldStart, response, recording }: Capture): string {
  const values: Record<string, string> = {
    AWS_SDK: String(clients.includes('aws-sdk')),
    HTTP: String(clients.includes('http')),
    COLD_START: String(coldStart),
    RESPONSE: String(response),
    S3_KEYS: String(recording.s3Keys),
    URL_PATHS: String(recording.urlPaths),
    EXCEPTION_MESSAGES: String(recording.exceptionMessages),
    REDACT: recording.redact.map(pattern => JSON.stringify(pattern)).join(', '),
  };
  return runtimeText('settings').replace(/\b(AWS_SDK|HTTP|COLD_START|RESPONSE|S3_KEYS|URL_PATHS|EXCEPTION_MESSAGES|REDACT)\b/g, name => values[name]);
}

function importText({ Name }: GoPackage, optionalFiles: readonly OptionalFile[]): string {
  return runtimeText('instrument').replace('package instrument', `package ${Name}`)
    + (optionalFiles.includes('xray_sdk') ? `import _ "${PACKAGE}/daemon"\n` : '');
}

function runtimeText(name: string): string {
  return fs.readFileSync(goRuntimeFile(`${name}.go.txt`), 'utf8');
}

/**
 * @param texts by the path that go is to find them at
 * @param overlays files of the same form whose replacements are kept
 */
function writeOverlay(texts: Record<string, string>, overlays: string[], moduleRoot: string, workDir: string): string {
  const replace: Record<string, string> = {};
  for (const file of overlays) {
    const { Replace } = JSON.parse(fs.readFileSync(file, 'utf8')) as { Replace?: Record<string, string> };
    for (const [target, source] of Object.entries(Replace ?? {})) {
      replace[path.resolve(moduleRoot, target)] = source && path.resolve(moduleRoot, source);
    }
  }
  for (const [i, [target, text]] of Object.entries(texts).entries()) {
    const file = path.join(workDir, `overlay${i}.go`);
    fs.writeFileSync(file, text);
    replace[target] = file;
  }
  const overlay = path.join(workDir, 'overlay.json');
  fs.writeFileSync(overlay, JSON.stringify({ Replace: replace }));
  return overlay;
}
