import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { regressionCommands } from '../../src/regression/cli';
import { compareRecordings } from '../../src/regression/compare-recordings';
import { formatComparison } from '../../src/regression/format-comparison';
import { recordTraces } from '../../src/regression/trace-recording';
import { compileTrace } from '../../src/xray/model/compiled-trace';
import type { Trace } from '../../src/xray/model/trace';
import { traceOf } from '../../src/xray/model/trace-of-documents';
import type { SegmentDocument, SubsegmentDocument } from '../../src/xray/wire/segment-document';
import { hexId, T0, traceId } from '../xray/sample-trace';

/** What another version of the code does differently. */
interface Change { reads?: number; droppedHeader?: boolean; retries?: number; scan?: boolean; fault?: boolean; factor?: number; noQueue?: boolean }

/** Numbers from 0 to 1, the same in every run. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9 >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32;
  };
}

let made = 0;

/** A request of a shop: it queries by an index, writes, calls a function, and sends a message that another function handles. */
function request(
  seed: number, { reads = 1, droppedHeader = false, retries = 0, scan = false, fault = false, factor = 1, noQueue = false }: Change,
): Trace[] {
  const next = random(seed);
  const trace = traceId(made += 2);
  const other = traceId(made - 1);
  let id = 0;
  const newId = () => hexId(++id);
  const jitter = (ms: number) => ms * factor * (0.6 + next());
  let at = T0;
  const call = (aws: Record<string, unknown>, name: string, ms: number): SubsegmentDocument => {
    const start = at;
    at += jitter(ms) / 1000;
    return { id: newId(), name, namespace: 'aws', start_time: start, end_time: at, aws };
  };
  const [shop, service, price, worker, wait] = [newId(), newId(), newId(), newId(), newId()];
  const queries = Array.from({ length: reads }, () => call({ operation: scan ? 'Scan' : 'Query', table_name: 'orders', index_name: scan ? undefined : 'by-customer' }, 'DynamoDB', 10));
  const write = call({ operation: 'PutItem', table_name: 'orders', ...retries > 0 && { retries } }, 'DynamoDB', 10);
  const invoke = call({ operation: 'Invoke', function_name: 'price' }, 'Lambda', 20);
  const send = call({ operation: 'SendMessage', queue_url: 'https://sqs/1/jobs' }, 'SQS', 5);
  const failure = fault ? { fault: true } : {};
  const workerTrace = droppedHeader ? other : trace;
  const documents: SegmentDocument[] = [
    { trace_id: trace, id: service, name: 'shop', origin: 'AWS::Lambda', start_time: T0, end_time: at, http: { request: { method: 'POST', url: 'https://example.com/orders/17' } }, ...failure },
    { trace_id: trace, id: shop, parent_id: service, name: 'shop', origin: 'AWS::Lambda::Function', start_time: T0, end_time: at, ...failure, subsegments: [...queries, write, invoke, ...noQueue ? [] : [send]] },
    { trace_id: trace, id: price, parent_id: invoke.id, name: 'price', origin: 'AWS::Lambda', start_time: invoke.start_time, end_time: invoke.end_time },
    ...noQueue ? [] : [
      ...droppedHeader ? [] : [{ trace_id: trace, id: wait, parent_id: send.id, name: 'jobs', origin: 'AWS::SQS::Queue', start_time: at, end_time: at + 0.1 }],
      {
        trace_id: workerTrace, id: worker, ...droppedHeader ? {} : { parent_id: wait }, name: 'worker', origin: 'AWS::Lambda::Function', start_time: at + 0.1, end_time: at + 0.1 + jitter(30) / 1000,
        ...droppedHeader && { links: [{ trace_id: trace, id: send.id }] },
      },
    ],
  ];
  return [trace, ...droppedHeader ? [other] : []]
    .map(found => traceOf(compileTrace(found, documents.filter(document => document.trace_id === found))));
}

const RUNS = 8;
const recording = (seed: number, change: Change = {}) =>
  recordTraces(Array.from({ length: RUNS }, (_, i) => request(seed * 1000 + i, change)).flat());
const before = recording(1);
const sentences = (change: Change) => compareRecordings(before, recording(2, change)).map(({ sentence }) => sentence);

test('what traces have in common is written down by what began them', () => {
  expect(Object.keys(before.entries)).toEqual(['POST /orders/*']);
  expect(before.entries['POST /orders/*']).toMatchObject({ runs: RUNS, calls: { 'shop -> DynamoDB Query orders': Array(RUNS).fill(1) }, links: {}, failures: {}, retries: {} });
  expect(Object.keys(before.entries['POST /orders/*'].calls)).toEqual([
    'jobs SQS::Queue -> worker', 'shop -> DynamoDB PutItem orders', 'shop -> DynamoDB Query orders', 'shop -> Lambda Invoke price', 'shop -> SQS SendMessage jobs',
    'shop -> jobs SQS::Queue', 'shop -> price',
  ]);
});

test('a hundred unchanged runs are silent', () => {
  for (let seed = 10; seed < 110; seed++) expect(compareRecordings(before, recording(seed))).toEqual([]);
});

