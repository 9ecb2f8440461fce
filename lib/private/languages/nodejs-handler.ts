import * as path from 'path';
import type { BundlerRequest } from './bundler';
import { validationError } from '../validation-error';

/** Where a function's handler is. */
export interface NodejsHandler {
  /** As Lambda gets it. */
  readonly handler: string;
  /** What the entry exports; with dots when it is a member of that. */
  readonly exported: string;
  /** Whether Lambda runs something else, which need not call the export. */
  readonly isOptional: boolean;
}

const EXPORT = /^[\p{L}_$][\p{L}\p{N}_$]*(?:\.[\p{L}_$][\p{L}\p{N}_$]*)*$/u;

/** Handlers in layers that are named without a path. */
const WRAPPERS = ['newrelic-lambda-wrapper'];

/**
 * The handler of a package, whose code is one file: `index`. A wrapper, in a layer or in `node_modules`, stays what Lambda runs; the handler that it calls is
 * named by an environment variable: `DD_LAMBDA_HANDLER`, `NEW_RELIC_LAMBDA_HANDLER`, `LUMIGO_ORIGINAL_HANDLER`...
 */
export function nodejsHandler(request: BundlerRequest): NodejsHandler {
  const handler = request.handler ?? 'index.handler';
  // As Lambda reads it: the first dot of the last part ends the file.
  const file = path.posix.basename(handler);
  const dot = file.indexOf('.', handler.startsWith('.') && !handler.includes('/') ? 1 : 0);
  const [module, exported] = dot < 0 ? ['', handler] : [file.slice(0, dot), file.slice(dot + 1)];
  const entry = path.basename(request.entry, path.extname(request.entry));
  const isOurs = module === '' || module === 'index' || module === entry;
  if (/^(?:\/|\.\/|node_modules\/)/.test(handler) || WRAPPERS.includes(module) || (!isOurs && request.environment?.AWS_LAMBDA_EXEC_WRAPPER !== undefined)) {
    const inner = innerHandler(request);
    return { handler, exported: inner ?? 'handler', isOptional: inner === undefined };
  }
  if (!EXPORT.test(exported)) {
    throw validationError(request.scope, 'TF311', `handler '${handler}' names no export; write 'handler' or 'index.handler'`);
  }
  if (!isOurs) {
    throw validationError(request.scope, 'TF312', `handler '${handler}' is not in the entry '${path.basename(request.entry)}'; write 'index.${exported}' or '${entry}.${exported}'. ` +
      'When a layer has it, write its path: \'/opt/nodejs/node_modules/...\', or \'node_modules/...\' when it is one of \'nodeModules\'');
  }
  return { handler: `index.${exported.split('.').pop()}`, exported, isOptional: false };
}

/** What the entry exports under the name that a wrapper is given. */
function innerHandler({ scope, environment }: BundlerRequest): string | undefined {
  for (const [variable, value] of Object.entries(environment ?? {})) {
    const [, module, exported] = /^(?:.*\/)?([^/.]+)\.([^/]+)$/.exec(value) ?? [];
    if (/HANDLER/.test(variable) && exported !== undefined && EXPORT.test(exported)) {
      if (module !== 'index') {
        throw validationError(scope, 'TF313', `the environment variable ${variable} names a handler in '${module}', but the code of the package is in 'index'; write 'index.${exported}'`);
      }
      return exported;
    }
  }
  return undefined;
}
