import * as fs from 'fs';
import * as path from 'path';
import { FunctionHost, FunctionRun, PARENT, ROOT, RunOptions, SAMPLED, UNSAMPLED } from './function-process';
import { DecodedSpan, decodeSpans } from './otlp-spans';
import { Instrumentation, MessageTracing, OpenTelemetryOptions, PayloadContext, TracedFunctionProps } from '../../lib';
import { installBoto3, LOCAL_PYTHON } from '../local-python';
import { bundle } from '../packages';
import { projectFolder, temporaryFolder, tracedFunction } from '../test-app';

jest.setTimeout(300_000);

const FIXTURES = path.join(__dirname, 'fixtures', 'messages');
const OWN = ROOT.slice(2).replace('-', '');
const SERVER = 2;
const ARN = 'arn:aws:sqs:eu-west-1:111122223333:orders';

const node = (instrumentation: Instrumentation, name = 'handler'): TracedFunctionProps => ({ entry: path.join(FIXTURES, `${name}.mjs`), instrumentation });
const python = (instrumentation: Instrumentation, name = 'handler', requirements = ''): TracedFunctionProps => ({
  entry: projectFolder({ [`${name}.py`]: fs.readFileSync(path.join(FIXTURES, `${name}.py`), 'utf8'), 'requirements.txt': requirements }),
  handler: `${name}.handler`, instrumentation, ...LOCAL_PYTHON,
});
const openTelemetry = (options: OpenTelemetryOptions = {}) => Instrumentation.openTelemetry(options);

let host: FunctionHost;
let packages: Record<string, string>;
let runtimeModules: string;

beforeAll(async () => {
  host = await FunctionHost.start();
  runtimeModules = installBoto3(temporaryFolder());
  const kinds = {
    Continue: openTelemetry({ messages: MessageTracing.continueTrace() }), Link: openTelemetry({ messages: MessageTracing.link() }),
    Off: openTelemetry(), XRay: Instrumentation.xraySdk(), None: Instrumentation.none(),
  };
  const payloads = openTelemetry({ messages: MessageTracing.continueTrace({ payloads: Object.values(PayloadContext) }) });
  packages = bundle({
    ...Object.fromEntries(Object.entries(kinds).flatMap(([name, kind]) => [[`node${name}`, node(kind)], [`python${name}`, python(kind)]])),
    nodePayloads: node(payloads, 'payloads'),
    pythonPayloads: python(payloads, 'payloads'),
    pythonPowertools: python(kinds.Continue, 'powertools', 'aws-lambda-powertools==3.23.0\ntyping-extensions==4.15.0\njmespath==1.0.1\n'),
  });
});
afterAll(async () => host.stop());

interface MessageRun extends FunctionRun {
  readonly spans: DecodedSpan[];
}

/** The document of a queue is X-Ray's own; the rest are spans. */
async function run(language: string, kind: string, events: unknown[], options: RunOptions = {}): Promise<MessageRun> {
  const folder = packages[language + kind];
  const seen = language === 'node' ? await host.run(folder, events, options)
    : await host.runPython(folder, events, {
      ...options, handler: kind === 'None' ? 'handler.handler' : undefined, env: { PYTHONPATH: [folder, runtimeModules].join(path.delimiter), ...options.env },
    });
  return { ...seen, spans: decodeSpans(seen.datagrams.filter(text => text.includes('\nT1S'))) };
}

const traceId = (n: number) => `5759e9${n.toString(16).padStart(2, '0')}bd862e3fe1be46a994272793`;
const header = (n: number, { parent = `${n}`.padStart(16, 'a'), sampled = 1 } = {}) =>
  `Root=1-${traceId(n).slice(0, 8)}-${traceId(n).slice(8)};Parent=${parent};Sampled=${sampled}`;

/** A message as SQS gives it to Lambda: sent at a time and received two seconds later. */
const message = (body: string, trace: string | undefined, more: Record<string, string> = {}, arn = ARN) => ({
  messageId: `id-${body}`, receiptHandle: 'x', body, eventSource: 'aws:sqs', eventSourceARN: arn, awsRegion: 'eu-west-1', messageAttributes: {},
  attributes: {
    ApproximateReceiveCount: '1', SentTimestamp: '1700000000000', ApproximateFirstReceiveTimestamp: '1700000002000', SenderId: 'x',
    ...trace !== undefined && { AWSTraceHeader: trace }, ...more,
  },
});
const batch = (...records: object[]) => ({ Records: records });
const server = (spans: DecodedSpan[]) => spans.filter(({ kind }) => kind === SERVER);
const tableOf = (span: DecodedSpan) => span.attributes['aws.dynamodb.table_names']?.[0] as string | undefined;

