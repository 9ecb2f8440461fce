import * as fs from 'fs';
import * as path from 'path';
import type { OnLoadArgs, OnResolveArgs, PluginBuild } from 'esbuild';
import { EXTERNAL_NAMESPACE, isExternal } from './external-modules';
import { fileOf, ownModule, RUNTIME_PREFIX } from './own-modules';
import { shippedFile } from '../../files/shipped-packages';

const API = '@opentelemetry/api';
const BRIDGE = JSON.stringify(`${RUNTIME_PREFIX}open-telemetry/api.mjs`);

/** The files of the API that define what a handler makes spans with: class, and folder of the module format. */
const API_FILE = /[\\/]@opentelemetry[\\/]api[\\/]build[\\/](esm|esnext|src)[\\/]api[\\/](trace|context|propagation)\.js$/;
const CLASSES: Record<string, string> = { trace: 'TraceAPI', context: 'ContextAPI', propagation: 'PropagationAPI' };

/**
 * Makes every copy of the OpenTelemetry API that the package holds register with our tracer when it is loaded; without the API nothing is added.
 * A project that has the API uses its own copy; others get this package's.
 */
export function joinOpenTelemetryApi(build: PluginBuild, external: string[]): void {
  build.onResolve({ filter: /^@opentelemetry\/api$/ }, async (args: OnResolveArgs) => {
    if (args.pluginData === 'resolving') {
      return undefined;
    }
    if (args.namespace === EXTERNAL_NAMESPACE) {
      return { path: args.path, external: true };
    }
    if (isExternal(API, external)) {
      return { path: args.path, namespace: EXTERNAL_NAMESPACE };
    }
    const users = await build.resolve(args.path, { kind: args.kind, resolveDir: args.resolveDir, pluginData: 'resolving' });
    return users.errors.length === 0 ? users : ownModule(ownApi());
  });
  build.onLoad({ filter: new RegExp(`^${API}$`), namespace: EXTERNAL_NAMESPACE }, () => ({
    contents: [
      `const api = require(${JSON.stringify(API)});`,
      `const { registerApi } = require(${BRIDGE});`,
      ...Object.keys(CLASSES).map(part => `registerApi(${JSON.stringify(part)}, api.${part});`),
      'module.exports = api;',
    ].join('\n'),
    loader: 'js',
  }));
  build.onLoad({ filter: API_FILE }, async (args: OnLoadArgs) => {
    const file = fileOf(args);
    const [, format, part] = API_FILE.exec(file)!;
    const register = format === 'src'
      ? `require(${BRIDGE}).registerApi("${part}", exports.${CLASSES[part]}.getInstance());`
      : `import { registerApi as cdkTracedRegisterApi } from ${BRIDGE}; cdkTracedRegisterApi("${part}", ${CLASSES[part]}.getInstance());`;
    return { contents: `${await fs.promises.readFile(file, 'utf8')}\n;${register}\n`, loader: 'js', resolveDir: path.dirname(file), pluginData: args.pluginData as unknown };
  });
}

/** This package's copy, as the ES modules of which esbuild takes what is used. */
function ownApi(): string {
  return shippedFile(API).replace(/([\\/]build[\\/])src([\\/])/, '$1esm$2');
}
