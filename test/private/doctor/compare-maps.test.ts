import * as fs from 'fs';
import * as path from 'path';
import { examine } from '../../../lib/private/doctor/examine';
import { compareMaps, isSame, MapDifference } from '../../../lib/private/doctor/map/compare-maps';
import { mapOfServices, readRecordedMap } from '../../../lib/private/doctor/map/recorded-map';
import { AppModel } from '../../../lib/private/doctor/template/app-model';
import { templateOf } from '../../../lib/private/doctor/template/read-app';
import { temporaryFolder } from '../../test-app';

const XRAY = "require('aws-xray-sdk-core');";

/** A stage, a function that asks another one and a table, a queue, and who reads it. */
function app({ firstRecords = true, secondIsTraced = true } = {}): AppModel {
  const role = (statements: object[]) => ({ Type: 'AWS::IAM::Role', Properties: { Policies: [{ PolicyDocument: { Statement: [{ Effect: 'Allow', Action: 'xray:*', Resource: '*' }, ...statements] } }] } });
  const fn = (name: string, code: string, mode?: string) => ({
    Type: 'AWS::Lambda::Function', Properties: { FunctionName: name, Runtime: 'nodejs24.x', Code: { ZipFile: code }, Role: { 'Fn::GetAtt': [`${name}Role`, 'Arn'] }, ...mode ? { TracingConfig: { Mode: mode } } : {} },
  });
  const arn = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
  return new AppModel([templateOf(JSON.stringify({
    Resources: {
      Api: { Type: 'AWS::ApiGateway::RestApi', Properties: { Name: 'shop' } },
      Stage: { Type: 'AWS::ApiGateway::Stage', Properties: { RestApiId: { Ref: 'Api' }, StageName: 'prod', TracingEnabled: true } },
      Method: { Type: 'AWS::ApiGateway::Method', Properties: { RestApiId: { Ref: 'Api' }, Integration: { Uri: { 'Fn::Sub': 'arn:aws:apigateway:x:lambda:path/functions/${first.Arn}/invocations' } } } },
      first: fn('first', firstRecords ? XRAY : '', 'Active'), second: fn('second', XRAY, secondIsTraced ? 'Active' : undefined), reader: fn('reader', XRAY, 'Active'),
      firstRole: role([{ Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: arn('second') }, { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: arn('Queue') }, { Effect: 'Allow', Action: 'logs:FilterLogEvents', Resource: '*' }]),
      secondRole: role([{ Effect: 'Allow', Action: ['dynamodb:PutItem'], Resource: arn('Table') }]), readerRole: role([]),
      Table: { Type: 'AWS::DynamoDB::Table', Properties: { TableName: 'orders' } },
      Queue: { Type: 'AWS::SQS::Queue' },
      Mapping: { Type: 'AWS::Lambda::EventSourceMapping', Properties: { EventSourceArn: arn('Queue'), FunctionName: { Ref: 'reader' } } },
    },
  }), '/app/template.json', { stackName: 'Shop' })]);
}

type Seen = [from: string, to: string, link?: 'link'];

/** As GetServiceGraph gives a map: `name type`. */
function seen(edges: Seen[]) {
  const names = [...new Set(edges.flatMap(([from, to]) => [from, to]))];
  return mapOfServices([
    { ReferenceId: 99, Name: 'shop/prod', Type: 'client', Edges: [{ ReferenceId: 0 }] },
    ...names.map((text, id) => {
      const [name, type] = text.split(' ');
      const own = edges.filter(([from]) => from === text);
      return { ReferenceId: id, Name: name, Type: type, Edges: own.map(([, to, link]) => ({ ReferenceId: names.indexOf(to), EdgeType: link })) };
    }),
  ]);
}

const STAGE = 'shop/prod AWS::ApiGateway::Stage';
const QUEUE = 'Shop-Queue-1A2B3C AWS::SQS::Queue';
const service = (name: string) => `${name} AWS::Lambda`;
const own = (name: string) => `${name} AWS::Lambda::Function`;
const WHOLE: Seen[] = [
  [STAGE, service('first')], [service('first'), own('first')], [own('first'), service('second')], [service('second'), own('second')], [own('second'), 'orders AWS::DynamoDB::Table'],
  [own('first'), QUEUE], [QUEUE, service('reader'), 'link'], [service('reader'), own('reader')],
];

function difference(edges: Seen[], model = app()): MapDifference {
  return compareMaps(examine(model).examined.map, seen(edges));
}

test('a map that was recorded as predicted has no difference', () => {
  expect(difference(WHOLE)).toEqual({ predictedNeverSeen: [], seenNotPredicted: [], seenAlthoughLost: [], outside: [] });
});

test('hosts, databases and services without a resource are no difference', () => {
  const more: Seen[] = [[own('first'), 'example.com remote'], [own('second'), 'shop@db Database::SQL'], [own('first'), 'CloudWatchLogs AWS::CloudWatchLogs']];
  expect(difference([...WHOLE, ...more])).toMatchObject({ predictedNeverSeen: [], seenNotPredicted: [], outside: expect.arrayContaining([`${own('first')} -> example.com remote`]) });
});

