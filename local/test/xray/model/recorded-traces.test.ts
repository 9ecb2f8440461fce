import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { callTree, type ServiceCall } from '../../../src/assertions';
import { compileTrace } from '../../../src/xray/model/compiled-trace';
import { formatTraceTree } from '../../../src/xray/model/format-trace-tree';
import { ServiceCatalog } from '../../../src/xray/model/service-catalog';
import { ServiceGraph } from '../../../src/xray/model/service-graph';
import { factsOf } from '../../../src/xray/model/trace-facts';
import { traceOf } from '../../../src/xray/model/trace-of-documents';
import { documentsOfFile } from '../../../src/xray/store/trace-file';
import { readSegmentDocument } from '../../../src/xray/wire/daemon-message';
import type { SegmentDocument } from '../../../src/xray/wire/segment-document';

/** What real SDKs sent (see fixtures/README.md), through the same check as a datagram. */
function recorded(file: string): SegmentDocument[] {
  return documentsOfFile(readFileSync(join(__dirname, '../fixtures', file), 'utf8')).map((json) => {
    const { accepted, refused } = readSegmentDocument(Buffer.from(json));
    expect(refused).toEqual([]);
    return accepted[0].document;
  });
}

/** The times of a recording are not the point. */
function treeOf(documents: SegmentDocument[]): string {
  const text = formatTraceTree(traceOf(compileTrace(documents[0].trace_id, documents)));
  return text.split('\n').slice(1).map((line) => line.replace(/ +\+[\d.]+ ms +[\d.]+ ms/, '')).join('\n');
}

/** The function segment that Lambda sends, under which both SDKs put their subsegments. */
const FUNCTION: SegmentDocument = {
  trace_id: '1-6553f100-0123456789abcdef01234567', id: '53995c3f42cd8ad8', name: 'fn', origin: 'AWS::Lambda::Function',
  start_time: 1_700_000_000, end_time: 1_800_000_000,
};

test('the Node.js SDK', () => {
  expect(treeOf([...recorded('nodejs.ndjson'), FUNCTION])).toBe(`\
└─ fn AWS::Lambda::Function
   ├─ DynamoDB PutItem items
   ├─ DynamoDB PutItem missing  ERROR, HTTP 400, ResourceNotFoundException: no such table
   ├─ ## work
   ├─ ## fails  FAULT, TypeError: x is not a function
   └─ 127.0.0.1 GET http://127.0.0.1/health  HTTP 200`);
});

test('the Python SDK', () => {
  expect(treeOf([...recorded('python.ndjson'), FUNCTION])).toBe(`\
└─ fn AWS::Lambda::Function
   ├─ dynamodb PutItem items
   ├─ dynamodb PutItem missing  ERROR, HTTP 400, ResourceNotFoundException: An error occurred (ResourceNotFoundException) when calling the PutItem operation (reached max retries: 0): no such table
   ├─ put_object
   ├─ fails  FAULT, ValueError: no such thing
   └─ 127.0.0.1 get http://127.0.0.1:14566/health  HTTP 200`);
});

test('both SDKs\' calls lead to the same nodes of the map', () => {
  const catalog = new ServiceCatalog();
  const graph = new ServiceGraph(catalog, () => undefined);
  for (const file of ['nodejs.ndjson', 'python.ndjson']) graph.add(factsOf(compileTrace(FUNCTION.trace_id, [...recorded(file), FUNCTION]), catalog));
  const counts = graph.services().map(({ Name, Type, SummaryStatistics: of }) => [Name, Type, of?.OkCount, of?.ErrorStatistics.OtherCount]);
  expect(counts).toEqual([
    ['fn', 'client', undefined, undefined],
    ['fn', 'AWS::Lambda::Function', 2, 0],
    ['items', 'AWS::DynamoDB::Table', 2, 0],
    ['missing', 'AWS::DynamoDB::Table', 0, 2],
    ['127.0.0.1', 'remote', 2, 0],
  ]);
});

test('an upload of the sample, with functions in three languages', () => {
  const documents = recorded('xraystarter.json');
  const paths = (calls: readonly ServiceCall[], before: string): string[] => calls.flatMap(({ name, type, calls: next }) => (
    next.length === 0 ? [`${before}${name} ${type}`] : paths(next, `${before}${name} ${type} -> `)
  ));
  const topic = 'xraystarter-Uploads4F6EB0FD-3C03C36EC72C1 AWS::SNS';
  expect(paths(callTree(traceOf(compileTrace(documents[0].trace_id, documents))), '').sort()).toEqual(['go', 'py', 'ts'].map((language) => (
    `${topic} -> xraystarter-${language} AWS::Lambda -> xraystarter-${language} AWS::Lambda::Function -> items AWS::DynamoDB::Table`
  )));
});
