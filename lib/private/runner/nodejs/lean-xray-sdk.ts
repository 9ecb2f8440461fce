import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import type { Metafile, OnLoadArgs, OnLoadResult, PluginBuild } from 'esbuild';
import { AWS_SDK_V2 } from './library-capture';
import { fileOf, ownModule, RUNTIME_PREFIX } from './own-modules';
import { requireShipped } from '../../files/shipped-packages';
import { NodejsJob } from '../../languages/nodejs-job';
import { nodejsRuntimeFile } from '../runtime-files';

/** Something of the X-Ray SDK for Node.js that no function on Lambda runs, or that runs better otherwise. */
export interface LeanPart {
  readonly name: string;
  /** Files of the SDK, relative to its `dist/lib`, and what takes their place. */
  readonly files: { readonly [file: string]: () => string };
  /** A module that the SDK imports by name, and the file of this package that takes its place. */
  readonly alias?: { readonly module: string; readonly file: string };
  /** What a handler's own code looks like that uses the part, which then stays as it is. */
  readonly usedBy?: RegExp;
  /** A part that cannot be missing where this one stays. */
  readonly needs?: string;
}

/** A module whose members say that they were left out, but for those given as the text of an object. */
function leftOut(members = '{}'): string {
  return `module.exports = require(${JSON.stringify(`${RUNTIME_PREFIX}lean-xray-sdk/left-out.cjs`)})(${members});`;
}

const PLUGIN = 'module.exports = { getData: callback => callback() };';

/** Measured: together 71 of 112 kB, three quarters of the start, and two thirds of each call, with the same documents. */
export const LEAN_PARTS: readonly LeanPart[] = [
  { name: 'context', files: {}, alias: { module: 'cls-hooked/context', file: 'lean-xray-sdk/async-context.cjs' } },
  { name: 'emitter', files: { 'segment_emitter.js': () => fs.readFileSync(nodejsRuntimeFile('lean-xray-sdk/segment-emitter.cjs'), 'utf8') } },
  {
    name: 'middleware',
    files: {
      'middleware/mw_utils.js': () => leftOut('{ disableCentralizedSampling() {} }'),
      'middleware/incoming_request_data.js': () => 'module.exports = class IncomingRequestData {};',
    },
    usedBy: /\.\s*middleware\b|\bmiddleware\s*[,}]|["']middleware["']|traceRequestResponseCycle|IncomingRequestData/,
  },
  {
    name: 'aws-sdk-v2',
    files: { 'patchers/aws_p.js': () => leftOut() },
    usedBy: /\bcaptureAWS(?:Client)?\b/,
    needs: 'services', // no client of version 2 brings its own
  },
  {
    name: 'http', // the construct has a capture of its own
    files: { 'patchers/http_p.js': () => leftOut(), 'segments/attributes/remote_request_data.js': () => leftOut() },
    usedBy: /\bcaptureHTTPs(?:Global)?\b|addRemoteRequestData/,
  },
  { name: 'functions', files: { 'capture.js': () => leftOut() }, usedBy: /\bcapture(?:Async|Callback)?Func\b/ },
  { name: 'promises', files: { 'patchers/promise_p.js': () => leftOut() }, usedBy: /\bcapturePromise\b/ },
  {
    name: 'plugins',
    files: {
      'segments/plugins/ec2_plugin.js': () => PLUGIN,
      'segments/plugins/ecs_plugin.js': () => PLUGIN,
      'segments/plugins/elastic_beanstalk_plugin.js': () => PLUGIN,
    },
    usedBy: /\.\s*plugins\b|\bplugins\s*[,}:]|(?:EC2|ECS|ElasticBeanstalk)Plugin/,
  },
  { name: 'aws-sdk-v3', files: { 'patchers/aws3_p.js': () => fs.readFileSync(nodejsRuntimeFile('lean-xray-sdk/aws-clients.cjs'), 'utf8') } },
  {
    name: 'lists', files: { 'patchers/call_capturer.js': () => fs.readFileSync(nodejsRuntimeFile('lean-xray-sdk/call-capturer.cjs'), 'utf8') },
    usedBy: /AWSWhitelist|call_capturer/,
  },
  // Which parameters of a call are recorded. Each command of an AWS client that is bundled brings its own.
  { name: 'services', files: { 'resources/aws_whitelist.json': () => SERVICES_MODULE } },
];

/** Under this name, in a package, commands hand over what is recorded of their calls. */
const REGISTER = 'globalThis[Symbol.for("cdk-traced-function.recordParameters")]';
// What the handler itself puts there, as a whole service at a time, stays as it is.
const SERVICES_MODULE = `const services = {}, own = {}; ${REGISTER} = (service, operations) => ` +
  '{ services[service] ??= own[service] ??= { operations: {} }; Object.assign(own[service]?.operations ?? {}, operations); }; module.exports = { services };';

