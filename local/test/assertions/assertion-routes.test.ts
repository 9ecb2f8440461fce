import { addAssertionRoutes } from '../../src/assertions/assertion-routes';
import { startXray, type Xray } from '../../src/xray';
import { sampleTrace } from '../xray/sample-trace';

let xray: Xray;
let id: string;

beforeAll(async () => {
  xray = await startXray({ udpPort: 0, httpPort: 0, addRoutes: (server, store) => addAssertionRoutes(server, store) });
  const documents = sampleTrace();
  id = (documents[0] as { trace_id: string }).trace_id;
  await fetch(`${xray.url}/TraceSegments`, { method: 'POST', body: JSON.stringify({ TraceSegmentDocuments: documents.map(document => JSON.stringify(document)) }) });
});
afterAll(async () => xray.close());

async function post(path: string, body: object): Promise<{ status: number; answer: Record<string, unknown> }> {
  const response = await fetch(`${xray.url}/local/assertions/${path}`, { method: 'POST', body: JSON.stringify(body) });
  return { status: response.status, answer: await response.json() as Record<string, unknown> };
}

const check = (name: string, ...args: unknown[]) => post('check', { traceId: id, check: name, args });

test('a check answers whether it holds, with its message', async () => {
  expect(await check('passesThrough', { pattern: 'AWS::Lambda' })).toMatchObject({ status: 200, answer: { pass: true } });
  expect(await check('hasSubsegment', { operation: 'DeleteNothing' })).toMatchObject({
    status: 200, answer: { pass: false, message: expect.stringContaining('to have a subsegment with operation DeleteNothing') as string },
  });
});

test.each([
  ['of no such name', ['isBeautiful'], /there is no check 'isBeautiful'; there are passesThrough, /],
  ['with a member that patterns do not have', ['hasSubsegment', { operatoin: 'x' }], /a subsegment has no 'operatoin'/],
  ['with an expression that is none', ['passesThrough', { pattern: '(' }], /Invalid regular expression/],
] as const)('a check %s is refused', async (_what, [name, ...args], message) => {
  expect(await check(name, ...args)).toMatchObject({ status: 400, answer: { message: expect.stringMatching(message) as string } });
});

test('a trace is waited for, and its absence told with the traces that there are', async () => {
  const found = await post('wait', { id, timeoutMs: 5000, since: 0 });
  expect(found).toMatchObject({ status: 200, answer: { Traces: [{ Id: id }] } });
  expect(await post('wait', { annotations: { key: 'none' }, timeoutMs: 1, since: 0 })).toMatchObject({
    status: 408, answer: { message: expect.stringMatching(/^waited 0\.001 seconds for a trace with annotation/) as string },
  });
});
