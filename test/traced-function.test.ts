import * as fs from 'fs';
import * as path from 'path';
import { Aspects, IAspect, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { IConstruct } from 'constructs';
import { fixture, GO_ENTRY, NODEJS_ENTRY, projectFolder, PYTHON_ENTRY, testStack, tracedFunction } from './test-app';
import { Bundling, Instrumentation, SdkDelivery, TracedFunction, TracedFunctionProps } from '../lib';

function templateOf(fn: TracedFunction): Template {
  return Template.fromStack(Stack.of(fn));
}

function functionProperties(fn: TracedFunction): Record<string, any> {
  return Object.values(templateOf(fn).findResources('AWS::Lambda::Function'))[0].Properties;
}

const WRITE_ACCESS = { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':iam::aws:policy/AWSXRayDaemonWriteAccess']] };

describe('tracing mode', () => {
  test.each([
    [undefined, 'Active'],
    [lambda.Tracing.ACTIVE, 'Active'],
    [lambda.Tracing.PASS_THROUGH, 'PassThrough'],
  ])('%s gives %s', (tracing, mode) => {
    expect(functionProperties(tracedFunction({ tracing })).TracingConfig).toEqual({ Mode: mode });
  });

  test('fails when disabled', () => {
    expect(() => tracedFunction({ tracing: lambda.Tracing.DISABLED }))
      .toThrow("TracedFunction 'Stack/Function': tracing 'Disabled' contradicts a traced function; use lambda.Function, or set ACTIVE or PASS_THROUGH");
  });
});

describe('permission to send traces', () => {
  function writeAccessCount(stack: Stack): number {
    const roles = Object.values(Template.fromStack(stack).findResources('AWS::IAM::Role'));
    return roles.flatMap(role => role.Properties.ManagedPolicyArns ?? []).filter(arn => JSON.stringify(arn) === JSON.stringify(WRITE_ACCESS)).length;
  }

  test.each([lambda.Tracing.ACTIVE, lambda.Tracing.PASS_THROUGH])('is the managed policy, once, and no statement of its own (%s)', tracing => {
    const fn = tracedFunction({ tracing });
    expect(writeAccessCount(Stack.of(fn))).toBe(1);
    expect(JSON.stringify(templateOf(fn))).not.toContain('xray:');
    templateOf(fn).resourceCountIs('AWS::IAM::Policy', 0);
  });

  test('stays one on a role that two functions share', () => {
    const stack = testStack();
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    new TracedFunction(stack, 'One', { entry: NODEJS_ENTRY, role });
    new TracedFunction(stack, 'Two', { entry: PYTHON_ENTRY, role });
    expect(writeAccessCount(stack)).toBe(1);
  });

  test('stays one on a role that has the policy already', () => {
    const stack = testStack();
    const managedPolicies = [iam.ManagedPolicy.fromAwsManagedPolicyName('AWSXRayDaemonWriteAccess')];
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'), managedPolicies });
    new TracedFunction(stack, 'Function', { entry: NODEJS_ENTRY, role });
    expect(writeAccessCount(stack)).toBe(1);
  });

  test('goes to a role that is made on demand', () => {
    const stack = testStack();
    const role = new iam.LazyRole(stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    new TracedFunction(stack, 'Function', { entry: NODEJS_ENTRY, role });
    expect(writeAccessCount(stack)).toBe(1);
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });

  test('is reported for a role that is made outside the app', () => {
    const stack = testStack();
    iam.Role.customizeRoles(stack);
    new TracedFunction(stack, 'Function', { entry: NODEJS_ENTRY });
    const { directory } = Stage.of(stack)!.synth();
    expect(fs.readFileSync(path.join(directory, 'iam-policy-report.json'), 'utf8')).toContain('AWSXRayDaemonWriteAccess');
    Annotations.fromStack(stack).hasNoWarning('*', Match.anyValue());
  });

  test.each([
    ['imported', (stack: Stack) => iam.Role.fromRoleArn(stack, 'Role', 'arn:aws:iam::123456789012:role/theirs')],
    ['immutable', (stack: Stack) => iam.Role.fromRoleArn(stack, 'Role', 'arn:aws:iam::123456789012:role/theirs', { mutable: false })],
    ['own, without updates', (stack: Stack) => new iam.Role(stack, 'Role', { roleName: 'theirs', assumedBy: new iam.AnyPrincipal() }).withoutPolicyUpdates()],
  ])('warns on an %s role and leaves the function traced', (_, makeRole) => {
    const stack = testStack();
    const fn = new TracedFunction(stack, 'Function', { entry: NODEJS_ENTRY, role: makeRole(stack) });
    Annotations.fromStack(stack).hasWarning('/Stack/Function', Match.stringLikeRegexp('AWSXRayDaemonWriteAccess.*\\[ack: cdk-traced-function:importedRole\\]'));
    expect(functionProperties(fn).TracingConfig).toEqual({ Mode: 'Active' });
    expect(writeAccessCount(stack)).toBe(0);
  });

  test('warns with a path where the name of the role is not known yet', () => {
    const stack = testStack();
    const role = new iam.Role(stack, 'Role', { assumedBy: new iam.AnyPrincipal() }).withoutPolicyUpdates();
    new TracedFunction(stack, 'Function', { entry: NODEJS_ENTRY, role });
    Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('Token'));
    Annotations.fromStack(stack).hasWarning('/Stack/Function', Match.stringLikeRegexp("the role 'Stack/ImmutableRole"));
  });
});

