import * as path from 'path';
import { Aws, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { FunctionHost, PARENT, ROOT, RunOptions, SAMPLED } from './function-process';
import { ContextMissing, Instrumentation, InstrumentationOptions, LogCorrelation, TracedFunction, XRaySdkOptions } from '../../lib';
import { nodejsBundler } from '../../lib/private/languages/nodejs-bundler';
import { pythonBundler } from '../../lib/private/languages/python-bundler';
import { bundle } from '../packages';
import { GO_ENTRY, NODEJS_ENTRY, PYTHON_ENTRY, testApp, testStack, tracedFunction, WITHOUT_BUNDLING } from '../test-app';

const CALLS = path.join(__dirname, 'fixtures', 'calls.ts');
const FAILURES = path.join(__dirname, 'fixtures', 'failures.ts');

let host: FunctionHost;
let packages: Record<string, string>;
const ANNOTATIONS = { CDK_TRACED_FUNCTION_ANNOTATIONS: JSON.stringify({ service: 'orders', stage: 'test' }) };

beforeAll(async () => {
  host = await FunctionHost.start();
  const xraySdk = (options: XRaySdkOptions, entry = CALLS) => ({ entry, instrumentation: Instrumentation.xraySdk(options) });
  packages = bundle({
    All: xraySdk({}),
    NoAwsSdk: xraySdk({ captureAwsSdk: false }),
    NoHttp: xraySdk({ captureHttp: false }),
    NoFetch: xraySdk({ captureFetch: false }),
    Nothing: xraySdk({ captureAwsSdk: false, captureHttp: false, captureFetch: false, captureSql: false }),
    ColdStart: xraySdk({ captureColdStart: true }),
    Response: xraySdk({ captureResponse: true }),
    ResponseOfFailures: xraySdk({ captureResponse: true }, FAILURES),
    Untrimmed: xraySdk({ trim: false }),
    Ignore: xraySdk({ contextMissing: ContextMissing.IGNORE_ERROR }),
    Fail: xraySdk({ contextMissing: ContextMissing.RUNTIME_ERROR }),
  });
});
afterAll(async () => host.stop());

const run = async (id: string, actions: string[], options?: RunOptions) => host.run(packages[id], actions.map(action => ({ action })), options);
const kinds = (documents: any[]) => documents.map(({ namespace, http }) => namespace === 'aws' ? 'aws' : http.request.url.includes('404') ? 'http' : 'fetch').sort();

test.each([
  ['All', ['aws', 'fetch', 'http']],
  ['NoAwsSdk', ['fetch', 'http']], // nor as a request: the AWS SDK sets the trace header by itself
  ['NoHttp', ['aws', 'fetch']],
  ['NoFetch', ['aws', 'http']],
  ['Nothing', []],
  ['Untrimmed', ['aws', 'fetch', 'http']],
])('%s: what is not wanted is not recorded', async (id, expected) => {
  const { results, documents } = await run(id, ['clientAtLoad', 'fetch', 'http']);
  expect(results).toEqual([{ value: 200 }, { value: 'answer' }, { value: 404 }]);
  expect(kinds(documents)).toEqual(expected);
});

describe('annotations', () => {
  test('are on a subsegment for each invocation, under which its calls hang', async () => {
    const { documents } = await run('All', ['clientAtLoad', 'parallel'], { env: ANNOTATIONS });
    const handlers = documents.filter(document => document.name === '## index.handler');
    expect(handlers).toMatchObject(Array(2).fill({ trace_id: ROOT, parent_id: PARENT, annotations: { service: 'orders', stage: 'test' } }));
    const under = (id: string) => documents.filter(document => document.parent_id === id).length;
    expect(handlers.map(({ id }) => under(id))).toEqual([1, 4]);
    expect(documents).toHaveLength(7);
  });

  test('say whether it was the first of the environment', async () => {
    const { documents } = await run('ColdStart', ['fetch', 'fetch', 'fetch']);
    expect(documents.flatMap(document => document.annotations ?? [])).toEqual([{ ColdStart: true }, { ColdStart: false }, { ColdStart: false }]);
  });

  test('known at deployment only go through the environment', () => {
    const stack = testStack();
    new TracedFunction(stack, 'Function', { entry: NODEJS_ENTRY, instrumentation: Instrumentation.xraySdk({ annotations: { region: Aws.REGION, quote: '"' } }) });
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: { CDK_TRACED_FUNCTION_ANNOTATIONS: { 'Fn::Join': ['', ['{"region":"', { Ref: 'AWS::Region' }, '","quote":"\\""}']] } } },
    });
  });

  test('are not set when there are none', () => {
    const stack = testStack();
    new TracedFunction(stack, 'Function', { entry: NODEJS_ENTRY, instrumentation: Instrumentation.xraySdk() });
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', { Environment: Match.absent() });
  });
});

