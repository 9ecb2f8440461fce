import * as path from 'path';
import { Instrumentation } from '../../lib';
import { FunctionHost, FunctionRun, RunOptions, SAMPLED, UNSAMPLED } from '../instrumentation/function-process';
import { decodeSpans } from '../instrumentation/otlp-spans';
import { hasMaven, javaProgram } from '../java-runtime';
import { bundle } from '../packages';

jest.setTimeout(600_000);

/** Every program of the fixture, with and without instrumentation: everything that a user could notice has to be the same. */
const ENTRY = path.join(__dirname, 'fixtures', 'java', 'programs');
const SECRET = 'PLANTED_IN_THE_EVENT';
const INSTRUMENTATIONS = { XRaySdk: 'xraySdk', OpenTelemetry: 'openTelemetry' } as const;
const HEADERS: [string, string | null][] = [['sampled', SAMPLED], ['unsampled', UNSAMPLED], ['without a header', null]];

/** All that may hold personal data is left out, and what a pattern matches. */
const RECORDING = { s3Keys: false, urlPaths: false, exceptionMessages: false, redact: ['^it.ms$'] };

const canRun = hasMaven && process.platform === 'linux';
if (!canRun) {
  console.warn('The oracle of Java is skipped: it needs Maven, a JDK and Linux');
}