describe('current version', () => {
  function versionId(props: Partial<TracedFunctionProps> = {}): string {
    const fn = tracedFunction(props);
    expect(fn.currentVersion.version).toBeDefined();
    return Object.keys(templateOf(fn).findResources('AWS::Lambda::Version'))[0];
  }

  test('changes with the tracing mode', () => {
    expect(versionId()).toBe(versionId({ tracing: lambda.Tracing.ACTIVE }));
    expect(versionId()).not.toBe(versionId({ tracing: lambda.Tracing.PASS_THROUGH }));
  });

  test('changes with a mode that an aspect sets', () => {
    const fn = tracedFunction();
    const passThrough: IAspect = {
      visit: (node: IConstruct) => node instanceof lambda.CfnFunction ? node.tracingConfig = { mode: 'PassThrough' } : undefined,
    };
    Aspects.of(fn).add(passThrough);
    expect(fn.currentVersion.version).toBeDefined();
    expect(Object.keys(templateOf(fn).findResources('AWS::Lambda::Version'))[0]).not.toBe(versionId());
  });
});

describe('defaults by language', () => {
  test.each<[string, string, string, string]>([
    ['a TypeScript file', NODEJS_ENTRY, 'nodejs24.x', 'index.handler'],
    ['a JavaScript file', fixture('nodejs', 'return-event.cjs'), 'nodejs24.x', 'index.handler'],
    ['a folder with a Python handler', PYTHON_ENTRY, 'python3.14', 'cdk_traced_function.handler'],
    ['a Python file', path.join(PYTHON_ENTRY, 'handler.py'), 'python3.14', 'cdk_traced_function.handler'],
    ['a folder with go.mod', GO_ENTRY, 'provided.al2023', 'bootstrap'],
    ['a Go file', path.join(GO_ENTRY, 'main.go'), 'provided.al2023', 'bootstrap'],
  ])('%s', (_, entry, runtime, handler) => {
    expect(functionProperties(tracedFunction({ entry }))).toMatchObject({ Runtime: runtime, Handler: handler });
  });

  test('a relative entry starts at the folder in which the app runs', () => {
    const fn = tracedFunction({ entry: path.relative(process.cwd(), GO_ENTRY) });
    expect(functionProperties(fn).Runtime).toBe('provided.al2023');
  });

  test.each<[string, Partial<TracedFunctionProps>, string, string]>([
    ['a Node.js handler with a path', { handler: 'src/put-item.main', runtime: lambda.Runtime.NODEJS_22_X }, 'nodejs22.x', 'index.main'],
    ['a Python handler without an SDK', {
      entry: PYTHON_ENTRY, handler: 'handler.handler', runtime: lambda.Runtime.PYTHON_3_12, instrumentation: Instrumentation.none(),
    }, 'python3.12', 'handler.handler'],
    ['the one handler of Go', { entry: GO_ENTRY, runtime: lambda.Runtime.PROVIDED_AL2023, handler: 'bootstrap' }, 'provided.al2023', 'bootstrap'],
  ])('%s is used as given', (_, props, runtime, handler) => {
    expect(functionProperties(tracedFunction(props))).toMatchObject({ Runtime: runtime, Handler: handler });
  });

  test.each(['def lambda_handler(event, context): pass', 'handler = Mangum(app)', 'main: Handler = make()'])(
    'a Python handler is found as %s', line => {
      const entry = projectFolder({ 'requirements.txt': '', 'app.py': `${line}\n` });
      expect(functionProperties(tracedFunction({ entry })).Handler).toBe('cdk_traced_function.handler');
    });
});

