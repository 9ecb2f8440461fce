import * as path from 'path';
import { Instrumentation, InstrumentationOptions } from '../../lib';
import { FunctionHost, FunctionRun, SAMPLED, UNSAMPLED } from '../instrumentation/function-process';
import { decodeSpans } from '../instrumentation/otlp-spans';
import { bundle } from '../packages';
import { RecordedTable } from './recorded-table';

/** Every program of the fixture, with and without instrumentation: everything that a user could notice has to be the same. */
const PROGRAMS = path.join(__dirname, 'fixtures', 'go', 'programs');
const SECRET = 'PLANTED_IN_THE_EVENT';
const INSTRUMENTATIONS = { XRaySdk: Instrumentation.xraySdk(), OpenTelemetry: Instrumentation.openTelemetry() };

const OPTIONS: Record<string, InstrumentationOptions> = {
  NoAwsSdk: { captureAwsSdk: false },
  NoHttp: { captureHttp: false },
  NoSql: { captureSql: false, captureColdStart: true, captureResponse: true },
  LeftOut: { recording: { s3Keys: false, urlPaths: false, exceptionMessages: false, redact: ['customer-[0-9]+'] }, captureResponse: true },
};

/** Programs that end their process. */
const ENDING = ['handler: exit', 'handler: fatal', 'handler: nil pointer', 'handler: panic'];

const documentsOf = (datagrams: string[]): any[] =>
  datagrams.map(text => text.slice(text.indexOf('\n') + 1)).filter(text => text.startsWith('{')).map(text => JSON.parse(text));

async function inTurn<T, R>(items: T[], of: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) {
    results.push(await of(item));
  }
  return results;
}

const canRun = process.platform === 'linux';
if (!canRun) {
  console.warn('The tests that run a binary for Lambda are skipped: they need Linux');
}

