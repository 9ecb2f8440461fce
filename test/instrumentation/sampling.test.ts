import * as fs from 'fs';
import * as path from 'path';
import { Duration } from 'aws-cdk-lib';
import { FunctionHost, FunctionRun, PARENT, RunOptions, SAMPLED } from './function-process';
import { DecodedSpan, decodeSpans } from './otlp-spans';
import { Instrumentation, TracedFunctionProps, TraceSampling } from '../../lib';
import { installBoto3, LOCAL_PYTHON } from '../local-python';
import { bundle } from '../packages';
import { projectFolder, temporaryFolder, tracedFunction } from '../test-app';

jest.setTimeout(300_000);

const FIXTURES = path.join(__dirname, 'fixtures', 'messages');
const SERVER = 2;

let host: FunctionHost;
let packages: Record<string, string>;
let runtimeModules: string;

beforeAll(async () => {
  host = await FunctionHost.start();
  runtimeModules = installBoto3(temporaryFolder());
  const entry = projectFolder({ 'sampling.py': fs.readFileSync(path.join(FIXTURES, 'sampling.py'), 'utf8'), 'requirements.txt': '' });
  const kinds = {
    Keep: TraceSampling.keepErrors({ slowerThan: Duration.seconds(50) }), Ratio: TraceSampling.ratio(0.5), Lambda: TraceSampling.asLambda(),
  };
  packages = bundle(Object.fromEntries(Object.entries(kinds).flatMap(([name, sampling]): [string, TracedFunctionProps][] => {
    const instrumentation = Instrumentation.openTelemetry({ sampling });
    return [
      [`node${name}`, { entry: path.join(FIXTURES, 'sampling.mjs'), instrumentation }],
      [`python${name}`, { entry, handler: 'sampling.handler', instrumentation, ...LOCAL_PYTHON }],
    ];
  })));
});
afterAll(async () => host.stop());

interface SamplingRun extends FunctionRun {
  readonly spans: DecodedSpan[];
}

async function run(language: string, kind: string, actions: string[], options: RunOptions): Promise<SamplingRun> {
  const folder = packages[language + kind];
  const events = actions.map(action => ({ action }));
  const seen = language === 'node' ? await host.run(folder, events, options)
    : await host.runPython(folder, events, { ...options, env: { PYTHONPATH: [folder, runtimeModules].join(path.delimiter) } });
  return { ...seen, spans: decodeSpans(seen.datagrams) };
}

/** Of the n-th request, not sampled. */
const header = (n: number, { digits = '00000000' } = {}) => `Root=1-5759e9${n.toString(16).padStart(2, '0')}-bd862e3fe1be46a9${digits};Parent=${PARENT};Sampled=0`;

describe.each(['node', 'python'])('in %s', language => {
  test('of requests that are not sampled, exactly those that fail or are slow arrive, complete', async () => {
    const actions = ['good', 'fail', 'good', 'good', 'slow', 'good', 'many', 'many-fail', 'good'];
    const { spans, requests, log } = await run(language, 'Keep', actions, { traceIds: actions.map((_, n) => header(n)) });
    const byTrace = new Map(spans.map(span => [span.traceId.slice(6, 8), spans.filter(({ traceId }) => traceId === span.traceId)]));
    expect([...byTrace.keys()].sort()).toEqual(['01', '04', '07']);
    for (const [trace, why, code] of [['01', 'the request failed', 2], ['04', 'the request was slow', undefined]] as const) {
      const kept = byTrace.get(trace)!;
      const root = kept.find(({ kind }) => kind === SERVER)!;
      expect(kept.filter(span => span !== root).map(span => [span.name, span.parentSpanId])).toEqual([['DynamoDB.PutItem', root.spanId]]);
      expect(root).toMatchObject({ name: 'function', attributes: { kept_because: why, action: actions[Number(trace)] } });
      expect([root.parentSpanId, root.status?.code]).toEqual([undefined, code]);
    }
    // However many spans a request makes, so many are kept.
    expect(byTrace.get('07')).toHaveLength(501);
    expect(byTrace.get('07')!.find(({ kind }) => kind === SERVER)!.attributes.spans_left_out).toBe(100_001 - 500);
    // What it calls is told Lambda's own decision.
    expect(requests.map(request => /Sampled=\d/.exec(request.headers['x-amzn-trace-id'] as string)?.[0])).toEqual(actions.map(() => 'Sampled=0'));
    expect(log.filter(line => line.includes('cdk-traced-function'))).toEqual([]);
  });

  test('a sampled request is as it was', async () => {
    const { spans } = await run(language, 'Keep', ['good'], { traceIds: [SAMPLED] });
    expect(spans.map(({ parentSpanId, kind }) => [parentSpanId, kind]).filter(([parent]) => parent === PARENT)).toHaveLength(1);
    expect(spans.map(({ kind }) => kind)).not.toContain(SERVER);
  });

  test('a share is recorded as if it were sampled, by the id of the trace', async () => {
    const { spans, requests } = await run(language, 'Ratio', ['good', 'good'], { traceIds: [header(1, { digits: '7fffffff' }), header(2, { digits: '80000001' })] });
    expect(new Set(spans.map(({ traceId }) => traceId.slice(6, 8)))).toEqual(new Set(['01']));
    expect(requests.map(request => /Sampled=\d/.exec(request.headers['x-amzn-trace-id'] as string)?.[0])).toEqual(['Sampled=1', 'Sampled=0']);
  });

  test('as Lambda decides, nothing is kept', async () => {
    expect((await run(language, 'Lambda', ['fail'], { traceIds: [header(1)] })).datagrams).toEqual([]);
  });
});

test('a share that is none is refused, and so is a language that has none', () => {
  const entry = path.join(FIXTURES, 'sampling.mjs');
  expect(() => tracedFunction({ entry, instrumentation: Instrumentation.openTelemetry({ sampling: TraceSampling.ratio(5) }) })).toThrow(/from 0 to 1, both included, got 5.*TF133/s);
  expect(() => tracedFunction({ entry, instrumentation: Instrumentation.openTelemetry({ sampling: 'keepErrors' as unknown as TraceSampling }) })).toThrow(/TraceSampling\.keepErrors\(\), got "keepErrors".*TF132/s);
  expect(() => tracedFunction({ entry: projectFolder({ 'go.mod': 'module x\n', 'main.go': 'package main' }), instrumentation: Instrumentation.openTelemetry({ sampling: TraceSampling.asLambda() }) }))
    .toThrow(/option 'sampling' is supported for Node\.js and Python only.*TF101/s);
});
