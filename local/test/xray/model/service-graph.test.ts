import { compileTrace } from '../../../src/xray/model/compiled-trace';
import { type CatalogService, ServiceCatalog } from '../../../src/xray/model/service-catalog';
import { GraphService, ServiceGraph } from '../../../src/xray/model/service-graph';
import { factsOf } from '../../../src/xray/model/trace-facts';
import type { SegmentDocument } from '../../../src/xray/wire/segment-document';
import { hexId, sampleTrace, T0, traceId, webTrace } from '../sample-trace';

function graphOf(...traces: SegmentDocument[][]): GraphService[] {
  const catalog = new ServiceCatalog();
  const graph = new ServiceGraph(catalog, () => undefined);
  for (const documents of traces) graph.add(factsOf(compileTrace(documents[0].trace_id, documents), catalog));
  return graph.services();
}

/** `name type -> name type` of every edge. */
function edges(services: GraphService[]): string[] {
  const label = (service: GraphService): string => `${service.Name} ${service.Type ?? '-'}`;
  return services.flatMap((service) => service.Edges.map((edge) => (
    `${label(service)} -> ${label(services.find((other) => other.ReferenceId === edge.ReferenceId)!)}`
  )));
}

test('joins client, topic, both Lambda nodes and the table as the sample joins them', () => {
  const services = graphOf(sampleTrace(), sampleTrace({ trace: traceId(9), functionName: 'xraystarter-py' }));
  expect(edges(services)).toEqual([
    'incoming client -> incoming AWS::SNS',
    'incoming AWS::SNS -> xraystarter-ts AWS::Lambda',
    'incoming AWS::SNS -> xraystarter-py AWS::Lambda',
    'xraystarter-ts AWS::Lambda -> xraystarter-ts AWS::Lambda::Function',
    'xraystarter-py AWS::Lambda -> xraystarter-py AWS::Lambda::Function',
    'xraystarter-ts AWS::Lambda::Function -> items AWS::DynamoDB::Table',
    'xraystarter-py AWS::Lambda::Function -> items AWS::DynamoDB::Table',
  ]);
  expect(services.map(({ Name, Type, State, Root }) => [Name, Type, State, Root])).toEqual([
    ['incoming', 'client', 'unknown', undefined],
    ['incoming', 'AWS::SNS', 'active', true],
    ['xraystarter-ts', 'AWS::Lambda', 'active', undefined],
    ['xraystarter-py', 'AWS::Lambda', 'active', undefined],
    ['xraystarter-ts', 'AWS::Lambda::Function', 'active', undefined],
    ['xraystarter-py', 'AWS::Lambda::Function', 'active', undefined],
    ['items', 'AWS::DynamoDB::Table', 'unknown', undefined],
  ]);
});

test('a node counts what its service recorded, an edge what the caller saw', () => {
  const services = graphOf(webTrace());
  const stock = services.find(({ Name }) => Name === 'stock')!;
  expect(stock.SummaryStatistics).toEqual({
    OkCount: 0, ErrorStatistics: { ThrottleCount: 0, OtherCount: 0, TotalCount: 0 }, FaultStatistics: { OtherCount: 1, TotalCount: 1 },
    TotalCount: 1, TotalResponseTime: 1.8,
  });
  expect(stock.ResponseTimeHistogram).toEqual([{ Value: 1.8, Count: 1 }]);
  const edge = services.find(({ Name, Type }) => Name === 'shop' && Type !== 'client')!.Edges.find(({ ReferenceId }) => ReferenceId === stock.ReferenceId)!;
  expect(edge).toMatchObject({
    SummaryStatistics: { TotalCount: 1, TotalResponseTime: 2 }, ResponseTimeHistogram: [{ Value: 2, Count: 1 }],
    Aliases: [{ Name: 'stock.example.com', Names: ['stock.example.com'], Type: 'remote' }],
  });
});

test('a call counts once: as fault, else throttle, else error, else ok', () => {
  const outcomes = [{ fault: true, error: true }, { throttle: true, error: true }, { error: true }, {}, { http: { response: { status: 429 } } }];
  const traces = outcomes.map((outcome, index): SegmentDocument[] => (
    [{ trace_id: traceId(index), id: hexId(1), name: 'shop', start_time: T0, end_time: T0 + 0.1, ...outcome }]
  ));
  expect(graphOf(...traces)[1].SummaryStatistics).toEqual({
    OkCount: 1, ErrorStatistics: { ThrottleCount: 2, OtherCount: 1, TotalCount: 3 }, FaultStatistics: { OtherCount: 1, TotalCount: 1 },
    TotalCount: 5, TotalResponseTime: 0.5,
  });
});

test('what is in progress is on the map and not in the counts', () => {
  const [client, service] = graphOf([{ trace_id: traceId(1), id: hexId(1), name: 'shop', start_time: T0, in_progress: true }]);
  expect(client.Edges[0].SummaryStatistics.TotalCount).toBe(0);
  expect(service).toMatchObject({ Name: 'shop', SummaryStatistics: { TotalCount: 0 }, ResponseTimeHistogram: [] });
});

test('a duration goes on to the last subsegment, a response time to the end of the segment', () => {
  const lambda = graphOf(sampleTrace()).find(({ Type }) => Type === 'AWS::Lambda')!;
  expect(lambda.ResponseTimeHistogram).toEqual([{ Value: 0.015, Count: 1 }]);
  expect(lambda.DurationHistogram).toEqual([{ Value: 0.195, Count: 1 }]);
});

test('a link leads from the queue that a message came from to the function that read it, with the age of the message', () => {
  const catalog = new ServiceCatalog();
  const producer: SegmentDocument[] = [{
    trace_id: traceId(1), id: hexId(1), name: 'api', start_time: T0, end_time: T0 + 0.1,
    subsegments: [{
      id: hexId(2), name: 'SQS', namespace: 'aws', start_time: T0, end_time: T0 + 0.05, aws: { operation: 'SendMessage', queue_url: 'http://localhost/1/orders' },
    }],
  }];
  const consumer: SegmentDocument[] = [{
    trace_id: traceId(2), id: hexId(3), name: 'worker', origin: 'AWS::Lambda', start_time: T0 + 2.05, end_time: T0 + 3,
    links: [{ trace_id: traceId(1), id: hexId(2) }, { trace_id: traceId(9), id: hexId(2) }],
  }];
  const queue = (): CatalogService => catalog.services.find(({ name }) => name === 'orders')!;
  const graph = new ServiceGraph(catalog, (trace, segment) => (
    trace === traceId(1) && segment === hexId(2) ? { service: queue(), endMs: (T0 + 0.05) * 1000 } : undefined
  ));
  // The reader first: links are followed when everything is in.
  for (const documents of [consumer, producer]) graph.add(factsOf(compileTrace(documents[0].trace_id, documents), catalog));
  const services = graph.services();
  expect(edges(services)).toContain('orders AWS::SQS::Queue -> worker AWS::Lambda');
  expect(services.find(({ Name }) => Name === 'orders')!.Edges).toMatchObject([
    { EdgeType: 'link', SummaryStatistics: { TotalCount: 1 }, ReceivedEventAgeHistogram: [{ Value: 2, Count: 1 }] },
  ]);
});
