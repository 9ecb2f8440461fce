// Ordinary programs on AWS's own runtime interface client: with and without tracing they do the same.
import { execFile } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { promisify } from 'util';
import { LambdaRuntime, Outcome, Request } from './lambda-environment';
import { MongodbServer } from './mongodb-server';
import { MysqlServer } from './mysql-server';
import { RedisServer } from './redis-server';
import { Bundling, Instrumentation, TracedFunctionProps } from '../../../lib';
import { FakeServices, ReceivedRequest } from '../../instrumentation/fake-services';
import { DecodedSpan, decodeSpans } from '../../instrumentation/otlp-spans';
import { bundle } from '../../packages';
import { TraceSink } from '../../trace-sink';
import { PostgresServer } from '../postgres-server';
import { RecordedTable } from '../recorded-table';

const PARENT = '53995c3f42cd8ad8';
const header = (n: number, sampled: boolean) => `Root=1-5759e988-${String(n).padStart(24, '0')};Parent=${PARENT};Sampled=${sampled ? 1 : 0}`;

const INSTRUMENTATIONS = { None: Instrumentation.none(), XRaySdk: Instrumentation.xraySdk(), OpenTelemetry: Instrumentation.openTelemetry() };
type Mode = keyof typeof INSTRUMENTATIONS;
const TRACED: Mode[] = ['XRaySdk', 'OpenTelemetry'];

/** The file of each group of programs; all of them lie side by side. */
const program = (name: string) => path.join(__dirname, 'programs', name);

/** Names of the programs in a file, as it is written there. */
function namesIn(file: string): string[] {
  const text = fs.readFileSync(program(file), 'utf8');
  const [, table] = /dispatch\(\{\n([^]*?)\n\}\);/.exec(text)!;
  return [...table.matchAll(/^ {2}(\w+): /gm)].map(match => match[1]);
}

const GROUPS = ['http', 'aws', 'aws-v2', 'values', 'frameworks', 'sql', 'stores'];
const CALLBACKS = [
  'answers', 'fails', 'failsWithText', 'throws', 'waits', 'doesNotWait', 'keepsLoopBusy', 'neverAnswers', 'promises', 'asyncAndCallsBack', 'callsTwice', 'contextDone', 'contextSucceed',
  'contextFail', 'adapter', 'plain', 'stream',
];

const id = (name: string, mode: string) => `${name.replace(/-/g, '')}${mode}`;

let runtime: LambdaRuntime;
let daemon: TraceSink;
let services: FakeServices;
let mysql: MysqlServer;
let mongodb: MongodbServer;
let redis: RedisServer;
let postgres: PostgresServer | undefined;
let packages: Record<string, string>;

beforeAll(async () => {
  runtime = new LambdaRuntime();
  daemon = await TraceSink.start();
  services = await FakeServices.start();
  mysql = await MysqlServer.start();
  mongodb = await MongodbServer.start();
  redis = await RedisServer.start();
  postgres = await PostgresServer.start();
  const functions: Record<string, TracedFunctionProps> = {};
  for (const [mode, instrumentation] of Object.entries(INSTRUMENTATIONS)) {
    for (const group of [...GROUPS, 'ending', 'secrets', 'property']) {
      functions[id(group, mode)] = { entry: program(`${group}.js`), instrumentation };
    }
    if (mode !== 'None') {
      for (const name of CALLBACKS) {
        functions[id(`callback${name}`, mode)] = { entry: program('callbacks.js'), handler: `index.${name}`, instrumentation };
      }
      functions[id('sqlOutside', mode)] = {
        entry: program('sql.js'), instrumentation, bundling: Bundling.nodejs({ externalModules: ['pg', 'mysql', 'mysql2', 'mysql2/promise'] }),
      };
      functions[id('storesOutside', mode)] = { entry: program('stores.js'), instrumentation, bundling: Bundling.nodejs({ externalModules: ['mongodb', 'ioredis'] }) };
    }
    if (mode !== 'OpenTelemetry') { // which refuses the X-Ray SDK beside itself
      functions[id('powertools', mode)] = { entry: program('powertools.js'), instrumentation };
    }
  }
  packages = bundle(functions);
});
afterAll(async () => {
  runtime?.stop();
  await daemon?.stop();
  await services?.stop();
  await mysql?.stop();
  await mongodb?.stop();
  await redis?.stop();
  await postgres?.stop();
});

