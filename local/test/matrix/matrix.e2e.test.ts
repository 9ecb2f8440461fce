import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LambdaClient, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { MATRIX, type MatrixCell } from './matrix';
import { normalizeTrace, type NormalizedSegment } from '../../src/assertions/normalized-trace';
import type { Trace, TraceEntry } from '../../src/xray';
import { awsServiceName } from '../../src/xray/model/service-identity';
import { DEPLOY_TIMEOUT_MS, DeployedStack, SCENARIO_TIMEOUT_MS } from '../samples/deployed-stack';

jest.setTimeout(SCENARIO_TIMEOUT_MS);

/** Paths that are never answered. */
const SILENT = '/silent';

/** One for each language and instrumentation. */
const KILLED = (['node', 'python', 'go'] as const).flatMap(language => (['xray', 'otel'] as const).map(kind => (
  MATRIX.find(cell => cell.language === language && cell.instrumentation === kind)!
)));

/** Really run in the local cloud: each language, package and instrumentation, with the same calls, none of them captured by the handler itself. */
describe('the same calls', () => {
  let stack: DeployedStack;
  let web: Server;
  let url: string;
  const requests: { path: string; trace: string | undefined }[] = [];
  const traces = new Map<string, Trace>();
  const answers = new Map<string, unknown>();

  beforeAll(async () => {
    web = createServer(({ url: path, headers }, response) => {
      if (path!.startsWith(SILENT)) return; // until the other side is gone
      requests.push({ path: path!, trace: headers['x-amzn-trace-id'] as string | undefined });
      response.writeHead(path === '/http' ? 404 : 200).end('answer');
    });
    await new Promise<void>(resolve => web.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
    stack = await DeployedStack.deploy('matrix', { app: 'node --import tsx local/test/matrix/matrix-app.ts' });
    for (const { name } of MATRIX) {
      const { traceId, answer } = await stack.call(name, { url }, { asynchronous: false });
      answers.set(name, answer);
      traces.set(name, await stack.traceOf(traceId, name, [false]));
    }
  }, DEPLOY_TIMEOUT_MS);
  afterAll(async () => {
    await stack?.close();
    web?.close();
    web?.closeAllConnections();
  });

  describe.each(MATRIX.map(cell => [cell.name, cell] as const))('by %s', (name, cell) => {
    it.each(calls(cell))('show %s', (_, call) => {
      const found = subsegments(traces.get(name)!, name).filter(({ name: service, operation, url: called }) => (
        service === call.name && operation === call.operation && called === call.url
      ));
      expect(found).toEqual([{ ...call, resource: call.resource === 'bucket' ? stack.outputs.BucketName : call.resource }]);
    });

    it('make this tree and nothing else', () => {
      expect(answers.get(name)).toMatchObject({ missing: 'ResourceNotFoundException' });
      const trace = traces.get(name)!;
      expect(trace).toBeConnected();
      const short = ({ name: service, operation }: Call) => operation ?? service;
      expect(subsegments(trace, name).map(short)).toEqual(calls(cell).map(([, call]) => short(call)));
    });

    it('carry the trace on', () => {
      const trace = traces.get(name)!;
      const calledBy = entries(trace).filter(({ http }) => http?.url !== undefined).map(({ id }) => id);
      const sent = requests.filter(({ trace: header }) => header?.includes(trace.id));
      expect(sent).toHaveLength(calledBy.length);
      for (const { trace: header } of sent) expect(calledBy).toContain(/Parent=([0-9a-f]{16});Sampled=1/.exec(header!)?.[1]);
    });
  });

  it.each(['node', 'python', 'go', 'java'] as const)('look the same however a function in %s is packaged and instrumented', language => {
    const trees = MATRIX.filter(cell => cell.language === language).map(({ name }) => (
      JSON.stringify(normalizeTrace(traces.get(name)!).map(inCommon)).replaceAll(name, '<function>')
    ));
    for (const tree of trees) expect(JSON.parse(tree)).toEqual(JSON.parse(trees[0]));
  });

  it.each(KILLED.map(({ name }) => name))('are shown by %s also when its timeout ends it: those that were finished', async name => {
    await stack.client(LambdaClient).send(new UpdateFunctionConfigurationCommand({ FunctionName: name, Timeout: 3 }));
    const { traceId, answer } = await stack.call(name, { url: `${url}${SILENT}` }, { asynchronous: false });
    expect(answer.errorMessage).toMatch(/timed out/);
    const finished = ['PutItem', 'GetItem', 'PutObject', 'Publish', 'SendMessage'];
    const done = (trace: Trace) => subsegments(trace, name).flatMap(({ operation }) => operation ?? []);
    const trace = await stack.reader.waitForTrace({ id: traceId }, {
      until: seen => seen.segments.some(({ origin, fault }) => origin === 'AWS::Lambda::Function' && fault) && done(seen).length >= finished.length,
      what: `show what ${name} did before it was ended`, timeoutMs: 20_000,
    });
    expect(done(trace)).toEqual(finished);
  });
});

/** A call as the trace has to show it. */
interface Call { name: string; operation?: string; resource?: string; url?: string; status?: number; outcome?: string }

/** All calls of a handler, in order. */
function calls({ language }: MatrixCell): (readonly [string, Call])[] {
  const host = '127.0.0.1';
  return [
    ['DynamoDB', { name: 'DynamoDB', operation: 'PutItem', resource: 'matrix', status: 200 }],
    ['an error of DynamoDB', { name: 'DynamoDB', operation: 'GetItem', resource: 'missing', status: 400, outcome: 'error' }],
    ['S3', { name: 'S3', operation: 'PutObject', resource: 'bucket', status: 200 }],
    ['SNS', { name: 'SNS', operation: 'Publish', resource: 'matrix', status: 200 }],
    ['SQS', { name: 'SQS', operation: 'SendMessage', resource: 'matrix', status: 200 }],
    ...language === 'node' ? [['fetch', { name: host, url: `http://${host}/fetch`, status: 200 }] as const] : [],
    ['HTTP', { name: host, url: `http://${host}/http`, status: 404, outcome: 'error' }],
    ...language === 'python' ? [['SQL', { name: ':memory:' }] as const] : [],
  ];
}

function entries(trace: Trace): TraceEntry[] {
  const all = (found: readonly TraceEntry[]): TraceEntry[] => found.flatMap(entry => [entry, ...all(entry.subsegments)]);
  return all(trace.segments.filter(({ inferred }) => !inferred));
}

/** What a function's own code did, in the order in which it began. */
function subsegments(trace: Trace, functionName: string): Call[] {
  const fn = trace.segments.find(({ origin, name }) => origin === 'AWS::Lambda::Function' && name === functionName)!;
  return entries({ ...trace, segments: fn.subsegments })
    .filter(({ namespace, sql }) => namespace !== undefined || sql !== undefined)
    .sort((one, other) => one.startMs - other.startMs)
    .map(({ name, namespace, aws, http, error, fault }) => ({
      name: namespace === 'aws' ? awsServiceName(name) : name,
      operation: aws.operation as string | undefined,
      resource: resourceOf(aws),
      url: http?.url?.replace(/^(http:\/\/127\.0\.0\.1):\d+/, '$1'), // the X-Ray SDK leaves the port out of what http.get calls
      status: http?.status,
      outcome: fault ? 'fault' : error ? 'error' : undefined,
    }));
}

function resourceOf(aws: Readonly<Record<string, unknown>>): string | undefined {
  const { table_name: table, bucket_name: bucket, topic_arn: topic, queue_url: queue } = aws as Record<string, string | undefined>;
  return table ?? bucket ?? (topic ?? queue)?.split(/[:/]/).pop();
}

/** Without what the kinds of instrumentation say differently (MIGRATION.md has the list), and with what they have in common about it. */
function inCommon({ metadata, ...segment }: NormalizedSegment): object {
  const { name, sql, http, exceptions, children, aws: { message_id: _, key: __, ...aws } = {}, ...rest } = segment;
  return {
    ...rest,
    name: rest.namespace === 'aws' ? awsServiceName(name) : name,
    aws,
    ...http ? { http: { ...http, method: (http.method as string | undefined)?.toUpperCase() } } : {},
    isQuery: sql !== undefined,
    exceptions: exceptions?.length ?? 0,
    ...children ? { children: children.map(inCommon) } : {},
  };
}
