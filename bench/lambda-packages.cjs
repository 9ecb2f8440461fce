// Makes packages of this library, and of NodejsFunction. Arguments: the output folder, the library, a JSON object of names to
// { construct: 'traced' | 'nodejs' | 'adopted', entry or code, instrumentation, bundling, ... }. Prints a JSON object of names to { folder, handler, environment, layers }.
const path = require('node:path');
const { App, Stack } = require('aws-cdk-lib');
const { Template } = require('aws-cdk-lib/assertions');
const lambda = require('aws-cdk-lib/aws-lambda');
const { NodejsFunction } = require('aws-cdk-lib/aws-lambda-nodejs');

const [outdir, library, wanted] = process.argv.slice(2);
const { Bundling, Instrumentation, SdkDelivery, Traced, TracedFunction } = require(library);

const app = new App({ outdir, analyticsReporting: false });
const stack = new Stack(app, 'Bench');
const made = Object.entries(JSON.parse(wanted)).map(([name, { construct, runtime, instrumentation, sdkDelivery, language, bundling, ...props }]) => {
  const id = name.replace(/\W/g, '');
  if (runtime) props.runtime = new lambda.Runtime(runtime, lambda.RuntimeFamily[runtime.match(/[a-z]+/)[0].toUpperCase()]);
  if (construct === 'nodejs') return [name, new NodejsFunction(stack, id, { ...props, runtime: lambda.Runtime.NODEJS_24_X, bundling })];
  if (construct === 'adopted') return [name, new lambda.Function(stack, id, { ...props, code: lambda.Code.fromAsset(props.code) }).with(new Traced())];
  return [name, new TracedFunction(stack, id, {
    ...props,
    architecture: process.arch === 'arm64' ? lambda.Architecture.ARM_64 : lambda.Architecture.X86_64,
    ...bundling && { bundling: Bundling[language ?? 'nodejs'](bundling) },
    ...instrumentation && { instrumentation: Instrumentation[instrumentation]() },
    ...sdkDelivery && { sdkDelivery: SdkDelivery[sdkDelivery]() },
  })];
});
const { Resources } = Template.fromStack(stack).toJSON();
const folder = key => path.join(outdir, `asset.${key.replace('.zip', '')}`);
console.log(JSON.stringify(Object.fromEntries(made.map(([name, construct]) => {
  const { Code, Environment, Layers = [], Handler } = Resources[stack.getLogicalId(construct.node.defaultChild)].Properties;
  return [name, { folder: folder(Code.S3Key), handler: Handler, environment: Environment?.Variables ?? {}, layers: Layers.map(({ Ref }) => folder(Resources[Ref].Properties.Content.S3Key)) }];
}))));