describe.each(['node', 'python'])('in %s', language => {
  test('a batch of one trace continues it, behind the queue, and links to Lambda\'s own', async () => {
    const { documents, spans, requests, results } = await run(language, 'Continue', [batch(message('whole1', header(1)), message('whole2', header(1)))]);
    const [queue] = documents;
    expect(documents).toEqual([expect.objectContaining({
      name: 'orders', origin: 'AWS::SQS::Queue', trace_id: `1-${traceId(1).slice(0, 8)}-${traceId(1).slice(8)}`, parent_id: 'aaaaaaaaaaaaaaa1',
      start_time: 1700000000, end_time: 1700000002, resource_arn: ARN,
    })]);
    expect(spans.map(span => span.traceId)).toEqual([traceId(1), traceId(1), traceId(1)]);
    const [segment] = server(spans);
    expect(segment).toMatchObject({
      name: 'function', parentSpanId: queue.id, links: [{ traceId: OWN, spanId: PARENT }],
      attributes: { 'messaging.system': 'aws_sqs', 'messaging.destination.name': 'orders', 'messaging.batch.message_count': 2 },
    });
    expect(spans.filter(span => span !== segment).map(span => [tableOf(span), span.parentSpanId])).toEqual([['whole1', segment.spanId], ['whole2', segment.spanId]]);
    expect(requests.map(request => request.headers['x-amzn-trace-id'])).toEqual(spans.filter(span => span !== segment)
      .map(span => header(1, { parent: span.spanId })));
    expect(results[0].value).toBe(header(1, { parent: segment.spanId }));
  });

  test('ten messages of three senders land in three traces, each with its own bar of waiting', async () => {
    const records = Array.from({ length: 10 }, (_, i) => message(`m${i}`, header(i % 3), { SentTimestamp: `170000000${i}000`, ApproximateFirstReceiveTimestamp: '1700000010000' }));
    const { documents, spans, results } = await run(language, 'Continue', [batch(...records)]);
    expect(results).toEqual([{ value: { batchItemFailures: [] } }]);
    for (let i = 0; i < 10; i++) {
      const call = spans.find(span => tableOf(span) === `m${i}`)!;
      const segment = server(spans).find(({ spanId }) => spanId === call.parentSpanId)!;
      const queue = documents.find(({ id }) => id === segment.parentSpanId)!;
      expect([call.traceId, segment.traceId, queue.trace_id.slice(2).replace('-', '')]).toEqual(Array(3).fill(traceId(i % 3)));
      expect(queue).toMatchObject({ parent_id: `${i % 3}`.padStart(16, 'a'), start_time: 1700000000 + i, aws: { message_id: `id-m${i}` } });
      expect(segment.links).toEqual([{ traceId: OWN, spanId: PARENT }]);
    }
    // Lambda's own trace keeps links to all of them.
    const [own, ...more] = spans.filter(span => span.traceId === OWN);
    expect(more).toEqual([]);
    expect(own).toMatchObject({ name: expect.stringMatching(/^## /), parentSpanId: PARENT });
    expect(own.links.map(link => link.traceId)).toEqual([0, 1, 2].map(traceId));
  });

  test('a record that fails is marked in its own trace, and told to the queue', async () => {
    const { spans, results, log } = await run(language, 'Continue', [batch(message('ok1', header(1)), message('fail', header(2)), message('ok2', header(3)))]);
    expect(results).toEqual([{ value: { batchItemFailures: [{ itemIdentifier: 'id-fail' }] } }]);
    expect(server(spans).map(span => [span.traceId, span.status?.code])).toEqual([[traceId(1), undefined], [traceId(2), 2], [traceId(3), undefined]]);
    expect(server(spans)[1].events[0].attributes['exception.message']).toBe('told to fail');
    expect(log.join('\n')).toContain('told to fail');
  });

  test('a FIFO queue waits behind the one that fails; without reports the first failure is the handler\'s', async () => {
    const fifo = (body: string, n: number) => message(body, header(n), { MessageGroupId: 'g' }, `${ARN}.fifo`);
    const { spans, results } = await run(language, 'Continue', [
      batch(fifo('ok1', 1), fifo('fail', 2), fifo('ok2', 3)), batch(message('strict', header(1)), message('fail', header(2)), message('ok2', header(3))),
    ]);
    expect(results[0]).toEqual({ value: { batchItemFailures: [{ itemIdentifier: 'id-fail' }, { itemIdentifier: 'id-ok2' }] } });
    expect(results[1].error).toMatch(/told to fail/);
    expect(spans.map(tableOf).filter(Boolean)).toEqual(['ok1', 'strict']);
  });

  test('a message without a header, or not sampled, undecided or with something else in it stays in Lambda\'s own trace', async () => {
    const headers = [undefined, header(1, { sampled: 0 }), 'Root=1-5759e901-bd862e3fe1be46a994272793;Parent=aaaaaaaaaaaaaaa1', 'Root=1-x;;=;Parent=é'];
    const { documents, spans } = await run(language, 'Continue', headers.map(trace => batch(message('whole', trace))));
    expect(documents).toEqual([]);
    expect(spans.map(span => [span.traceId, span.parentSpanId])).toEqual(Array(4).fill([OWN, PARENT]));
  });

  test('a sender that names no parent is followed', async () => {
    const { documents: [queue], spans } = await run(language, 'Continue', [batch(message('whole', header(1).replace(/Parent=\w+;/, '')))]);
    expect(queue.parent_id).toBeUndefined();
    expect(server(spans)).toMatchObject([{ traceId: traceId(1), parentSpanId: queue.id }]);
  });

  test('a sampled sender is followed where Lambda\'s own decision was no, and where there is none', async () => {
    const { spans } = await run(language, 'Continue', [batch(message('whole', header(1))), batch(message('m1', header(1)), message('m2', header(2)))], { traceIds: [UNSAMPLED, UNSAMPLED] });
    expect(spans.map(span => span.traceId).sort()).toEqual([1, 1, 1, 1, 2, 2].map(traceId));
  });

  test('a message that comes again has waited until now', async () => {
    const { documents: [queue] } = await run(language, 'Continue', [batch(message('whole', header(1), { ApproximateReceiveCount: '3' }))]);
    expect(queue.end_time).toBeGreaterThan(1700000002);
    expect(queue.aws.receive_count).toBe(3);
  });

  test('other events are none of messages', async () => {
    const events = ['{}', '[]', 'null', '{"Records":[]}', '{"Records":[null,1]}', '{"Records":{"a":1}}', '{"Records":[{"eventSource":"aws:sqs","attributes":null}]}'];
    const { spans, log } = await run(language, 'Continue', events.map(text => JSON.parse(text)));
    expect([spans.filter(({ kind }) => kind === SERVER), log.filter(line => line.includes('cdk-traced-function'))]).toEqual([[], []]);
  });

  test('link() stays in Lambda\'s own trace', async () => {
    const { documents, spans } = await run(language, 'Link', [batch(message('whole1', header(1)), message('whole2', header(2)))]);
    expect(documents).toEqual([]);
    expect(new Set(spans.map(span => span.traceId))).toEqual(new Set([OWN]));
    expect(spans.find(span => span.links.length > 0)!.links.map(link => link.traceId)).toEqual([traceId(1), traceId(2)]);
  });

  test('unless it is switched on, nothing is read of messages', async () => {
    const { documents, spans } = await run(language, 'Off', [batch(message('m1', header(1)), message('m2', header(2)))]);
    expect(documents).toEqual([]);
    expect(spans.map(span => [span.traceId, span.parentSpanId, span.links])).toEqual([[OWN, PARENT, []], [OWN, PARENT, []]]);
  });

  test('payloads carry the trace where that is chosen, and nothing else changes', async () => {
    const { spans, requests, results } = await run(language, 'Payloads', [{ writes: true }]);
    expect(results).toEqual([{ value: 0 }]);
    const bodies = requests.map(({ body }) => JSON.parse(body));
    const sent = (i: number) => header(0).replace(/.*/, `Root=${ROOT};Parent=${spans[i].spanId};Sampled=1`);
    expect(bodies[0].Item).toEqual({ id: { S: '1' }, AWSTraceHeader: { S: sent(0) } });
    expect(bodies[1].Item).toEqual({ id: { S: '1' }, n: { N: '2' }, AWSTraceHeader: { S: sent(1) } });
    expect(bodies[2].RequestItems.items).toEqual([
      { PutRequest: { Item: { id: { S: '1' }, AWSTraceHeader: { S: sent(2) } } } }, { DeleteRequest: { Key: { id: { S: '2' } } } },
    ]);
    expect(bodies[3].Entries.map((entry: any) => entry.Detail)).toEqual([`{"big": 12345678901234567890,"AWSTraceHeader":"${sent(3)}"}`, 'text']);
    expect(bodies.slice(4).map(body => body.input)).toEqual([`{"AWSTraceHeader":"${sent(4)}"}`, '{}']);
  });

  test('payloads are read, of records and of events', async () => {
    const data = Buffer.from(JSON.stringify({ AWSTraceHeader: header(3) })).toString('base64');
    const events = [
      { 'detail-type': 't', 'detail': { AWSTraceHeader: header(1) } }, { AWSTraceHeader: header(2), order: 7 },
      batch({ eventSource: 'aws:kinesis', kinesis: { data } }), [{ eventSource: 'aws:kinesis', data }],
      batch({ eventSource: 'aws:dynamodb', dynamodb: { NewImage: { AWSTraceHeader: { S: header(4) } } } }),
      batch({ eventSource: 'aws:kinesis', kinesis: { data: '/w==' } }), { detail: 'text' }, { AWSTraceHeader: { not: 'text' } },
    ];
    const { results } = await run(language, 'Payloads', events);
    expect(results.map(({ value }) => /Root=([^;]+)/.exec(value as string)![1].slice(2).replace('-', '')))
      .toEqual([1, 2, 3, 3, 4].map(traceId).concat(Array(3).fill(OWN)));
  });

  test('span and annotate with OpenTelemetry', async () => {
    const { spans, results } = await run(language, 'Off', [{ spans: true }, { spans: true }], { traceIds: [SAMPLED, UNSAMPLED] });
    expect(results).toEqual([{ value: [2, 'TypeError'] }, { value: [2, 'TypeError'] }]);
    const named = (name: string) => spans.find(span => span.name === name)!;
    const under = (name: string) => spans.find(({ spanId }) => spanId === named(name).parentSpanId)?.name;
    expect(named('outer').attributes).toMatchObject({ 'order': 7, 'vip': true, 'aws.xray.annotations': ['order', 'vip'] });
    expect([under('left'), under('right'), under('outer')]).toEqual(['outer', 'outer', expect.stringMatching(/^## /)]);
    expect(spans.filter(tableOf).map(span => [tableOf(span), spans.find(({ spanId }) => spanId === span.parentSpanId)!.name]).sort()).toEqual([['left', 'left'], ['right', 'right']]);
    expect(named('failing').status).toMatchObject({ code: 2, message: 'wrong' });
    expect(spans.find(span => span.name.startsWith('## '))!.attributes).toMatchObject({ on: 'handler' });
    expect(new Set(spans.map(span => span.traceId))).toEqual(new Set([OWN]));
  });

  test('span and annotate with the X-Ray SDK', async () => {
    const { documents, results } = await run(language, 'XRay', [{ spans: true }, { spans: true }, { spans: true }], { traceIds: [SAMPLED, UNSAMPLED, null] });
    expect(results).toEqual(Array(3).fill({ value: [2, 'TypeError'] }));
    const below = ({ id, subsegments = [] }: any): any[] => subsegments.map((inner: any) => ({ ...inner, parent_id: id }));
    const all = (found: any[]): any[] => found.flatMap(document => [document, ...all(below(document))]);
    const flat = all(documents);
    const named = (name: string) => flat.find(document => document.name === name)!;
    const under = (document: any) => flat.find(({ id }) => id === document.parent_id)?.name;
    expect(named('outer').annotations).toEqual({ order: 7, vip: true });
    expect([under(named('left')), under(named('right'))]).toEqual(['outer', 'outer']);
    expect(flat.filter(({ namespace }) => namespace === 'aws').map(under).sort()).toEqual(['left', 'right']);
    expect(named('failing')).toMatchObject({ fault: true, cause: { exceptions: [{ message: 'wrong' }] } });
    expect(flat.filter(({ annotations }) => annotations?.on === 'handler')).toHaveLength(1);
  });

  test('span, annotate and eachRecord in a function without instrumentation', async () => {
    const { datagrams, results } = await run(language, 'None', [{ spans: true }, batch(message('m1', header(1)), message('fail', undefined))]);
    expect(results).toEqual([{ value: [2, 'TypeError'] }, { value: { batchItemFailures: [{ itemIdentifier: 'id-fail' }] } }]);
    expect(datagrams).toEqual([]);
  });
});

test.each([false, true])("Powertools' batch processor in Python, asynchronous: %s", async isAsync => {
  const { spans, results } = await run('python', 'Powertools', [{ ...batch(message('ok1', header(1)), message('fail', header(2)), message('ok2', header(3))), async: isAsync }]);
  expect(results).toEqual([{ value: { batchItemFailures: [{ itemIdentifier: 'id-fail' }] } }]);
  const outcomes = server(spans).map(span => [span.traceId, span.status?.code]).sort();
  expect(outcomes).toEqual([[traceId(1), undefined], [traceId(2), 2], [traceId(3), undefined]]);
  expect(spans.filter(tableOf).map(span => [tableOf(span), span.traceId]).sort()).toEqual([['ok1', traceId(1)], ['ok2', traceId(3)]]);
  expect(server(spans).find(span => span.traceId === traceId(2))!.events[0].attributes).toMatchObject({ 'exception.type': 'ValueError', 'exception.message': 'told to fail' });
});

test('what has no effect is refused', () => {
  expect(() => tracedFunction({ entry: projectFolder({ 'go.mod': 'module x\n', 'main.go': 'package main' }), instrumentation: openTelemetry({ messages: MessageTracing.link() }) }))
    .toThrow(/option 'messages' is supported for Node\.js and Python only, but the entry is Go.*TF101/s);
  expect(() => tracedFunction({ ...node(Instrumentation.xraySdk({ messages: MessageTracing.link() } as object)) })).toThrow(/no option 'messages'.*TF135/s);
});
