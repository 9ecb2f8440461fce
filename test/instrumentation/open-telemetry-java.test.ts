import * as fs from 'fs';
import * as path from 'path';
import { Template } from 'aws-cdk-lib/assertions';
import { FunctionHost, FunctionRun, PARENT, ROOT, RunOptions, UNSAMPLED } from './function-process';
import { DecodedSpan, decodeSpans } from './otlp-spans';
import { Instrumentation, SdkDelivery, TracedFunctionProps } from '../../lib';
import { hasMaven, javaProgram } from '../java-runtime';
import { bundle, bundlingError } from '../packages';
import { JAVA_ENTRY, projectFolder, tracedFunction } from '../test-app';

jest.setTimeout(600_000);

const TRACE = ROOT.slice(2).replace('-', '');
const PRODUCER = 4;
const CLIENT = 3;
const ENTRY = path.join(__dirname, 'fixtures', 'java', 'calls');

const LAYER = 'TracingLayerjavax8664'; // logical ids have no underscore

/** One that calls a web site and nothing of AWS. */
const onlyHttp = () => projectFolder({
  'pom.xml': fs.readFileSync(path.join(ENTRY, 'pom.xml'), 'utf8')
    .replace(/<dependency>\s*<groupId>(?:software\.amazon\.awssdk|io\.opentelemetry)<\/groupId>[\s\S]*?<\/dependency>/g, ''),
  'src/main/java/example/Http.java': fs.readFileSync(path.join(ENTRY, 'src/main/java/example/Http.java'), 'utf8'),
});

const openTelemetry = (handler: string): TracedFunctionProps => ({ entry: ENTRY, handler, instrumentation: Instrumentation.openTelemetry() });

if (!hasMaven || process.platform !== 'linux') {
  console.warn('The tests of OpenTelemetry in Java are skipped: they need Maven, a JDK and Linux');
}

