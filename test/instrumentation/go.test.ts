import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { FunctionHost, FunctionRun, PARENT, ROOT, RunOptions, UNSAMPLED } from './function-process';
import { DecodedSpan, decodeSpans } from './otlp-spans';
import { Bundling, Instrumentation, TracedFunctionProps } from '../../lib';
import { directoryHash } from '../../lib/private/files/directory-hash';
import { bundle, bundlingError } from '../packages';
import { fixture, projectFolder } from '../test-app';

jest.setTimeout(600_000);

const TRACE = ROOT.slice(2).replace('-', '');
const PRODUCER = 4;
const CLIENT = 3;
const FIXTURES = path.join(__dirname, 'fixtures', 'go');

const go = (name: string, instrumentation: Instrumentation): TracedFunctionProps => ({ entry: path.join(FIXTURES, name), instrumentation });

/** One that calls a web site and nothing of AWS. */
const onlyHttp = () => projectFolder({
  'go.mod': 'module onlyhttp\n\ngo 1.24\n\nrequire github.com/aws/aws-lambda-go v1.54.0\n',
  'go.sum': fs.readFileSync(path.join(FIXTURES, 'calls', 'go.sum'), 'utf8'),
  'main.go': `package main

import (
	"context"
	"net/http"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	lambda.Start(func(ctx context.Context) (int, error) {
		response, err := http.Get(os.Getenv("AWS_ENDPOINT_URL") + "/status/503")
		return response.StatusCode, err
	})
}
`,
});

const canRun = process.platform === 'linux';
if (!canRun) {
  console.warn('The tests that run a binary for Lambda are skipped: they need Linux');
}