test.each<[string, Seen[], Partial<MapDifference>]>([
  ['a call that was never seen', WHOLE.filter(([, to]) => to !== service('second')), { predictedNeverSeen: ['first AWS::Lambda::Function -> second AWS::Lambda'] }],
  ['a link that was never seen', WHOLE.filter(([, , link]) => !link), { predictedNeverSeen: ['first AWS::Lambda -> reader AWS::Lambda (link)'] }],
  ['a call that no role allows', [...WHOLE, [own('reader'), 'orders AWS::DynamoDB::Table']], { seenNotPredicted: ['reader AWS::Lambda::Function -> orders AWS::DynamoDB::Table'] }],
  ['a service that no role allows', [...WHOLE, [own('reader'), 'SNS AWS::SNS']], { seenNotPredicted: ['reader AWS::Lambda::Function -> SNS AWS::SNS'] }],
])('%s is a difference', (_what, edges, expected) => {
  const found = difference(edges);
  expect(isSame(found)).toBe(false);
  expect(found).toMatchObject(expected);
});

describe('a broken chain', () => {
  const broken: Seen[] = [[STAGE, service('first')], [service('first'), own('first')], [service('second'), own('second')], [own('second'), 'orders AWS::DynamoDB::Table'], [service('reader'), own('reader')]];

  test('is found by the rules, and recorded as they say', () => {
    const model = app({ firstRecords: false });
    expect(examine(model).findings.map(({ rule, resource }) => `${rule.id} ${resource.path}`)).toEqual(expect.arrayContaining(['TF003 first', 'TF037 first']));
    expect(difference(broken, model)).toMatchObject({ predictedNeverSeen: [], seenNotPredicted: [], seenAlthoughLost: [] });
  });

  test('that the templates do not show is found by the comparison', () => {
    expect(difference(broken).predictedNeverSeen).toEqual(expect.arrayContaining(['first AWS::Lambda::Function -> second AWS::Lambda']));
  });

  test('that goes on after all is told of', () => {
    expect(difference([...broken, [own('first'), service('second')]], app({ firstRecords: false })).seenAlthoughLost).toEqual([`${own('first')} -> ${service('second')}`]);
  });

  test('is one when the function behind is not traced', () => {
    expect(examine(app({ secondIsTraced: false })).findings.map(({ rule, resource }) => `${rule.id} ${resource.path}`)).toContain('TF001 second');
  });
});

describe('traces in a file', () => {
  const trace = '1-00000000-000000000000000000000000';
  const documents = [
    { id: 'a1', trace_id: trace, name: 'shop/prod', origin: 'AWS::ApiGateway::Stage', subsegments: [{ id: 'a2', name: 'Lambda', namespace: 'aws' }] },
    { id: 'b1', trace_id: trace, parent_id: 'a2', name: 'first', origin: 'AWS::Lambda' },
    { id: 'b2', trace_id: trace, parent_id: 'b1', name: 'first', origin: 'AWS::Lambda::Function' },
    // Sent by itself, child before parent.
    { id: 'b4', trace_id: trace, parent_id: 'b3', type: 'subsegment', name: 'DynamoDB', namespace: 'aws', aws: { table_name: 'orders' } },
    { id: 'b3', trace_id: trace, parent_id: 'b2', type: 'subsegment', name: 'work' },
    { id: 'b5', trace_id: trace, parent_id: 'b2', type: 'subsegment', name: 'example.com', namespace: 'remote' },
  ];
  const edges = [
    'shop/prod AWS::ApiGateway::Stage -> first AWS::Lambda', 'first AWS::Lambda -> first AWS::Lambda::Function', 'first AWS::Lambda::Function -> orders AWS::DynamoDB::Table', 'first AWS::Lambda::Function -> example.com remote',
  ];

  test.each([
    ['batch-get-traces', JSON.stringify({ Traces: [{ Id: trace, Segments: documents.map(document => ({ Id: document.id, Document: JSON.stringify(document) })) }] })],
    ['a list', JSON.stringify(documents)],
    ['lines', documents.map(document => JSON.stringify(document)).join('\n')],
  ])('%s', async (_what, text) => {
    const file = path.join(temporaryFolder(), 'traces.json');
    fs.writeFileSync(file, text);
    const found = (await readRecordedMap(file)).edges.map(({ from, to }) => `${from.name} ${from.type} -> ${to.name} ${to.type}`);
    expect(found.sort()).toEqual([...edges].sort());
  });

  test('what is none is refused', async () => {
    const file = path.join(temporaryFolder(), 'traces.json');
    fs.writeFileSync(file, '{"a":1}');
    await expect(readRecordedMap(file)).rejects.toThrow(/holds no traces/);
    await expect(readRecordedMap(`${file}.not`)).rejects.toThrow(/there is no file/);
    await expect(readRecordedMap('http://127.0.0.1:9')).rejects.toThrow(/no X-Ray answers at http:\/\/127\.0\.0\.1:9/);
  });
});
