import { TraceStore } from '../../../src/xray/store/trace-store';
import type { SegmentDocument } from '../../../src/xray/wire/segment-document';
import { hexId, sampleTrace, T0, traceId } from '../sample-trace';

const stores: TraceStore[] = [];

function storeWith(documents: SegmentDocument[], options?: ConstructorParameters<typeof TraceStore>[0]): TraceStore {
  const store = new TraceStore(options);
  stores.push(store);
  add(store, documents);
  return store;
}

function add(store: TraceStore, documents: SegmentDocument[], isSampled = true): boolean[] {
  return documents.map((document) => store.add({ document, json: Buffer.from(JSON.stringify(document)), isSampled }));
}

function segment(trace: string, id: number, fields: object = {}): SegmentDocument {
  return { trace_id: trace, id: hexId(id), name: `n${id}`, start_time: T0, end_time: T0 + 1, ...fields };
}

afterEach(() => stores.splice(0).forEach((store) => store.close()));

test('joins what comes before and after it was looked at', () => {
  const documents = sampleTrace();
  const whole = storeWith(documents).batchGetTraces([traceId(1)]);
  const store = storeWith([]);
  for (const document of documents) {
    add(store, [document]);
    store.batchGetTraces([traceId(1)]); // joins what is there
  }
  expect(store.batchGetTraces([traceId(1)])).toEqual(whole);
  expect(whole.Traces[0]).toMatchObject({ Id: traceId(1), Duration: 0.2, LimitExceeded: false });
  expect(whole.Traces[0].Segments.map(({ Id, Document }) => [Id, JSON.parse(Document).name])).toEqual([
    [hexId(1), 'incoming'], [hexId(2), 'xraystarter-ts'], [hexId(5), 'xraystarter-ts'], [expect.any(String), 'DynamoDB'],
  ]);
});

test('lets the oldest traces go when memory is full, and says so', () => {
  const bytes = Buffer.byteLength(JSON.stringify(segment(traceId(0), 1))) + 150;
  const evicted: string[] = [];
  const store = storeWith([], { maxBytes: bytes * 3 });
  store.on('evicted', (id) => evicted.push(id));
  add(store, Array.from({ length: 5 }, (_, index) => segment(traceId(index), 1)));
  expect(store.traces().map(({ id }) => id)).toEqual([2, 3, 4].map((index) => traceId(index)));
  expect(evicted).toEqual([traceId(0), traceId(1)]);
  expect(store.evicted).toBe(2);
  expect(store.bytes).toBeLessThanOrEqual(bytes * 3);
});

test('a document sent again and again costs nothing', () => {
  const store = storeWith([]);
  for (let count = 0; count < 10_000; count += 1) add(store, [segment(traceId(1), 1)]);
  expect(store.bytes).toBeLessThan(100_000);
  expect(store.batchGetTraces([traceId(1)]).Traces[0].Segments).toHaveLength(1);
});

test('one trace cannot grow without end', () => {
  const store = storeWith([]);
  const filler = 'x'.repeat(60_000);
  let refused = 0;
  for (let id = 1; id < 700; id += 1) refused += add(store, [segment(traceId(1), id, { metadata: { filler } })]).includes(false) ? 1 : 0;
  expect(refused).toBeGreaterThan(0);
  expect(store.bytes).toBeLessThan(34 * 1024 * 1024);
  expect(store.batchGetTraces([traceId(1)]).Traces[0].LimitExceeded).toBe(true);
});

test('an unsampled trace can be got by its id and is in no list', async () => {
  const store = storeWith([]);
  add(store, [segment(traceId(1), 1)], false);
  expect(store.traces()).toEqual([]);
  const facts: string[] = [];
  await store.eachFacts(({ id }) => facts.push(id));
  expect(facts).toEqual([]);
  expect(store.batchGetTraces([traceId(1)]).Traces).toHaveLength(1);
  add(store, [segment(traceId(1), 2)]);
  expect(store.traces()).toHaveLength(1);
});

test('gives way to other work between the traces that it visits, and visits none twice', async () => {
  const store = storeWith([segment(traceId(1), 1), segment(traceId(2), 2), segment(traceId(3), 3)]);
  let now = 0;
  const clock = jest.spyOn(performance, 'now').mockImplementation(() => now += 100); // each takes longer than a slice
  try {
    const seen: string[] = [];
    setImmediate(() => {
      seen.push('other work');
      add(store, [segment(traceId(4), 4)]); // comes too late to be visited: a flood has no end
    });
    await store.eachFacts(({ id }) => seen.push(id));
    expect(seen).toEqual([traceId(1), 'other work', traceId(2), traceId(3)]);
  } finally {
    clock.mockRestore();
  }
});

test('many pages may listen', () => {
  const warned = jest.spyOn(process, 'emitWarning').mockImplementation();
  const store = storeWith([]);
  for (let page = 0; page < 50; page += 1) store.on('trace', () => undefined);
  expect(warned).not.toHaveBeenCalled();
  warned.mockRestore();
});

test('tells what came: new traces, and more of known ones', () => {
  const store = storeWith([]);
  const told: [string, boolean][] = [];
  store.on('trace', (...event) => told.push(event));
  add(store, [segment(traceId(1), 1), segment(traceId(1), 2)]);
  expect(told).toEqual([[traceId(1), true], [traceId(1), false]]);
});

test('takes a trace id in upper case for the same', () => {
  const store = storeWith([segment('1-6553F100-00000000000000000000000A', 1), segment('1-6553f100-00000000000000000000000a', 2)]);
  expect(store.size).toBe(1);
  expect(store.batchGetTraces(['1-6553F100-00000000000000000000000A']).Traces[0].Segments).toHaveLength(2);
});

test('a trace that grows and grows is not joined anew for every few of its documents', () => {
  const store = storeWith(Array.from({ length: 20_000 }, (_, index) => segment(traceId(1), index + 1)));
  expect(store.revision(traceId(1))).toBeLessThan(20); // 78 times if every 256
  expect(store.batchGetTraces([traceId(1)]).Traces[0].Segments).toHaveLength(20_000);
});