describe('contradictions', () => {
  const pythonFolder = () => projectFolder({ 'requirements.txt': '', 'app.py': 'def other(): pass\n' });

  test.each<[string, () => Partial<TracedFunctionProps>, RegExp]>([
    ['a runtime of another language', () => ({ runtime: lambda.Runtime.PYTHON_3_13 }),
      /runtime 'python3.13' does not run the entry '.*put-item.ts', which is nodejs; use 'nodejs24.x' or leave 'runtime' out/],
    ['the retired runtime of Go', () => ({ entry: GO_ENTRY, runtime: lambda.Runtime.GO_1_X }), /runtime 'go1.x' does not run .* use 'provided.al2023'/],
    ['bundling options of another language', () => ({ entry: PYTHON_ENTRY, bundling: Bundling.go({}) }),
      /bundling is Bundling.go\(\), but the entry '.*put_item' is python; use Bundling.python\(\)/],
    ['a shared layer for Go', () => ({ entry: GO_ENTRY, sdkDelivery: SdkDelivery.sharedLayer() }), /sharedLayer\(\) cannot serve go, which links its SDK into the binary/],
    ['an entry that does not exist', () => ({ entry: 'lambda/nowhere.ts' }),
      /cannot find the entry 'lambda\/nowhere.ts' \(looked for \/.*\/lambda\/nowhere.ts\); set 'entry'/],
    ['no entry', () => ({ entry: undefined as unknown as string }), /entry has to be the path of a file or folder, got undefined/],
    ['an empty entry', () => ({ entry: '' }), /entry has to be the path of a file or folder, got ""/],
    ['options that are not those of a language', () => ({ bundling: { minify: true } as any }), /bundling has to be made by a function such as Bundling\.nodejs\(\{\.\.\.\}\), got \{"minify":true\}/],
    ['an instrumentation that is none', () => ({ instrumentation: 'xray' as any }), /instrumentation has to be made by a function such as Instrumentation\.xraySdk\(\), got "xray"/],
    ['a delivery that is none', () => ({ sdkDelivery: 'layer' as any }), /sdkDelivery has to be made by a function such as SdkDelivery\.sharedLayer\(\), got "layer"/],
    ['a folder of no language', () => ({ entry: projectFolder({ 'notes.md': '' }) }), /cannot tell the language of the entry .* a \.ts, .*; or .*go\.mod.*; or .*requirements\.txt/],
    ['a file of no language', () => ({ entry: path.join(projectFolder({ 'a.rb': '' }), 'a.rb') }), /cannot tell the language of the entry '.*a\.rb'/],
    ['a Python folder without a handler', () => ({ entry: pythonFolder() }), /cannot find a Python handler in .* \(looked in handler\.py, .*main\.py for a function handler, lambda_handler, main\); set 'handler'/],
    ['a Python handler in a file that is not there', () => ({ entry: pythonFolder(), handler: 'api/app.handler' }),
      /handler 'api\/app.handler' is not in .* \(looked for api\/app.py, api\/app\/__init__.py\)/],
    ['a Python handler that the file does not define', () => ({ entry: pythonFolder(), handler: 'app.handler' }), /handler 'app.handler' is not in .*app\.py defines no 'handler'/],
    ['a Python handler without a function', () => ({ entry: PYTHON_ENTRY, handler: 'handler' }), /handler 'handler' does not name a module and a function; write it as 'app.handler'/],
    ['a Node.js handler that names no export', () => ({ handler: 'index.not-a-name' }), /handler 'index.not-a-name' names no export/],
    ['a handler for Go', () => ({ entry: GO_ENTRY, handler: 'main' }), /handler 'main' has no meaning for Go.*leave 'handler' out/],
    ['Go without a module', () => ({ entry: projectFolder({ 'main.go': 'package main' }) }), /cannot find the Go module of .* \(looked for go\.mod there and in every folder above\)/],
    ['a tsconfig that does not exist', () => ({ bundling: Bundling.nodejs({ tsconfig: 'gone.json' }) }), /cannot find .gone.json. of the bundling option .tsconfig. \(looked for \/.*gone.json\)/],
  ])('fails with %s', (_, props, message) => {
    const stack = testStack();
    const make = () => new TracedFunction(stack, 'Function', { entry: NODEJS_ENTRY, ...props() });
    expect(make).toThrow(message);
    expect(make).toThrow(/^TracedFunction 'Stack\/Function': /);
    expect(stack.node.children).toEqual([]);
  });
});

describe('environment', () => {
  const sourceMap = Bundling.nodejs({ sourceMap: true });

  test('is empty unless needed', () => {
    expect(functionProperties(tracedFunction()).Environment).toBeUndefined();
  });

  test.each([
    [undefined, '--enable-source-maps'],
    ['--max-old-space-size=200', '--max-old-space-size=200 --enable-source-maps'],
    ['--enable-source-maps --trace-warnings', '--enable-source-maps --trace-warnings'],
  ])('NODE_OPTIONS %s becomes %s with source maps', (users, merged) => {
    const environment: Record<string, string> = users ? { NODE_OPTIONS: users } : {};
    expect(functionProperties(tracedFunction({ bundling: sourceMap, environment })).Environment.Variables).toEqual({ NODE_OPTIONS: merged });
  });

  test('keeps the variables of the user', () => {
    const fn = tracedFunction({ environment: { TABLE: 'items' } });
    fn.addEnvironment('MORE', 'yes');
    expect(functionProperties(fn).Environment.Variables).toEqual({ TABLE: 'items', MORE: 'yes' });
  });
});

test('every option of lambda.Function works', () => {
  const fn = tracedFunction({ memorySize: 512, description: 'text', architecture: lambda.Architecture.ARM_64, reservedConcurrentExecutions: 2 });
  expect(fn).toBeInstanceOf(LambdaFunction);
  expect(functionProperties(fn)).toMatchObject({ MemorySize: 512, Description: 'text', Architectures: ['arm64'], ReservedConcurrentExecutions: 2 });
});