(canRun ? describe : describe.skip)('a Go binary', () => {
  let host: FunctionHost;
  let packages: Record<string, string>;
  const filesBefore = directoryHash(FIXTURES);

  beforeAll(async () => {
    host = await FunctionHost.start();
    const http = onlyHttp();
    packages = bundle({
      Calls: go('calls', Instrumentation.openTelemetry()),
      CallsXRaySdk: go('calls', Instrumentation.xraySdk()),
      OwnSpans: go('own-spans', Instrumentation.openTelemetry()),
      Http: { entry: http, instrumentation: Instrumentation.openTelemetry() },
      HttpXRaySdk: { entry: http },
      HttpUntraced: { entry: http, instrumentation: Instrumentation.none() },
    });
  });
  afterAll(async () => host.stop());

  async function run(id: string, actions: string[], options: RunOptions = {}): Promise<FunctionRun> {
    const seen = await host.runProgram(path.join(packages[id], 'bootstrap'), actions.map(action => ({ action })), options);
    // The SDK checks a sum that these services do not send.
    return { ...seen, log: seen.log.filter(line => !/response did not match expected checksum/.test(line)) };
  }

  async function spansOf(id: string, actions: string[], options: RunOptions = {}): Promise<FunctionRun & { spans: DecodedSpan[] }> {
    const seen = await run(id, actions, options);
    return { ...seen, spans: decodeSpans(seen.datagrams) };
  }

  const header = (span: { spanId?: string; id?: string }) => `Root=${ROOT};Parent=${span.spanId ?? span.id};Sampled=1`;
  const traceparent = (span: DecodedSpan) => `00-${TRACE}-${span.spanId}-01`;
  const putItem = {
    name: 'DynamoDB.PutItem', kind: CLIENT, traceId: TRACE, parentSpanId: PARENT, status: undefined, events: [], scope: 'cdk-traced-function',
    attributes: {
      'rpc.system': 'aws-api', 'rpc.service': 'DynamoDB', 'rpc.method': 'PutItem', 'db.system': 'dynamodb', 'aws.dynamodb.table_names': ['items'],
      'aws.region': 'eu-west-1', 'aws.request_id': 'REQUEST', 'http.status_code': 200, 'http.response_content_length': 2,
    },
  };

  describe('with OpenTelemetry', () => {
    test.each(['put', 'background'])('%s: a call of an AWS client is a span that carries the trace on', async action => {
      const { spans, results, requests, log } = await spansOf('Calls', [action]);
      expect([results, log]).toEqual([[{ value: 'stored' }], []]);
      expect(spans).toMatchObject([putItem]);
      expect(Object.keys(spans[0].attributes).sort()).toEqual(Object.keys(putItem.attributes).sort());
      expect(spans[0].resource).toEqual({
        'service.name': 'function', 'cloud.provider': 'aws', 'cloud.platform': 'aws_lambda', 'cloud.region': 'eu-west-1', 'faas.name': 'function',
        'telemetry.sdk.name': 'cdk-traced-function', 'telemetry.sdk.language': 'go',
      });
      expect(requests.map(({ headers }) => headers['x-amzn-trace-id'])).toEqual([header(spans[0])]);
    });

    test('calls say what they are about', async () => {
      const { spans } = await spansOf('Calls', ['services']);
      expect(spans.map(({ name, attributes }) => [name, attributes])).toMatchObject([
        ['SQS.SendMessage', { 'aws.sqs.queue.url': expect.stringMatching(/\/queue$/) }],
        ['DynamoDB.BatchGetItem', { 'aws.dynamodb.table_names': ['one'] }],
      ]);
    });

    test('calls that fail say how, with their attempts', async () => {
      const { spans: [...spans], results, requests } = await spansOf('Calls', ['failures']);
      expect(spans.pop()).toMatchObject({ name: '## handler', kind: 1, parentSpanId: PARENT, status: { code: 2 }, events: [{ name: 'exception', attributes: { 'exception.type': 'OperationError' } }] });
      expect(results).toEqual([{ error: expect.stringContaining('InternalServerError'), failure: expect.objectContaining({ errorType: 'OperationError' }) }]);
      expect(spans.map(({ attributes, status, events }) => [
        attributes['aws.dynamodb.table_names'][0], attributes['http.status_code'], attributes['http.request.resend_count'], status?.code, events[0].attributes['exception.type'],
      ])).toEqual([
        ['throttled', 400, 1, 2, 'ProvisionedThroughputExceededException'],
        ['conditional', 400, undefined, 2, 'ConditionalCheckFailedException'],
        ['broken', 500, 1, 2, 'InternalServerError'],
      ]);
      expect(requests.map(({ headers }) => headers['x-amzn-trace-id'])).toEqual([0, 0, 1, 2, 2].map(i => header(spans[i])));
    });

    test('calls over HTTP are spans, whatever the client, without what a query may hold', async () => {
      const { spans, results, requests } = await spansOf('Calls', ['http']);
      expect(results).toEqual([{ value: 'answer' }]);
      const { url } = host.services;
      expect(spans.map(({ name, kind, parentSpanId, attributes, status }) => [name, kind, parentSpanId, attributes['http.url'], attributes['http.status_code'], status?.code])).toEqual([
        ['GET', CLIENT, PARENT, `${url}/status/200`, 200, undefined],
        ['POST', CLIENT, PARENT, `${url}/status/404`, 404, 2],
        ['GET', CLIENT, PARENT, 'http://127.0.0.1:1/nobody', undefined, 2],
      ]);
      expect(spans[2].events[0].attributes['exception.message']).toContain('connection refused');
      expect(requests.map(({ headers }) => [headers['x-amzn-trace-id'], headers.traceparent])).toEqual(spans.slice(0, 2).map(span => [header(span), traceparent(span)]));
      expect(JSON.stringify(spans)).not.toContain('secret');
    });

    test('a function that calls no AWS service is recorded, too', async () => {
      const { spans, results } = await spansOf('Http', ['']);
      expect([results, spans.length, spans[0].attributes['http.status_code']]).toEqual([[{ value: 503 }], 1, 503]);
    });

    test('calls at the same time hang side by side', async () => {
      const { spans } = await spansOf('Calls', ['parallel']);
      expect(spans).toMatchObject([putItem, putItem, putItem, putItem]);
      expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(4);
    });

    test('a request that is not sampled sends no packet, and its decision goes on', async () => {
      const { datagrams, requests, results } = await spansOf('Calls', ['put', 'http'], { traceIds: [UNSAMPLED, UNSAMPLED] });
      expect([datagrams, results]).toEqual([[], [{ value: 'stored' }, { value: 'answer' }]]);
      expect([...new Set(requests.map(({ headers }) => headers['x-amzn-trace-id']))]).toEqual([UNSAMPLED]);
    });

    test.each([[null], [`Root=${ROOT}`], ['nonsense']])('the trace header %j starts nothing, and is no reason to complain', async traceId => {
      const { datagrams, results, log } = await run('Calls', ['put', 'http'], { traceIds: [traceId, traceId] });
      expect([datagrams, results, log]).toEqual([[], [{ value: 'stored' }, { value: 'answer' }], []]);
    });

    test('what is too large for a packet is cut', async () => {
      const { spans } = await spansOf('Calls', ['large']);
      expect(spans.map(({ attributes }) => attributes['aws.dynamodb.table_names'][0].length)).toEqual([4_096]);
    });

    test('both forms of the daemon\'s address are understood', async () => {
      const { spans } = await spansOf('Calls', ['put'], { env: { AWS_XRAY_DAEMON_ADDRESS: `tcp:127.0.0.1:1 udp:${host.daemonAddress}` } });
      expect(spans).toHaveLength(1);
    });
  });

  describe('with spans of its own', () => {
    test('has them in the trace, with what is called in them below', async () => {
      const { spans, results, log } = await spansOf('OwnSpans', ['nested']);
      expect([results, log]).toEqual([[{ value: true }], []]);
      const [get, inner, outer] = spans;
      expect(outer).toMatchObject({
        name: 'outer', kind: 1, parentSpanId: PARENT, traceId: TRACE, scope: 'games@1.2.3', events: [{ name: 'moved', attributes: { to: 'e4' } }],
        attributes: { 'game': 'chess', 'moves': 3, 'won': true, 'half': 0.5, 'aws.xray.annotations': ['game', 'moves'] },
      });
      expect(inner).toMatchObject({
        name: 'inner', kind: PRODUCER, parentSpanId: outer.spanId, attributes: {}, status: { code: 2, message: 'too late' }, events: [{ name: 'exception', attributes: { 'exception.message': 'too late' } }],
      });
      expect(inner.attributes).toEqual({});
      expect(get).toMatchObject({ name: 'GET', parentSpanId: inner.spanId });
      expect(spans).toHaveLength(3);
    });

    test('hands them on with both headers, and may make them in another trace', async () => {
      const { spans: [sender, other], results } = await spansOf('OwnSpans', ['carriers']);
      expect(results).toEqual([{ value: { 'X-Amzn-Trace-Id': header(sender), 'traceparent': traceparent(sender) } }]);
      expect(other).toMatchObject({
        name: 'of another trace', traceId: '5759e988bd862e3fe1be46a994272799', parentSpanId: '53995c3f42cd8ad9', links: [{ traceId: TRACE, spanId: sender.spanId }],
      });
    });

    test('starts a trace of its own where it wants to', async () => {
      const { spans: [root] } = await spansOf('OwnSpans', ['root']);
      expect([root.name, root.parentSpanId, root.traceId === TRACE]).toEqual(['root', undefined, false]);
      expect(Math.abs(parseInt(root.traceId.slice(0, 8), 16) - Date.now() / 1_000)).toBeLessThan(3_600);
    });

    test('has them cut where they are too large', async () => {
      const { spans } = await spansOf('OwnSpans', ['large']);
      expect(spans[0].attributes).toEqual({ text: 'é'.repeat(2_048), short: 'kept' });
    });

    test('has them not recorded when the request is not sampled', async () => {
      const { spans, requests, results } = await spansOf('OwnSpans', ['nested', 'carriers', 'root'], { traceIds: [UNSAMPLED, UNSAMPLED, UNSAMPLED] });
      expect(spans.map(({ name }) => name)).toEqual(['of another trace']);
      expect(results[1]).toEqual({ value: { 'X-Amzn-Trace-Id': UNSAMPLED, 'traceparent': `00-${TRACE}-${PARENT}-00` } });
      expect(requests.map(({ headers }) => headers['x-amzn-trace-id'])).toEqual([UNSAMPLED]);
    });
  });

  describe('with the X-Ray SDK', () => {
    const recorded = ({ documents }: FunctionRun) => documents.filter(({ in_progress, type }) => !in_progress && type === 'subsegment');

    test('has its calls of AWS clients recorded, also with a context that knows no trace', async () => {
      const seen = await run('CallsXRaySdk', ['background', 'put']);
      const documents = recorded(seen);
      expect(documents).toMatchObject([1, 2].map(() => ({ name: 'DynamoDB', namespace: 'aws', trace_id: ROOT, parent_id: PARENT, aws: { table_name: 'items' } })));
      expect(seen.requests.map(({ headers }) => headers['x-amzn-trace-id'])).toEqual(documents.map(header));
    });

    test.each([['CallsXRaySdk', 'http'], ['HttpXRaySdk', '']])('%s: has its calls over HTTP recorded, as those of the host', async (id, action) => {
      const seen = await run(id, [action]);
      const { url } = host.services;
      const documents = recorded(seen);
      expect(documents.map(({ name, namespace, parent_id, trace_id, http, error, fault, cause }) => (
        [name, namespace, parent_id, trace_id, http, error ?? false, fault ?? false, cause?.exceptions[0].message])))
        .toEqual((id === 'HttpXRaySdk' ? [['GET', '503', 503, 6, false, true, undefined]] : [
          ['GET', '200', 200, 6, false, false, undefined], ['POST', '404', 404, 6, true, false, undefined],
        ]).map(([method, at, status, content_length, error, fault, message]) =>
          ['127.0.0.1', 'remote', PARENT, ROOT, { request: { method, url: `${url}/status/${at}` }, response: { status, content_length } }, error, fault, message])
          .concat(id === 'HttpXRaySdk' ? [] : [['127.0.0.1', 'remote', PARENT, ROOT, { request: { method: 'GET', url: 'http://127.0.0.1:1/nobody' } }, false, true, expect.stringContaining('connection refused')]]));
      expect(seen.requests.map(({ headers }) => headers['x-amzn-trace-id'])).toEqual(documents.slice(0, seen.requests.length).map(header));
    });

    test('sends nothing of a request that is not sampled', async () => {
      const { datagrams, results, requests } = await run('CallsXRaySdk', ['put', 'http'], { traceIds: [UNSAMPLED, UNSAMPLED] });
      expect([datagrams, results]).toEqual([[], [{ value: 'stored' }, { value: 'answer' }]]);
      expect(requests.filter(({ headers }) => !/Sampled=0/.test(String(headers['x-amzn-trace-id'])))).toEqual([]);
    });
  });

  describe.each(['Calls', 'CallsXRaySdk'])('%s: without a daemon', id => {
    test.each([
      ['nobody listens', '127.0.0.1:1', /the X-Ray daemon at 127\.0\.0\.1:1 cannot be reached \(.*connection refused\)/],
      ['nobody listens, in the SDK\'s other form', 'tcp:127.0.0.1:2 udp:127.0.0.1:1', /the X-Ray daemon at 127\.0\.0\.1:1 cannot be reached/],
      ['the name does not resolve', 'daemon.invalid:2000', /the X-Ray daemon at daemon\.invalid:2000 cannot be reached/],
      ['the address is none', 'nonsense', /the X-Ray daemon at nonsense cannot be reached/],
    ])('the handler works where %s, and one line says so', async (_, address, message) => {
      const { results, log, requests } = await run(id, Array(5).fill('put'), { env: { AWS_XRAY_DAEMON_ADDRESS: address } });
      expect([results, requests.length]).toEqual([Array(5).fill({ value: 'stored' }), 5]);
      expect(log.filter(line => !/\[INFO\]/.test(line))).toEqual([expect.stringMatching(message)]);
    });
  });

  test('records nothing without instrumentation', async () => {
    const { datagrams, results } = await run('HttpUntraced', ['']);
    expect([datagrams, results]).toEqual([[], [{ value: 503 }]]);
  });

  test('is refused with OpenTelemetry when it uses the X-Ray SDK itself', () => {
    expect(bundlingError({ Function: { entry: fixture('go', 'own-capture'), instrumentation: Instrumentation.openTelemetry() } }))
      .toMatch(/uses the X-Ray SDK \(github\.com\/aws\/aws-xray-sdk-go\/v2\/.*\), and with Instrumentation\.openTelemetry\(\) both would record the same calls/);
  });

  test('is made where Go lies in the module cache, as Go puts a version that it has downloaded itself', () => {
    const goroot = execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim();
    const entry = projectFolder({
      'go.mod': 'module small\n\ngo 1.24\n',
      'main.go': 'package main\n\nimport "net/http"\n\nfunc main() {\n\t_, err := http.Get("http://127.0.0.1:1/")\n\tpanic(err)\n}\n',
    });
    const bundling = Bundling.go({ environment: { GOMODCACHE: path.dirname(goroot) } });
    const { Function: directory } = bundle({ Function: { entry, bundling, instrumentation: Instrumentation.openTelemetry() } });
    const binary = fs.readFileSync(path.join(directory, 'bootstrap'));
    expect(binary.includes('cdk_traced_function.roundTrip')).toBe(true);
    expect(binary.includes('.go/goroot')).toBe(false);
  });

  test('is made without a change to the user\'s files', () => {
    expect(directoryHash(FIXTURES)).toBe(filesBefore);
  });
});
