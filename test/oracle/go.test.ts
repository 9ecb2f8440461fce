import * as path from 'path';
import { Instrumentation } from '../../lib';
import { FunctionHost, FunctionRun, SAMPLED, UNSAMPLED } from '../instrumentation/function-process';
import { decodeSpans } from '../instrumentation/otlp-spans';
import { bundle } from '../packages';

/** Every program of the fixture, with and without instrumentation: everything that a user could notice has to be the same. */
const PROGRAMS = path.join(__dirname, 'fixtures', 'go', 'programs');
const SECRET = 'PLANTED_IN_THE_EVENT';
const INSTRUMENTATIONS = { XRaySdk: Instrumentation.xraySdk(), OpenTelemetry: Instrumentation.openTelemetry() };

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
        return JSON.stringify({ method, url, body, rest }).replace(/"(?:amz-sdk-invocation-id|amz-sdk-request|x-forwarded-for)":"[^"]*",?/g, '');
      }).sort(),
    }));
  }

  test('there are at least 25', () => {
    expect(names.length).toBeGreaterThanOrEqual(25);
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

  const recorded: [string, string[]][] = [
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
    const { documents } = await run('XRaySdk', [name]);
    expect(documents.map(document => document.name.startsWith('## ') ? document.name : document.aws ? `${document.name}.${document.aws.operation}` : document.sql.sanitized_query)).toEqual(spans);
  });

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
