import * as fs from 'fs';
import * as path from 'path';
import type { PluginBuild } from 'esbuild';
import { EXTERNAL_NAMESPACE, isExternal } from './external-modules';
import { RUNTIME_PREFIX } from './own-modules';
import { Capture } from '../../bundling/bundling-job';

/** A library whose class of connections or requests is changed when it is loaded, by code that is in a package only together with it. */
interface Library {
  readonly client: Capture['clients'][number];
  /** How it is imported, as a regular expression. */
  readonly module: string;
  /** The file with the class, as a regular expression. */
  readonly file: string;
  /** File of `runtime/nodejs`, and the call of it. */
  readonly runtime: string;
  readonly capture: (object: string) => string;
  /** The class within the file. */
  readonly inFile: string;
  /** Expressions with the class, made from the module's name, where it is left to the runtime or to a layer; absent where it cannot be changed there. */
  readonly outside?: (module: string) => string;
}

const sql = (name: string): Pick<Library, 'client' | 'runtime' | 'capture' | 'inFile'> => ({
  client: 'sql', runtime: 'capture/sql.cjs', capture: object => `captureClient(${JSON.stringify(name)}, ${object})`, inFile: 'module.exports',
});

const logs = (correlate: string): Pick<Library, 'client' | 'runtime' | 'capture' | 'inFile'> => ({
  client: 'logs', runtime: 'capture/logs.cjs', capture: object => `${correlate}(${object})`, inFile: 'module.exports',
});

const LIBRARIES: readonly Library[] = [
  {
    client: 'aws-sdk', module: 'aws-sdk(?:/.+)?', file: 'aws-sdk[\\\\/]lib[\\\\/]request\\.js',
    runtime: 'capture/aws-sdk-v2.cjs', capture: object => `captureRequests(${object})`, inFile: 'AWS.Request', outside: () => 'require("aws-sdk/global").Request',
  },
  { ...sql('pg'), module: 'pg', file: 'pg[\\\\/]lib[\\\\/]client\\.js', outside: () => 'library.Client' },
  { ...sql('mysql2'), module: 'mysql2(?:/promise(?:\\.js)?)?', file: 'mysql2[\\\\/]lib[\\\\/](?:base[\\\\/])?connection\\.js', outside: () => 'require("mysql2").Connection' },
  { ...logs('correlatePino'), module: 'pino', file: 'pino[\\\\/]lib[\\\\/]tools\\.js' },
  { ...logs('correlateWinston'), module: 'winston', file: 'logform[\\\\/]json\\.js', inFile: 'module' },
  {
    ...logs('correlatePowertools'), module: '@aws-lambda-powertools/logger', inFile: 'PowertoolsLogFormatter',
    file: '@aws-lambda-powertools[\\\\/]logger[\\\\/]lib[\\\\/](?:esm|cjs)[\\\\/]formatter[\\\\/]PowertoolsLogFormatter\\.js',
  },
  {
    client: 'sql', module: 'mongodb', file: 'mongodb[\\\\/]lib[\\\\/]cmap[\\\\/]connection\\.js', runtime: 'capture/mongodb.cjs',
    capture: object => `captureConnection(${object})`, inFile: 'exports.Connection', outside: () => 'require("mongodb/lib/cmap/connection").Connection',
  },
  {
    client: 'sql', module: 'ioredis', file: 'ioredis[\\\\/]built[\\\\/](?:Redis|redis[\\\\/]index)\\.js', runtime: 'capture/redis.cjs',
    capture: object => `captureClient(${object})`, inFile: 'exports.default', outside: () => 'library',
  },
  {
    client: 'sql', module: 'ioredis/built/[Pp]ipeline', file: 'ioredis[\\\\/]built[\\\\/][Pp]ipeline\\.js', runtime: 'capture/redis.cjs',
    capture: object => `capturePipeline(${object})`, inFile: 'exports.default', outside: () => 'library.default',
  },
  { ...sql('mysql'), module: 'mysql', file: 'mysql[\\\\/]lib[\\\\/]Connection\\.js', outside: () => 'require("mysql/lib/Connection")' },
];

/** Imports that only a bundle of its own can serve. */
export function capturedLibrary(clients: Capture['clients']): RegExp {
  const modules = LIBRARIES.filter(({ client }) => client !== 'logs' || clients.includes('logs')).map(library => library.module);
  return new RegExp(`^(?:${modules.join('|')})$`);
}

/** Key of esbuild's metafile for AWS SDK v2, in the package or outside of it. */
export const AWS_SDK_V2 = new RegExp(`(?:^|[\\\\/])node_modules[\\\\/](?:.*[\\\\/])?aws-sdk[\\\\/]lib[\\\\/]request\\.js$|^${EXTERNAL_NAMESPACE}:aws-sdk(?:/|$)`);

/** Captures the libraries in the package, and those that are left to the runtime or to a layer. */
export function captureLibraries(build: PluginBuild, clients: Capture['clients'], external: string[]): void {
  for (const { module, file, runtime, capture, inFile, outside } of LIBRARIES.filter(({ client }) => clients.includes(client))) {
    const call = (object: string) => `require(${JSON.stringify(RUNTIME_PREFIX + runtime)}).${capture(object)};`;
    build.onLoad({ filter: new RegExp(`[\\\\/]node_modules[\\\\/](?:.*[\\\\/])?${file}$`), namespace: 'file' }, async args => ({
      contents: `${await fs.promises.readFile(args.path, 'utf8')}\n;${call(inFile)}\n`, loader: 'js', resolveDir: path.dirname(args.path),
    }));
    if (!outside) {
      continue;
    }
    build.onResolve({ filter: new RegExp(`^(?:${module})$`) }, args =>
      args.namespace !== EXTERNAL_NAMESPACE && isExternal(args.path, external) ? { path: args.path, namespace: EXTERNAL_NAMESPACE } : undefined);
    build.onLoad({ filter: new RegExp(`^(?:${module})$`), namespace: EXTERNAL_NAMESPACE }, args => ({
      contents: [
        `const library = require(${JSON.stringify(args.path)});`,
        call(outside(args.path)),
        'module.exports = library;',
      ].join('\n'),
      loader: 'js',
    }));
  }
}