interface Observed extends Outcome {
  readonly requests: string[];
}

async function run(functionId: string, requests: Request[], { handler = 'index.handler', env = {} }: { handler?: string; env?: Record<string, string> } = {}) {
  services.take();
  const received: ReceivedRequest[][] = [];
  const variables = {
    AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'eu-west-1', AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/dev/null', AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_MAX_ATTEMPTS: '2', AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE: '1', AWS_ENDPOINT_URL: services.url, AWS_XRAY_DAEMON_ADDRESS: daemon.address, SITE: services.url,
    MYSQL: JSON.stringify({ host: '127.0.0.1', port: mysql.port, user: 'planted-user', password: 'planted-password', database: 'shop' }),
    MONGODB: `mongodb://127.0.0.1:${mongodb.port}/?directConnection=true`, REDIS_PORT: String(redis.port),
    POSTGRES: postgres ? `postgres://postgres:planted-password@127.0.0.1:${postgres.port}/postgres` : '',
    ...env,
  };
  // A program may end its process; the rest go on in another, as on Lambda.
  const outcomes: Outcome[] = [];
  let seen;
  let output = '';
  do {
    const begun = outcomes.length;
    seen = await runtime.run(packages[functionId], handler, variables, requests.slice(begun), async i => {
      received[begun + i] = services.take();
    });
    output += seen.output;
    outcomes.push(...seen.outcomes);
    if (outcomes.length < requests.length) {
      outcomes.push({ response: `its process ended with ${seen.exitCode}` });
      received[outcomes.length - 1] = services.take();
    }
  } while (outcomes.length < requests.length && !seen.initError);
  return { ...seen, outcomes, output, requests: received, datagrams: await daemon.takeDatagrams() };
}

/** What a user could notice of an invocation. Traces are what differs. */
function noticed({ response, error }: Outcome, requests: ReceivedRequest[] = []): Observed {
  return {
    response,
    // Where it was thrown: the name of the function, since the rest of the frame tells of the package.
    ...error && { error: { ...error, trace: error.trace.slice(0, 1).concat(error.trace.slice(1, 2).map(frame => frame.replace(/ \(?[^ ]*:\d+:\d+\)?$/, '').replace(/(?:file:\/\/)?\/[^ ]*:\d+:\d+/, ''))) } },
    // Whether one that is given up has arrived depends on the machine.
    requests: requests.filter(request => request.path !== '/slow').map(({ method, path: target, headers, body }) => {
      const kept = Object.entries(headers).filter(([name]) => !/^(?:x-amzn-trace-id|traceparent|amz-sdk-|authorization|x-amz-(?:date|user-agent|content-sha256)|user-agent$|date$)/.test(name));
      return JSON.stringify({ method, target: target.replace(/X-Amz-[^&]*/g, ''), headers: Object.fromEntries(kept.sort()), body });
    }).sort(),
  };
}

/** Libraries by the names of the programs that use them. */
const LIBRARIES: [RegExp, string][] = [
  [/^https?[A-Z]/, '`http`, `https`'], [/^fetch/, '`fetch`'], [/^undici/, 'undici'], [/^axios/, 'axios'], [/^got/, 'got'], [/^nodeFetch/, 'node-fetch 2 and 3'],
  [/^(?:aws|s3|sns|sqs)[A-Z]/, 'AWS SDK v3'], [/^v2/, 'AWS SDK v2'], [/^pg/, 'pg'], [/^mysql2/, 'mysql2'], [/^mysql/, 'mysql'], [/^mongodb/, 'mongodb'], [/^redis/, 'ioredis'],
];
const libraryOf = (program_: string) => LIBRARIES.find(([names]) => names.test(program_))?.[1];
const recordedTable = new RecordedTable('nodejs');

