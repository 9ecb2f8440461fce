// One app, synthesised once. Each kind loads what it needs, as a user's app does.
const [kind, size, sdk, project, outdir, library] = process.argv.slice(2);
const path = require('node:path');
const { createRequire } = require('node:module');

const require_ = createRequire(path.join(project, 'app.cjs'));
const { App, Stack } = require_('aws-cdk-lib');
const lambda = require_('aws-cdk-lib/aws-lambda');

const EXTERNAL = ['@aws-sdk/*', '@smithy/*'];
const external = sdk === 'external' ? EXTERNAL : [];
const makers = {
  floor() {
    return (stack, id) => new lambda.Function(stack, id, { runtime: lambda.Runtime.NODEJS_24_X, handler: 'index.handler', code: lambda.Code.fromInline('exports.handler = 1') });
  },
  traced() {
    const { Bundling, TracedFunction } = require(library);
    return (stack, id, entry) => new TracedFunction(stack, id, { entry, bundling: Bundling.nodejs({ externalModules: external }) });
  },
  nodejs() {
    const { NodejsFunction } = require_('aws-cdk-lib/aws-lambda-nodejs');
    return (stack, id, entry) => new NodejsFunction(stack, id, { entry, runtime: lambda.Runtime.NODEJS_24_X, bundling: { externalModules: external, mainFields: ['module', 'main'] } });
  },
  // An app that exists, as it is, and with the line.
  existing() {
    const { NodejsFunction } = require_('aws-cdk-lib/aws-lambda-nodejs');
    return (stack, id, entry) => new NodejsFunction(stack, id, { entry, runtime: lambda.Runtime.NODEJS_24_X });
  },
  line() {
    require(library).TracedFunctions.everywhere(app);
    return makers.existing();
  },
  // Functions in other languages, each of which is a folder.
  folders() {
    const { Instrumentation, TracedFunction } = require(library);
    return (stack, id, _entry, i) => new TracedFunction(stack, id, { entry: path.join(project, 'functions', `f${i}`), instrumentation: Instrumentation.none() });
  },
};

const app = new App({ outdir, analyticsReporting: false });
const make = makers[kind]();
// CloudFormation takes 500 resources a stack.
const stacks = Array.from({ length: Math.ceil(Number(size) / 100) }, (_, i) => new Stack(app, `Bench${i}`));
for (let i = 0; i < Number(size); i++) {
  make(stacks[Math.floor(i / 100)], `Function${i}`, path.join(project, 'functions', `f${i}.ts`), i);
}
app.synth();
