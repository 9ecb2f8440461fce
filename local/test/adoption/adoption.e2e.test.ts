import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { ADOPTED, EXCEPTIONS, hasMaven, JAVA, PYTHON_APPS, type AdoptedFunction } from './adopted';
import { pythonForCdk } from './python-cdk';
import { passesThrough } from '../../src/assertions';
import { normalizeTrace } from '../../src/assertions/normalized-trace';
import { inTrace, newTraceId } from '../../src/samples/traced-calls';
import type { Trace } from '../../src/xray';
import { DEPLOY_TIMEOUT_MS, DeployedStack, SCENARIO_TIMEOUT_MS } from '../samples/deployed-stack';

jest.setTimeout(SCENARIO_TIMEOUT_MS);

interface ReportEntry {
  readonly path: string;
  readonly level: string;
  readonly reason?: string;
  readonly changes: string[];
}

/** Functions that were made without TracedFunction, traced by one line and really run in the local cloud. */
describe('one line', () => {
  let stack: DeployedStack;
  let web: Server;
  let url: string;
  let report: ReportEntry[];

  beforeAll(async () => {
    web = createServer(({ url: path }, response) => {
      response.writeHead(path === '/http' ? 404 : 200).end('answer');
    });
    await new Promise<void>(resolve => web.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
    stack = await DeployedStack.deploy('adoption', { app: 'node --import tsx local/test/adoption/adoption-app.ts', all: true });
    report = reportIn(stack.assembly);
  }, DEPLOY_TIMEOUT_MS);
  afterAll(async () => {
    await stack?.close();
    web?.close();
  });

  const reportIn = (assembly: string) => (JSON.parse(readFileSync(join(assembly, 'tracing-report.json'), 'utf8')) as { entries: ReportEntry[] }).entries;

  const configurationOf = (name: string) => stack.client(LambdaClient).send(new GetFunctionConfigurationCommand({ FunctionName: name }));

  const documents = new Map<string, { answer: unknown; trace: Trace; tree: string }>();
  async function documentsOf(name: string, event: AdoptedFunction['event'] = address => ({ url: address })) {
    if (!documents.has(name)) {
      const { traceId, answer } = await stack.call(name, event(url), { asynchronous: false });
      const trace = await stack.traceOf(traceId, name, [false]);
      documents.set(name, { answer, trace, tree: JSON.stringify(normalizeTrace(trace), (key, value) => key === 'metadata' ? undefined : value).replaceAll(name, '<function>') });
    }
    return documents.get(name)!;
  }

  async function expectAsReference({ name, level, reference, event }: AdoptedFunction) {
    const { Environment, Layers: layers = [], Runtime: runtime } = await configurationOf(name);
    const isByLayer = runtime!.startsWith('java') ? layers.length === 1 : Environment?.Variables?.CDK_TRACED_FUNCTION_HANDLER !== undefined;
    expect(isByLayer).toBe(level === 'layer');
    const expected = await documentsOf(reference, event);
    const seen = await documentsOf(name, event);
    expect(seen.answer).toEqual(expected.answer);
    expect(seen.trace).toBeConnected();
    expect(JSON.parse(seen.tree)).toEqual(JSON.parse(expected.tree));
  }

  it.each(ADOPTED.map(adopted => [adopted.name, adopted.level, adopted] as const))('%s (%s) records what TracedFunction does', (_name, _level, adopted) => expectAsReference(adopted));

  (hasMaven ? it : it.skip)('a function in Java records what TracedFunction does', () => expectAsReference(JAVA));

  it.each(PYTHON_APPS)('the app %s, in Python, becomes traced by the same line', async (app, functions) => {
    const { python, variables } = pythonForCdk();
    const { Environment: { Variables: own } = {} } = await configurationOf('reference-node');
    const names = Object.fromEntries(['TABLE_NAME', 'BUCKET_NAME', 'TOPIC_ARN', 'QUEUE_URL'].map(name => [name, own![name]]));
    const command = ['env', ...Object.entries(variables).map(([name, value]) => `${name}=${value}`), python, join(__dirname, 'python-apps', app)].join(' ');
    const assembly = await stack.deployApp(command, { variables: JSON.stringify(names) });
    expect(reportIn(assembly).map(({ level }) => level).sort()).toEqual(functions.map(({ level }) => level).sort());
    for (const adopted of functions) await expectAsReference(adopted);
  }, DEPLOY_TIMEOUT_MS);

  it('the report names every function, and gives the reasons of the exceptions', () => {
    const functions = report.filter(({ level }) => level !== 'event-source' && level !== 'traced-function');
    const full = functions.filter(({ level }) => level === 'rebundled' || level === 'layer');
    expect(full.length).toBe(ADOPTED.length + 3 + Number(hasMaven)); // and those that events call
    const others = functions.filter(entry => !full.includes(entry));
    const found = others.map(({ path }) => EXCEPTIONS.findIndex(exception => exception.path.test(path)));
    expect(found.sort()).toEqual(EXCEPTIONS.map((_exception, i) => i));
    for (const { path, level, reason } of EXCEPTIONS) {
      expect(others.find(entry => path.test(entry.path))).toMatchObject({ level, reason: expect.stringMatching(reason) });
    }
  });

  it('a function behind an exec wrapper works as before, and shows Lambda\'s own segments', async () => {
    const { answer, trace } = await documentsOf('exec-wrapper');
    expect(answer).toEqual({ missing: 'ResourceNotFoundException', http: 404, fetch: 200, wrapped: '1' });
    expect(trace.segments.map(({ origin }) => origin).filter(origin => origin?.startsWith('AWS::Lambda')).sort()).toEqual(['AWS::Lambda', 'AWS::Lambda::Function']);
  });

  it('the trace goes on from a topic, and from a REST API', async () => {
    const traceId = newTraceId();
    await stack.client(SNSClient).send(inTrace(traceId, new PublishCommand({ TopicArn: 'arn:aws:sns:us-east-1:000000000000:adoption-events', Message: 'x' })));
    const published = await stack.traceOf(traceId, 'on-topic', [false]);
    expect(passesThrough(published, ['adoption-events AWS::SNS', 'on-topic AWS::Lambda', 'on-topic AWS::Lambda::Function']).pass).toBe(true);

    const requested = newTraceId();
    const address = Object.entries(stack.allOutputs['adoption-events']).find(([name]) => name.startsWith('ApiEndpoint'))![1];
    expect((await fetch(address, { headers: { 'X-Amzn-Trace-Id': `Root=${requested};Sampled=1` } })).status).toBe(200);
    const answered = await stack.traceOf(requested, 'on-request', [false]);
    expect(passesThrough(answered, ['adoption-api/prod AWS::ApiGateway::Stage', 'on-request AWS::Lambda', 'on-request AWS::Lambda::Function']).pass).toBe(true);
    expect(report.filter(({ level }) => level === 'event-source').map(({ path, changes }) => [path, changes[0]])).toEqual(expect.arrayContaining([
      ['adoption-events/Topic', 'TracingConfig: Active'], ['adoption-events/Api/DeploymentStage.prod', 'TracingEnabled: true'], ['adoption-events/Machine', 'TracingConfiguration.Enabled: true'],
    ]));
  });
});
