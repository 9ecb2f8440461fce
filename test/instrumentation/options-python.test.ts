import * as path from 'path';
import { FunctionHost, FunctionRun, PARENT, RunOptions, SAMPLED, UNSAMPLED } from './function-process';
import { decodeSpans } from './otlp-spans';
import { ContextMissing, Instrumentation, InstrumentationOptions, TracedFunctionProps } from '../../lib';
import { installBoto3, LOCAL_PYTHON } from '../local-python';
import { bundle } from '../packages';
import { projectFolder, temporaryFolder } from '../test-app';

const SOURCE = `
import sqlite3, boto3, requests
client = boto3.client("dynamodb")
try:
    client.put_item(TableName="at-load", Item={})
except Exception as error:
    print(type(error).__name__)

def handler(event, context):
    if "fails" in event:
        raise ValueError("as the event wants it")
    if "large" in event:
        return "x" * 40_000
    client.put_item(TableName="items", Item={"id": {"S": "a"}})
    requests.get(event["url"])
    sqlite3.connect(":memory:").cursor().execute("SELECT 1")
    return {"stored": 1}
`;
const ANNOTATIONS = { CDK_TRACED_FUNCTION_ANNOTATIONS: JSON.stringify({ service: 'orders', stage: 'test' }) };
const KINDS = ['xraySdk', 'openTelemetry'] as const;

let host: FunctionHost;
let packages: Record<string, string>;
let runtimeModules: string;

beforeAll(async () => {
  host = await FunctionHost.start();
  runtimeModules = installBoto3(temporaryFolder());
  const entry = projectFolder({ 'app.py': SOURCE, 'requirements.txt': 'requests==2.32.5\n' });
  const functions: Record<string, InstrumentationOptions> = {
    All: {},
    NoAwsSdk: { captureAwsSdk: false }, NoHttp: { captureHttp: false }, NoSql: { captureSql: false }, ColdStart: { captureColdStart: true },
    Response: { captureResponse: true },
  };
  const outside = { Ignore: { contextMissing: ContextMissing.IGNORE_ERROR }, Fail: { contextMissing: ContextMissing.RUNTIME_ERROR } };
  const ofKind = (kind: typeof KINDS[number], all: Record<string, InstrumentationOptions>) => Object.entries(all).map(
    ([id, options]): [string, TracedFunctionProps] => [
      `${kind}${id}`, { entry, handler: 'app.handler', instrumentation: Instrumentation[kind](options), ...LOCAL_PYTHON },
    ]);
  packages = bundle(Object.fromEntries([...KINDS.flatMap(kind => ofKind(kind, functions)), ...ofKind('openTelemetry', outside)]));
});
afterAll(async () => host.stop());

/** What was recorded, of either kind: X-Ray's documents, and spans with the same names for the same things. */
interface Recorded { name: string; id: string; parentId: string; annotations: Record<string, unknown>; response: unknown; exceptions: string[] }