describe('a change is told in its own sentence', () => {
  const changes: [string, Change, string[]][] = [
    ['a loop of reads', { reads: 50 }, ['shop calls DynamoDB Query orders 50 times a request, before once.']],
    ['a dropped header', { droppedHeader: true }, [
      'worker is no longer part of the trace of shop, but only linked to it: the trace header is lost on the way.', 'shop no longer calls jobs SQS::Queue, or not in its trace.',
      'worker is new, and nothing to compare it with is recorded.',
    ]],
    ['an added retry', { retries: 2 }, ['shop tries DynamoDB PutItem orders again 2 times a request, before 0 times.']],
    ['a removed index', { scan: true }, ['shop no longer calls DynamoDB Query orders, or not in its trace.', 'shop now calls DynamoDB Scan orders, once a request.']],
    ['a new fault', { fault: true }, ['shop ends with a fault in 8 of 8 requests, before in none.']],
    ['a call that is gone', { noQueue: true }, [
      'jobs SQS::Queue no longer calls worker, or not in its trace.', 'shop no longer calls SQS SendMessage jobs, or not in its trace.', 'shop no longer calls jobs SQS::Queue, or not in its trace.',
    ]],
  ];
  test.each(changes)('%s', (_, change, wanted) => {
    expect(sentences(change).filter(sentence => !sentence.includes(' takes '))).toEqual(wanted);
  });

  test('what takes longer, by a factor that is stated', () => {
    const found = sentences({ factor: 3 });
    expect(found).toContainEqual(expect.stringMatching(/^shop takes \d+(\.\d)? ms, before \d+(\.\d)? ms: \d\.\d times as long, more than 1\.5\.$/));
    expect(compareRecordings(before, recording(2, { factor: 3 }), { factor: 10 })).toEqual([]);
    expect(() => compareRecordings(before, before, { factor: 1 })).toThrow(/more than 1, got 1/);
  });
});

test('the result is text, Markdown, or JUnit', () => {
  const after = recording(2, { reads: 50 });
  const differences = compareRecordings(before, after).filter(({ kind }) => kind === 'calls-more');
  const odd = [{ ...differences[0], sentence: 'a|b <c> & "d"\u0001' }];
  expect(formatComparison([], before, before, 'text')).toBe('the traces of 1 request are as before\n');
  expect(formatComparison(differences, before, after, 'text')).toBe('POST /orders/* (8 before, 8 after)\n  shop calls DynamoDB Query orders 50 times a request, before once.\n1 difference\n');
  expect(formatComparison(odd, before, after, 'markdown')).toContain('| POST /orders/* | 8 before, 8 after | a\\|b &lt;c&gt; &amp; "d"');
  expect(formatComparison(odd, before, after, 'junit')).toContain('<testsuites tests="1" failures="1">');
  expect(formatComparison(odd, before, after, 'junit')).toContain('message="a|b &#60;c&#62; &#38; &#34;d&#34;"/>');
  expect(formatComparison([], before, before, 'junit')).not.toContain('<failure');
});

describe('the command line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cdk-traced-regression-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  afterEach(() => { process.exitCode = undefined; });

  async function run(...args: string[]): Promise<{ output: string; status: unknown }> {
    let output = '';
    const write = jest.spyOn(process.stdout, 'write').mockImplementation(text => {
      output += String(text);
      return true;
    });
    try {
      const program = new Command().exitOverride();
      regressionCommands().forEach(command => program.addCommand(command));
      await program.parseAsync(['node', 'cdk-traced', ...args]);
    } finally {
      write.mockRestore();
    }
    return { output, status: process.exitCode ?? 0 };
  }

  test('records a report and compares recordings', async () => {
    const document: SegmentDocument = { trace_id: traceId(1), id: hexId(1), name: 'shop', start_time: T0, end_time: T0 + 1 };
    const file = (name: string) => join(folder, name);
    writeFileSync(file('report.json'), JSON.stringify({ Traces: [{ Id: document.trace_id, Segments: [{ Id: document.id, Document: JSON.stringify(document) }] }] }));
    expect(await run('record', '--report', file('report.json'), '--out', file('a.json'))).toEqual({ output: `${file('a.json')}: shop (1)\n`, status: 0 });
    expect(await run('compare', file('a.json'), file('a.json'))).toEqual({ output: 'the traces of 1 request are as before\n', status: 0 });
    writeFileSync(file('b.json'), JSON.stringify(before));
    const { output, status } = await run('compare', file('a.json'), file('b.json'), '--format', 'junit', '--out', file('junit.xml'));
    expect([status, readFileSync(file('junit.xml'), 'utf8')]).toEqual([1, output]);
    await expect(run('compare', file('report.json'), file('a.json'))).rejects.toThrow(/report\.json' is no recording of traces/);
    writeFileSync(file('empty.json'), '{"Traces":[]}');
    await expect(run('record', '--report', file('empty.json'), '--out', file('c.json'))).rejects.toThrow(/there are no traces at .*empty\.json/);
  });
});
