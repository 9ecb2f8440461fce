import { assertTrace, isConnected, normalizeTrace } from '../../src/assertions/jest';
import type { Trace } from '../../src/assertions/jest';
import { compileTrace } from '../../src/xray/model/compiled-trace';
import { traceOf } from '../../src/xray/model/trace-of-documents';
import type { SegmentDocument } from '../../src/xray/wire/segment-document';
import { hexId, sampleTrace, T0, traceId, webTrace } from '../xray/sample-trace';

function trace(documents: SegmentDocument[]): Trace {
  return traceOf(compileTrace(documents[0].trace_id, documents));
}

const sample = trace(sampleTrace());
const web = trace(webTrace());

function failure(check: () => void): string {
  try {
    check();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('the check passed');
}

describe('the path of services', () => {
  test('is given by name, type, both or a pattern, and may begin anywhere', () => {
    expect(sample).toPassThrough('incoming', 'xraystarter-ts AWS::Lambda', 'AWS::Lambda::Function', /^items/);
    expect(sample).toPassThrough('AWS::Lambda', 'AWS::Lambda::Function');
    expect(web).toPassThrough('shop', 'stock');
    expect(web).toPassThrough('shop', 'Database::SQL');
  });

  test('must be one of direct calls', () => {
    expect(sample).not.toPassThrough('incoming', 'AWS::Lambda::Function');
    expect(web).not.toPassThrough('stock', 'shop');
  });

  test('fails with the paths there are and the tree', () => {
    expect(failure(() => expect(sample).toPassThrough('incoming', 'xraystarter-py'))).toBe(`\
expected the trace to pass through incoming -> xraystarter-py
found:
  the paths
  incoming AWS::SNS -> xraystarter-ts AWS::Lambda -> xraystarter-ts AWS::Lambda::Function -> items AWS::DynamoDB::Table

1-6553f100-000000000000000000000001  2023-11-14T22:13:20.000Z  duration 200 ms, response 10.0 ms
└─ incoming AWS::SNS                              +0.0 ms  10.0 ms
   └─ xraystarter-ts AWS::Lambda                  +5.0 ms  15.0 ms
      ├─ Dwell Time                               +5.0 ms  95.0 ms
      └─ Attempt #1                               +100 ms   100 ms
         └─ xraystarter-ts AWS::Lambda::Function  +110 ms  90.0 ms
            ├─ Initialization                     +100 ms  10.0 ms
            ├─ Invocation                         +110 ms  80.0 ms
            │  └─ DynamoDB PutItem items          +130 ms  50.0 ms
            └─ Overhead                           +190 ms  10.0 ms`);
    expect(failure(() => expect(sample).not.toPassThrough('incoming'))).toMatch(/^expected the trace not to pass through incoming/);
  });

  test('ends where segments are one another\'s parents', () => {
    const segment = (id: number, parent: number): SegmentDocument => (
      { trace_id: traceId(1), id: hexId(id), parent_id: hexId(parent), name: `s${id}`, start_time: T0, end_time: T0 }
    );
    expect(trace([segment(1, 2), segment(2, 1)])).not.toPassThrough('s1', 's3');
  });
});

describe('a subsegment', () => {
  test('is found by what it says', () => {
    expect(sample).toHaveSubsegment({ name: 'DynamoDB', operation: 'PutItem', table: 'items', status: 200, annotations: { attempt: 1 } });
    expect(sample).toHaveSubsegment({ table: /^it/, in: 'xraystarter-ts AWS::Lambda::Function' });
    expect(sample).toHaveSubsegment({ name: 'Dwell Time', in: 'AWS::Lambda' });
    expect(web).toHaveSubsegment({ url: /\/v2\//, status: 503, fault: true });
  });

  test('must have all of it at once, in that service', () => {
    expect(sample).not.toHaveSubsegment({ operation: 'PutItem', table: 'orders' });
    expect(sample).not.toHaveSubsegment({ table: 'items', in: 'AWS::SNS' });
    expect(web).not.toHaveSubsegment({ url: /\/v2\//, fault: false });
  });

  test('fails with those there are', () => {
    expect(failure(() => expect(sample).toHaveSubsegment({ operation: 'GetItem', table: 'items' }))).toContain(`\
expected the trace to have a subsegment with operation GetItem, table items
found:
  the subsegments
  name Dwell Time, in xraystarter-ts AWS::Lambda
  name Attempt #1, in xraystarter-ts AWS::Lambda
  name Initialization, in xraystarter-ts AWS::Lambda::Function
  name Invocation, in xraystarter-ts AWS::Lambda::Function
  name DynamoDB, operation PutItem, table items, status 200, annotations {"attempt":1}, in xraystarter-ts AWS::Lambda::Function
  name Overhead, in xraystarter-ts AWS::Lambda::Function
`);
  });
});

test('an annotation is found with and without its value', () => {
  expect(web).toHaveAnnotation('age');
  expect(web).toHaveAnnotation('age', 30);
  expect(web).not.toHaveAnnotation('age', '30');
  expect(failure(() => expect(web).toHaveAnnotation('age', 31))).toContain('to have the annotation age = 31\nfound:\n  the annotations\n  gameid = "817DL6VO", on shop');
});

test('faults and errors are told with their exception', () => {
  expect(sample).toHaveNoFault();
  expect(sample).toHaveNoError();
  expect(failure(() => expect(web).toHaveNoFault())).toContain('fault in shop AWS::EC2::Instance: OrderError: no stock');
  const throttled = trace([{ trace_id: traceId(1), id: hexId(1), name: 'shop', start_time: T0, end_time: T0, throttle: true }]);
  expect(throttled).toHaveNoFault();
  expect(failure(() => expect(throttled).toHaveNoError())).toContain('throttle in shop');
});

test('times are bounded, of the trace and of a service', () => {
  expect(sample).toTakeAtMost(201);
  expect(sample).not.toTakeAtMost(199);
  expect(sample).toTakeAtMost(91, 'AWS::Lambda::Function');
  expect(sample).not.toTakeAtMost(89, 'AWS::Lambda::Function');
  expect(failure(() => expect(sample).toTakeAtMost(1, 'none'))).toContain('no segment of that service');
});

describe('a connected trace', () => {
  const lone = (id: number, parent: number): SegmentDocument => (
    { trace_id: traceId(1), id: hexId(id), parent_id: hexId(parent), type: 'subsegment', name: `n${id}`, start_time: T0, end_time: T0 }
  );
  const root: SegmentDocument = { trace_id: traceId(1), id: hexId(1), name: 'root', start_time: T0, end_time: T0 };

  test('is one whole', () => {
    expect(sample).toBeConnected();
    expect(() => assertTrace(isConnected(web))).not.toThrow();
  });

  test.each<[string, SegmentDocument[], string]>([
    ['an orphan', [root, lone(2, 9)], 'subsegment n2 (0000000000000002) is an orphan: its parent 0000000000000009 never came'],
    ['a segment whose caller is missing', [root, { ...root, id: hexId(3), parent_id: hexId(8) }], 'segment root (0000000000000003) is an orphan'],
    ['two beginnings', [root, { ...root, id: hexId(3), name: 'second' }], '2 beginnings: root, second'],
    ['a circle', [root, lone(2, 3), lone(3, 2)], 'is in a circle of parents'],
    ['something in progress', [{ ...root, end_time: undefined, in_progress: true }], 'segment root (0000000000000001) is in progress'],
  ])('has not %s', (_, documents, message) => {
    expect(failure(() => assertTrace(isConnected(trace(documents))))).toContain(message);
  });
});

test('an expression with a flag that remembers is the same each time', () => {
  const [service, table] = [/incoming/g, /items/g];
  for (let round = 0; round < 3; round += 1) {
    expect(sample).toPassThrough(service);
    expect(sample).toHaveSubsegment({ table });
  }
});

// Each of them would hold for any trace, or for none.
test.each<[string, () => void, RegExp]>([
  ['a path without services', () => expect(sample).toPassThrough(), /^expected the services of the path/],
  ['a pattern without anything', () => expect(sample).toHaveSubsegment({ table: undefined }), /got an empty one$/],
  ['a misspelt pattern', () => expect(sample).toHaveSubsegment({ tabel: 'items' } as object), /^a subsegment has no 'tabel'; a pattern may have: name, operation,/],
  ['no bound', () => expect(sample).not.toTakeAtMost(Number('ten')), /^expected a number of milliseconds, got NaN/],
])('%s is refused', (_, check, message) => expect(failure(check)).toMatch(message));

test('something that is no trace is told', () => {
  expect(failure(() => expect(Promise.resolve(sample)).toBeConnected())).toMatch(/is an await missing\?/);
});

describe('a normalised trace', () => {
  test('is the same for two runs of the same code', () => {
    const run = (first: number, start: number): SegmentDocument[] => sampleTrace({ trace: traceId(first, start), start, firstId: first })
      .map((document) => (document.name === 'DynamoDB' ? { ...document, aws: { ...document.aws, request_id: `R${first}` } } : document));
    const one = run(1, T0);
    // Later, with other ids, on a warm environment, and the documents in another order.
    const two = run(0xabc, T0 + 999.123).reverse().map((document) => ({
      ...document, subsegments: document.subsegments?.filter(({ name }) => name !== 'Initialization'),
    }));
    expect(normalizeTrace(trace(two))).toEqual(normalizeTrace(trace(one)));
  });

  test('tells a different outcome, table or order of calls', () => {
    const normal = normalizeTrace(sample);
    expect(normalizeTrace(trace(sampleTrace({ fault: true })))).not.toEqual(normal);
    expect(normalizeTrace(trace(sampleTrace({ functionName: 'other' })))).not.toEqual(normal);
    expect(normalizeTrace(trace(sampleTrace().slice(1)))).not.toEqual(normal);
  });

  test('replaces ids, times, hosts and versions in every text, and what it is told to', () => {
    const document: SegmentDocument = {
      trace_id: traceId(1), id: hexId(1), name: 'shop-1hx8j3qf51d0x', start_time: T0, end_time: T0 + 1,
      http: { request: { method: 'GET', url: 'http://127.0.0.1:4566/a/1-6553f100-000000000000000000000001', user_agent: 'x/1' } },
      aws: { xray: { sdk: 'X-Ray for Node.js', sdk_version: '3.12.0' }, function_arn: 'arn:aws:lambda:eu-west-1:111122223333:function:f', request_id: 'R' },
      metadata: { default: { at: '2026-01-02T03:04:05.678Z', of: '9b2c8e04-0a1b-4c2d-8e3f-001122334455', sdk: 'v1.2.3-beta' } },
    };
    expect(normalizeTrace(trace([document]), { replace: [[/-1hx8j3qf51d0x/, '-<suffix>']] })).toEqual([{
      name: 'shop-<suffix>',
      http: { method: 'GET', url: 'http://<host>/a/<trace id>' },
      aws: { function_arn: 'arn:aws:lambda:<region>:<account>:function:f', xray: { sdk: 'X-Ray for Node.js' } },
      metadata: { default: { at: '<time>', of: '<uuid>', sdk: '<version>' } },
    }]);
  });
});

describe('repeated calls and budgets', () => {
  const id = traceId(7);
  const call = (n: number, start: number, end: number, more: Partial<SegmentDocument> = {}) => ({
    id: hexId(100 + n), name: 'DynamoDB', namespace: 'aws', start_time: T0 + start, end_time: T0 + end, aws: { operation: 'GetItem', table_name: 'orders' },
    http: { response: { status: 200, content_length: 1000 } }, ...more,
  });
  const shop = (calls: object[], more: SegmentDocument[] = []) => trace([
    { trace_id: id, id: hexId(1), name: 'shop', start_time: T0, end_time: T0 + 1, subsegments: calls as SegmentDocument['subsegments'] }, ...more,
  ]);
  const loop = shop([0, 1, 2, 3].map(n => call(n, n * 0.1, n * 0.1 + 0.1)));

  test('a loop of reads is found, and told with its place', () => {
    expect(loop).not.toHaveNoRepeatedCalls();
    expect(loop).toHaveNoRepeatedCalls({ atMost: 4 });
    expect(failure(() => expect(loop).toHaveNoRepeatedCalls())).toContain('expected the trace to have no call more than 2 times in one place\nfound:\n  4 times DynamoDB GetItem orders, in shop\n');
    const url = (n: number) => ({ name: 'example.com', namespace: 'remote', aws: undefined, http: { request: { method: 'GET', url: `https://example.com/items/${n}?a=${n}` } } });
    expect(shop([1, 2, 3].map(n => call(n, 0, 0.1, url(n))))).not.toHaveNoRepeatedCalls();
    // Each in a span of its own: three things were done, each with one call.
    expect(shop([1, 2, 3].map(n => ({ id: hexId(n + 10), name: `part ${n}`, start_time: T0, end_time: T0 + 1, subsegments: [call(n, 0, 0.1)] })))).toHaveNoRepeatedCalls();
  });

  test('a budget is of calls, bytes and the critical path, without the time in which nothing ran', () => {
    expect(loop).toStayWithin({ calls: 4, bytes: 4000, criticalPath: 1000 });
    expect(failure(() => expect(loop).toStayWithin({ calls: 3, bytes: 4000 }))).toContain('to stay within calls 3, bytes 4000\nfound:\n  calls 4\n  bytes 4000\n');
    expect(failure(() => expect(loop).toStayWithin({ criticalPath: 999 }))).toContain('  criticalPath 1000\n  600 ms in shop\n  400 ms in DynamoDB GetItem orders\n');
    const later: SegmentDocument = { trace_id: id, id: hexId(9), parent_id: hexId(100), name: 'worker', start_time: T0 + 5, end_time: T0 + 5.5 };
    expect(shop([call(0, 0, 1)], [later])).toStayWithin({ criticalPath: 1500 });
    expect(shop([call(0, 0, 0.9), call(1, 0, 0.9)])).toStayWithin({ criticalPath: 1000 });
    for (const wrong of [{}, { call: 1 }, { calls: -1 }, { calls: 'x' }]) expect(() => expect(loop).toStayWithin(wrong as object)).toThrow(/^expected a budget with one or more of calls, criticalPath, bytes/);
  });
});
