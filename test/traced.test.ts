import * as fs from 'fs';
import * as path from 'path';
import { App, Aspects, CfnResource, CustomResource, CustomResourceProvider, Duration, Fn, Mixins, NestedStack, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as s3n from 'aws-cdk-lib/aws-s3-notifications';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import * as customResources from 'aws-cdk-lib/custom-resources';
import { fixture, NODEJS_ENTRY, projectFolder, testApp, WITHOUT_BUNDLING } from './test-app';
import { Instrumentation, Traced, TracedFunction, TracedFunctions, TracedFunctionsProps, TracingPermissions, TracingReportEntry } from '../lib';

const CAPTURE = { nodejs: '/opt/nodejs/cdk-traced-function/handler.handler', python: 'cdk_traced_function.handler' };
const WRITE_ACCESS = { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':iam::aws:policy/AWSXRayDaemonWriteAccess']] };
const INLINE = lambda.Code.fromInline('exports.handler = async () => 1;');
const props = { runtime: lambda.Runtime.NODEJS_22_X, handler: 'index.handler', code: INLINE };

interface Synthesized {
  readonly template: Template;
  readonly functions: Record<string, any>;
  readonly report: TracingReportEntry[];
  readonly stack: Stack;
}

/** Synthesizes a stack with the line. Functions by the beginning of their logical ids. */
function synthesize(build: (stack: Stack) => void, options: TracedFunctionsProps = {}): Synthesized {
  const app = testApp(WITHOUT_BUNDLING);
  const traced = TracedFunctions.everywhere(app, options);
  const stack = new Stack(app, 'Stack');
  build(stack);
  const template = Template.fromStack(stack);
  const functions = Object.fromEntries(Object.entries({ ...template.findResources('AWS::Lambda::Function'), ...template.findResources('AWS::Serverless::Function') })
    .map(([id, { Properties }]) => [id.replace(/[0-9A-F]{8}$/, ''), Properties]));
  return { template, functions, report: traced.report, stack };
}

const entry = (report: TracingReportEntry[], constructPath: string) => report.find(({ path: name }) => name === constructPath);

