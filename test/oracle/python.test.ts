import * as fs from 'fs';
import * as path from 'path';
import { Instrumentation } from '../../lib';
import { ReceivedRequest } from '../instrumentation/fake-services';
import { FunctionHost, FunctionRun, PARENT } from '../instrumentation/function-process';
import { DecodedSpan, decodeSpans } from '../instrumentation/otlp-spans';
import { PYTHON_LIBRARIES } from '../instrumentation/python-libraries';
import { installPython, LOCAL_PYTHON } from '../local-python';
import { bundle } from '../packages';
import { PostgresServer } from './postgres-server';
import { RecordedTable } from './recorded-table';

const CLIENT = 3;
const SECRET = /PLANTED\d+SECRET/g;
const FIXTURE = path.join(__dirname, 'fixtures', 'python');
const PROGRAMS = [...fs.readFileSync(path.join(FIXTURE, 'programs.py'), 'utf8').matchAll(/^@program\("(.+?)"(?:, (\d+))?(?:, "(\w+)")?\)$/gm)]
  .map(([, name, records, needs]) => ({ name, records: Number(records ?? 0), needs: needs as string | undefined }));
const KINDS = ['none', 'xraySdk', 'openTelemetry'] as const;
const DECISIONS = ['sampled', 'unsampled', 'no header'] as const;

/** By the name that a program begins with. */
const LIBRARY = /^(?:requests|httpx|aiohttp|urllib3|urllib|http\.client|boto3|aiobotocore|aioboto3|sqlite3|PyMySQL|pymongo|psycopg2|psycopg|asyncpg|pg8000)\b/;

/** What the author of a program could notice of one run of it. */
interface Outcome {
  readonly result: unknown;
  readonly requests: unknown[];
}

let host: FunctionHost;
let postgres: PostgresServer | undefined;
let libraries: string;
let packages: Record<string, string>;
const runs: Partial<Record<typeof KINDS[number], FunctionRun>> = {};
const outcomes = new Map<string, Outcome>();
let spans: DecodedSpan[];
const datagrams: Record<string, string[]> = {};

beforeAll(async () => {
  host = await FunctionHost.start();
  postgres = await PostgresServer.start();
  libraries = installPython(PYTHON_LIBRARIES);
  packages = bundle(Object.fromEntries(KINDS.map(kind => [kind, { entry: path.join(FIXTURE, 'programs.py'), handler: 'programs.handler', instrumentation: Instrumentation[kind](), ...LOCAL_PYTHON }])));
  const events = runnable().flatMap(({ name }) => DECISIONS.map(() => name));
  const traceIds = events.map((_, i) => traceId(i));
  for (const kind of KINDS) {
    const folder = packages[kind];
    const run = await host.runOnPythonRuntime(folder, events, {
      traceIds, handler: kind === 'none' ? 'programs.handler' : undefined,
      env: { PYTHONUNBUFFERED: '1', PYTHONPATH: [folder, libraries].join(path.delimiter), ...postgres && { POSTGRES_PORT: String(postgres.port) } },
    });
    runs[kind] = run;
    datagrams[kind] = run.datagrams.map(decoded);
    run.results.forEach((result, i) => outcomes.set(`${kind} ${i}`, {
      result: result.failure
        ? { ...result.failure, requestId: undefined, stackTrace: frames(result.failure.stackTrace ?? [], folder, libraries) }
        : result.value,
      requests: [],
    }));
  }
});
beforeAll(() => {
  // The X-Ray SDK that Powertools brings sends what it records by itself.
  spans = decodeSpans(runs.openTelemetry!.datagrams.filter(text => text.includes('\nT1S')));
});
afterAll(async () => {
  await host?.stop();
  await postgres?.stop();
});

function runnable() {
  return PROGRAMS.filter(({ needs }) => needs !== 'postgres' || postgres);
}

function root(i: number): string {
  return `1-5759e988-${String(i).padStart(24, '0')}`;
}

function traceId(i: number): string | null {
  const decision = DECISIONS[i % DECISIONS.length];
  return decision === 'no header' ? null : `Root=${root(i)};Parent=${PARENT};Sampled=${decision === 'sampled' ? 1 : 0}`;
}

/** Without those of the capture, which stand between. */
function frames(stack: string[], folder: string, layer: string): string[] {
  return stack.map(frame => frame.replaceAll(folder, '/var/task').replaceAll(layer, '/opt')).filter(frame => !frame.includes('/cdk_traced_function/'));
}

/** With what is in base64 as bytes. */
function decoded(datagram: string): string {
  const body = datagram.slice(datagram.indexOf('\n') + 1);
  return body.startsWith('T1') ? Buffer.from(body.slice(3), 'base64').toString('latin1') : body;
}

