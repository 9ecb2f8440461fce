import { documentsOfFile } from '../../../src/xray/store/trace-file';
import { datagram, hexId, sampleTrace, T0, traceId } from '../sample-trace';
import { startWithClient, stopAll } from '../xray-client';

afterEach(stopAll);

const documents = sampleTrace();
const report = { Traces: [{ Id: traceId(1), Segments: documents.map((document) => ({ Id: document.id, Document: JSON.stringify(document) })) }] };

test.each([
  ['what BatchGetTraces answers', JSON.stringify({ ...report, UnprocessedTraceIds: [] })],
  ['one trace', JSON.stringify(report.Traces[0], null, 2)],
  ['a list of documents', JSON.stringify(documents)],
  ['a list of documents as texts', JSON.stringify(documents.map((document) => JSON.stringify(document)))],
  ['a document a line', documents.map((document) => JSON.stringify(document)).join('\n')],
  ['recorded datagrams', documents.map((document) => datagram(document).toString()).join('\n')],
])('reads %s', (_, text) => {
  expect(documentsOfFile(text).map((document) => JSON.parse(document))).toEqual(documents);
});

test('leaves inferred segments out, which are made anew', () => {
  expect(documentsOfFile(JSON.stringify([{ ...documents[0], inferred: true }]))).toEqual([]);
});

test.each([
  ['hello', 'the file is neither JSON nor JSON lines: line 1 is no JSON object'],
  ['3', 'expected traces or segment documents, got 3'],
  ['{"Traces":["x"]}', 'expected traces or segment documents, got text that is no JSON'],
])('fails on %s', (text, message) => {
  expect(() => documentsOfFile(text)).toThrow(message);
});

test('a trace goes out as a file and comes in again, in another X-Ray, the same', async () => {
  const { xray: first } = await startWithClient();
  const put = await fetch(`${first.url}/local/traces`, { method: 'POST', body: JSON.stringify(report) });
  expect(await put.json()).toEqual({ accepted: 4, traces: [traceId(1)], unprocessed: [] });
  const file = await fetch(`${first.url}/local/traces/${traceId(1)}.json`);
  expect(file.headers.get('content-disposition')).toBe(`attachment; filename="${traceId(1)}.json"`);
  const { xray: second } = await startWithClient();
  await fetch(`${second.url}/local/traces`, { method: 'POST', body: await file.text() });
  expect(second.store.batchGetTraces([traceId(1)])).toEqual(first.store.batchGetTraces([traceId(1)]));
});

test('a trace whose segments have become larger than a document goes out and comes in the same', async () => {
  const [, , , segment] = documents;
  const lone = (id: number, parent: number): object => ({
    trace_id: traceId(1), id: hexId(id), parent_id: hexId(parent), type: 'subsegment', name: `step ${id}`, start_time: T0 + id / 1e4, end_time: T0 + 1,
    metadata: { default: { text: 'x'.repeat(300) } },
  });
  // 0x1000 to 0x11ff below the segment, 0x1200 to 0x13ff below the first of them.
  const many = Array.from({ length: 1024 }, (_, index) => lone(0x1000 + index, index < 512 ? Number(`0x${segment.id}`) : 0x1000));
  const { xray: first } = await startWithClient();
  for (const part of [documents, many]) {
    const put = await fetch(`${first.url}/local/traces`, { method: 'POST', body: JSON.stringify(part) });
    expect(await put.json()).toMatchObject({ accepted: part.length, unprocessed: [] });
  }
  const file = await (await fetch(`${first.url}/local/traces/${traceId(1)}.json`)).text();
  expect(Math.max(...(JSON.parse(file) as typeof report).Traces[0].Segments.map(({ Document }) => Document.length))).toBeGreaterThan(300_000);
  const { xray: second } = await startWithClient();
  const again = await fetch(`${second.url}/local/traces`, { method: 'POST', body: file });
  expect(await again.json()).toMatchObject({ unprocessed: [] });
  expect(second.store.batchGetTraces([traceId(1)])).toEqual(first.store.batchGetTraces([traceId(1)]));
});

test.each([['lists', '[', ']'], ['objects', '{"a":', '}']])('a file of %s nested without end is told', (_, open, close) => {
  expect(() => documentsOfFile(`${open.repeat(20_000)}1${close.repeat(20_000)}`)).toThrow('the file cannot be read: lists and objects are nested deeper than 500 levels');
});

test('a file with bad documents tells which, and one that is none tells so', async () => {
  const { xray } = await startWithClient();
  const bad = await fetch(`${xray.url}/local/traces`, { method: 'POST', body: JSON.stringify([documents[0], { ...documents[1], id: 'x' }]) });
  expect(await bad.json()).toMatchObject({ accepted: 1, unprocessed: [{ Id: 'x', ErrorCode: 'InvalidId' }] });
  const none = await fetch(`${xray.url}/local/traces`, { method: 'POST', body: 'hello' });
  expect([none.status, (await none.json() as { Message: string }).Message]).toEqual([400, 'the file is neither JSON nor JSON lines: line 1 is no JSON object']);
  expect((await fetch(`${xray.url}/local/traces/1-2`)).status).toBe(404);
});