test('the response is recorded when that is wanted, and what is too large by its size', async () => {
  const { documents } = await run('Response', ['clientAtLoad', 'large']);
  const responses = documents.filter(document => document.name === '## index.handler').map(document => document.metadata.default.response);
  expect(responses).toEqual([200, { omitted: '40002 bytes' }]);
});

test('a failure has no response, and is recorded with its exception', async () => {
  const { documents } = await host.run(packages.ResponseOfFailures, [{ how: 'rejects' }, { how: 'callsBackValue' }]);
  expect(documents).toMatchObject([{ fault: true, cause: { exceptions: [{ message: 'rejected' }] } }, { metadata: { default: { response: 'value' } } }]);
  expect(documents[0].metadata).toBeUndefined();
});

describe('a call outside of an invocation', () => {
  const outside = { traceIds: [null, SAMPLED] };

  const MISSING = expect.stringContaining('Missing AWS Lambda trace data');

  test.each([
    ['Ignore', 'clientAtLoad', { value: 200 }, []],
    ['Fail', 'clientAtLoad', { error: MISSING }, []],
    ['Fail', 'http', { error: MISSING }, []],
    ['Fail', 'fetch', { value: 'answer' }, [MISSING]], // fetch does not let itself be stopped
  ])('%s, %s: does what was chosen', async (id, action, result, log) => {
    const seen = await run(id, [action, 'fetchPost'], outside);
    expect(seen.results).toEqual([result, { value: 201 }]);
    expect(seen.log).toEqual(log);
    expect(seen.documents).toHaveLength(1);
  });

  test('does what the environment variable says', async () => {
    const seen = await run('Fail', ['clientAtLoad', 'fetchPost'], { ...outside, env: { AWS_XRAY_CONTEXT_MISSING: 'IGNORE_ERROR' } });
    expect([seen.results, seen.log]).toEqual([[{ value: 200 }, { value: 201 }], []]);
  });
});