const HEADERS = [['sampled', true], ['unsampled', false], ['no header', undefined]] as const;

describe.each(GROUPS)('programs of %s', group => {
  const names = namesIn(`${group}.js`).filter(name => !/^pg/.test(name) || PostgresServer.isInstalled);
  const requests = HEADERS.flatMap(([, sampled], i) => names.map((name, k): Request => ({
    event: { program: name }, traceHeader: sampled === undefined ? undefined : header(i * 1_000 + k, sampled),
  })));
  let plain: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    plain = await run(id(group, 'None'), requests);
  });

  test('run', () => {
    expect(plain.outcomes.length).toBe(requests.length);
    expect(plain.datagrams).toEqual([]);
    expect(names.length).toBeGreaterThan(4);
  });

  test.each(TRACED)('do the same with %s', async mode => {
    const traced = await run(id(group, mode), requests);
    const difference = requests.flatMap(({ event }, i) => {
      const [expected, seen] = [plain, traced].map(({ outcomes, requests: received }) => noticed(outcomes[i] ?? {}, received[i]));
      const differs = JSON.stringify(expected) !== JSON.stringify(seen);
      return differs ? [{ program: (event as { program: string }).program, header: HEADERS[Math.floor(i / names.length)][0], expected, seen }] : [];
    });
    expect(difference).toEqual([]);
    // Outside of an invocation nothing is called, so there is nothing to tell of.
    expect(ordinary(traced.output)).toEqual(ordinary(plain.output));
    const programOf = (traceId: string) => libraryOf(names[Number(traceId.slice(-24))] ?? '');
    if (mode === 'OpenTelemetry') {
      decodeSpans(traced.datagrams).forEach(span => recordedTable.addSpans(programOf(span.traceId), [span]));
    } else {
      traced.datagrams.map(text => JSON.parse(text.slice(text.indexOf('\n') + 1))).forEach(document => recordedTable.addDocuments(programOf(document.trace_id), [document]));
    }
  });
});

test('the documentation says what is recorded of each library', () => recordedTable.check());

