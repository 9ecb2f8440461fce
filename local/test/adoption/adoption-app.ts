import * as fs from 'node:fs';
import * as path from 'node:path';
import { PythonFunction } from '@aws-cdk/aws-lambda-python-alpha';
import { App, Aspects, CfnOutput, CfnResource, CustomResource, Duration, NestedStack, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import * as customResources from 'aws-cdk-lib/custom-resources';
import type { BuildOptions } from 'esbuild';
import { zipSync } from 'fflate';
import { hasMaven } from './adopted';
import { EventStack } from './event-stack';
import { JavaStack } from './java-stack';
import { built, CALLS_ENTRY as entry, INLINE_SOURCE as source, PYTHON_DIR as pythonDir, PYTHON_SOURCE as pythonSource, scratch } from './prebuilt-code';
import { ThirdPartyStack } from './third-party-stack';
import { VendorStack } from './vendor-stack';
import { Instrumentation, Traced, TracedFunction, TracedFunctions } from '../../../lib';

const NODEJS = lambda.Runtime.NODEJS_24_X;
const PYTHON = lambda.Runtime.PYTHON_3_13;
const ESM: BuildOptions = { format: 'esm', mainFields: ['module', 'main'], banner: { js: "import { createRequire } from 'module'; const require = createRequire(import.meta.url);" } };

/** An app that somebody wrote without a thought of tracing. */
class AdoptionStack extends Stack {
  public readonly variables: Record<string, string>;
  private readonly role: iam.Role;

  constructor(app: App) {
    super(app, 'adoption');
    const table = new dynamodb.Table(this, 'Table', { partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING }, removalPolicy: RemovalPolicy.DESTROY });
    const bucket = new s3.Bucket(this, 'Bucket', { removalPolicy: RemovalPolicy.DESTROY });
    const topic = new sns.Topic(this, 'Topic', { topicName: 'adoption' });
    const queue = new sqs.Queue(this, 'Queue', { queueName: 'adoption' });
    this.variables = { TABLE_NAME: table.tableName, BUCKET_NAME: bucket.bucketName, TOPIC_ARN: topic.topicArn, QUEUE_URL: queue.queueUrl };
    this.role = new iam.Role(this, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    this.references();
    this.nodejs();
    this.python();
    this.included();
    new CfnOutput(this, 'BucketName', { value: bucket.bucketName });
  }

  public options(functionName?: string): lambda.FunctionOptions {
    return { functionName, environment: this.variables, memorySize: 512, timeout: Duration.seconds(60), role: this.role };
  }

  private references(): void {
    const instrumentation = Instrumentation.openTelemetry();
    new TracedFunction(this, 'ReferenceNode', { ...this.options('reference-node'), entry, runtime: NODEJS, instrumentation });
    new TracedFunction(this, 'ReferencePython', { ...this.options('reference-python'), entry: pythonDir, handler: 'app.handler', runtime: PYTHON, instrumentation });
  }

  private nodejs(): void {
    const props = { runtime: NODEJS, handler: 'index.handler' };
    const asset = () => lambda.Code.fromAsset(path.dirname(built('asset/index.js')));
    new NodejsFunction(this, 'NodejsFunction', { ...this.options('nodejs-function'), entry, runtime: NODEJS });
    new NodejsFunction(this, 'Esm', { ...this.options('nodejs-function-esm'), entry, runtime: NODEJS, bundling: { format: OutputFormat.ESM, minify: true, bundleAwsSDK: true } });
    new NodejsFunction(this, 'OwnOptions', { ...this.options('nodejs-function-own-options'), entry, runtime: NODEJS, bundling: { assetHash: 'own-options' } });
    new lambda.Function(this, 'Asset', { ...this.options('asset'), ...props, code: asset() });
    new lambda.Function(this, 'AssetEsm', { ...this.options('asset-esm'), ...props, code: lambda.Code.fromAsset(path.dirname(built('esm/index.mjs', ESM))) });
    built('folders/src/api/calls.js');
    new lambda.Function(this, 'InFolder', { ...this.options('asset-in-folder'), ...props, handler: 'src/api/calls.handler', code: lambda.Code.fromAsset(path.join(scratch, 'folders')) });
    fs.writeFileSync(path.join(scratch, 'function.zip'), zipSync({ 'index.js': fs.readFileSync(built('asset/index.js')) }));
    new lambda.Function(this, 'Zip', { ...this.options('zip'), ...props, code: lambda.Code.fromAsset(path.join(scratch, 'function.zip')) });
    new lambda.Function(this, 'Inline', { ...this.options('inline'), ...props, code: lambda.Code.fromInline(source) });
    new lambda.SingletonFunction(this, 'Singleton', { ...this.options('singleton'), ...props, uuid: 'adoption', code: lambda.Code.fromInline(source) });
    new lambda.Function(new NestedStack(this, 'Nested'), 'Function', { ...this.options('nested'), ...props, code: lambda.Code.fromInline(source) });
    const common = { timeout: 60, memorySize: 512, role: this.role.roleArn, environment: { variables: this.variables } };
    new lambda.CfnFunction(this, 'CfnFunction', { ...common, functionName: 'cfn-function', runtime: 'nodejs24.x', handler: 'index.handler', code: { zipFile: source } });
    new CfnResource(this, 'CfnResource', {
      type: 'AWS::Lambda::Function',
      properties: {
        FunctionName: 'cfn-resource', Runtime: 'nodejs24.x', Handler: 'index.handler', Timeout: 60, MemorySize: 512, Role: this.role.roleArn,
        Code: { ZipFile: source }, Environment: { Variables: this.variables },
      },
    });
    new lambda.Function(this, 'ByMixin', { ...this.options('by-mixin'), ...props, code: lambda.Code.fromInline(source) }).with(new Traced());
    new lambda.CfnFunction(this, 'PythonCfn', { ...common, functionName: 'python-cfn-function', runtime: 'python3.13', handler: 'index.handler', code: { zipFile: pythonSource } });
    // Its handler answers `cdk deploy` itself, through the framework's function, which is CDK's own.
    const onEventHandler = new lambda.Function(this, 'OnEvent', {
      ...this.options('of-provider'), ...props, code: lambda.Code.fromInline(`${source};const own=module.exports.handler;module.exports={handler:async event=>event.RequestType?{}:own(event)};`),
    });
    new CustomResource(this, 'Custom', { serviceToken: new customResources.Provider(this, 'Provider', { onEventHandler }).serviceToken });
    Aspects.of(this).add({
      visit: node => {
        if (node === this && !this.node.tryFindChild('ByAspect')) {
          new lambda.Function(this, 'ByAspect', { ...this.options('made-by-aspect'), ...props, code: lambda.Code.fromInline(source) });
        }
      },
    }, { priority: 50 });
  }

  private python(): void {
    const props = { runtime: PYTHON, handler: 'index.handler' };
    new PythonFunction(this, 'PythonFunction', { ...this.options('python-function'), entry: pythonDir, index: 'app.py', runtime: PYTHON });
    new lambda.Function(this, 'PythonAsset', { ...this.options('python-asset'), ...props, handler: 'app.handler', code: lambda.Code.fromAsset(pythonDir) });
    fs.mkdirSync(path.join(scratch, 'python', 'api'), { recursive: true });
    fs.writeFileSync(path.join(scratch, 'python', 'api', 'calls.py'), pythonSource);
    new lambda.Function(this, 'PythonPackage', { ...this.options('python-package'), ...props, handler: 'api.calls.handler', code: lambda.Code.fromAsset(path.join(scratch, 'python')) });
    new lambda.Function(this, 'PythonInline', { ...this.options('python-inline'), ...props, code: lambda.Code.fromInline(pythonSource) });
  }

  private included(): void {
    const fn = (FunctionName: string, Runtime: string, ZipFile: string) => ({
      Type: 'AWS::Lambda::Function',
      Properties: { FunctionName, Runtime, Handler: 'index.handler', Timeout: 60, MemorySize: 512, Role: { 'Fn::GetAtt': ['IncludedRole', 'Arn'] }, Code: { ZipFile }, Environment: { Variables: variables } },
    });
    const names = Object.keys(this.variables);
    const variables = Object.fromEntries(names.map(name => [name, { Ref: name.replace('_', '') }]));
    const template = {
      Parameters: Object.fromEntries(names.map(name => [name.replace('_', ''), { Type: 'String' }])),
      Resources: {
        IncludedRole: {
          Type: 'AWS::IAM::Role',
          Properties: { AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }] } },
        },
        IncludedNode: fn('included', 'nodejs24.x', source),
        IncludedPython: fn('python-included', 'python3.13', pythonSource),
      },
    };
    const templateFile = path.join(scratch, 'template.json');
    fs.writeFileSync(templateFile, JSON.stringify(template));
    new CfnInclude(this, 'Template', { templateFile, parameters: Object.fromEntries(Object.entries(this.variables).map(([name, value]) => [name.replace('_', ''), value])) });
  }
}

const app = new App();
TracedFunctions.everywhere(app);
const adoption = new AdoptionStack(app);
new ThirdPartyStack(app, 'adoption-third-party', { environment: adoption.variables, memorySize: 512, timeout: Duration.seconds(60) }, adoption);
new VendorStack(app, 'adoption-vendor', adoption.options());
new EventStack(app, 'adoption-events', adoption.variables);
if (hasMaven) {
  new JavaStack(app, 'adoption-java');
}
