import { compileTrace } from '../../../src/xray/model/compiled-trace';
import { rootCausesOf } from '../../../src/xray/model/root-causes';
import { ServiceCatalog } from '../../../src/xray/model/service-catalog';
import type { SegmentDocument } from '../../../src/xray/wire/segment-document';
import { hexId, sampleTrace, T0, traceId, webTrace } from '../sample-trace';

function causesOf(documents: SegmentDocument[]): ReturnType<typeof rootCausesOf> {
  return rootCausesOf(compileTrace(documents[0].trace_id, documents), new ServiceCatalog());
}

test('a fault is followed from the client down to where it began', () => {
  const { FaultRootCauses: faults, ErrorRootCauses: errors } = causesOf(webTrace());
  expect(errors).toEqual([]);
  expect(faults).toEqual([{
    ClientImpacting: true,
    Services: [
      {
        Name: 'shop', Names: ['shop'], AccountId: '111122223333', Type: 'AWS::EC2::Instance', Inferred: false,
        EntityPath: [
          { Name: 'shop', Remote: false, Exceptions: [{ Name: 'OrderError', Message: 'no stock' }] },
          { Name: 'stock.example.com', Remote: true, Exceptions: [] },
        ],
      },
      { Name: 'stock', Names: ['stock'], AccountId: '000000000000', Inferred: false, EntityPath: [{ Name: 'stock', Remote: false, Exceptions: [] }] },
    ],
  }]);
});

test('a failure that was caught does not reach the client', () => {
  const documents: SegmentDocument[] = [{
    trace_id: traceId(1), id: hexId(1), name: 'shop', start_time: T0, end_time: T0 + 1,
    subsegments: [{
      id: hexId(2), name: 'DynamoDB', namespace: 'aws', start_time: T0, end_time: T0 + 0.1, error: true, aws: { table_name: 't' },
      cause: { exceptions: [{ id: hexId(3), type: 'ConditionalCheckFailedException' }] },
    }],
  }];
  expect(causesOf(documents).ErrorRootCauses).toEqual([{
    ClientImpacting: false,
    Services: [
      {
        Name: 'shop', Names: ['shop'], AccountId: '000000000000', Inferred: false,
        EntityPath: [
          { Name: 'shop', Remote: false, Exceptions: [] },
          { Name: 'DynamoDB', Remote: false, Exceptions: [{ Name: 'ConditionalCheckFailedException' }] },
        ],
      },
      {
        Name: 't', Names: ['t', 'DynamoDB'], AccountId: '000000000000', Type: 'AWS::DynamoDB::Table', Inferred: true,
        EntityPath: [{ Name: 'DynamoDB', Remote: false, Exceptions: [{ Name: 'ConditionalCheckFailedException' }] }],
      },
    ],
  }]);
});

test('time is followed to the part that took most of it', () => {
  const [cause] = causesOf(webTrace()).ResponseTimeRootCauses;
  expect(cause.Services.map(({ Name, EntityPath }) => [Name, EntityPath.map((entity) => [entity.Name, entity.Coverage])])).toEqual([
    ['shop', [['shop', 1], ['stock.example.com', 0.667]]],
    ['stock', [['stock', 0.6]]],
  ]);
});

test('two failing branches are two causes', () => {
  const branch = (id: number): object => ({ id: hexId(id), name: `b${id}`, start_time: T0, end_time: T0 + 1, fault: true });
  const documents = [{
    trace_id: traceId(1), id: hexId(1), name: 'shop', start_time: T0, end_time: T0 + 1, fault: true, subsegments: [branch(2), branch(3)],
  }] as SegmentDocument[];
  expect(causesOf(documents).FaultRootCauses).toHaveLength(2);
});

test('a trace without failures has none', () => {
  expect(causesOf(sampleTrace())).toMatchObject({ FaultRootCauses: [], ErrorRootCauses: [] });
});

test('segments that call one another in a chain of thousands, or in a circle, are followed to their end', () => {
  const chain = (count: number, firstParent?: number): SegmentDocument[] => Array.from({ length: count }, (_, index) => {
    const parent = index === 0 ? firstParent : index;
    return {
      trace_id: traceId(1), id: hexId(index + 1), name: `n${index % 3}`, start_time: T0 + index / 1e6, end_time: T0 + 1, fault: true,
      ...(parent === undefined ? {} : { parent_id: hexId(parent) }),
    };
  });
  const { FaultRootCauses: faults, ResponseTimeRootCauses: times } = causesOf(chain(20_000));
  expect(faults).toHaveLength(1);
  expect([faults[0].ClientImpacting, faults[0].Services.length, times[0].Services.length]).toEqual([true, 20_000, 20_000]);
  const circle = causesOf(chain(3, 3)).FaultRootCauses;
  expect(circle.map((cause) => cause.Services.map(({ Name }) => Name))).toEqual([['n0', 'n1', 'n2']]);
});
