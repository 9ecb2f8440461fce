import { CompiledTrace, compileTrace } from '../../../src/xray/model/compiled-trace';
import { ServiceCatalog } from '../../../src/xray/model/service-catalog';
import { serviceOf } from '../../../src/xray/model/service-identity';
import { factsOf, IN_PROGRESS } from '../../../src/xray/model/trace-facts';
import type { SegmentDocument } from '../../../src/xray/wire/segment-document';
import { hexId, sampleTrace, T0, traceId, webTrace } from '../sample-trace';

const TRACE = traceId(1);

function document(id: number, fields: Partial<SegmentDocument> = {}): SegmentDocument {
  return { trace_id: TRACE, id: hexId(id), name: `n${id}`, start_time: T0 + id, end_time: T0 + id + 1, ...fields };
}

/** Ids as a nested list: `1(2 3(4))`. */
function shape(compiled: CompiledTrace): string {
  const text = (one: { id: string; subsegments?: any[] }): string => (
    `${parseInt(one.id, 16)}${one.subsegments === undefined ? '' : `(${one.subsegments.map(text).join(' ')})`}`
  );
  return compiled.segments.filter((segment) => segment.inferred !== true).map(text).join(' ');
}

function* permutations<T>(items: readonly T[]): Generator<T[]> {
  if (items.length < 2) yield [...items];
  for (let index = 0; index < items.length; index += 1) {
    for (const rest of permutations([...items.slice(0, index), ...items.slice(index + 1)])) yield [items[index], ...rest];
  }
}

const lone = (id: number, parent: number, fields: Partial<SegmentDocument> = {}): SegmentDocument => (
  document(id, { type: 'subsegment', parent_id: hexId(parent), ...fields })
);

describe('documents of one trace', () => {
  test('join to the same whole in whatever order they come, also twice', () => {
    const documents = sampleTrace();
    const expected = compileTrace(TRACE, documents).segments;
    for (const order of permutations(documents)) {
      expect(compileTrace(TRACE, order).segments).toEqual(expected);
      expect(compileTrace(TRACE, [...order, ...order]).segments).toEqual(expected);
    }
    expect(compileTrace(TRACE, expected.filter((segment) => segment.inferred !== true)).segments).toEqual(expected);
  });

  test('are read the same where a sender writes null or empty text instead of leaving a member out', () => {
    const plain = [document(1), document(2, { end_time: undefined, in_progress: true }), lone(3, 1)];
    const empty = [
      { ...plain[0], parent_id: null, type: null }, { ...plain[1], end_time: null, parent_id: '' }, { ...plain[2], subsegments: null },
    ] as unknown as SegmentDocument[];
    const read = JSON.parse(JSON.stringify(plain)) as SegmentDocument[];
    expect(compileTrace(TRACE, empty).segments).toEqual(compileTrace(TRACE, read).segments);
    const facts = factsOf(compileTrace(TRACE, [empty[1]]), new ServiceCatalog());
    expect([facts.responseMs, facts.flags & IN_PROGRESS]).toEqual([NaN, IN_PROGRESS]);
    expect(factsOf(compileTrace(TRACE, [empty[0]]), new ServiceCatalog())).toMatchObject({ responseMs: 1000, flags: 0 });
  });

  test('may hold members of the wrong type and names that every object has', () => {
    const call = { id: hexId(2), name: 'constructor', start_time: T0, end_time: T0 + 1, namespace: 'aws', aws: null };
    const odd = JSON.parse('{"annotations":{"__proto__":"p","constructor":"c"},"origin":5}') as object;
    const compiled = compileTrace(TRACE, [document(1, { ...odd, subsegments: [call] as never })]);
    expect(compiled.segments[1]).toMatchObject({ name: 'constructor', origin: 'AWS::constructor' });
    const facts = factsOf(compiled, new ServiceCatalog());
    expect(facts.annotations).toEqual(['__proto__', 'p', 0, 'constructor', 'c', 0]);
    expect(serviceOf(compiled.segments[0])).toEqual({ name: 'n1' });
  });

  test('nest lone subsegments under their parents, several levels deep, by start time', () => {
    expect(shape(compileTrace(TRACE, [lone(4, 3), lone(3, 1), lone(2, 1), document(1)]))).toBe('1(2 3(4))');
  });

  test('leave nested subsegments without what only a lone one needs', () => {
    const [segment] = compileTrace(TRACE, [document(1), lone(2, 1)]).segments;
    expect(segment.subsegments).toEqual([{ id: hexId(2), name: 'n2', start_time: T0 + 2, end_time: T0 + 3 }]);
    expect(Object.keys(segment).pop()).toBe('subsegments');
  });

  test.each([[0, 1], [1, 0]])('take the complete document instead of the one in progress (order %i %i)', (...order) => {
    const open = document(1, { end_time: undefined, in_progress: true, subsegments: [{ id: hexId(2), name: 'n2', start_time: T0 + 2, end_time: T0 + 3 }] });
    const documents = [open, document(1)];
    const compiled = compileTrace(TRACE, order.map((index) => documents[index]));
    expect(compiled.segments[0]).toMatchObject({ end_time: T0 + 2 });
    expect(compiled.segments[0]).not.toHaveProperty('in_progress');
    // What only the earlier version carried is not lost.
    expect(shape(compiled)).toBe('1(2)');
  });

  test('show a subsegment whose parent never came as an orphan, with what hangs below it', () => {
    const compiled = compileTrace(TRACE, [document(1), lone(3, 99), lone(4, 3)]);
    expect(shape(compiled)).toBe('1 3(4)');
    expect([...compiled.orphans]).toEqual([hexId(3)]);
    expect(compiled.segments[1]).toMatchObject({ type: 'subsegment', parent_id: hexId(99) });
  });

  test('show subsegments that are one another\'s parents, cut open at the earliest', () => {
    const compiled = compileTrace(TRACE, [lone(3, 2), lone(2, 3), lone(4, 3), document(1)]);
    expect(shape(compiled)).toBe('1 2(3(4))');
    expect([...compiled.cycles]).toEqual([hexId(2)]);
  });

  test('show a subsegment that is its own parent', () => {
    const compiled = compileTrace(TRACE, [lone(2, 2)]);
    expect(shape(compiled)).toBe('2');
    expect([...compiled.cycles]).toEqual([hexId(2)]);
  });

  test('survive a chain of a thousand lone subsegments with nothing missing', () => {
    const chain = Array.from({ length: 1000 }, (_, index) => (index === 0 ? document(1) : lone(index + 1, index)));
    const compiled = compileTrace(TRACE, chain);
    expect(JSON.stringify(compiled.segments).match(/"id"/g)).toHaveLength(1000);
  });

  test('survive a circle of a thousand subsegments with nothing missing', () => {
    const circle = Array.from({ length: 1000 }, (_, index) => lone(index + 1, ((index + 1) % 1000) + 1));
    expect(JSON.stringify(compileTrace(TRACE, circle).segments).match(/"id"/g)).toHaveLength(1000);
  });
});