describe.each(KINDS)('%s in Python', kind => {
  async function run(id: string, events: object[], options: RunOptions = {}): Promise<FunctionRun & { recorded: Recorded[] }> {
    const folder = packages[`${kind}${id}`];
    const PYTHONPATH = [folder, runtimeModules].join(path.delimiter);
    const given = events.map(event => ({ url: host.services.url, ...event }));
    const seen = await host.runPython(folder, given, { ...options, env: { PYTHONPATH, ...options.env } });
    return { ...seen, recorded: kind === 'xraySdk' ? seen.documents.map(ofDocument) : decodeSpans(seen.datagrams).map(ofSpan) };
  }

  function ofDocument({ name, id, parent_id: parentId, annotations = {}, metadata, cause, sql }: any): Recorded {
    return {
      name: sql ? 'sql' : name === 'dynamodb' ? 'aws' : name, id, parentId, annotations, response: metadata?.default?.response,
      exceptions: (cause?.exceptions ?? []).map(({ type, message }: any) => `${type}: ${message}`),
    };
  }

  function ofSpan({ name, spanId: id, parentSpanId: parentId, attributes, events }: any): Recorded {
    const annotations = Object.fromEntries((attributes['aws.xray.annotations'] ?? []).map((key: string) => [key, attributes[key]]));
    return {
      name: attributes['db.system'] === 'sqlite' ? 'sql' : name.startsWith('DynamoDB') ? 'aws' : name,
      id, parentId, annotations, response: attributes.response,
      exceptions: events.map((event: any) => `${event.attributes['exception.type']}: ${event.attributes['exception.message']}`),
    };
  }

  const clientsOf = (recorded: Recorded[]) => recorded.map(({ name }) => ['aws', 'sql'].includes(name) ? name : name.startsWith('##') ? 'handler' : 'http').sort();

  test.each([
    ['All', ['aws', 'http', 'sql']], ['NoAwsSdk', ['http', 'sql']], ['NoHttp', ['aws', 'sql']], ['NoSql', ['aws', 'http']],
  ])('%s: what is not wanted is not recorded', async (id, expected) => {
    const { results, recorded } = await run(id, [{}]);
    expect(results).toEqual([{ value: { stored: 1 } }]);
    expect(clientsOf(recorded)).toEqual(expected);
  });

  test('annotations are on the handler, under which its calls hang', async () => {
    const { recorded } = await run('All', [{}, {}], { env: ANNOTATIONS });
    const handlers = recorded.filter(({ name }) => name === '## app.handler');
    expect(handlers).toMatchObject(Array(2).fill({ parentId: PARENT, annotations: { service: 'orders', stage: 'test' } }));
    expect(handlers.map(({ id }) => recorded.filter(({ parentId }) => parentId === id).length)).toEqual([3, 3]);
  });

  test('annotations say whether it was the first of the environment', async () => {
    const { recorded } = await run('ColdStart', [{}, {}, {}], { traceIds: [SAMPLED, UNSAMPLED, SAMPLED] });
    expect(recorded.filter(({ name }) => name.startsWith('##')).map(({ annotations }) => annotations)).toEqual([{ ColdStart: true }, { ColdStart: false }]);
  });

  test('the response is recorded when that is wanted, and what is too large by its size', async () => {
    const { recorded } = await run('Response', [{}, { large: true }]);
    expect(recorded.filter(({ name }) => name.startsWith('##')).map(({ response }) => response)).toEqual([{ stored: 1 }, { omitted: '40002 bytes' }]);
    expect((await run('All', [{}])).recorded.map(({ response }) => response)).toEqual([undefined, undefined, undefined]);
  });

  test('an exception of the handler is recorded, and reaches Lambda as it was', async () => {
    const { results, recorded } = await run('All', [{ fails: true }]);
    expect(results).toEqual([{ error: 'ValueError: as the event wants it' }]);
    expect(recorded).toMatchObject([{ name: '## app.handler', parentId: PARENT, exceptions: ['ValueError: as the event wants it'] }]);
  });

  test('a request without a trace, or one that is not sampled, sends nothing', async () => {
    const { results, recorded } = await run('ColdStart', [{}, {}], { traceIds: [UNSAMPLED, null] });
    expect(results).toEqual([{ value: { stored: 1 } }, { value: { stored: 1 } }]);
    expect(recorded).toEqual([]);
  });
});

test.each([
  ['All', /^cdk-traced-function: a call outside of an invocation is not traced$/],
  ['Ignore', undefined],
  ['Fail', /^RuntimeError$/],
])('OpenTelemetry in Python: a call while the module loads does what was chosen: %s', async (id, line) => {
  const folder = packages[`openTelemetry${id}`];
  const PYTHONPATH = [folder, runtimeModules].join(path.delimiter);
  const { results, log } = await host.runPython(folder, [{ url: host.services.url }], { env: { PYTHONPATH } });
  expect(results).toEqual([{ value: { stored: 1 } }]);
  expect(log).toEqual(line ? [expect.stringMatching(line)] : []);
});
