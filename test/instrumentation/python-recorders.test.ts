import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { FunctionHost, FunctionRun, PARENT, RunOptions } from './function-process';
import { DecodedSpan, decodeSpans } from './otlp-spans';
import { PYTHON_LIBRARIES } from './python-libraries';
import { Instrumentation, RecordingOptions, TracedFunctionProps } from '../../lib';
import { installPython, LOCAL_PYTHON } from '../local-python';
import { bundle, bundlingError } from '../packages';
import { projectFolder } from '../test-app';

const ENTRY = path.join(__dirname, 'fixtures', 'python', 'recorders.py');
const HYPOTHESIS = 'hypothesis==6.170.15';
const RESTRICTED: RecordingOptions = { s3Keys: false, urlPaths: false, exceptionMessages: false };
const REDACTED: RecordingOptions = { redact: ['\\d{16}', '[\\w.]+@[\\w.]+'] };

const python = (instrumentation: Instrumentation): TracedFunctionProps => ({ entry: ENTRY, instrumentation, ...LOCAL_PYTHON });
const shapes = (instrumentation: Instrumentation): TracedFunctionProps => ({
  ...python(instrumentation), entry: path.join(path.dirname(ENTRY), 'exception_shapes_handler.py'), handler: 'exception_shapes_handler.handler',
});
const pinned = (lines: string, runtime: lambda.Runtime, files: Record<string, string> = {}): TracedFunctionProps => ({
  entry: projectFolder({ 'app.py': 'def handler(event, context): pass\n', 'requirements.txt': lines, ...files }), runtime, architecture: lambda.Architecture.X86_64,
});

let host: FunctionHost;
let libraries: string;
let packages: Record<string, string>;

beforeAll(async () => {
  host = await FunctionHost.start();
  libraries = installPython(PYTHON_LIBRARIES);
  packages = bundle({
    xraySdk: python(Instrumentation.xraySdk()),
    openTelemetry: python(Instrumentation.openTelemetry()),
    Annotated: python(Instrumentation.xraySdk({ annotations: { service: 'orders' }, captureResponse: true })),
    xraySdkRestricted: python(Instrumentation.xraySdk({ recording: RESTRICTED })),
    openTelemetryRestricted: python(Instrumentation.openTelemetry({ recording: RESTRICTED })),
    xraySdkRedacted: python(Instrumentation.xraySdk({ recording: REDACTED })),
    openTelemetryRedacted: python(Instrumentation.openTelemetry({ recording: REDACTED })),
    ShapesXRaySdk: shapes(Instrumentation.xraySdk()),
    ShapesOpenTelemetry: shapes(Instrumentation.openTelemetry()),
    OldSdk: pinned('aws-xray-sdk==2.4.3\n', lambda.Runtime.PYTHON_3_11),
    Constrained: pinned('-c constraints.txt\nsix==1.17.0\n', lambda.Runtime.PYTHON_3_13, { 'constraints.txt': 'aws-xray-sdk==2.14.0\nwrapt==1.16.0\nsix==1.17.0\n' }),
  });
});
afterAll(async () => host.stop());

async function run(id: string, actions: string[], options: RunOptions & { remaining?: number } = {}): Promise<FunctionRun> {
  const PYTHONPATH = [packages[id], libraries].join(path.delimiter);
  const events = actions.map(action => ({ action, remaining: options.remaining ?? 60_000 }));
  return host.runPython(packages[id], events, { ...options, env: { PYTHONPATH, ...options.env } });
}

/** Names of documents, each with that of what it hangs under. */
function tree({ documents }: FunctionRun): string[] {
  const names = new Map(documents.map(document => [document.id, document.name]));
  return documents.map(document => `${names.get(document.parent_id) ?? (document.parent_id === PARENT ? '' : 'nothing')} > ${document.name}`).sort();
}