/** What reaches the other side, but for what is another each time. */
function visible({ method, path: url, body, headers }: ReceivedRequest): string {
  const masked = (text: string) => text.replace(SECRET, 'SECRET').replace(/(?:X-Amz-Date|X-Amz-Signature|Signature|Expires)=[\w%]+/g, '');
  const changing = /^(?:x-amzn-trace-id|traceparent|x-amz-date|amz-sdk-invocation-id|amz-sdk-request|authorization|content-type|content-md5|x-amz-content-sha256|x-amz-checksum-\w+|content-length)$/;
  const kept = Object.entries(headers).filter(([name]) => !changing.test(name)).sort();
  const signed = /SignedHeaders=[\w;-]+/.exec(String(headers.authorization))?.[0];
  return masked(JSON.stringify([method, url, body.replace(/--\w{32}/g, '--'), kept, signed]));
}

describe.each(['xraySdk', 'openTelemetry'] as const)('%s', kind => {
  test.each(PROGRAMS.map(({ name }) => name))('%s: gives what it gives without', name => {
    const position = runnable().findIndex(program => program.name === name);
    if (position < 0) {
      return; // the console says why
    }
    DECISIONS.forEach((decision, d) => {
      const i = position * DECISIONS.length + d;
      const masked = (outcome?: Outcome) => JSON.parse(JSON.stringify(outcome?.result ?? null).replace(SECRET, 'SECRET').replace(/0x[0-9a-f]{6,}/g, '0x'));
      expect([decision, masked(outcomes.get(`${kind} ${i}`))]).toEqual([decision, masked(outcomes.get(`none ${i}`))]);
      const failed = outcomes.get(`none ${i}`)!.result as { errorType?: string } | undefined;
      expect([name, failed?.errorType]).toEqual([name, name.includes('raised') ? expect.any(String) : undefined]);
    });
  });

  test.each(PROGRAMS.filter(({ records }) => records > 0))('$name: $records calls are recorded, once each', ({ name, records }) => {
    const position = runnable().findIndex(program => program.name === name);
    if (position < 0) {
      return;
    }
    const id = root(position * DECISIONS.length);
    const calls = kind === 'xraySdk'
      ? runs[kind]!.documents.filter(document => document.trace_id === id && document.namespace !== undefined && document.namespace !== 'local')
      : spans.filter(span => span.traceId === id.slice(2).replace('-', '') && span.kind === CLIENT);
    expect([name, calls]).toHaveProperty('1.length', records);
  });

  test('sends the same requests', () => {
    expect(runs[kind]!.requests.map(visible).sort()).toEqual(runs.none!.requests.map(visible).sort());
  });

  test('writes the same', () => {
    // Two pipes have no common order.
    const written = (run: FunctionRun) => run.log.flatMap(line => line.split('\r')).filter(line => !line.startsWith('cdk-traced-function:'))
      .map(line => line.replace(SECRET, 'SECRET').replace(/0x[0-9a-f]{6,}/g, '0x').replace(/\S+asset\.[0-9a-f]{64}/g, '/var/task').replace(/\d{4}-\d\d-\d\dT[\d:.]+Z|request\d+|[0-9a-f]{8}-[0-9a-f-]{27}/g, ''))
      .sort();
    expect(written(runs[kind]!)).toEqual(written(runs.none!));
    expect(runs[kind]!.log.filter(line => line.startsWith('cdk-traced-function:'))).toEqual([]);
  });

  test('records nothing of what is not sampled', () => {
    const unsampled = runnable().flatMap((_, position) => [1, 2].map(d => root(position * DECISIONS.length + d)));
    const found = datagrams[kind].filter(text => unsampled.some(id => text.includes(id) || text.includes(Buffer.from(id.slice(2).replace('-', ''), 'hex').toString('latin1'))));
    expect(found).toEqual([]);
  });

  test('tells no secret', async () => {
    expect(datagrams[kind].length).toBeGreaterThan(runnable().length / 2);
    const folder = packages[kind];
    const events = [...Array.from({ length: 120 }, (_, i) => `message ${i}`), 'planted'];
    const failing = await host.runOnPythonRuntime(folder, events, { env: { PYTHONPATH: [folder, libraries].join(path.delimiter) } });
    const inPrograms = new Set(JSON.stringify(runs[kind]!.requests).match(SECRET));
    expect(inPrograms.size + (failing.results.pop()!.value as number)).toBeGreaterThan(200);
    expect(failing.results.filter(({ failure }) => failure).length).toBeGreaterThan(90);
    expect(failing.datagrams.length).toBeGreaterThan(90);
    expect([...datagrams[kind], ...failing.datagrams.map(decoded)].flatMap(text => [...text.matchAll(/.{0,200}PLANTED\d+SECRET/gs)].map(([found]) => found))).toEqual([]);
  });
});

test('the documentation says what is recorded of each library', () => {
  const table = new RecordedTable('python');
  runnable().forEach(({ name }, position) => {
    const id = root(position * DECISIONS.length);
    const library = LIBRARY.exec(name)?.[0];
    table.addDocuments(library, runs.xraySdk!.documents.filter(document => document.trace_id === id));
    table.addSpans(library, spans.filter(span => span.traceId === id.slice(2).replace('-', '')));
  });
  table.check();
});
