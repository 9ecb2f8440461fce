// One app, synthesised once. Prints the milliseconds that it took.
const [kind, size, sdk, project, outdir, library] = process.argv.slice(2);
const path = require('node:path');
const { createRequire } = require('node:module');

const require_ = createRequire(path.join(project, 'app.cjs'));
const { App, Stack } = require_('aws-cdk-lib');
const lambda = require_('aws-cdk-lib/aws-lambda');
const { NodejsFunction } = require_('aws-cdk-lib/aws-lambda-nodejs');
const { Bundling, TracedFunction } = require(library);

const EXTERNAL = ['@aws-sdk/*', '@smithy/*'];
const makers = {
  floor: (stack, id) => new lambda.Function(stack, id, { runtime: lambda.Runtime.NODEJS_24_X, handler: 'index.handler', code: lambda.Code.fromInline('exports.handler = 1') }),
  traced: (stack, id, entry) => new TracedFunction(stack, id, { entry, bundling: sdk === 'external' ? Bundling.nodejs({ externalModules: EXTERNAL }) : undefined }),
  nodejs: (stack, id, entry) => new NodejsFunction(stack, id, { entry, runtime: lambda.Runtime.NODEJS_24_X, bundling: { externalModules: sdk === 'external' ? EXTERNAL : [], mainFields: ['module', 'main'] } }),
};

const started = process.hrtime.bigint();
const app = new App({ outdir, analyticsReporting: false });
const stack = new Stack(app, 'Bench');
for (let i = 0; i < Number(size); i++) {
  makers[kind](stack, `Function${i}`, path.join(project, 'functions', `f${i}.ts`));
}
app.synth();
console.log(Number(process.hrtime.bigint() - started) / 1e6);