/**
 * The files that take part in the parts above, as they were when the parts were made: the first 16 digits of the SHA-256 of each file that is replaced, and of each
 * that reads one. They are those of versions 3.9.0 to 3.12.0. A part stays untrimmed when a file of it differs, or when a file that is not listed reads one of it.
 */
const STUDIED = new Set([
  '96f22cd7d3ff28d3', // aws-xray.js
  '5a6d3e7b4f55d58e', // context_utils.js
  'b672c96dbde39af9', // segment_emitter.js
  '30b520e94befcbbc', '3ac908e79e4941a7', // segments/segment.js, segments/attributes/subsegment.js
  '581368efd2d5f336', 'fe64c9986a4b9214', // segments/attributes/remote_request_data.js, capture.js
  '52f3dec01ae5df65', '42207fb861aba90c', '6a0cc939d27f5d94', // env/aws_lambda.js to 3.10, of 3.11, of 3.12
  'fa42477e2b1c9203', '8dfdef894b3f6aec', // middleware/mw_utils.js to 3.10.2, from 3.10.3
  '562b31a548a1c999', // middleware/incoming_request_data.js
  // patchers: aws_p.js, http_p.js, promise_p.js, call_capturer.js
  'b7a6513b05f54f60', 'ab885177245e6fcc', '491b390a3c91b2e3', 'dc584b5558f9c9ff',
  'c182472775a16de9', // segments/attributes/aws.js
  'c272ea08c2a6973a', // patchers/aws3_p.js of 3.12
  'deb251128afdeac5', '4ff910a8c85416f7', '9baa26e6ed80f567', // segments/plugins: ec2_plugin.js, ecs_plugin.js, elastic_beanstalk_plugin.js
  '37d5416048ec7610', // resources/aws_whitelist.json
]);

/** A file of the SDK: the folder above `dist`, and the path within `dist/lib`. */
const SDK_FILE = /^(.*[\\/]aws-xray-sdk-core)[\\/]dist[\\/]lib[\\/](.+\.js(?:on)?)$/;
const DAEMON_CONFIG = /[\\/]aws-xray-sdk-core[\\/]dist[\\/]lib[\\/]daemon_config\.js$/;
const SDK_MANIFEST = /[\\/]aws-xray-sdk-core[\\/]package\.json$/;

/** A command of an AWS SDK v3 client as ES module, and the whole of a client as CommonJS. */
const AWS_COMMAND = /[\\/]@aws-sdk[\\/](client-[\w-]+)[\\/]dist-(?:es[\\/]commands[\\/](\w+)Command|cjs[\\/]index)\.js$/;

/** Makes a function start whatever the address of the daemon is: the SDK throws for what it cannot read, also for IPv6. Trimmed or not. */
export function readDaemonAddress(build: PluginBuild): void {
  build.onLoad({ filter: DAEMON_CONFIG }, ({ path: file, pluginData }) => ({
    contents: fs.readFileSync(nodejsRuntimeFile('xray-sdk/daemon-config.cjs'), 'utf8'), loader: 'js', resolveDir: path.dirname(file), pluginData: pluginData as unknown,
  }));
}

/** Makes esbuild leave out what the packages do not need of the X-Ray SDK, whichever copy of it they take, but for the parts named. */
export function leanXRaySdk(build: PluginBuild, keep: ReadonlySet<string>): void {
  const trimmed = new Map<string, LeanPart[]>();
  const partsOf = (sdk: string): LeanPart[] => {
    if (!trimmed.has(sdk)) {
      trimmed.set(sdk, trimmableParts(sdk).filter(part => !keep.has(part.name)));
    }
    return trimmed.get(sdk)!;
  };
  const load = (module: OnLoadArgs): OnLoadResult | undefined => {
    const file = fileOf(module);
    if (SDK_MANIFEST.test(file)) {
      const { name, version } = JSON.parse(fs.readFileSync(file, 'utf8')) as { name: string; version: string };
      return { contents: JSON.stringify({ name, version }), loader: 'json' };
    }
    const [, sdk, name] = SDK_FILE.exec(file) ?? [];
    const contents = sdk && partsOf(sdk).flatMap(part => part.files[name.replace(/\\/g, '/')] ?? [])[0];
    return contents ? { contents: contents(), loader: 'js', resolveDir: path.dirname(file), pluginData: module.pluginData as unknown } : undefined;
  };
  build.onLoad({ filter: SDK_FILE }, load);
  build.onLoad({ filter: SDK_MANIFEST }, load);
  for (const { alias } of LEAN_PARTS) {
    if (alias) {
      build.onResolve({ filter: new RegExp(`^${alias.module}$`) }, ({ importer, pluginData }) => {
        const sdk = SDK_FILE.exec(fileOf({ path: importer, pluginData }))?.[1];
        return sdk && partsOf(sdk).some(part => part.alias === alias) ? ownModule(nodejsRuntimeFile(alias.file)) : undefined;
      });
    }
  }
  build.onLoad({ filter: AWS_COMMAND, namespace: 'file' }, async ({ path: file }) => {
    const [, client, command] = AWS_COMMAND.exec(file)!;
    const registration = parameterRegistration(client, command);
    return registration ? { contents: `${await fs.promises.readFile(file, 'utf8')}\n;${registration}`, loader: 'js', resolveDir: path.dirname(file) } : undefined;
  });
}

