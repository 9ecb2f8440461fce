import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ADOPTED } from './adopted';
import { normalizeTrace } from '../../src/assertions/normalized-trace';
import type { Trace } from '../../src/xray';
import { DEPLOY_TIMEOUT_MS, DeployedStack, SCENARIO_TIMEOUT_MS } from '../samples/deployed-stack';

jest.setTimeout(SCENARIO_TIMEOUT_MS);

/** Functions that were made without TracedFunction, traced by one line and really run in the local cloud. */
describe('one line', () => {
  let stack: DeployedStack;
  let web: Server;
  let url: string;

  beforeAll(async () => {
    web = createServer(({ url: path }, response) => {
      response.writeHead(path === '/http' ? 404 : 200).end('answer');
    });
    await new Promise<void>(resolve => web.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
    stack = await DeployedStack.deploy('adoption', { app: 'node --import tsx local/test/adoption/adoption-app.ts' });
  }, DEPLOY_TIMEOUT_MS);
  afterAll(async () => {
    await stack?.close();
    web?.close();
  });

  const documents = new Map<string, { answer: unknown; trace: Trace; tree: string }>();
  async function documentsOf(name: string) {
    if (!documents.has(name)) {
      const { traceId, answer } = await stack.call(name, { url }, { asynchronous: false });
      const trace = await stack.traceOf(traceId, name, [false]);
      documents.set(name, { answer, trace, tree: JSON.stringify(normalizeTrace(trace), (key, value) => key === 'metadata' ? undefined : value).replaceAll(name, '<function>') });
    }
    return documents.get(name)!;
  }

  it.each(ADOPTED.map(({ name, level, reference }) => [name, level, reference] as const))('%s (%s) records what TracedFunction does', async (name, level, reference) => {
    const { Layers: layers } = await stack.client(LambdaClient).send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    expect(layers?.length ?? 0).toBe(level === 'layer' ? 1 : 0);
    const expected = await documentsOf(reference);
    const seen = await documentsOf(name);
    expect(seen.answer).toEqual(expected.answer);
    expect(seen.trace).toBeConnected();
    expect(JSON.parse(seen.tree)).toEqual(JSON.parse(expected.tree));
  });
});