describe('what the handler records with the X-Ray SDK', () => {
  test('nests with what is captured', async () => {
    const seen = await run('xraySdk', ['nested']);
    expect(tree(seen)).toEqual([' > 127.0.0.1', ' > outer', 'decorated > :memory:', 'decorated > dynamodb', 'outer > 127.0.0.1', 'outer > decorated']);
    expect(seen.documents.find(({ name }) => name === 'outer').annotations).toEqual({ game: 'chess' });
    expect(seen.requests.map(({ headers }) => /Parent=(\w+)/.exec(headers['x-amzn-trace-id'] as string)![1]).sort())
      .toEqual(seen.documents.filter(({ namespace, sql }) => namespace !== 'local' && !sql).map(({ id }) => id).sort());
  });

  test('keeps tasks apart that run at the same time', async () => {
    const seen = await run('xraySdk', ['at_once']);
    expect(seen.results).toEqual([{ value: [200, 201, 202] }]);
    expect(tree(seen)).toEqual([...[0, 1, 2].map(n => ` > task ${n}`), ...[0, 1, 2].map(n => `task ${n} > 127.0.0.1`)]);
  });

  test('with its own patches, is recorded once, and without passwords', async () => {
    const seen = await run('xraySdk', ['patched']);
    expect(tree(seen)).toEqual([' > 127.0.0.1', ' > 127.0.0.1', ' > :memory:', ' > dynamodb']);
    expect(JSON.stringify(seen.documents)).not.toContain('hidden');
    expect(seen.requests.map(({ headers }) => headers['x-amzn-trace-id'])).toEqual(Array(3).fill(expect.stringMatching(/^Root=[^,]+;Parent=\w{16};Sampled=1$/)));
  });

  test("with Powertools' Tracer, is recorded once, and so is the failure", async () => {
    const seen = await run('xraySdk', ['tracer']);
    expect(seen.results).toEqual([{ error: 'ValueError: no such order' }]);
    expect(tree(seen)).toEqual([' > ## handle', '## handle > 127.0.0.1', '## handle > dynamodb']);
  });

  test('goes to the subsegment of the handler where there is one', async () => {
    const seen = await run('Annotated', ['annotated', 'leaks', 'annotated'], { env: { CDK_TRACED_FUNCTION_ANNOTATIONS: '{"service":"orders"}' } });
    const handlers = seen.documents.filter(({ name }) => name === '## recorders.handler');
    expect(handlers.map(({ annotations }) => annotations)).toEqual([{ service: 'orders', game: 'chess' }, { service: 'orders' }, { service: 'orders', game: 'chess' }]);
    expect(tree(seen).filter(line => !line.startsWith(' > '))).toEqual(['## recorders.handler > below', '## recorders.handler > below', 'below > dynamodb', 'below > dynamodb']);
  });
});

describe.each(['xraySdk', 'openTelemetry'])('%s', kind => {
  const text = ({ datagrams }: FunctionRun) => datagrams.map(datagram => {
    const body = datagram.slice(datagram.indexOf('\n') + 1);
    return body.startsWith('T1S') ? Buffer.from(body.slice(3), 'base64').toString('latin1') : body;
  }).join('\n');

  test('records keys, paths and messages unless they are switched off', async () => {
    const personal = ['folder/key', '/customers/', 'no card'];
    const open = text(await run(kind, ['personal']));
    expect(personal.filter(part => !open.includes(part))).toEqual([]);
    const restricted = text(await run(`${kind}Restricted`, ['personal']));
    expect(personal.filter(part => restricted.includes(part))).toEqual([]);
    expect(restricted).toContain('ValueError');
    expect(restricted).toContain('bucket');
  });

  test('replaces what a pattern matches', async () => {
    const redacted = text(await run(`${kind}Redacted`, ['personal', 'card']));
    expect(redacted).toContain('no card *** for ***');
    expect(redacted).toContain('/customers/***');
    expect(redacted).not.toMatch(/4111111111111111|erika/);
  });

  test('sends what has ended before the time is up', async () => {
    const port = 20_000 + process.pid % 20_000 + (kind === 'xraySdk' ? 0 : 1);
    const { results } = await run(kind, ['too_late'], { remaining: 400, env: { OWN_DAEMON: String(port), AWS_XRAY_DAEMON_ADDRESS: `127.0.0.1:${port}` } });
    expect(results).toEqual([{ value: true }]);
  });

  test('sends what a process records that ends itself, and a child process', async () => {
    await expect(run(kind, ['leaves'])).rejects.toThrow(/ended with 3/);
    const seen = await run(kind, ['forks']);
    const names = kind === 'xraySdk' ? seen.documents.map(({ name }) => name) : decodeSpans(seen.datagrams).map((span: DecodedSpan) => span.name);
    expect(names.filter(name => [':memory:', 'SELECT'].includes(name))).toHaveLength(2);
  });

  test.each([
    ['tcp:[::1]:2 udp:[::1]:1', /daemon at \[::1\]:1 /], ['a b c', /daemon at a b c .*it is not host:port/],
  ])('starts with the daemon at %j, and says once that nobody is there', async (address, message) => {
    // The X-Ray SDK refuses most of them when it is imported.
    const actions = ['card', kind === 'xraySdk' ? 'imports' : 'card', 'card'];
    const { results, log } = await run(kind, actions, { env: { AWS_XRAY_DAEMON_ADDRESS: address } });
    expect(results).toEqual([{ value: null }, { value: kind === 'xraySdk' ? expect.any(Number) : null }, { value: null }]);
    expect(log).toEqual([expect.stringMatching(message)]);
  });
});