/** What the SDK has in aws_whitelist.json: for each service, and each operation of it, the parameters that are recorded. */
interface ParameterLists {
  readonly services: { readonly [service: string]: { readonly operations: { readonly [operation: string]: object } } };
}

/**
 * Statement with which a module tells the X-Ray SDK what to record of its calls.
 *
 * @param clientPackage such as `client-dynamodb`
 * @param command such as `PutItem`; all of the client's when absent
 */
export function parameterRegistration(clientPackage: string, command?: string): string {
  const service = clientPackage.replace(/^(?:client|lib)-/, '').replace(/-/g, '');
  const { services } = requireShipped<ParameterLists>('aws-xray-sdk-core/dist/lib/resources/aws_whitelist.json');
  const all = services[service]?.operations ?? {};
  const wanted = command && command[0].toLowerCase() + command.slice(1);
  const operations = Object.fromEntries(Object.entries(all).filter(([name]) => wanted === undefined || name === wanted));
  return Object.keys(operations).length > 0 ? `${REGISTER}?.(${JSON.stringify(service)}, ${JSON.stringify(operations)});\n` : '';
}

/** The parts of a copy of the SDK that are what they were when this was written. */
export function trimmableParts(sdk: string): LeanPart[] {
  const files = listFiles(path.join(sdk, 'dist', 'lib'), '').map(name => {
    const text = fs.readFileSync(path.join(sdk, 'dist', 'lib', name), 'utf8');
    return { name, text, studied: STUDIED.has(createHash('sha256').update(text.replace(/\r\n/g, '\n')).digest('hex').slice(0, 16)) };
  });
  return LEAN_PARTS.filter(part => {
    const names = Object.keys(part.files);
    const modules = [...names.map(name => path.basename(name).replace(/\.js$/, '')), ...part.alias ? [part.alias.module] : []];
    const reads = (text: string) => modules.some(name => new RegExp(`require\\(['"](?:[./\\w]*/)?${name.replace(/[.]/g, '\\.')}(?:\\.js)?['"]\\)`).test(text));
    return names.every(name => files.some(file => file.name === name && file.studied)) && files.every(file => file.studied || !reads(file.text));
  });
}

function listFiles(folder: string, prefix: string): string[] {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap(entry => entry.isDirectory()
    ? listFiles(path.join(folder, entry.name), `${prefix}${entry.name}/`)
    : /\.js(?:on)?$/.test(entry.name) ? [prefix + entry.name] : []);
}

/**
 * Names of the parts that the code of a finished package uses, and therefore cannot do without. A package whose own code does not import
 * the SDK uses none.
 *
 * @param inputs keys of the output's `inputs`, relative to the project root
 */
export function usedParts(job: NodejsJob, metafile: Metafile, inputs: string[]): string[] {
  if (job.instrumentation !== 'xray-sdk' || job.sdkInLayer || !job.capture.trim) {
    return [];
  }
  const own = inputs.filter(file => !/^[\w-]+:|[\\/](?:@aws-sdk|@smithy|aws-xray-sdk-core)[\\/]/.test(file));
  const importsSdk = own.some(file => metafile.inputs[file].imports.some(imported => /aws-xray-sdk-core(?:[\\/]|$)/.test(imported.path)));
  // The capture of AWS SDK v2 is the SDK's own.
  const forAwsSdkV2 = job.capture.clients.includes('aws-sdk') && inputs.some(file => AWS_SDK_V2.test(file));
  const needed = LEAN_PARTS.filter(part => forAwsSdkV2 && part.name === 'aws-sdk-v2');
  if (!importsSdk) {
    return needed.flatMap(namesOf);
  }
  const texts = own.map(file => fs.readFileSync(path.resolve(job.projectRoot, file), 'utf8'));
  return LEAN_PARTS.filter(part => needed.includes(part) || part.usedBy && texts.some(text => part.usedBy!.test(text))).flatMap(namesOf);
}

function namesOf(part: LeanPart): string[] {
  return [part.name, ...part.needs ? [part.needs] : []];
}
