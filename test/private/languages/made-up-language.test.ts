import * as fs from 'fs';
import * as path from 'path';
import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Instrumentation, SdkDelivery, TracedFunction, TracedFunctionProps } from '../../../lib';
import { runBundlingRunner } from '../../../lib/private/bundling/run-bundling-runner';
import { Bundler } from '../../../lib/private/languages/bundler';
import { Languages } from '../../../lib/private/languages/languages';
import { packageFolders } from '../../packages';
import { fixture, projectFolder, temporaryFolder, testApp, WITHOUT_BUNDLING } from '../../test-app';

jest.mock('../../../lib/private/bundling/run-bundling-runner', () => {
  const actual = jest.requireActual<{ runBundlingRunner: typeof runBundlingRunner }>('../../../lib/private/bundling/run-bundling-runner');
  return { runBundlingRunner: jest.fn(actual.runBundlingRunner) };
});

/** A language as CONTRIBUTING.md, "A new language", describes it, all of it outside of `lib`. */
const shellBundler: Bundler = {
  language: 'shell',
  name: 'Shell',
  family: lambda.RuntimeFamily.OTHER,
  defaultRuntime: lambda.Runtime.PROVIDED_AL2023,
  accepts: 'a .sh file (Shell)',
  tools: ['cp'],
  environment: /^SHELL_LANGUAGE_/,
  runner: () => fixture('made-up-language', 'runner.cjs'),
  captureOptions: () => ['annotations'],
  keepsRequestsApart: () => true,
  canHandle: entry => path.extname(entry) === '.sh',
  canRunOn: runtime => runtime.name.startsWith('provided'),
  bind: ({ entry }) => ({ handler: 'bootstrap', environment: { SHELL_LANGUAGE: '1' }, job: { language: 'shell', kind: 'shell', entry } }),
  sourceOf: ({ entry }) => path.dirname(entry as string),
};

const entryOf = (text: string) => path.join(projectFolder({ 'handler.sh': text }), 'handler.sh');

function stackWith(functions: Record<string, Partial<TracedFunctionProps> & { entry: string }>, context = {}): Stack {
  const stack = new Stack(testApp(context), 'Stack');
  Languages.of(stack).add(shellBundler);
  Object.entries(functions).forEach(([id, props]) => new TracedFunction(stack, id, { instrumentation: Instrumentation.none(), ...props }));
  return stack;
}

test('a language that the library does not know is bundled by its own runner, beside the others', () => {
  const packages = packageFolders(stackWith({ Shell: { entry: entryOf('echo 1') }, Node: { entry: fixture('nodejs', 'put-item.ts') } }));
  expect(fs.readFileSync(path.join(packages.Shell, 'bootstrap'), 'utf8')).toBe('echo 1');
  expect(fs.readdirSync(packages.Node)).toEqual(['index.js']);
});

test('its runtime, handler and environment are those of the function', () => {
  Template.fromStack(stackWith({ Shell: { entry: entryOf('echo 1') } }, WITHOUT_BUNDLING)).hasResourceProperties('AWS::Lambda::Function', {
    Runtime: 'provided.al2023', Handler: 'bootstrap', Environment: { Variables: { SHELL_LANGUAGE: '1' } }, TracingConfig: { Mode: 'Active' },
  });
});

test('its errors name the function', () => {
  expect(() => packageFolders(stackWith({ Empty: { entry: entryOf('') } }))).toThrow(/^cannot bundle 'Stack\/Empty': '.*handler\.sh' is empty; write a handler into it/);
});

test('its options, layer and entries are refused like those of any other', () => {
  const entry = entryOf('echo 1');
  expect(() => stackWith({ Shell: { entry, instrumentation: Instrumentation.xraySdk({ captureFetch: true }) } }))
    .toThrow(/option 'captureFetch' is supported for Node\.js only, but the entry is Shell/);
  expect(() => stackWith({ Shell: { entry, instrumentation: Instrumentation.xraySdk({ annotations: { a: 'b' } }) } })).not.toThrow();
  expect(() => stackWith({ Shell: { entry, sdkDelivery: SdkDelivery.sharedLayer() } })).toThrow(/SdkDelivery\.sharedLayer\(\) cannot serve shell/);
  expect(() => stackWith({ Shell: { entry: path.dirname(fixture('nodejs')) } })).toThrow(/it has to be a \.sh file \(Shell\); or /);
});

test('another app does not know it', () => {
  expect(() => new TracedFunction(new Stack(testApp(WITHOUT_BUNDLING), 'Stack'), 'Shell', { entry: entryOf('echo 1') })).toThrow(/cannot tell the language/);
});

test('a package of it is kept, until its file, its tools or its environment change', () => {
  const { CDK_TRACED_FUNCTION_CACHE: before } = process.env;
  process.env.CDK_TRACED_FUNCTION_CACHE = temporaryFolder();
  jest.mocked(runBundlingRunner).mockClear();
  try {
    const entry = entryOf('echo 1');
    fs.utimesSync(entry, 1, 1);
    const synth = () => packageFolders(stackWith({ Shell: { entry } }));
    synth();
    synth();
    expect(runBundlingRunner).toHaveBeenCalledTimes(1);
    process.env.SHELL_LANGUAGE_DIALECT = 'posix';
    synth();
    expect(runBundlingRunner).toHaveBeenCalledTimes(2);
  } finally {
    delete process.env.SHELL_LANGUAGE_DIALECT;
    process.env.CDK_TRACED_FUNCTION_CACHE = before;
  }
});
