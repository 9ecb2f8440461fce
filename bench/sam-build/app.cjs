// The sample's three functions, or the same with inline code.
const [kind, project, outdir, library] = process.argv.slice(2);
const path = require('node:path');
const { createRequire } = require('node:module');

const require_ = createRequire(path.join(library, 'app.cjs'));
const { App, Stack } = require_('aws-cdk-lib');
const lambda = require_('aws-cdk-lib/aws-lambda');

const app = new App({ outdir, analyticsReporting: false });
const stack = new Stack(app, 'Bench');
if (kind === 'floor') {
  for (const id of ['Ts', 'Py', 'Go']) {
    new lambda.Function(stack, id, { runtime: lambda.Runtime.NODEJS_24_X, handler: 'index.handler', code: lambda.Code.fromInline('exports.handler = 1') });
  }
} else {
  const { TracedFunction } = require(library);
  new TracedFunction(stack, 'Ts', { entry: path.join(project, 'ts', 'handler.ts') });
  new TracedFunction(stack, 'Py', { entry: path.join(project, 'py'), runtime: new lambda.Runtime(process.env.BENCH_PYTHON, lambda.RuntimeFamily.PYTHON) });
  new TracedFunction(stack, 'Go', { entry: path.join(project, 'go') });
}
app.synth();
