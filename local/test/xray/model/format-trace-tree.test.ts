import { compileTrace } from '../../../src/xray/model/compiled-trace';
import { formatTraceTree } from '../../../src/xray/model/format-trace-tree';
import { traceOf, traceOfReport } from '../../../src/xray/model/trace-of-documents';
import type { SegmentDocument } from '../../../src/xray/wire/segment-document';
import { hexId, sampleTrace, T0, traceId, webTrace } from '../sample-trace';

function format(documents: SegmentDocument[]): string {
  return formatTraceTree(traceOf(compileTrace(documents[0].trace_id, documents)));
}

test('an asynchronous cold start reads as on the console', () => {
  expect(format(sampleTrace())).toBe(`\
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
});

test('faults, HTTP calls and exceptions are told', () => {
  expect(format(webTrace())).toBe(`\
1-6553f100-000000000000000000000002  2023-11-14T22:13:20.000Z  duration 3000 ms, response 3000 ms
└─ shop AWS::EC2::Instance                                      +0.0 ms  3000 ms  FAULT, HTTP 500, OrderError: no stock
   ├─ stock.example.com GET http://stock.example.com/v2/items   +500 ms  2000 ms  FAULT, HTTP 503
   │  └─ stock                                                  +600 ms  1800 ms  FAULT, HTTP 503
   └─ orders@db.example.com                                    +2600 ms   100 ms`);
});

test('orphans, circles and what is in progress stay in sight', () => {
  const lone = (id: number, parent: number): SegmentDocument => (
    { trace_id: traceId(1), id: hexId(id), parent_id: hexId(parent), type: 'subsegment', name: `n${id}`, start_time: T0 + id / 1000, end_time: T0 + id / 1000 }
  );
  const open = { trace_id: traceId(1), id: hexId(1), name: 'open', start_time: T0, in_progress: true };
  expect(format([open, lone(2, 9), lone(3, 4), lone(4, 3)])).toBe(`\
1-6553f100-000000000000000000000001  2023-11-14T22:13:20.000Z  duration 4.0 ms, incomplete
├─ open   +0.0 ms          in progress
├─ n2     +2.0 ms  0.0 ms  orphan: parent 0000000000000009 never came
└─ n3     +3.0 ms  0.0 ms  circle of parents, cut at 0000000000000004
   └─ n4  +4.0 ms  0.0 ms`);
});

test('segments that are one another\'s parents are all drawn, once', () => {
  const segment = (id: number, parent: number): SegmentDocument => (
    { trace_id: traceId(1), id: hexId(id), parent_id: hexId(parent), name: `s${id}`, start_time: T0, end_time: T0 }
  );
  const lines = format([segment(1, 2), segment(2, 1), segment(3, 3)]).split('\n');
  expect(lines.slice(1).map((line) => /s\d/.exec(line)![0]).sort()).toEqual(['s1', 's2', 's3']);
});

test('a trace read from a report is drawn the same', () => {
  const compiled = compileTrace(traceId(1), sampleTrace());
  const report = { Id: compiled.id, Segments: compiled.segments.map((segment) => ({ Id: segment.id, Document: JSON.stringify(segment) })) };
  expect(formatTraceTree(traceOfReport(report))).toBe(formatTraceTree(traceOf(compiled)));
});

test('segments that call one another in a chain of thousands are all there', () => {
  const documents = Array.from({ length: 20_000 }, (_, index): SegmentDocument => ({
    trace_id: traceId(1), id: hexId(index + 1), name: `n${index}`, start_time: T0 + index / 1e6, end_time: T0 + 1,
    ...(index === 0 ? {} : { parent_id: hexId(index) }),
  }));
  const lines = format(documents).split('\n');
  expect(lines).toHaveLength(20_001);
  expect(Math.max(...lines.map((line) => line.search('n')))).toBeLessThan(400);
});

test('names and messages cannot write to the terminal', () => {
  const [first] = webTrace();
  const text = format([{ ...first, name: 'a\n\u001b[31mb\u202e', subsegments: [], cause: { exceptions: [{ id: hexId(9), type: 'E\u0007', message: 'm' }] } }]);
  expect(text).toContain('a\\u000a\\u001b[31mb\\u202e');
  expect(text).toContain('E\\u0007: m');
  expect(text.split('\n')).toHaveLength(2);
});