(canRun ? describe : describe.skip)('a Go program', () => {
  let host: FunctionHost;
  let packages: Record<string, string>;
  let names: string[];
  const untraced: Record<string, unknown> = {};
  const HEADERS: [string, string | null][] = [['sampled', SAMPLED], ['unsampled', UNSAMPLED], ['without a header', null]];

  beforeAll(async () => {
    host = await FunctionHost.start();
    const of = (instrumentation: Instrumentation) => ({ entry: PROGRAMS, instrumentation });
    packages = bundle({
      None: of(Instrumentation.none()),
      ...Object.fromEntries(Object.entries(INSTRUMENTATIONS).map(([id, instrumentation]) => [id, of(instrumentation)])),
      ...Object.fromEntries(Object.entries(OPTIONS).map(([id, options]) => [id, of(Instrumentation.xraySdk(options))])),
      LeftOutOfSpans: of(Instrumentation.openTelemetry(OPTIONS.LeftOut)),
    });
    names = (await run('None', ['names'])).results[0].value.filter((name: string) => name !== 'hang');
    for (const [title, traceId] of HEADERS) {
      untraced[title] = noticed(await runAll('None', traceId));
    }
  });
  afterAll(async () => host.stop());

  async function run(id: string, actions: string[], traceId: string | null = SAMPLED): Promise<FunctionRun> {
    const events = actions.map(action => ({ action, secret: SECRET }));
    return host.runProgram(path.join(packages[id], 'bootstrap'), events, { traceIds: events.map(() => traceId), env: { PLANTED: 'PLANTED_IN_THE_ENVIRONMENT' } })
      .catch(ended);
  }

  /** Those that end the process have one of their own. */
  async function runAll(id: string, traceId: string | null): Promise<FunctionRun[]> {
    const [ending, others] = [ENDING, names.filter(name => !ENDING.includes(name))];
    return [await run(id, others, traceId), ...await inTurn(ending, async name => run(id, [name], traceId))];
  }

  /** What is left of a program that has ended by itself: its last words. */
  async function ended(error: Error): Promise<FunctionRun> {
    const datagrams = await host.takeDatagrams();
    return { results: [], log: error.message.replace(/^'\S+' /, '').split('\n'), requests: host.services.take(), datagrams, documents: documentsOf(datagrams) };
  }

  function noticed(runs: FunctionRun[]): unknown {
    const plain = (text: string) => text.replace(/127\.0\.0\.1:(?!1\b)\d+/g, 'HOST').replace(/\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d/g, 'TIME');
    return runs.map(({ results, log, requests }, i) => ({
      results: results.map((result, at) => {
        const name = i === 0 ? names.filter(each => !ENDING.includes(each))[at] : ENDING[i - 1];
        return [name, JSON.parse(plain(JSON.stringify(result)))];
      }),
      // A program that panics is ended when it has answered, perhaps before its last words. Below the handler, frames of Go's own library have other lines.
      log: i > 0 && results.length > 0 ? [] : log.map(plain).filter(line => !/^\s|^goroutine \d|\bstackTrace\b|\(0x[0-9a-f]+/.test(line)),
      requests: requests.map(({ method, path: url, body, headers }) => {
        const { 'x-amzn-trace-id': trace, traceparent, 'x-amz-date': date, authorization, host: at, ...rest } = headers;
        return JSON.stringify({ method, url, body, rest }).replace(/X-Amz-(?:Date|Signature)=\w+/g, '').replace(/"(?:amz-sdk-invocation-id|amz-sdk-request|x-forwarded-for)":"[^"]*",?/g, '');
      }).sort(),
    }));
  }

  test('there are at least 25, and more than 200 secrets', async () => {
    expect(names.filter(name => !name.startsWith('secrets: ')).length).toBeGreaterThanOrEqual(25);
    const { results } = await run('None', [...names.filter(name => name.startsWith('secrets: ')), 'secrets: when all are']);
    expect(results.pop()!.value).toBeGreaterThan(200);
  });

  const SOME = ['aws v2: put', 'aws v1: call', 'http: get', 'sql: query'];
  test.each([
    ['XRaySdk', ['DynamoDB', 'STS', '127.0.0.1', 'shop@db.example.com:3306']],
    ['NoAwsSdk', ['127.0.0.1', 'shop@db.example.com:3306']], // nor as a request
    ['NoHttp', ['DynamoDB', 'STS', 'shop@db.example.com:3306']],
    ['NoSql', ['DynamoDB', 'STS', '127.0.0.1']],
  ])('%s: what is not wanted is not recorded', async (id, expected) => {
    const { documents, results } = await run(id, SOME);
    expect(results.filter(({ error }) => error)).toEqual([]);
    expect(documents.map(({ name }) => name).filter(name => !name.startsWith('## ')).sort()).toEqual(expected.sort());
  });

  test('the first invocation of an environment, and responses, are recorded when that is wanted', async () => {
    const { documents } = await run('NoSql', ['aws v2: put', 'http: get']);
    const handlers = documents.filter(({ name }) => name.startsWith('## '));
    expect(handlers.map(({ annotations, metadata }) => [annotations, metadata.default.response])).toEqual([[{ ColdStart: true }, null], [{ ColdStart: false }, [200, 'answer']]]);
  });

  test.each(['LeftOut', 'LeftOutOfSpans'])('%s: what may hold personal data is left out', async id => {
    const actions = ['recording: object', 'recording: customer', 'http: get', 'handler: error'];
    const told = (datagrams: string[]) => datagrams.map(text => text.replace(/T1S(.*)$/s, (_, encoded) => Buffer.from(encoded, 'base64').toString('latin1'))).join('\n');
    const plain = told((await run(id === 'LeftOut' ? 'XRaySdk' : 'OpenTelemetry', actions)).datagrams);
    const { datagrams, results } = await run(id, actions);
    expect(results[1].value).toBe('customer-1234');
    const text = told(datagrams);
    for (const left of ['folder/a-key.txt', 'table-of-customer-1234', '/status/200', "the handler's own"]) {
      expect([left, plain.includes(left), text.includes(left)]).toEqual([left, true, false]);
    }
    for (const kept of ['bucket', 'table-of-***', host.services.url]) {
      expect([kept, text.includes(kept)]).toEqual([kept, true]);
    }
    expect(text).not.toContain('customer-1234');
  });

  describe.each(Object.keys(INSTRUMENTATIONS))('%s', id => {
    test.each(HEADERS)('%s: gives, prints and sends what it does without instrumentation', async (title, traceId) => {
      const seen = await runAll(id, traceId);
      expect(noticed(seen)).toEqual(untraced[title]);
      const datagrams = seen.flatMap(each => each.datagrams);
      expect(datagrams.length > 0).toBe(traceId === SAMPLED);
      const told = datagrams.map(text => text.replace(/T1S(.*)$/s, (_, encoded) => Buffer.from(encoded, 'base64').toString('latin1')));
      expect(told.filter(text => /PLANTED|user:pass/.test(text))).toEqual([]);
    });
  });

  const table = new RecordedTable('go');
  const LIBRARIES: Record<string, string> = { 'aws v1': 'AWS SDK for Go v1', 'aws v2': 'AWS SDK for Go v2', 'sql': '`database/sql`', 'http': '`net/http`' };
  const recorded: [string, string[]][] = [
    ['http: get', ['GET']],
    ['http: a status that is an error', ['POST']],
    ['http: nobody listens', ['GET', '## handler']],
    ['recording: object', ['S3.GetObject']],
    ['aws v1: call', ['STS.GetCallerIdentity']],
    ['aws v1: error of a service', ['STS.AssumeRole', '## handler']],
    ['aws v2: put', ['DynamoDB.PutItem']],
    ['aws v2: client without a loaded configuration', ['DynamoDB.Scan']],
    ['aws v2: presigned', []],
    ['aws v1: presigned', []],
    ['sql: query', ['SELECT']],
    ['sql: execute without a context', ['INSERT']],
    ['sql: prepared, in a transaction', ['UPDATE', 'UPDATE']],
    ['sql: error of the database', ['INSERT', '## handler']],
    ['sql: connection that is gone', ['SELECT']],
    ['handler: panic', ['## handler']],
  ];

  test.each(recorded)('%s: is recorded as %j', async (name, spans) => {
    const { datagrams } = await run('OpenTelemetry', [name]);
    expect(decodeSpans(datagrams).map(span => span.name)).toEqual(spans);
    const library = LIBRARIES[name.split(':')[0]];
    table.addSpans(library, decodeSpans(datagrams));
    const { documents } = await run('XRaySdk', [name]);
    table.addDocuments(library, documents);
    expect(documents.map(document => document.name.startsWith('## ') ? document.name : document.aws ? `${document.name}.${document.aws.operation}`
      : document.sql?.sanitized_query ?? document.http.request.method)).toEqual(spans);
  });

  test('the documentation says what is recorded of each library', () => table.check());

  test('a query says where it went, and its error what it was, without values', async () => {
    const { documents: [query] } = await run('XRaySdk', ['sql: error of the database']);
    expect(query).toMatchObject({
      name: 'shop@db.example.com:3306', namespace: 'remote', fault: true, sql: { database_type: 'mysql', url: 'db.example.com:3306/shop', sanitized_query: 'INSERT' },
      cause: { exceptions: [{ type: '*mysqlfake.Error', message: 'Error 1062: Duplicate entry ? for key ?' }] },
    });
  });

  test.each(Object.keys(INSTRUMENTATIONS))('%s: of a request that is killed, the finished calls are sent, and the one that took all the time', async id => {
    const nobodyAnswers = await host.silentServer();
    const isUnfinished = (text: string) => /"in_progress":true/.test(text)
      || text.includes('T1S') && decodeSpans([text]).some(span => /not finished/.test(span.status?.message ?? ''));
    const seen = await host.runProgram(path.join(packages[id], 'bootstrap'), [{ action: 'hang', secret: nobodyAnswers.url }], { timeOut: { milliseconds: 1_500, sent: isUnfinished } });
    await nobodyAnswers.stop();
    expect(id === 'XRaySdk' ? seen.documents.map(({ name, in_progress }) => [name, in_progress ?? false]) : decodeSpans(seen.datagrams).map(({ name, status }) => [name, status?.code === 2]))
      .toEqual([[id === 'XRaySdk' ? 'DynamoDB' : 'DynamoDB.PutItem', false], [id === 'XRaySdk' ? '127.0.0.1' : 'GET', true]]);
  });
});