(canRun ? describe : describe.skip)('a Java program', () => {
  let host: FunctionHost;
  let names: string[];
  const programs: Record<string, string> = {};
  const untraced: Record<string, unknown> = {};

  beforeAll(async () => {
    host = await FunctionHost.start();
    const of = (instrumentation: Instrumentation) => ({ entry: ENTRY, handler: 'programs.Handler', instrumentation });
    const packages = bundle({
      None: of(Instrumentation.none()),
      XRaySdk: of(Instrumentation.xraySdk()),
      OpenTelemetry: of(Instrumentation.openTelemetry()),
      XRaySdkLess: of(Instrumentation.xraySdk({ recording: RECORDING, captureSql: false })),
      OpenTelemetryLess: of(Instrumentation.openTelemetry({ recording: RECORDING, captureAwsSdk: false })),
    });
    for (const [id, directory] of Object.entries(packages)) {
      programs[id] = javaProgram(directory, 'programs.Handler');
    }
    names = (await run('None', ['names'])).results[0].value.filter((name: string) => name !== 'hang');
    for (const [title, traceId] of HEADERS) {
      untraced[title] = noticed(await run('None', names, traceId));
    }
  });
  afterAll(async () => host.stop());

  async function run(id: string, actions: string[], traceId: string | null = SAMPLED, options: RunOptions = {}): Promise<FunctionRun> {
    const events = actions.map(action => ({ action, base: host.services.url, secret: SECRET }));
    return host.runProgram(programs[id], events, { traceIds: events.map(() => traceId), ...options, env: { PLANTED: 'PLANTED_IN_THE_ENVIRONMENT', ...options.env } });
  }

  function noticed({ results, log, requests }: FunctionRun): unknown {
    const plain = (text: string) => text.replace(/127\.0\.0\.1:(?!1\b)\d+/g, 'HOST').replace(/thread \[[^\]]*\]|http-outgoing-\d+/g, 'NUMBERED');
    return {
      results: results.map((result, i) => [names[i], JSON.parse(plain(JSON.stringify(result)))]),
      log: log.map(plain),
      requests: requests.map(({ method, path: url, body, headers }) => {
        const { 'x-amzn-trace-id': trace, traceparent, 'x-amz-date': date, authorization, host: at, ...rest } = headers;
        return JSON.stringify({ method, url, body, rest })
          .replace(/"(?:amz-sdk-invocation-id|amz-sdk-request|x-amz-content-sha256)":"[^"]*",?|signature[=:][0-9a-f]+/g, '');
      }).sort(),
    };
  }

  const told = (datagrams: string[]) => datagrams.map(text => text.replace(/T1S(.*)$/s, (_, encoded) => Buffer.from(encoded, 'base64').toString('latin1')));

  test('there are at least 15', () => {
    expect(names.length).toBeGreaterThanOrEqual(15);
  });

  describe.each(Object.keys(INSTRUMENTATIONS))('%s', id => {
    test.each(HEADERS)('%s: gives, prints and sends what it does without instrumentation', async (title, traceId) => {
      const seen = await run(id, names, traceId);
      expect(noticed(seen)).toEqual(untraced[title]);
      expect(seen.datagrams.length > 0).toBe(traceId === SAMPLED);
      expect(told(seen.datagrams).filter(text => /PLANTED/.test(text))).toEqual([]);
    });

    test('a request that is killed has its finished calls sent, also those below a subsegment that has not ended', async () => {
      const seen = await run(id, ['hang'], SAMPLED, { timeOut: { milliseconds: 3_000, sent: text => /DescribeTable/.test(told([text])[0]) } });
      expect(seen.datagrams).toHaveLength(1);
    });

    test.each([
      ['one part', (at: string) => at],
      ['two parts', (at: string) => `tcp:127.0.0.1:1 udp:${at}`],
      ['upper case', (at: string) => `UDP:${at} TCP:127.0.0.1:1`],
    ])('the daemon\'s address in %s', async (_, form) => {
      const { datagrams, log } = await run(id, ['aws: put'], SAMPLED, { env: { AWS_XRAY_DAEMON_ADDRESS: form(host.daemonAddress) } });
      expect([datagrams.length, log]).toEqual([1, []]);
    });

    test.each([
      ['an address of IPv6 at which nobody listens', '[::1]:1', /^$|cannot be reached/],
      ['nothing', ' ', /^$|cannot be reached/],
      ['something else', 'nonsense', /AWS_XRAY_DAEMON_ADDRESS is malformed/],
      ['a name that does not resolve', 'daemon.invalid:2000', /^$|cannot be reached|cannot be sent/],
    ])('works when the daemon\'s address is %s', async (_, address, line) => {
      const { results, log } = await run(id, ['aws: put', 'url: a stream of an address'], SAMPLED, { env: { AWS_XRAY_DAEMON_ADDRESS: address } });
      expect(results).toEqual([{ value: '200' }, { value: 'answer' }]);
      expect(log.length).toBeLessThanOrEqual(1);
      expect(log.join('')).toMatch(line);
    });
  });

  /** What is recorded of a program: names, and how it went. */
  const recorded: [string, [string, number | string | undefined][]][] = [
    ['java.net.http: post, and an error of the other side', [['POST', 503]]],
    ['java.net.http: several at once', [['GET', 200], ['GET', 201], ['GET', 404]]],
    ['java.net.http: nobody listens', [['GET', 'java.net.ConnectException']]],
    ['java.net.http: a header of one\'s own', []],
    ['url: what the connection says', [['GET', 200]]],
    ['url: only a header is asked for', [['GET', 202]]],
    ['url: post in chunks', [['POST', 201]]],
    ['url: not found', [['GET', 404]]],
    ['url: nobody listens', [['GET', 'java.net.ConnectException']]],
    ['url: a stream of an address', [['GET', 200]]],
    ['url: a file of the package', []],
    ['url: a header of one\'s own', []],
    ['apache 4: a redirection, and the request afterwards', [['GET', 200]]],
    ['apache 4: post, and an error of the other side', [['POST', 500]]],
    ['apache 4: nobody listens', [['GET', 'org.apache.http.conn.HttpHostConnectException']]],
    ['apache 4: the old client', [['GET', 200]]],
    ['apache 5: a redirection, and the request afterwards', [['GET', 200]]],
    ['apache 5: post, and an error of the other side', [['POST', 500]]],
    ['apache 5: nobody listens', [['GET', 'org.apache.hc.client5.http.HttpHostConnectException']]],
    ['okhttp: a redirection, and the request afterwards', [['GET', 200]]],
    ['okhttp: post, and an error of the other side', [['POST', 500]]],
    ['okhttp: nobody listens', [['GET', 'java.net.ConnectException']]],
    ['okhttp: asynchronously', [['GET', 404]]],
    ['jdbc: statements of all kinds', [['CREATE', undefined], ['INSERT', undefined], ['INSERT', undefined], ['SELECT', undefined]]],
    ['jdbc: an error of the database', [['CREATE', undefined], ['INSERT', undefined], ['INSERT', 'org.h2.jdbc.JdbcSQLIntegrityConstraintViolationException']]],
    ['jdbc: a closed connection', [['SELECT', 'org.h2.jdbc.JdbcSQLNonTransientException']]],
    ['jdbc: a pool', [['SELECT', undefined]]],
    ['jdbc: a transaction that is taken back', [['CREATE', undefined], ['INSERT', undefined], ['SELECT', undefined]]],
    ['aws: put', [['PutItem', 200]]],
    ['aws: presigned', []],
    ['handler: prints', []],
  ];

  test('its calls are recorded once, with OpenTelemetry', async () => {
    const seen: unknown[] = [];
    for (const { spans, name } of await each('OpenTelemetry', recorded.map(([program]) => program))) {
      seen.push([name, decodeSpans(spans).map(({ name: span, attributes, events }) =>
        [span.replace(/^.*\./, ''), attributes['http.status_code'] ?? events[0]?.attributes['exception.type']]).sort()]);
    }
    expect(seen).toEqual(recorded);
  });

  test('its calls are recorded once, with the X-Ray SDK', async () => {
    const seen: unknown[] = [];
    for (const { spans, name } of await each('XRaySdk', recorded.map(([program]) => program))) {
      const documents = spans.map(text => JSON.parse(text.slice(text.indexOf('\n') + 1)));
      seen.push([name, documents.map(({ http, sql, aws, cause }) =>
        [aws?.operation ?? sql?.sanitized_query ?? http.request.method, http?.response?.status ?? cause?.exceptions[0].type]).sort()]);
    }
    expect(seen).toEqual(recorded);
  });

  /** Datagrams of each program. All run in one process, one after the other, so that the header tells them apart. */
  async function each(id: string, actions: string[]): Promise<{ name: string; spans: string[] }[]> {
    const events = actions.map(action => ({ action, base: host.services.url, secret: SECRET }));
    const root = (i: number) => `1-5759e988-${String(i).padStart(24, '0')}`;
    const { datagrams } = await host.runProgram(programs[id], events, { traceIds: events.map((_, i) => `Root=${root(i)};Parent=53995c3f42cd8ad8;Sampled=1`) });
    const traceOf = (text: string) => text.includes('\n{') ? JSON.parse(text.slice(text.indexOf('\n') + 1)).trace_id as string
      : decodeSpans([text])[0].traceId.replace(/^(.{8})/, '1-$1-');
    return actions.map((name, i) => ({ name, spans: datagrams.filter(text => traceOf(text) === root(i)) }));
  }

  test('a query says where it went, and its error what it was, without values', async () => {
    const { documents } = await run('XRaySdk', ['jdbc: an error of the database']);
    expect(documents[2]).toMatchObject({
      namespace: 'remote', fault: true, sql: { database_type: 'h2', sanitized_query: 'INSERT' },
      cause: { exceptions: [{ type: 'org.h2.jdbc.JdbcSQLIntegrityConstraintViolationException', message: expect.stringMatching(/^Unique index or primary key violation: \*\*\*/) }] },
    });
  });

  const EVERYTHING = ['aws: put', 'aws: an object', 'java.net.http: post, and an error of the other side', 'apache 5: nobody listens', 'jdbc: an error of the database'];

  test('what is to be left out is left out, with the X-Ray SDK', async () => {
    const { documents } = await run('XRaySdkLess', EVERYTHING);
    expect(documents.filter(({ aws }) => aws).map(({ aws }) => [aws.operation, aws.table_name])).toEqual([['PutItem', '***'], ['PutObject', undefined]]);
    expect(documents.filter(({ aws }) => !aws).map(({ http, cause }) => [http.request.url.replace(/:\d+$/, ''), cause?.exceptions.map((e: { message?: string }) => e.message ?? null)]))
      .toEqual([['http://127.0.0.1', undefined], ['http://127.0.0.1', [null]]]);
    expect(JSON.stringify(documents)).not.toMatch(/jane|status\/503/);
  });

  test('what is to be left out is left out, with OpenTelemetry', async () => {
    const { datagrams } = await run('OpenTelemetryLess', EVERYTHING);
    const spans = decodeSpans(datagrams);
    expect(spans.map(({ name }) => name)).toEqual(['POST', 'GET', 'CREATE', 'INSERT', 'INSERT']);
    expect(spans[0].attributes['http.url']).toBe(host.services.url);
    expect(spans[4].events[0].attributes['exception.message']).toBeUndefined();
    expect(JSON.stringify(spans)).not.toMatch(/jane|status\/503|Unique index/);
  });
});
