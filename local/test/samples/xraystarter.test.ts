import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SampleContext, SampleTrace, SegmentDocument } from '../../src/samples/sample';
import { XRAYSTARTER_KEYS, XraystarterSample } from '../../src/samples/xraystarter';

const OUTPUTS = { BucketName: 'bucket', TableName: 'items', LambdaNameTS: 'fn-ts', LambdaNamePy: 'fn-py', LambdaNameGo: 'fn-go' };

/** A trace of one upload as the local X-Ray gives it: SNS, and for each function Lambda's two segments and the call of the table. */
function uploadTrace(id: string): SampleTrace {
  let last = 0;
  const segment = (name: string, origin: string | undefined, parent: string | undefined, more: object = {}): SegmentDocument => (
    { id: (++last).toString(16).padStart(16, '0'), trace_id: id, name, origin, parent_id: parent, start_time: 1, end_time: 2, ...more }
  );
  const sns = segment('SNS', 'AWS::SNS', undefined);
  const segments = [sns];
  for (const name of ['fn-ts', 'fn-py', 'fn-go']) {
    const times = { start_time: 1, end_time: 2 };
    const attempt = { id: `a${name}`, name: 'Attempt #1', ...times };
    const aws = { operation: 'UpdateItem', table_name: 'items' };
    const call = { id: `c${name}`, name: name === 'fn-py' ? 'dynamodb' : 'DynamoDB', ...times, aws };
    const invocation = { id: `i${name}`, name: 'Invocation', ...times, subsegments: [call] };
    segments.push(
      segment(name, 'AWS::Lambda', sns.id, { subsegments: [attempt] }),
      segment(name, 'AWS::Lambda::Function', attempt.id, { subsegments: [invocation] }),
      segment('DynamoDB', 'AWS::DynamoDB::Table', call.id, { inferred: true }),
    );
  }
  return { id, segments };
}