test('the address of the daemon is read in all of its forms', () => {
  const script = [
    'import json, sys, types',
    'package = types.ModuleType("package")',
    'package.__path__ = [sys.argv[1]]',
    'sys.modules["package"] = package',
    'from package.daemon_socket import daemon_address, host_and_port',
    'print(json.dumps([host_and_port(daemon_address(text)) for text in json.loads(sys.argv[2])]))',
  ].join('\n');
  const forms: [string, [string, number] | null][] = [
    ['', ['127.0.0.1', 2000]], ['  ', ['127.0.0.1', 2000]], ['10.0.0.1:3000', ['10.0.0.1', 3000]], [' 10.0.0.1:3000 ', ['10.0.0.1', 3000]], ['xray.local:1', ['xray.local', 1]],
    ['tcp:10.0.0.1:1 udp:10.0.0.2:2', ['10.0.0.2', 2]], ['udp:10.0.0.2:2 tcp:10.0.0.1:1', ['10.0.0.2', 2]], ['UDP:10.0.0.2:2  TCP:10.0.0.1:1', ['10.0.0.2', 2]],
    ['udp:10.0.0.2:2', ['10.0.0.2', 2]], ['tcp:10.0.0.2:2', ['10.0.0.2', 2]], ['[::1]:2000', ['::1', 2000]], ['tcp:[::1]:1 udp:[fe80::1]:2', ['fe80::1', 2]], ['fd00::1:2000', ['fd00::1', 2000]],
    ['::1', null], ['127.0.0.1', null], ['127.0.0.1:', null], [':2000', null], ['127.0.0.1:0', null], ['127.0.0.1:65536', null], ['127.0.0.1:-1', null], ['127.0.0.1:2000x', null],
    ['[::1:2000', null], ['http://127.0.0.1:2000', null], ['a b c', null], ['127.0.0.1:\u0662', null],
  ];
  const folder = path.join(packages.xraySdk, 'cdk_traced_function');
  const read = execFileSync('python3', ['-B', '-c', script, folder, JSON.stringify(forms.map(([form]) => form))], { encoding: 'utf8' });
  expect((JSON.parse(read) as unknown[]).map((found, i) => [forms[i][0], found])).toEqual(forms);
});

test.each(['ShapesXRaySdk', 'ShapesOpenTelemetry'])('%s: exceptions of every shape are recorded without a secret, stay as they were, and reach the caller', id => {
  const script = path.join(__dirname, 'fixtures', 'python', 'exception_shapes.py');
  const env = { PATH: process.env.PATH, PYTHONPATH: [packages[id], installPython([HYPOTHESIS]), libraries].join(path.delimiter) };
  expect(Number(execFileSync('python3', ['-B', script, packages[id]], { encoding: 'utf8', env }))).toBeGreaterThan(5_000);
});

describe('the version of the SDK', () => {
  const distributions = (id: string) => fs.readdirSync(packages[id]).flatMap(name => /^(.+)\.dist-info$/.exec(name)?.[1] ?? []).sort();

  test('brings what it needs, but for what the runtime has', () => {
    expect(distributions('OldSdk')).toEqual([
      'aws_xray_sdk-2.4.3', expect.stringMatching(/^future-/), expect.stringMatching(/^jsonpickle-/), expect.stringMatching(/^wrapt-/),
    ]);
  });

  test('is that of a constraints file', () => {
    expect(distributions('Constrained')).toEqual(['aws_xray_sdk-2.14.0', 'six-1.17.0', 'wrapt-1.16.0']);
  });

  test.each<[string, lambda.Runtime, RegExp]>([
    ['2.6.0', lambda.Runtime.PYTHON_3_12, /pin aws-xray-sdk 2\.6\.0, which cannot work with Python 3\.12; the lowest version that does is 2\.10\.0: write 'aws-xray-sdk>=2\.10\.0'/],
    ['1.1.2', lambda.Runtime.PYTHON_3_11, /the lowest version that does is 2\.2\.0/],
  ])('is refused where it cannot work: %s', (version, runtime, message) => {
    expect(bundlingError({ Function: pinned(`aws-xray-sdk==${version}\n`, runtime) })).toMatch(message);
  });
});