describe('a function of lambda.Function', () => {
  test.each([
    ['nodejs', lambda.Runtime.NODEJS_22_X, INLINE],
    ['nodejs', lambda.Runtime.NODEJS_LATEST, lambda.Code.fromAsset(projectFolder({ 'index.js': 'exports.handler = 1' }))],
    ['python', lambda.Runtime.PYTHON_3_13, lambda.Code.fromInline('def handler(event, context): pass')],
    ['python', lambda.Runtime.PYTHON_3_13, lambda.Code.fromInline('from aws_lambda_powertools import Logger, Metrics\nTracer = None')],
  ] as const)('in %s gets the layer, and keeps its own handler in a variable', (family, runtime, code) => {
    const { template, functions, report } = synthesize(stack => {
      new lambda.Function(stack, 'Function', { runtime, code, handler: 'index.handler', environment: { OWN: '1' } });
      new lambda.Function(stack, 'Other', { runtime, code, handler: 'index.other' });
    });
    expect(functions.Function).toMatchObject({
      Handler: CAPTURE[family], TracingConfig: { Mode: 'Active' }, Environment: { Variables: { OWN: '1', CDK_TRACED_FUNCTION_HANDLER: 'index.handler' } },
      Layers: [{ Ref: expect.stringMatching(`^CaptureLayer${family}`) }],
    });
    expect(functions.Other).toMatchObject({ Layers: functions.Function.Layers, Environment: { Variables: { CDK_TRACED_FUNCTION_HANDLER: 'index.other' } } });
    template.resourceCountIs('AWS::Lambda::LayerVersion', 1);
    expect(entry(report, 'Stack/Function')).toEqual({
      path: 'Stack/Function', level: 'layer', reason: undefined,
      changes: ['tracing mode: Active', 'role: AWSXRayDaemonWriteAccess', `layer: capture (${family})`, `handler: ${CAPTURE[family]}`, 'variables: CDK_TRACED_FUNCTION_HANDLER'],
    });
  });

  test('in Java gets the jars of the X-Ray SDK', () => {
    const { functions } = synthesize(stack => new lambda.Function(stack, 'Function', {
      runtime: lambda.Runtime.JAVA_21, handler: 'a.B', code: lambda.Code.fromAsset(projectFolder({ 'a/B.class': '' })), architecture: lambda.Architecture.ARM_64,
    }));
    expect(functions.Function).toMatchObject({ Handler: 'a.B', Layers: [{ Ref: expect.stringMatching(/^TracingLayerjavaarm64/) }] });
  });

  test.each<[string, (stack: Stack) => lambda.Function, RegExp]>([
    ['in another language', stack => new lambda.Function(stack, 'Function', { runtime: lambda.Runtime.PROVIDED_AL2023, handler: 'bootstrap', code: lambda.Code.fromAsset(fixture('go')) }), /takes its tracing SDK from no layer/],
    ['in a container image', stack => new lambda.DockerImageFunction(stack, 'Function', { code: lambda.DockerImageCode.fromEcr({ repositoryArn: 'arn:aws:ecr:eu-west-1:123456789012:repository/r', repositoryName: 'r' } as any) }), /container image/],
    ['with five layers', stack => new lambda.Function(stack, 'Function', { ...props, layers: [1, 2, 3, 4, 5].map(i => lambda.LayerVersion.fromLayerVersionArn(stack, `L${i}`, `arn:aws:lambda:eu-west-1:123456789012:layer:l${i}:1`)) }), /it has 5 layers, and Lambda allows 5/],
    ['with an exec wrapper', stack => new lambda.Function(stack, 'Function', { ...props, environment: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/bootstrap' } }), /exec wrapper, \/opt\/bootstrap/],
    ['that calls the X-Ray SDK itself, inline', stack => new lambda.Function(stack, 'Function', { ...props, code: lambda.Code.fromInline("const x = require('aws-xray-sdk-core');") }), /its code records its calls itself/],
    ['that calls the X-Ray SDK itself, bundled', stack => new lambda.Function(stack, 'Function', { ...props, code: lambda.Code.fromAsset(projectFolder({ 'dist/index.js': 'process.env.AWS_XRAY_CONTEXT_MISSING' })) }), /its code records its calls itself/],
    ['with Powertools\' tracer from a layer', stack => new lambda.Function(stack, 'Function', { ...props, code: lambda.Code.fromInline("const { Tracer } = require('@aws-lambda-powertools/tracer');") }), /its code records its calls itself/],
    ['with that for Python', stack => new lambda.Function(stack, 'Function', { runtime: lambda.Runtime.PYTHON_3_13, handler: 'app.handler', code: lambda.Code.fromAsset(projectFolder({ 'app.py': 'from aws_lambda_powertools import (\n    Logger,\n    Tracer,\n)\n' })) }), /its code records its calls itself/],
    ['with the X-Ray SDK among its modules', stack => new lambda.Function(stack, 'Function', { ...props, code: lambda.Code.fromAsset(projectFolder({ 'index.js': '', 'node_modules/aws-xray-sdk-core/package.json': '{}' })) }), /its code records its calls itself/],
  ])('%s shows Lambda\'s own segments, and the report says why', (_, make, reason) => {
    const { functions, report, template } = synthesize(stack => {
      if (_ === 'in a container image') {
        new lambda.CfnFunction(stack, 'Function', { role: new iam.Role(stack, 'Role', { assumedBy: new iam.AnyPrincipal() }).roleArn, code: { imageUri: 'image' }, packageType: 'Image' });
      } else {
        make(stack);
      }
    });
    const { Function: fn } = functions;
    expect(fn.TracingConfig).toEqual({ Mode: 'Active' });
    expect(fn.Environment?.Variables?.CDK_TRACED_FUNCTION_HANDLER).toBeUndefined();
    expect(entry(report, 'Stack/Function')).toMatchObject({ level: 'segments', reason: expect.stringMatching(reason) });
    template.resourceCountIs('AWS::Lambda::LayerVersion', 0);
  });

  test('keeps a mode that was chosen, and gets no second permission', () => {
    const { functions, report, template } = synthesize(stack => {
      new lambda.Function(stack, 'Active', { ...props, tracing: lambda.Tracing.ACTIVE });
      new lambda.Function(stack, 'PassThrough', { ...props, tracing: lambda.Tracing.PASS_THROUGH });
    });
    expect([functions.Active.TracingConfig, functions.PassThrough.TracingConfig]).toEqual([{ Mode: 'Active' }, { Mode: 'PassThrough' }]);
    expect(JSON.stringify(template)).not.toContain('AWSXRayDaemonWriteAccess');
    expect(entry(report, 'Stack/PassThrough')?.reason).toMatch(/mode PassThrough, as set/);
  });

  test('with Tracing.DISABLED is left, unless that is overridden', () => {
    const build = (stack: Stack) => new lambda.Function(stack, 'Function', { ...props, tracing: lambda.Tracing.DISABLED });
    const left = synthesize(build);
    expect(left.functions.Function).toMatchObject({ Handler: 'index.handler' });
    expect(left.functions.Function.TracingConfig).toBeUndefined();
    expect(entry(left.report, 'Stack/Function')).toMatchObject({ level: 'untraced', reason: expect.stringMatching(/Tracing\.DISABLED; set 'override'/), changes: [] });
    expect(synthesize(build, { override: true }).functions.Function.TracingConfig).toEqual({ Mode: 'Active' });
  });

  test('has another version when it is traced, and the same asset', () => {
    const folder = projectFolder({ 'index.js': 'exports.handler = 1' });
    const build = (stack: Stack) => new lambda.Function(stack, 'Function', { ...props, code: lambda.Code.fromAsset(folder) }).currentVersion;
    const traced = synthesize(build);
    const app = testApp(WITHOUT_BUNDLING);
    const plain = new Stack(app, 'Stack');
    build(plain);
    const untraced = Template.fromStack(plain);
    expect(Object.keys(traced.template.findResources('AWS::Lambda::Version'))).not.toEqual(Object.keys(untraced.findResources('AWS::Lambda::Version')));
    expect(traced.functions.Function.Code).toEqual(Object.values(untraced.findResources('AWS::Lambda::Function'))[0].Properties.Code);
  });

  test('whose version has an id of its own is told of', () => {
    const { report } = synthesize(stack => new lambda.Version(stack, 'V1', { lambda: new lambda.Function(stack, 'Function', props) }));
    expect(entry(report, 'Stack/Function')?.reason).toMatch(/the version 'Stack\/V1' stays as it was published/);
  });

  test('whose properties were overridden is traced as it will be', () => {
    const { functions } = synthesize(stack => {
      const resource = new lambda.Function(stack, 'Function', props).node.defaultChild as CfnResource;
      resource.addPropertyOverride('Handler', 'other.main');
      resource.addPropertyOverride('Layers', ['arn:aws:lambda:eu-west-1:123456789012:layer:own:1']);
      resource.addPropertyOverride('Environment.Variables.OWN', 'own');
    });
    expect(functions.Function).toMatchObject({
      Handler: CAPTURE.nodejs, Environment: { Variables: { OWN: 'own', CDK_TRACED_FUNCTION_HANDLER: 'other.main' } },
      Layers: ['arn:aws:lambda:eu-west-1:123456789012:layer:own:1', { Ref: expect.stringMatching(/^CaptureLayernodejs/) }],
    });
  });

  test('is captured as it was chosen', () => {
    const { functions } = synthesize(stack => new lambda.Function(stack, 'Function', props), {
      instrumentation: Instrumentation.openTelemetry({ captureHttp: false, annotations: { service: 'orders' } }),
    });
    expect(functions.Function.Environment.Variables).toEqual({
      CDK_TRACED_FUNCTION_HANDLER: 'index.handler', CDK_TRACED_FUNCTION_CAPTURE: '{"clients":["aws-sdk","fetch"]}', CDK_TRACED_FUNCTION_ANNOTATIONS: '{"service":"orders"}',
    });
  });

  test('gets AWS\'s own layer when that was chosen', () => {
    const layerVersionArn = 'arn:aws:lambda:eu-west-1:615299751070:layer:AWSOpenTelemetryDistroJs:15';
    const { functions } = synthesize(stack => new lambda.Function(stack, 'Function', props), { instrumentation: Instrumentation.adotLayer({ layerVersionArn }) });
    expect(functions.Function).toMatchObject({ Handler: 'index.handler', Layers: [layerVersionArn], Environment: { Variables: { AWS_LAMBDA_EXEC_WRAPPER: '/opt/otel-instrument' } } });
  });
});

describe('the permission to send', () => {
  test('is a statement where managed policies are forbidden', () => {
    const { template } = synthesize(stack => new lambda.Function(stack, 'Function', props), { permissions: TracingPermissions.INLINE_STATEMENT });
    expect(JSON.stringify(template)).not.toContain('AWSXRayDaemonWriteAccess');
    template.hasResourceProperties('AWS::IAM::Policy', { PolicyDocument: { Statement: [{ Effect: 'Allow', Resource: '*', Action: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'] }] } });
  });

  test('is once on a role that functions share', () => {
    const { template } = synthesize(stack => {
      const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
      new lambda.Function(stack, 'One', { ...props, role });
      new lambda.Function(stack, 'Two', { ...props, role });
    });
    template.hasResourceProperties('AWS::IAM::Role', { ManagedPolicyArns: [WRITE_ACCESS] });
  });

  test.each<[string, (stack: Stack) => void, string]>([
    ['an imported role', stack => new lambda.Function(stack, 'Function', { ...props, role: iam.Role.fromRoleArn(stack, 'Role', 'arn:aws:iam::123456789012:role/theirs') }), '/Stack/Function'],
    ['a role that a template names by its ARN', stack => new lambda.CfnFunction(stack, 'Function', { role: 'arn:aws:iam::123456789012:role/theirs', code: { zipFile: 'x' }, runtime: 'nodejs22.x', handler: 'index.handler' }), '/Stack/Function'],
    ['a role from another stack\'s exports', stack => new lambda.CfnFunction(stack, 'Function', { role: Fn.importValue('role'), code: { zipFile: 'x' }, runtime: 'nodejs22.x', handler: 'index.handler' }), '/Stack/Function'],
  ])('is warned of for %s, and the function is traced', (_, build, constructPath) => {
    const { stack, functions } = synthesize(build);
    Annotations.fromStack(stack).hasWarning(constructPath, Match.stringLikeRegexp('AWSXRayDaemonWriteAccess.*\\[ack: cdk-traced-function:importedRole\\]'));
    expect(functions.Function.Handler).toBe(CAPTURE.nodejs);
  });
});

describe('a function of a template', () => {
  const role = { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }] }, ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'] } };
  const include = (resources: object, more: object = {}, options?: TracedFunctionsProps) => synthesize(stack => {
    const folder = projectFolder({ 'template.json': JSON.stringify({ Resources: resources, ...more }) });
    new CfnInclude(stack, 'Template', { templateFile: path.join(folder, 'template.json') });
  }, options);
  const fn = (properties: object) => ({
    Type: 'AWS::Lambda::Function',
    Properties: { Runtime: 'python3.13', Handler: 'app.handler', Role: { 'Fn::GetAtt': ['Role', 'Arn'] }, Code: { S3Bucket: 'bucket', S3Key: 'k' }, ...properties },
  });

  test.each([
    ['Fn::GetAtt', { 'Fn::GetAtt': ['Role', 'Arn'] }],
    ['Fn::GetAtt in short', { 'Fn::GetAtt': 'Role.Arn' }],
    ['Fn::Sub', { 'Fn::Sub': '${Role.Arn}' }],
  ])('gets the layer, and its role the permission (%s)', (_, reference) => {
    const { functions, template } = include({ Role: role, Fn: fn({ Role: reference, Environment: { Variables: { TABLE: { Ref: 'Role' } } } }) });
    expect(functions.Fn).toMatchObject({
      Handler: CAPTURE.python, TracingConfig: { Mode: 'Active' }, Layers: [{ Ref: expect.stringMatching(/^CaptureLayerpython/) }], Code: { S3Bucket: 'bucket', S3Key: 'k' },
      Environment: { Variables: { TABLE: { Ref: 'Role' }, CDK_TRACED_FUNCTION_HANDLER: 'app.handler' } },
    });
    const { ManagedPolicyArns } = template.findResources('AWS::IAM::Role').Role.Properties;
    expect(ManagedPolicyArns).toEqual([...role.Properties.ManagedPolicyArns, { 'Fn::Sub': 'arn:${AWS::Partition}:iam::aws:policy/AWSXRayDaemonWriteAccess' }]);
  });

  test('gets a statement where managed policies are forbidden', () => {
    const { template } = include({ Role: role, Fn: fn({}), Other: fn({}) }, {}, { permissions: TracingPermissions.INLINE_STATEMENT });
    const { Policies, ManagedPolicyArns } = template.findResources('AWS::IAM::Role').Role.Properties;
    expect([Policies.length, ManagedPolicyArns]).toEqual([1, role.Properties.ManagedPolicyArns]);
  });

  test('whose handler is a parameter passes it on', () => {
    const { functions } = include({ Role: role, Fn: fn({ Handler: { Ref: 'Handler' } }) }, { Parameters: { Handler: { Type: 'String' } } });
    expect(functions.Fn.Environment.Variables).toEqual({ CDK_TRACED_FUNCTION_HANDLER: { Ref: 'Handler' } });
  });

  test.each<[string, object, RegExp]>([
    ['runtime', { Runtime: { Ref: 'Value' } }, /its runtime is only known at deployment/],
    ['layers', { Layers: { 'Fn::Split': [',', { Ref: 'Value' }] } }, /its layers are only known at deployment/],
    ['variables', { Environment: { 'Fn::If': ['Condition', { Variables: {} }, { Ref: 'AWS::NoValue' }] } }, /its environment variables are only known at deployment/],
  ])('whose %s are known at deployment only shows Lambda\'s own segments', (_, properties, reason) => {
    const { report } = include({ Role: role, Fn: fn(properties) }, { Parameters: { Value: { Type: 'String' } }, Conditions: { Condition: { 'Fn::Equals': [{ Ref: 'Value' }, 'x'] } } });
    expect(entry(report, 'Stack/Template/Fn')).toMatchObject({ level: 'segments', reason: expect.stringMatching(reason) });
  });

  test('made with SAM gets the layer, and SAM gives the permission', () => {
    const { functions, report, template } = include({
      Fn: { Type: 'AWS::Serverless::Function', Properties: { Runtime: 'nodejs22.x', Handler: 'app.handler', CodeUri: { Bucket: 'bucket', Key: 'k' }, AutoPublishAlias: 'live' } },
    }, { Transform: 'AWS::Serverless-2016-10-31' });
    expect(functions.Fn).toMatchObject({ Handler: CAPTURE.nodejs, Tracing: 'Active', Environment: { Variables: { CDK_TRACED_FUNCTION_HANDLER: 'app.handler' } } });
    expect(entry(report, 'Stack/Template/Fn')?.reason).toMatch(/AutoPublishAliasAllProperties/);
    Annotations.fromStack(synthesize(() => { /* nothing */ }).stack).hasNoWarning('*', Match.anyValue());
    template.resourceCountIs('AWS::IAM::Role', 0);
  });
});

test('a function of Lambda@Edge is left alone, whoever made the distribution', () => {
  const { functions, report } = synthesize(stack => {
    const edge = new lambda.Function(stack, 'Edge', props);
    new cloudfront.Distribution(stack, 'Distribution', {
      defaultBehavior: { origin: new origins.HttpOrigin('example.com'), edgeLambdas: [{ functionVersion: edge.currentVersion, eventType: cloudfront.LambdaEdgeEventType.VIEWER_REQUEST }] },
    });
    const folder = projectFolder({
      'template.json': JSON.stringify({
        Resources: {
          Fn: { Type: 'AWS::Lambda::Function', Properties: { Runtime: 'nodejs22.x', Handler: 'index.handler', Role: 'arn:aws:iam::123456789012:role/r', Code: { ZipFile: 'x' } } },
          V: { Type: 'AWS::Lambda::Version', Properties: { FunctionName: { Ref: 'Fn' } } },
          D: { Type: 'AWS::CloudFront::Distribution', Properties: { DistributionConfig: { Enabled: true, DefaultCacheBehavior: { TargetOriginId: 'o', ViewerProtocolPolicy: 'allow-all', LambdaFunctionAssociations: [{ EventType: 'viewer-request', LambdaFunctionARN: { Ref: 'V' } }] } } } },
        },
      }),
    });
    new CfnInclude(stack, 'Template', { templateFile: path.join(folder, 'template.json') });
  });
  for (const id of ['Edge', 'Fn']) {
    expect(functions[id].Handler).toBe('index.handler');
    expect(functions[id].TracingConfig).toBeUndefined();
  }
  expect(report.filter(({ reason }) => /Lambda@Edge/.test(reason ?? '')).map(({ path: name }) => name)).toEqual(['Stack/Edge', 'Stack/Template/Fn']);
});

describe('CDK\'s own handlers', () => {
  const build = (stack: Stack) => {
    const bucket = new s3.Bucket(stack, 'Bucket', { autoDeleteObjects: true, removalPolicy: 'destroy' as any });
    bucket.addEventNotification(s3.EventType.OBJECT_CREATED, new s3n.LambdaDestination(new lambda.Function(stack, 'Own', { ...props, logRetention: 1 })));
    new customResources.AwsCustomResource(stack, 'Call', {
      onCreate: { service: 'S3', action: 'listBuckets', physicalResourceId: customResources.PhysicalResourceId.of('x') },
      policy: customResources.AwsCustomResourcePolicy.fromSdkCalls({ resources: ['*'] }), installLatestAwsSdk: false,
    });
    const provider = new customResources.Provider(stack, 'Provider', { onEventHandler: new lambda.Function(stack, 'OnEvent', props) });
    new CustomResource(stack, 'Custom', { serviceToken: provider.serviceToken });
    CustomResourceProvider.getOrCreate(stack, 'Custom::Mine', { codeDirectory: projectFolder({ 'index.js': 'exports.handler = async () => 1;' }), runtime: 'nodejs22.x' as any, timeout: Duration.minutes(1) });
  };

  test('are left out, and those of the app are not', () => {
    const { report } = synthesize(build);
    const untraced = report.filter(({ level }) => level === 'untraced');
    expect(untraced.map(({ path: name }) => name.replace(/[0-9a-f]{32}/, 'ID'))).toEqual([
      'Stack/AWSID', 'Stack/BucketNotificationsHandlerID', 'Stack/Custom::S3AutoDeleteObjectsCustomResourceProvider/Handler', 'Stack/LogRetentionID', 'Stack/Provider/framework-onEvent',
    ]);
    expect(new Set(untraced.map(({ reason }) => reason))).toEqual(new Set(["a handler of CDK's own; set 'cdkHandlers' to trace it"]));
    expect(report.filter(({ level }) => level === 'layer').map(({ path: name }) => name)).toEqual(['Stack/Custom::MineCustomResourceProvider/Handler', 'Stack/OnEvent', 'Stack/Own']);
  });

  test('are traced when that is wanted', () => {
    const { report } = synthesize(build, { cdkHandlers: true });
    expect(report.filter(({ level }) => level === 'untraced')).toEqual([]);
  });
});

describe('where it reaches', () => {
  test('stages, nested stacks and functions that an aspect makes', () => {
    const app = testApp(WITHOUT_BUNDLING);
    const traced = TracedFunctions.everywhere(app);
    const stage = new Stage(app, 'Stage');
    const inStage = new Stack(stage, 'Stack');
    new lambda.CfnFunction(inStage, 'Cfn', { role: 'arn:aws:iam::123456789012:role/r', code: { zipFile: 'x' }, runtime: 'nodejs22.x', handler: 'index.handler' });
    const stack = new Stack(app, 'Stack');
    new lambda.Function(new NestedStack(stack, 'Nested'), 'Function', props);
    app.synth();
    expect(traced.report.map(({ path: name, level }) => [name, level])).toEqual([['Stack/Nested/Function', 'layer'], ['Stage/Stack/Cfn', 'layer']]);
  });

  test('one construct, or those of a scope, by a mixin; later ones by an aspect', () => {
    const stack = new Stack(testApp(WITHOUT_BUNDLING), 'Stack');
    const one = new lambda.Function(stack, 'One', props);
    const untouched = new lambda.Function(stack, 'Untouched', props);
    expect(one.with(new Traced())).toBe(one);
    const scope = new Stack(stack.node.root as App, 'Other');
    new lambda.Function(scope, 'Two', props);
    Mixins.of(scope).requireAny().apply(new Traced());
    const later = new Stack(stack.node.root as App, 'Later');
    Aspects.of(later).add(new Traced());
    new lambda.Function(later, 'Three', props);
    const handlers = [stack, scope, later].flatMap(s => Object.entries(Template.fromStack(s).findResources('AWS::Lambda::Function')).map(([id, { Properties }]) => [id.replace(/[0-9A-F]{8}$/, ''), Properties.Handler]));
    expect(handlers).toEqual([['One', CAPTURE.nodejs], ['Untouched', 'index.handler'], ['Two', CAPTURE.nodejs], ['Three', CAPTURE.nodejs]]);
    expect(untouched.node.path).toBe('Stack/Untouched');
  });

  test('not what is excluded, nor what is TracedFunction', () => {
    const { functions, report } = synthesize(stack => {
      new lambda.Function(stack, 'Left', props);
      new TracedFunction(stack, 'Already', { entry: NODEJS_ENTRY });
      new lambda.Function(new Stack(stack, 'Inner'), 'Function', props);
    }, { exclude: ['Stack/L*', '**/Inner'] });
    expect(functions.Left.Handler).toBe('index.handler');
    expect(report.map(({ path: name, level, reason }) => [name, level, reason])).toEqual([
      ['Stack/Already', 'traced-function', undefined], ['Stack/Inner/Function', 'untraced', "excluded by '**/Inner'"], ['Stack/Left', 'untraced', "excluded by 'Stack/L*'"],
    ]);
  });

  test('an exclusion that excludes nothing fails', () => {
    expect(() => synthesize(stack => new lambda.Function(stack, 'Function', props), { exclude: ['Stack/Funtcion'] }))
      .toThrow(/'exclude' names 'Stack\/Funtcion', where there is no function/);
  });
});

test('the report lies beside the templates, and one line sums it up', () => {
  const app = testApp(WITHOUT_BUNDLING);
  const traced = TracedFunctions.everywhere(app);
  const stack = new Stack(app, 'Stack');
  new lambda.Function(stack, 'Function', props);
  const written = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  const { directory } = app.synth();
  app.synth();
  const lines = written.mock.calls.map(([text]) => String(text)).filter(text => text.includes('functions traced'));
  written.mockRestore();
  expect(JSON.parse(fs.readFileSync(path.join(directory, 'tracing-report.json'), 'utf8'))).toEqual({ version: 1, entries: JSON.parse(JSON.stringify(traced.report)) });
  expect(lines).toEqual([expect.stringMatching(/^cdk-traced-function: 1 of 1 functions traced: 1 by a layer \(.*tracing-report\.json\)\n$/)]);
});

test('an app in another language has the report, too: jsii calls the method of the class', () => {
  const app = testApp(WITHOUT_BUNDLING);
  TracedFunctions.everywhere(app);
  new lambda.Function(new Stack(new Stage(app, 'Stage'), 'Stack'), 'Function', props);
  const { directory } = app.constructor.prototype.synth.call(app);
  const { entries } = JSON.parse(fs.readFileSync(path.join(directory, 'tracing-report.json'), 'utf8'));
  expect(entries).toMatchObject([{ path: 'Stage/Stack/Function', level: 'layer' }]);
});

test('without the line the template is what it was, to the byte', () => {
  const build = (line: boolean) => {
    const app = testApp(WITHOUT_BUNDLING);
    if (line) {
      TracedFunctions.everywhere(app);
    }
    const stack = new Stack(app, 'Stack');
    const fn = new lambda.Function(stack, 'Function', { ...props, currentVersionOptions: {} });
    fn.addAlias('live');
    return fs.readFileSync(path.join(app.synth().directory, 'Stack.template.json'), 'utf8');
  };
  const before = build(false);
  expect(build(true)).not.toBe(before);
  expect(build(false)).toBe(before);
});

test('TracedFunction refuses Lambda@Edge', () => {
  const stack = new Stack(testApp(WITHOUT_BUNDLING), 'Stack');
  const fn = new TracedFunction(stack, 'Edge', { entry: NODEJS_ENTRY });
  new cloudfront.Distribution(stack, 'Distribution', {
    defaultBehavior: { origin: new origins.HttpOrigin('example.com'), edgeLambdas: [{ functionVersion: fn.currentVersion, eventType: cloudfront.LambdaEdgeEventType.VIEWER_REQUEST }] },
  });
  expect(() => Template.fromStack(stack)).toThrow(/TracedFunction 'Stack\/Edge': Lambda@Edge has no X-Ray, no layers and no environment variables; use lambda\.Function/);
});