describe('the sample xraystarter', () => {
  const puts: { key: string; traceHeader: string }[] = [];
  let items: Map<string, Record<string, { S: string }>>;
  let traces: SampleTrace[];
  let server: Server;
  let context: SampleContext;

  beforeAll(async () => {
    // S3 and DynamoDB, as far as the real clients ask them.
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', chunk => chunks.push(chunk)).on('end', () => {
        if (request.method === 'PUT') {
          const key = decodeURIComponent(request.url!.replace(/^\/bucket\/|\?.*$/g, ''));
          puts.push({ key, traceHeader: request.headers['x-amzn-trace-id'] as string });
          return response.end();
        }
        const { items: { Keys: keys } } = JSON.parse(Buffer.concat(chunks).toString()).RequestItems;
        const found = keys.map((key: { itemID: { S: string } }) => items.get(key.itemID.S)).filter(Boolean);
        return response.end(JSON.stringify({ Responses: { items: found } }));
      });
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    Object.assign(process.env, { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
    context = {
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      outputs: OUTPUTS,
      traces: async () => traces,
      log: () => undefined,
      signal: new AbortController().signal,
    };
  });
  afterAll(() => new Promise(resolve => {
    server.close(resolve);
    server.closeAllConnections();
  }));

  /** A sample that has sent its traffic, all of it handled and traced. */
  async function completeSample(): Promise<XraystarterSample> {
    puts.length = 0;
    const sample = new XraystarterSample();
    await sample.sendTraffic(context);
    const time = { S: new Date().toISOString() };
    items = new Map(puts.map(({ key }) => [key, { itemID: { S: key }, ts: time, py: time, go: time }]));
    traces = puts.map(put => uploadTrace(/Root=([^;]+)/.exec(put.traceHeader)![1]));
    return sample;
  }

  it('uploads every key exactly, each in a sampled trace of its own', async () => {
    await completeSample();
    expect(puts.map(put => put.key)).toEqual(XRAYSTARTER_KEYS);
    expect(XRAYSTARTER_KEYS.map(key => key.length)).toContain(1_000);
    for (const { traceHeader } of puts) expect(traceHeader).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Sampled=1$/);
    expect(new Set(puts.map(put => put.traceHeader)).size).toBe(XRAYSTARTER_KEYS.length);
  });

  it('misses nothing when every item and every trace is complete', async () => {
    const sample = await completeSample();
    expect(await sample.check(context)).toEqual([]);
  });

  it('misses nothing before anything was sent', async () => {
    expect(await new XraystarterSample().check(context)).toEqual([]);
  });

  it('counts a second round of the same keys by itself', async () => {
    const sample = await completeSample();
    const [firstItems, firstTraces] = [items, traces];
    await new Promise(resolve => setTimeout(resolve, 2)); // the items' times have milliseconds
    await sample.sendTraffic(context);
    [items, traces] = [firstItems, firstTraces];
    expect(await sample.check(context)).toContainEqual({ subject: "'a b.txt'", what: 'time of fn-go in the item of table items' });
  });

  it.each<[string, () => void, string]>([
    ['an item', () => items.delete('a b.txt'), 'time of fn-ts in the item of table items'],
    ["one function's time", () => { delete items.get('a b.txt')!.go; }, 'time of fn-go in the item of table items'],
    ['a trace', () => { traces = traces.filter(trace => trace !== traces[1]); }, 'trace'],
    ['the topic', () => without(segment => segment.origin === 'AWS::SNS'), 'AWS::SNS segment (0 complete of 0, expected 1)'],
    ['a service segment', () => without(segment => segment.name === 'fn-py' && segment.origin === 'AWS::Lambda'),
      'AWS::Lambda segment of fn-py (0 complete of 0, expected 1)'],
    ['a function segment', () => without(segment => segment.name === 'fn-go' && segment.origin === 'AWS::Lambda::Function'),
      'DynamoDB subsegment with {"operation":"UpdateItem","table_name":"items"} under fn-go'],
    ['a call', () => { find('fn-ts').subsegments!.length = 0; },
      'DynamoDB subsegment with {"operation":"UpdateItem","table_name":"items"} under fn-ts'],
    ["a call's table", () => { delete find('fn-go').subsegments![0].subsegments![0].aws!.table_name; },
      'DynamoDB subsegment with {"operation":"UpdateItem","table_name":"items"} under fn-go'],
    ['an end', () => { delete (find('fn-py') as { end_time?: number }).end_time; },
      'AWS::Lambda::Function segment of fn-py (0 complete of 1, expected 1)'],
    ['that nothing ran twice', () => { traces[1].segments.push({ ...find('fn-py'), id: 'f' }); },
      'AWS::Lambda::Function segment of fn-py (2 complete of 2, expected 1)'],
    ['a parent', () => { traces[1].segments.push({ ...find('fn-py'), id: 'f', parent_id: 'lost' }); }, 'parent lost of f (fn-py)'],
  ])('tells when this is missing: %s', async (_, damage, what) => {
    const sample = await completeSample();
    damage();
    const missing = await sample.check(context);
    expect(missing.map(one => one.subject)).toEqual(missing.map(() => "'a b.txt'"));
    expect(missing.map(one => one.what.replace(/ in trace 1-.*/, ''))).toContain(what);
  });

  it('finds a call that came as a document of its own', async () => {
    const sample = await completeSample();
    const [invocation] = find('fn-ts').subsegments!;
    const [call] = invocation.subsegments!.splice(0);
    traces[1].segments.push({ ...call, trace_id: traces[1].id, parent_id: invocation.id });
    expect(await sample.check(context)).toEqual([]);
  });

  it('fails on a stack without its outputs', async () => {
    await expect(new XraystarterSample().sendTraffic({ ...context, outputs: { TableName: 'items' } }))
      .rejects.toThrow("the stack xraystarter has no output 'BucketName' (it has: TableName)");
  });

  function find(name: string): SegmentDocument {
    return traces[1].segments.find(segment => segment.name === name && segment.origin === 'AWS::Lambda::Function')!;
  }

  function without(unwanted: (segment: SegmentDocument) => boolean): void {
    traces[1] = { ...traces[1], segments: traces[1].segments.filter(segment => !unwanted(segment)) };
  }
});