(hasMaven && process.platform === 'linux' ? describe : describe.skip)('a Java package', () => {
  let host: FunctionHost;
  let packages: Record<string, string>;
  const programs: Record<string, string> = {};

  beforeAll(async () => {
    host = await FunctionHost.start();
    packages = bundle({
      Calls: openTelemetry('example.Calls'),
      OwnSpans: openTelemetry('example.OwnSpans'),
      Http: openTelemetry('example.Http'),
      HttpXRaySdk: { entry: ENTRY, handler: 'example.Http' },
      HttpLayer: { entry: ENTRY, handler: 'example.Http', sdkDelivery: SdkDelivery.sharedLayer() },
      OnlyHttpXRaySdk: { entry: onlyHttp(), handler: 'example.Http' },
      NoApi: { entry: JAVA_ENTRY, handler: 'example.PutItem', instrumentation: Instrumentation.openTelemetry() },
    });
    for (const [id, handler] of Object.entries({
      Calls: 'Calls', OwnSpans: 'OwnSpans', NoApi: 'PutItem', Http: 'Http', HttpXRaySdk: 'Http', HttpLayer: 'Http', OnlyHttpXRaySdk: 'Http',
    })) {
      programs[id] = javaProgram(packages[id], `example.${handler}`, id === 'HttpLayer' ? [packages[LAYER]] : []);
    }
  });
  afterAll(async () => host.stop());

  async function run(id: string, actions: string[], options: RunOptions = {}): Promise<FunctionRun> {
    return host.runProgram(programs[id], actions.map(action => ({ action, id: 'a' })), {
      ...options,
      env: { OTEL_JAVA_GLOBAL_AUTOCONFIGURE_ENABLED: 'true', ...options.env }, // the function has it
    });
  }

  async function spansOf(id: string, actions: string[], options: RunOptions = {}): Promise<FunctionRun & { spans: DecodedSpan[] }> {
    const seen = await run(id, actions, options);
    return { ...seen, spans: decodeSpans(seen.datagrams) };
  }

  const header = (span: DecodedSpan) => `Root=${ROOT};Parent=${span.spanId};Sampled=1`;
  const putItem = {
    name: 'DynamoDb.PutItem', kind: CLIENT, traceId: TRACE, parentSpanId: PARENT, status: undefined, events: [], scope: 'cdk-traced-function',
    attributes: {
      'rpc.system': 'aws-api', 'rpc.service': 'DynamoDb', 'rpc.method': 'PutItem', 'db.system': 'dynamodb', 'aws.dynamodb.table_names': ['items'],
      'aws.region': 'eu-west-1', 'aws.request_id': 'REQUEST', 'http.status_code': 200, 'http.response_content_length': 2,
    },
  };

  test.each(['Calls', 'NoApi'])('%s: has a call of an AWS client recorded as a span that carries the trace on', async id => {
    const { spans, requests, log } = await spansOf(id, ['put']);
    expect(log.filter(line => /cdk-traced-function|OpenTelemetry/i.test(line))).toEqual([]);
    expect(spans).toMatchObject([putItem]);
    expect(Object.keys(spans[0].attributes).sort()).toEqual(Object.keys(putItem.attributes).sort());
    expect(spans[0].resource).toEqual({
      'service.name': 'function', 'cloud.provider': 'aws', 'cloud.platform': 'aws_lambda', 'cloud.region': 'eu-west-1', 'faas.name': 'function',
      'telemetry.sdk.name': 'cdk-traced-function', 'telemetry.sdk.language': 'java',
    });
    expect(requests.map(({ headers }) => headers['x-amzn-trace-id'])).toEqual([header(spans[0])]);
  });

  test('has its calls say what they are about, and how they fail, with their attempts', async () => {
    const { spans, requests, results } = await spansOf('Calls', ['services', 'failures']);
    expect(results).toEqual([{ value: 'done' }, {
      error: expect.stringContaining('InternalServerError'),
      failure: expect.objectContaining({ errorType: expect.stringMatching(/\.InternalServerErrorException$/) }),
    }]);
    const [send, get, ...failed] = spans;
    expect([send, get].map(({ name, attributes }) => [name, attributes])).toMatchObject([
      ['Sqs.SendMessage', { 'aws.sqs.queue.url': expect.stringMatching(/\/queue$/) }],
      ['DynamoDb.BatchGetItem', { 'aws.dynamodb.table_names': ['one'] }],
    ]);
    expect(failed.map(({ attributes, status, events }) => [
      attributes['aws.dynamodb.table_names'][0], attributes['http.status_code'], attributes['aws.request_id'], attributes['http.request.resend_count'], status?.code,
      events[0].attributes['exception.type'],
    ])).toEqual([
      ['throttled', 400, 'REQUEST', 1, 2, 'ProvisionedThroughputExceededException'],
      ['conditional', 400, 'REQUEST', undefined, 2, 'ConditionalCheckFailedException'],
      ['broken', 500, 'REQUEST', 1, 2, 'InternalServerError'],
    ]);
    expect(failed[2].events[0].attributes['exception.stacktrace']).toMatch(/example\.Calls\.put/);
    expect(requests.map(({ headers }) => headers['x-amzn-trace-id'])).toEqual([0, 1, 2, 2, 3, 4, 4].map(i => header(spans[i])));
  });

  test('has its calls with java.net.http recorded, in each way to make them', async () => {
    const { spans, requests, log } = await spansOf('Http', ['']);
    expect(log).toEqual([]);
    const { url } = host.services;
    expect(spans.map(({ name, kind, attributes, status }) => [name, kind, attributes['http.url'], attributes['http.status_code'], attributes['http.response_content_length'], status?.code])).toEqual([
      ['GET', CLIENT, `${url}/status/200`, 200, 6, undefined],
      ['POST', CLIENT, `${url}/status/404`, 404, 6, 2],
      ['GET', CLIENT, `${url}/status/500`, 500, 6, 2],
      ['GET', CLIENT, `${url}/status/201`, 201, 6, undefined],
      ['GET', CLIENT, 'http://127.0.0.1:1/nobody', undefined, undefined, 2],
    ]);
    expect(spans[4].events[0].attributes['exception.type']).toBe('java.net.ConnectException');
    expect(requests.map(({ headers }) => [headers['x-amzn-trace-id'], headers.traceparent])).toEqual(spans.slice(0, 4).map(span => [header(span), `00-${TRACE}-${span.spanId}-01`]));
    expect(requests[1]).toMatchObject({ body: 'body', headers: { 'x-own': '1' } });
    expect(JSON.stringify(spans)).not.toContain('secret');
  });

  test.each(['HttpXRaySdk', 'HttpLayer', 'OnlyHttpXRaySdk'])('%s: has them recorded with the X-Ray SDK', async id => {
    const { documents, requests } = await run(id, ['', '']);
    const recorded = documents.filter(({ in_progress, type }) => !in_progress && type === 'subsegment');
    const { url } = host.services;
    const seen = recorded.map(({ name, namespace, trace_id, parent_id, http, error = false, fault = false, cause }) =>
      [name, namespace, trace_id, parent_id, http.request.method, http.request.url, http.response, error, fault, cause?.exceptions[0].type]);
    const call = (method: string, at: string, response: object | undefined, error: boolean, fault: boolean, type?: string) =>
      ['127.0.0.1', 'remote', ROOT, PARENT, method, at, response, error, fault, type];
    const expected = [
      call('GET', `${url}/status/200`, { status: 200, content_length: 6 }, false, false),
      call('POST', `${url}/status/404`, { status: 404, content_length: 6 }, true, false),
      call('GET', `${url}/status/500`, { status: 500, content_length: 6 }, false, true),
      call('GET', `${url}/status/201`, { status: 201, content_length: 6 }, false, false),
      call('GET', 'http://127.0.0.1:1/nobody', undefined, false, true, 'java.net.ConnectException'),
    ];
    expect(seen).toEqual([...expected, ...expected]);
    expect(requests.map(({ headers }) => headers['x-amzn-trace-id']))
      .toEqual(recorded.filter(({ http }) => http.response).map((document: { id: string }) => `Root=${ROOT};Parent=${document.id};Sampled=1`));
  });

  test.each(['Http', 'HttpXRaySdk'])('%s: passes the decision not to sample on', async id => {
    const { datagrams, requests } = await run(id, [''], { traceIds: [UNSAMPLED] });
    expect([datagrams, requests.length]).toEqual([[], 4]);
    expect(requests.filter(({ headers }) => !/^Root=1-5759e988-bd862e3fe1be46a994272793;.*Sampled=0$/.test(String(headers['x-amzn-trace-id'])))).toEqual([]);
  });

  test('has what is too large for a packet cut, and understands both forms of the daemon\'s address', async () => {
    const { spans } = await spansOf('Calls', ['large'], { env: { AWS_XRAY_DAEMON_ADDRESS: `tcp:127.0.0.1:1 udp:${host.daemonAddress}` } });
    expect(spans.map(({ attributes }) => attributes['aws.dynamodb.table_names'][0].length)).toEqual([4_096]);
  });

  test('sends nothing of a request that is not sampled, whose decision goes on, and of one without a trace', async () => {
    const { datagrams, requests, results } = await run('Calls', ['put', 'put', 'put'], { traceIds: [UNSAMPLED, null, 'nonsense'] });
    expect([datagrams, results.map(({ value }) => value)]).toEqual([[], ['done', 'done', 'done']]);
    expect(requests[0].headers['x-amzn-trace-id']).toBe(UNSAMPLED);
  });

  test('has spans of its own in the trace, with what is called in them below', async () => {
    const { spans, results } = await spansOf('OwnSpans', ['nested']);
    expect(results).toEqual([{ value: { recording: 'false' } }]);
    const [put, inner, outer] = spans;
    expect(outer).toMatchObject({
      name: 'outer', kind: 1, parentSpanId: PARENT, traceId: TRACE, scope: 'games@1.2.3', events: [{ name: 'moved', attributes: { to: 'e4' } }],
      attributes: { 'game': 'chess', 'moves': 3, 'won': true, 'half': 0.5, 'aws.xray.annotations': ['game', 'moves'] },
    });
    expect(inner).toMatchObject({
      name: 'inner', kind: PRODUCER, parentSpanId: outer.spanId, status: { code: 2, message: 'too late' },
      events: [{ name: 'exception', attributes: { 'exception.type': 'java.lang.IllegalStateException', 'exception.message': 'too late' } }],
    });
    expect(inner.attributes).toEqual({});
    expect(put).toMatchObject({ ...putItem, parentSpanId: inner.spanId });
    expect(spans).toHaveLength(3);
  });

  test('hands its spans on with both headers, and may make them in another trace, or in a new one', async () => {
    const { spans: [sender, other, root, large], results } = await spansOf('OwnSpans', ['carriers', 'root', 'large']);
    expect(results[0]).toEqual({ value: { 'X-Amzn-Trace-Id': header(sender), 'traceparent': `00-${TRACE}-${sender.spanId}-01` } });
    expect(other).toMatchObject({
      name: 'of another trace', traceId: '5759e988bd862e3fe1be46a994272799', parentSpanId: '53995c3f42cd8ad9', links: [{ traceId: TRACE, spanId: sender.spanId }],
    });
    expect([root.name, root.parentSpanId, root.traceId === TRACE]).toEqual(['root', undefined, false]);
    expect(large.attributes).toEqual({ text: 'x'.repeat(4_096), short: 'kept' });
  });

  test('has spans of its own not recorded when the request is not sampled', async () => {
    const { spans, results } = await spansOf('OwnSpans', ['nested', 'carriers', 'root'], { traceIds: [UNSAMPLED, UNSAMPLED, UNSAMPLED] });
    expect(spans.map(({ name }) => name)).toEqual(['of another trace']);
    expect(results[1]).toEqual({ value: { 'X-Amzn-Trace-Id': UNSAMPLED, 'traceparent': `00-${TRACE}-${PARENT}-00` } });
  });

  test.each([
    ['nobody listens', '127.0.0.1:1', /the X-Ray daemon at 127\.0\.0\.1:1 cannot be reached \(connection refused\)/],
    ['the name does not resolve', 'daemon.invalid:2000', /the X-Ray daemon at daemon\.invalid:2000 cannot be reached/],
    ['the address is none', 'nonsense', /the X-Ray daemon at 127\.0\.0\.1:2000, for AWS_XRAY_DAEMON_ADDRESS is malformed, cannot be reached/],
  ])('works where %s, and one line says so', async (_, address, message) => {
    const { results, requests, log } = await run('Calls', Array(5).fill('put'), { env: { AWS_XRAY_DAEMON_ADDRESS: address } });
    expect([results, requests.length]).toEqual([Array(5).fill({ value: 'done' }), 5]);
    expect(log.filter(line => /cdk-traced-function/.test(line))).toEqual([expect.stringMatching(message)]);
  });

  test('holds one jar more, and not the X-Ray SDK', () => {
    const jars = fs.readdirSync(path.join(packages.Calls, 'lib'));
    expect(jars).toContain('cdk-traced-function.jar');
    expect(jars.filter(name => /xray/.test(name))).toEqual([]);
  });

  test.each([
    ['version 1 of the AWS SDK', 'com.amazonaws', 'aws-java-sdk-core', '1.12.797', /uses version 1 of the AWS SDK \(com\.amazonaws:aws-java-sdk-core\).*or use Instrumentation\.xraySdk\(\)/],
    ['the X-Ray SDK\'s instrumentor', 'com.amazonaws', 'aws-xray-recorder-sdk-aws-sdk-v2-instrumentor', '2.20.0', /depends on the X-Ray SDK \(com\.amazonaws:aws-xray-recorder-sdk-.*\), and with Instrumentation\.openTelemetry\(\) both would record the same calls/],
  ])('is refused with %s', (_, group, artifact, version, message) => {
    const entry = projectFolder({
      'pom.xml': fs.readFileSync(path.join(JAVA_ENTRY, 'pom.xml'), 'utf8')
        .replace('<dependencies>', `<dependencies><dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`),
      'src/main/java/example/PutItem.java': fs.readFileSync(path.join(JAVA_ENTRY, 'src/main/java/example/PutItem.java'), 'utf8'),
    });
    expect(bundlingError({ Function: { entry, handler: 'example.PutItem', instrumentation: Instrumentation.openTelemetry() } })).toMatch(message);
  });
});

test('the function tells OpenTelemetry\'s API where to look', () => {
  const { stack } = tracedFunction({ entry: JAVA_ENTRY, handler: 'example.PutItem', instrumentation: Instrumentation.openTelemetry() });
  Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', { Environment: { Variables: { OTEL_JAVA_GLOBAL_AUTOCONFIGURE_ENABLED: 'true' } } });
});