describe('inferred segments', () => {
  test('stand for called services that sent nothing, seen from the caller', () => {
    const inferred = compileTrace(TRACE, sampleTrace()).segments.filter((segment) => segment.inferred);
    expect(inferred).toEqual([{
      id: expect.stringMatching(/^[0-9a-f]{16}$/), name: 'DynamoDB', start_time: T0 + 0.13, end_time: T0 + 0.18, parent_id: hexId(9), inferred: true,
      http: { response: { status: 200 } }, aws: { operation: 'PutItem', table_name: 'items', request_id: 'R1' }, trace_id: TRACE,
      origin: 'AWS::DynamoDB::Table',
    }]);
  });

  test('are left out where the called service sent its own segment', () => {
    const inferred = compileTrace(traceId(2), webTrace()).segments.filter((segment) => segment.inferred);
    expect(inferred.map(({ name, origin }) => [name, origin])).toEqual([['orders@db.example.com', 'Database::SQL']]);
  });

  test.each([
    ['DynamoDB', {}, 'AWS::DynamoDB'],
    ['DynamoDB', { table_name: 'items' }, 'AWS::DynamoDB::Table'],
    ['dynamodb', { table_name: 'items' }, 'AWS::DynamoDB::Table'],
    ['DynamoDB', { table_names: ['a', 'b'] }, 'AWS::DynamoDB'],
    ['DynamoDB', { resource_names: ['a'] }, 'AWS::DynamoDB::Table'],
    ['S3', { bucket_name: 'b' }, 'AWS::S3::Bucket'],
    ['SQS', { queue_url: 'http://sqs/1/q' }, 'AWS::SQS::Queue'],
    ['SNS', { topic_arn: 'arn:aws:sns:eu-west-1:1:t' }, 'AWS::SNS'],
    ['Lambda', { function_name: 'f' }, 'AWS::Lambda'],
    ['SimpleSystemsManagement', {}, 'AWS::SimpleSystemsManagement'],
  ])('of a call of %s with %j are of type %s', (name, aws, origin) => {
    const { segments } = compileTrace(TRACE, [document(1), lone(2, 1, { name, namespace: 'aws', aws })]);
    expect(segments.find((segment) => segment.inferred)?.origin).toBe(origin);
  });
});