describe('contradictions fail with the construct\'s path:', () => {
  test.each<[string, () => unknown, RegExp]>([
    ['options for Node.js on Python', () => tracedFunction({
      entry: PYTHON_ENTRY, instrumentation: Instrumentation.xraySdk({ captureColdStart: true, captureFetch: true, trim: false }),
    }), /^TracedFunction 'Stack\/Function': Instrumentation\.xraySdk\(\) option 'captureFetch' is supported for Node\.js only, but the entry is Python; remove it/],
    ['contextMissing on Go', () => tracedFunction({ entry: GO_ENTRY, instrumentation: Instrumentation.openTelemetry({ contextMissing: ContextMissing.IGNORE_ERROR }) }),
      /option 'contextMissing' is supported for Node\.js and Python only, but the entry is Go;/],
    ...([
      ['a(', /the pattern 'a\(' of 'recording\.redact' is no regular expression/], ['x*', /matches the empty text/], ['(?=x)y', /look-around/],
      ['(?<name>x)', /named group/], ['(x)\\1', /back-reference/],
    ] as const).map(([pattern, message]): [string, () => unknown, RegExp] => [`the pattern ${pattern}`, () => tracedFunction({
      entry: PYTHON_ENTRY, instrumentation: Instrumentation.xraySdk({ recording: { redact: [pattern] } }),
    }), message]),
    ['a name that X-Ray refuses', () => tracedFunction({ instrumentation: Instrumentation.xraySdk({ annotations: { 'my key': 'x' } }) }), /'my key' cannot be the name of an annotation/],
    ['a value that X-Ray refuses', () => tracedFunction({ instrumentation: Instrumentation.xraySdk({ annotations: { key: 'x'.repeat(1_001) } }) }), /'key' is 1001 characters long/],
    ['more annotations than X-Ray takes', () => tracedFunction({
      instrumentation: Instrumentation.xraySdk({ annotations: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, ''])) }),
    }), /51 annotations are more than the 50/],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(message);
    expect(make).toThrow(/^TracedFunction 'Stack\/Function': /);
  });

  const provided = (instrumentation: Instrumentation, perExecutionEnvironmentMaxConcurrency?: number) => {
    const app = testApp(WITHOUT_BUNDLING);
    const stack = new Stack(app, 'Stack');
    const vpc = new ec2.Vpc(stack, 'Vpc');
    const provider = new lambda.CapacityProvider(stack, 'Provider', { subnets: vpc.privateSubnets, securityGroups: [new ec2.SecurityGroup(stack, 'Group', { vpc })] });
    provider.addFunction(new TracedFunction(stack, 'Function', { entry: NODEJS_ENTRY, instrumentation }), { perExecutionEnvironmentMaxConcurrency });
    return () => app.synth();
  };

  test('several requests at once with the X-Ray SDK', () => {
    expect(provided(Instrumentation.xraySdk())).toThrow(/TracedFunction 'Stack\/Function': with a capacity provider several requests run at the same time.*Instrumentation\.openTelemetry\(\)/);
    expect(provided(Instrumentation.xraySdk(), 8)).toThrow(/several requests/);
    expect(provided(Instrumentation.xraySdk(), 1)).not.toThrow();
    expect(provided(Instrumentation.none(), 8)).not.toThrow();
    expect(provided(Instrumentation.openTelemetry())).not.toThrow();
  });
});

test('every option does something', () => {
  const options: Required<Record<keyof InstrumentationOptions | keyof XRaySdkOptions, unknown>> = {
    captureAwsSdk: false, captureHttp: false, captureFetch: false, captureSql: false, contextMissing: ContextMissing.IGNORE_ERROR,
    annotations: { key: 'value' }, captureColdStart: true, captureResponse: true, recording: { redact: ['\\d{16}'] }, trim: false,
    logs: LogCorrelation.traceId(),
  };
  const bind = (given: XRaySdkOptions) => {
    const scope = testStack();
    const isOfPython = 'recording' in given || 'logs' in given;
    const bundler = isOfPython ? pythonBundler : nodejsBundler;
    const { environment, captureOptions } = Instrumentation.xraySdk(given)._bind({ errorScope: scope, scope, bundler });
    const request = { scope, architecture: 'x86_64', instrumentation: 'xray-sdk', captureOptions, instrumentedByLayer: false, sdkInLayer: false, options: {} } as const;
    const { job } = isOfPython
      ? pythonBundler.bind({ ...request, entry: PYTHON_ENTRY, runtime: lambda.Runtime.PYTHON_3_14 })
      : nodejsBundler.bind({ ...request, entry: CALLS, runtime: lambda.Runtime.NODEJS_24_X });
    return JSON.stringify([environment, job]);
  };
  for (const [name, value] of Object.entries(options)) {
    expect([name, bind({ [name]: value })]).not.toEqual([name, bind({})]);
  }
});
