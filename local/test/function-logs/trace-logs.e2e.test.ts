import { CreateFunctionCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { strToU8, zipSync } from 'fflate';
import { addLogRoutes } from '../../src/function-logs/log-routes';
import type { TraceLogs } from '../../src/function-logs/trace-logs';
import { startXray, Xray } from '../../src/xray';
import { newTraceId, TestCloud } from '../cloud/test-cloud';
import { PYTHON } from '../cloud/test-stack';

jest.setTimeout(120_000);

const fn = (name: string, code: string, properties: object = {}) => ({
  Type: 'AWS::Lambda::Function',
  Properties: {
    FunctionName: name, Runtime: 'python3.11', Handler: 'index.handler', Code: { ZipFile: code }, Timeout: 20,
    Role: 'arn:aws:iam::000000000000:role/test', TracingConfig: { Mode: 'Active' }, ...properties,
  },
});

let cloud: TestCloud;
let xray: Xray;
let endpoint: string | undefined;

beforeAll(async () => {
  cloud = await TestCloud.start();
  xray = await startXray({
    udpPort: 0,
    httpPort: 0,
    addRoutes: (server, store) => addLogRoutes(server, { traceById: id => store.trace(id), cloudEndpoint: () => endpoint }),
  });
  endpoint = cloud.cloud.endpoint;
  await cloud.createStack('logs', {
    Resources: {
      Py: fn('py', PYTHON),
      NoModule: fn('no-module', 'import aws_xray_sdk_that_is_missing\n'),
      Elsewhere: fn('elsewhere', PYTHON, { LoggingConfig: { LogGroup: { Ref: 'Group' } } }),
      Group: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: 'of-its-own' } },
    },
  });
});
afterAll(async () => {
  await xray.close();
  await cloud.close();
});

/** The logs of a trace, once its function ran so often; the recorded segments are what X-Ray then knows. */
async function logsOf(traceId: string, attempts: number): Promise<{ status: number; logs: TraceLogs }> {
  const segments = await cloud.recorder.until(`trace ${traceId}`, () => {
    const trace = cloud.recorder.trace(traceId);
    const service = trace.find(({ origin }) => origin === 'AWS::Lambda');
    const attempted = (service?.subsegments ?? []).filter(({ name }) => name.startsWith('Attempt')).length;
    return trace.filter(({ origin }) => origin === 'AWS::Lambda::Function').length === attempts && (attempts === 1 || attempted === attempts)
      && service !== undefined && trace;
  });
  await fetch(`${xray.url}/TraceSegments`, {
    method: 'POST', body: JSON.stringify({ TraceSegmentDocuments: segments.map((segment) => JSON.stringify(segment)) }),
  });
  return get(`?traceId=${traceId}`);
}

async function get(query: string): Promise<{ status: number; logs: TraceLogs }> {
  const response = await fetch(`${xray.url}/local/logs${query}`);
  return { status: response.status, logs: await response.json() as TraceLogs };
}

test('a request has its own lines, also those without its id, and not those of the request before it in the same environment', async () => {
  await cloud.invoke('py', {}, `Root=${newTraceId()};Sampled=1`);
  const traceId = newTraceId();
  const { requestId } = await cloud.invoke('py', {}, `Root=${traceId};Sampled=1`);
  const { logs } = await logsOf(traceId, 1);

  expect(logs).toMatchObject({ functions: [{ functionName: 'py', logGroup: '/aws/lambda/py', requestIds: [requestId], isTruncated: false }] });
  const { lines } = logs.functions[0];
  expect(lines.map(({ message }) => message.split(/[ \t]/)[0])).toEqual(['START', 'handling', 'END', 'REPORT']);
  expect(new Set(lines.map(({ part, requestId: id }) => `${part} ${id}`))).toEqual(new Set([`request ${requestId}`]));
});

test('a start that failed says why, once for each attempt', async () => {
  const traceId = newTraceId();
  await cloud.send('no-module', {}, `Root=${traceId};Sampled=1`);
  const { logs } = await logsOf(traceId, 3);

  const messages = logs.functions[0].lines.map(({ message }) => message);
  expect(messages.filter((message) => message.startsWith('[ERROR] Runtime.ImportModuleError: Unable to import module \'index\''))).toHaveLength(3);
  expect(messages.filter((message) => message.startsWith('INIT_START'))).toHaveLength(3);
});

test('a function may log to a group of its own', async () => {
  const traceId = newTraceId();
  await cloud.invoke('elsewhere', {}, `Root=${traceId};Sampled=1`);
  const { logs } = await logsOf(traceId, 1);
  expect(logs.functions).toMatchObject([{ functionName: 'elsewhere', logGroup: 'of-its-own' }]);
  expect(logs.functions[0].lines.map(({ message }) => message)).toContain('handling');
});

test('a function of another account and region has its lines, too', async () => {
  const other = { endpoint, region: 'eu-central-1', credentials: { accessKeyId: '111122223333', secretAccessKey: 'test' } };
  const lambda = new LambdaClient(other);
  const code = Buffer.from(zipSync({ 'index.py': strToU8(PYTHON) }));
  await lambda.send(new CreateFunctionCommand({
    FunctionName: 'far', Runtime: 'python3.11', Handler: 'index.handler', Code: { ZipFile: code }, Role: 'arn:aws:iam::111122223333:role/test',
  }));
  const traceId = newTraceId();
  const command = new InvokeCommand({ FunctionName: 'far' });
  command.middlewareStack.add(next => args => {
    (args.request as { headers: Record<string, string> }).headers['X-Amzn-Trace-Id'] = `Root=${traceId};Sampled=1`;
    return next(args);
  }, { step: 'build' });
  await lambda.send(command);
  lambda.destroy();
  const { logs } = await logsOf(traceId, 1);
  expect(logs.functions[0].lines.map(({ message }) => message)).toContain('handling');
});

test('a cloud that is gone, or has no such group, is told in words', async () => {
  const traceId = newTraceId();
  const start = Date.now() / 1000;
  const segment = { id: '1'.repeat(16), trace_id: traceId, name: 'never-logged', origin: 'AWS::Lambda', start_time: start, end_time: start + 1 };
  await fetch(`${xray.url}/TraceSegments`, { method: 'POST', body: JSON.stringify({ TraceSegmentDocuments: [JSON.stringify(segment)] }) });
  expect((await get(`?traceId=${traceId}`)).logs.functions).toMatchObject([{ lines: [], missing: 'the log group /aws/lambda/never-logged does not exist' }]);

  endpoint = 'http://127.0.0.1:1';
  expect((await get(`?traceId=${traceId}`)).logs).toMatchObject({ functions: [], unavailable: expect.stringContaining('http://127.0.0.1:1 did not give the logs') });
  endpoint = undefined;
  expect((await get(`?traceId=${traceId}`)).logs.unavailable).toMatch(/no local cloud/);
  endpoint = cloud.cloud.endpoint;
});

test('a request without a trace, or for one that is not here, is refused', async () => {
  expect((await get('')).status).toBe(400);
  expect((await get('?traceId=a&traceId=b')).status).toBe(400);
  expect((await get(`?traceId=${newTraceId()}`)).status).toBe(404);
});
