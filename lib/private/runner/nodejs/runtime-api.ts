import * as fs from 'fs';
import * as path from 'path';
import type { PluginBuild } from 'esbuild';
import { RUNTIME_PREFIX } from './own-modules';
import { NodejsJob } from '../../languages/nodejs-job';

/** What a handler imports to make spans of its own: `span`, `annotate`, `eachRecord`, `withRecord`. */
export const RUNTIME_API = /^cdk-traced-function\/runtime$/;

const NAMESPACE = 'cdk-traced-runtime-api';

/** Gives a function the module that fits what records it. Of that, a package holds what the handler imports. */
export function joinRuntimeApi(build: PluginBuild, { instrumentation, capture }: NodejsJob): void {
  build.onResolve({ filter: RUNTIME_API }, args => ({ path: 'api', namespace: NAMESPACE, pluginData: args.resolveDir, sideEffects: false }));
  if (capture.messages?.mode === 'continue') {
    captureBatchProcessors(build);
  }
  build.onLoad({ filter: /.*/, namespace: NAMESPACE }, args => (
    { contents: source(instrumentation, capture), loader: 'js', resolveDir: args.pluginData as string }
  ));
}

/** Files of the classes that handle the records of a batch. */
const BATCH_PROCESSOR = /[\\/]node_modules[\\/](?:.*[\\/])?@aws-lambda-powertools[\\/]batch[\\/]lib[\\/](esm|cjs)[\\/](BatchProcessor(?:Sync)?)\.js$/;

/** Imports that only a bundle of its own can serve. */
export const BATCH_LIBRARY = /^@aws-lambda-powertools\/batch(?:\/|$)/;

/** Lets Powertools' batch processors in the package handle each record in its own trace. */
function captureBatchProcessors(build: PluginBuild): void {
  build.onLoad({ filter: BATCH_PROCESSOR, namespace: 'file' }, async args => {
    const [, format, name] = BATCH_PROCESSOR.exec(args.path)!;
    const runtime = JSON.stringify(`${RUNTIME_PREFIX}api/powertools-batch.mjs`);
    const capture = format === 'cjs' ? `require(${runtime}).captureBatchProcessor(exports.${name});`
      : `import { captureBatchProcessor as cdkTracedCapture } from ${runtime}; cdkTracedCapture(${name});`;
    return { contents: `${await fs.promises.readFile(args.path, 'utf8')}\n;${capture}\n`, loader: 'js', resolveDir: path.dirname(args.path) };
  });
}

function source(instrumentation: NodejsJob['instrumentation'], { messages, sampling }: NodejsJob['capture']): string {
  const file = (name: string) => JSON.stringify(`${RUNTIME_PREFIX}api/${name}.mjs`);
  const handling = messages?.mode === 'continue' ? 'open-telemetry-records' : sampling ? 'kept-records' : 'plain-records';
  const records = `export { eachRecord, withRecord } from ${file(handling)};`;
  switch (instrumentation) {
    case 'xray-sdk': return [
      'import AWSXRay from "aws-xray-sdk-core";',
      `import { xrayApi } from ${file('xray-sdk')};`,
      'const { span, annotate } = /* @__PURE__ */ xrayApi(AWSXRay);',
      'export { span, annotate };',
      records,
    ].join('\n');
    case 'open-telemetry': return `export { span, annotate } from ${file('open-telemetry')};\n${records}`;
    default: return `export * from ${file('untraced')};`;
  }
}