/** Lines of the log, without what tells of the package (frames, and the line of code that Node.js shows), and without the one line that is ours. */
function ordinary(output: string): string[] {
  return output.split('\n')
    .filter(line => !/^\s+at |"stack":|Invoke Error|index\.m?js:\d|\tcdk-traced-function: a call outside of an invocation is not traced/.test(line) && line.length < 500)
    .map(line => line.replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:PORT'));
}

function spansOf(mode: Mode, datagrams: string[]): { name: string; parentId?: string }[] {
  return mode === 'OpenTelemetry' ? decodeSpans(datagrams).map((span: DecodedSpan) => ({ name: span.name, parentId: span.parentSpanId }))
    : datagrams.map(text => JSON.parse(text.slice(text.indexOf('\n') + 1))).map(({ name, parent_id: parentId }) => ({ name, parentId }));
}

describe('a handler that answers by a callback, on a runtime that knows none', () => {
  const expected: Record<string, { response?: unknown; error?: [string, string]; log?: string[] }> = {
    answers: { response: { status: 200, event: { a: 1 } } },
    fails: { error: ['TypeError', 'by callback'] },
    failsWithText: { error: ['string', 'a text'] },
    throws: { error: ['RangeError', 'before it called back'] },
    waits: { response: 'first', log: ['later', 'later'] }, // before it is answered
    doesNotWait: { response: 'at once' },
    neverAnswers: { response: null, log: ['done', 'done'] },
    promises: { response: { given: 'function' } },
    asyncAndCallsBack: { response: 'by callback' },
    callsTwice: { response: 'first' },
    contextDone: { response: { by: 'done' } },
    contextSucceed: { response: 'succeeded' },
    contextFail: { error: ['Error', 'failed'] },
    plain: { response: 1 },
  };

  describe.each(TRACED)('%s', mode => {
    const call = async (name: string, options: Partial<Request> = {}, event: unknown = { a: 1 }) =>
      run(id(`callback${name}`, mode), [1, 2].map(n => ({ event, traceHeader: header(n, true), ...options })), { handler: `index.${name}` });

    test.each(Object.entries(expected))('%s', async (name, { response, error, log = [] }) => {
      const seen = await call(name);
      expect(seen.initError).toBeUndefined();
      expect(seen.exitCode).toBeUndefined();
      const failure = error && expect.objectContaining({ errorType: error[0], errorMessage: error[1] });
      const outcome = failure ? { error: failure } : { response: JSON.stringify(response) };
      expect(seen.outcomes).toEqual([outcome, outcome]);
      expect(seen.output.split('\n').filter(line => /\tINFO\t|\tWARN\t/.test(line)).map(line => line.split('\t').pop())).toEqual(log);
    });

    test('an open timer keeps one request until its time runs out, and no other', async () => {
      const seen = await call('keepsLoopBusy', { timeout: 1_200 });
      expect(seen.outcomes).toEqual([{ response: '"busy"' }, { response: '"busy"' }]);
      expect(seen.output.split('\n').filter(line => line.includes('callbackWaitsForEmptyEventLoop'))).toHaveLength(1);
    });

    test('serverless-express', async () => {
      const event = {
        version: '2.0', routeKey: '$default', rawPath: '/', rawQueryString: '', headers: { host: 'example.com' }, isBase64Encoded: false,
        requestContext: { http: { method: 'GET', path: '/', protocol: 'HTTP/1.1', sourceIp: '1.1.1.1', userAgent: 'u' }, stage: '$default', requestId: 'r' },
      };
      const seen = await call('adapter', {}, event);
      expect(seen.outcomes.map(({ response }) => JSON.parse(response!).body)).toEqual(['{"status":200}', '{"status":200}']);
      expect(spansOf(mode, seen.datagrams)).toHaveLength(2);
    });

    test('a response stream is not taken for one', async () => {
      expect((await call('stream')).outcomes).toEqual([{ response: 'function streamed' }, { response: 'function streamed' }]);
    });
  });
});

test('Powertools\' tracer and the construct record each call once, and the handler once', async () => {
  const requests = [{ event: {}, traceHeader: header(1, true) }, { event: { fails: true }, traceHeader: header(2, true) }];
  const traced = await run(id('powertools', 'XRaySdk'), requests);
  const alone = await run(id('powertools', 'None'), requests);
  expect(spansOf('XRaySdk', traced.datagrams).map(({ name }) => name).sort()).toEqual(spansOf('XRaySdk', alone.datagrams).map(({ name }) => name).sort());
  for (const { headers } of traced.requests.flat()) {
    expect(headers['x-amzn-trace-id']).toMatch(/^Root=[^,]*$/);
  }
  expect(traced.outcomes.map(({ error, response }) => error?.errorMessage ?? response)).toEqual(['"done"', 'with powertools']);
});

describe.each(TRACED)('a request that takes its process with it, with %s', mode => {
  const end = async (functionId: string, name: string, options: Partial<Request> = {}) =>
    run(functionId, [{ event: { program: name }, traceHeader: header(1, true), ...options }]);

  test.each(['exits', 'uncaught', 'unhandledRejection', 'neverSettles'])('%s: its finished calls are sent, and it ends as it does untraced', async name => {
    const plain = await end(id('ending', 'None'), name);
    const traced = await end(id('ending', mode), name);
    expect(traced.outcomes.map(outcome => noticed(outcome))).toEqual(plain.outcomes.map(outcome => noticed(outcome)));
    expect(ordinary(traced.output)).toEqual(ordinary(plain.output));
    expect(spansOf(mode, traced.datagrams).map(({ name: span }) => span)).toEqual(expect.arrayContaining([mode === 'OpenTelemetry' ? 'GET' : '127.0.0.1', '## index.handler']));
  });

  test('timesOut: its finished calls are sent', async () => {
    const { datagrams } = await end(id('ending', mode), 'timesOut', { timeout: 1_000 });
    expect(spansOf(mode, datagrams)).toEqual([{ name: mode === 'OpenTelemetry' ? 'GET' : '127.0.0.1', parentId: PARENT }]);
  });
});

test.each(TRACED)('whatever is thrown, returned or answered, the outcome is the same with %s', async mode => {
  const { stdout } = await promisify(execFile)(runtime.node, [path.join(__dirname, 'properties.cjs'), packages[id('property', 'None')], packages[id('property', mode)]], {
    env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1', AWS_LAMBDA_FUNCTION_NAME: 'function', LAMBDA_TASK_ROOT: packages[id('property', mode)], AWS_XRAY_DAEMON_ADDRESS: daemon.address },
  });
  expect(Number(stdout)).toBeGreaterThanOrEqual(2_000);
  expect((await daemon.takeDatagrams()).length).toBeGreaterThan(100);
});

describe.each(TRACED)('databases, with %s', mode => {
  const recorded: Record<string, Record<string, string[]>> = {
    sql: { mysql2Callback: ['mysql'], mysql2Promise: ['mysql', 'mysql'], mysqlCallback: ['mysql'] },
    stores: {
      mongodbInsert: ['mongodb insert'], mongodbFind: ['mongodb find'], mongodbAtOnce: ['mongodb delete', 'mongodb find', 'mongodb update'], mongodbFails: ['mongodb find'],
      redisGet: ['redis GET', 'redis GET', 'redis SET'], redisFails: ['redis NONSENSE'], redisPipeline: ['redis PIPELINE'], redisTransaction: ['redis PIPELINE'],
      redisUnhandled: ['redis NONSENSE'], redisLazy: ['redis GET'],
    },
  };
  const told = (datagrams: string[]) => mode === 'OpenTelemetry'
    ? decodeSpans(datagrams).map(({ attributes }) => [attributes['db.system'], attributes['db.operation']].filter(Boolean).join(' '))
    : datagrams.map(text => JSON.parse(text.slice(text.indexOf('\n') + 1)).sql ?? {}).map(sql => [sql.database_type, sql.sanitized_query].filter(Boolean).join(' '));

  test.each([['sql', 'in the package'], ['sqlOutside', 'outside'], ['stores', 'in the package'], ['storesOutside', 'outside']])('%s %s: each call is recorded, once', async functionId => {
    const env = { NODE_PATH: path.join(__dirname, 'node_modules') };
    for (const [name, calls] of Object.entries(recorded[functionId.replace('Outside', '')])) {
      const { outcomes, datagrams } = await run(id(functionId, mode), [{ event: { program: name }, traceHeader: header(1, true) }], { env });
      expect([name, outcomes[0].error, told(datagrams).sort()]).toEqual([name, undefined, calls]);
    }
  });
});

describe.each(TRACED)('secrets, with %s', mode => {
  test('are in no datagram', async () => {
    const env = { API_KEY: 'PLANTED0SECRET', POSTGRES: postgres ? `postgres://postgres:PASSWORD@127.0.0.1:${postgres.port}/postgres` : '' };
    const [{ response: list }] = (await run(id('secrets', mode), [{ event: { program: 'names' } }], { env })).outcomes;
    const names = JSON.parse(list!) as string[];
    const seen = await run(id('secrets', mode), names.map((name, i) => ({ event: { program: name }, traceHeader: header(i, true) })), { env });
    expect(seen.exitCode).toBeUndefined();
    expect(Number(seen.outcomes[names.length - 1].response)).toBeGreaterThan(postgres ? 300 : 250);
    const texts = seen.datagrams.map(text => mode === 'OpenTelemetry' ? JSON.stringify(decodeSpans([text])) : text);
    const found = texts.flatMap(text => [...text.matchAll(/.{0,80}PLANTED[\w-]*/g)].map(([match]) => match));
    expect(found).toEqual([]);
    // There was something to find it in.
    expect(texts.join().match(/\/status\/200/g)!.length).toBeGreaterThan(20);
    expect(texts.length).toBeGreaterThan(names.length - 2);
  });
});
