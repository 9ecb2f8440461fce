import * as sdk from '@aws-sdk/client-xray';
import type { Xray } from '../../../src/xray';
import { hexId, randomTraceId, sampleTrace, webTrace } from '../sample-trace';
import { startWithClient, stopAll } from '../xray-client';

let client: sdk.XRayClient;
let xray: Xray;
/** Seconds since the epoch: of now, since the SDK's users ask for the last minutes. */
const now = Math.floor(Date.now() / 1000) - 30;
const range = { StartTime: new Date((now - 60) * 1000), EndTime: new Date((now + 60) * 1000) };
const upload = randomTraceId(now);
const failed = randomTraceId(now + 1);

beforeAll(async () => {
  ({ client, xray } = await startWithClient());
  const documents = [
    ...sampleTrace({ trace: upload, start: now }), ...sampleTrace({ trace: failed, start: now + 1, functionName: 'xraystarter-py', fault: true }),
  ];
  const { UnprocessedTraceSegments: unprocessed } = await client.send(new sdk.PutTraceSegmentsCommand({
    TraceSegmentDocuments: documents.map((document) => JSON.stringify(document)),
  }));
  expect(unprocessed).toEqual([]);
});

afterAll(stopAll);

/** The error that a call ends with. */
async function failure(command: object): Promise<sdk.XRayServiceException> {
  return client.send(command as sdk.GetGroupsCommand).then(() => { throw new Error('the call succeeded'); }, (error) => error);
}

describe('segments and traces', () => {
  test('PutTraceSegments tells which documents it did not take, and takes the others', async () => {
    const [good] = sampleTrace({ trace: randomTraceId(now - 86_400), start: now - 86_400 });
    const { UnprocessedTraceSegments: unprocessed } = await client.send(new sdk.PutTraceSegmentsCommand({
      TraceSegmentDocuments: ['{"name":', JSON.stringify({ ...good, trace_id: 'x' }), JSON.stringify({ ...good, end_time: 1 }), JSON.stringify(good)],
    }));
    expect(unprocessed).toEqual([
      { ErrorCode: 'ParseError', Message: expect.stringMatching(/^Invalid segment\. ErrorCode: ParseError/) },
      { Id: good.id, ErrorCode: 'InvalidTraceId', Message: expect.stringMatching(/^Invalid segment\. ErrorCode: InvalidTraceId/) },
      { Id: good.id, ErrorCode: 'InvalidEndTime', Message: expect.stringMatching(/^Invalid segment\. ErrorCode: InvalidEndTime/) },
    ]);
    expect((await client.send(new sdk.BatchGetTracesCommand({ TraceIds: [good.trace_id] }))).Traces).toHaveLength(1);
  });

  test('BatchGetTraces gives whole traces, and leaves out what is not there', async () => {
    const ids = { TraceIds: [upload, randomTraceId(now)] };
    const { Traces: traces, UnprocessedTraceIds: unprocessed } = await client.send(new sdk.BatchGetTracesCommand(ids));
    expect(unprocessed).toEqual([]);
    expect(traces).toHaveLength(1);
    const documents = traces![0].Segments!.map(({ Document: document }) => JSON.parse(document!));
    expect(documents.map(({ name, origin, inferred }) => [name, origin, inferred])).toEqual([
      ['incoming', 'AWS::SNS', undefined], ['xraystarter-ts', 'AWS::Lambda', undefined],
      ['xraystarter-ts', 'AWS::Lambda::Function', undefined], ['DynamoDB', 'AWS::DynamoDB::Table', true],
    ]);
    expect(documents[2].subsegments.map(({ name }: { name: string }) => name)).toEqual(['Initialization', 'Invocation', 'DynamoDB', 'Overhead']);
  });

  test('PutTelemetryRecords is taken', async () => {
    const record = { Timestamp: new Date(), SegmentsSentCount: 1 };
    await expect(client.send(new sdk.PutTelemetryRecordsCommand({ TelemetryRecords: [record] }))).resolves.toBeDefined();
  });
});

describe('GetTraceSummaries', () => {
  const summaries = async (input: Partial<sdk.GetTraceSummariesCommandInput> = {}): Promise<sdk.TraceSummary[]> => (
    (await client.send(new sdk.GetTraceSummariesCommand({ ...range, ...input }))).TraceSummaries!
  );

  test('tells everything of a trace that its list shows', async () => {
    const summary = (await summaries()).find(({ Id }) => Id === failed)!;
    expect(summary).toMatchObject({
      StartTime: new Date((now + 1) * 1000), Duration: 0.2, ResponseTime: 0.01,
      HasFault: false, HasError: false, HasThrottle: false, IsPartial: false,
      Annotations: { attempt: [{ AnnotationValue: { NumberValue: 1 }, ServiceIds: [{ Name: 'xraystarter-py', Type: 'AWS::Lambda::Function' }] }] },
      EntryPoint: { Name: 'incoming', Type: 'AWS::SNS' },
      ErrorRootCauses: [],
      FaultRootCauses: [{ ClientImpacting: false, Services: [{ Type: 'AWS::Lambda' }, { Type: 'AWS::Lambda::Function' }] }],
    });
    expect(summary.ServiceIds!.map(({ Name, Type }) => `${Name} ${Type}`)).toEqual([
      'incoming AWS::SNS', 'xraystarter-py AWS::Lambda', 'xraystarter-py AWS::Lambda::Function', 'items AWS::DynamoDB::Table',
    ]);
    expect(summary.ResponseTimeRootCauses).toHaveLength(1);
  });

  test('filters, newest first', async () => {
    expect((await summaries()).map(({ Id }) => Id)).toEqual([failed, upload]);
    expect((await summaries({ FilterExpression: 'service(id(name: "xraystarter-py", type: "AWS::Lambda")) { fault }' })).map(({ Id }) => Id)).toEqual([failed]);
    expect(await summaries({ FilterExpression: 'annotation.attempt = 2' })).toEqual([]);
  });

  test('knows the three kinds of time range', async () => {
    const inside = { StartTime: new Date((now + 1) * 1000 + 50), EndTime: new Date((now + 1) * 1000 + 90) };
    expect(await summaries({ ...inside, TimeRangeType: 'Service' })).toEqual([]);
    const [active] = await summaries({ ...inside, TimeRangeType: 'Event' });
    expect(active).toMatchObject({ Id: failed, MatchedEventTime: inside.StartTime });
    expect((await summaries({ StartTime: new Date((now + 1) * 1000), EndTime: new Date((now + 2) * 1000), TimeRangeType: 'TraceId' })).map(({ Id }) => Id)).toEqual([failed]);
    expect((await summaries({ StartTime: new Date((now + 1) * 1000 + 100), EndTime: new Date((now + 2) * 1000), TimeRangeType: 'Service' })).map(({ Id }) => Id)).toEqual([failed]);
  });

  test('samples by a fixed rate', async () => {
    const strategy = (Value: number): Partial<sdk.GetTraceSummariesCommandInput> => ({ Sampling: true, SamplingStrategy: { Name: 'FixedRate', Value } });
    expect(await summaries(strategy(0))).toHaveLength(0);
    expect(await summaries(strategy(1))).toHaveLength(2);
  });

  test('refuses what it cannot read with the reason', async () => {
    const error = await failure(new sdk.GetTraceSummariesCommand({ ...range, FilterExpression: 'responsetime > abc' }));
    expect(error).toBeInstanceOf(sdk.InvalidRequestException);
    expect(error.message).toBe("the filter expression is wrong at position 16: expected a number, but found 'abc'");
    expect((await failure(new sdk.GetTraceSummariesCommand({ ...range, NextToken: 'x' }))).message).toMatch(/^NextToken/);
    expect((await failure(new sdk.GetTraceSummariesCommand({ StartTime: range.EndTime, EndTime: range.StartTime }))).message).toMatch(/^StartTime must not/);
    expect((await failure(new sdk.GetTraceSummariesCommand({ ...range, FilterExpression: 'group.name = "none"' }))).message).toBe("there is no group 'none'");
  });
});

describe('graphs and statistics', () => {
  test('GetServiceGraph joins all traces of the time range', async () => {
    const { Services: services, StartTime: start } = await client.send(new sdk.GetServiceGraphCommand(range));
    expect(start).toEqual(range.StartTime);
    expect(services!.map(({ Name, Type }) => `${Name} ${Type}`)).toEqual([
      'incoming client', 'incoming AWS::SNS', 'xraystarter-ts AWS::Lambda', 'xraystarter-ts AWS::Lambda::Function', 'items AWS::DynamoDB::Table',
      'xraystarter-py AWS::Lambda', 'xraystarter-py AWS::Lambda::Function',
    ]);
    expect(services![5]).toMatchObject({
      SummaryStatistics: { OkCount: 0, FaultStatistics: { TotalCount: 1 }, TotalCount: 1 }, Edges: [{ ReferenceId: 6 }],
    });
    const empty = await client.send(new sdk.GetServiceGraphCommand({ StartTime: new Date(0), EndTime: new Date(1000) }));
    expect(empty.Services).toEqual([]);
  });

  test('GetTraceGraph joins the named traces', async () => {
    const { Services: services } = await client.send(new sdk.GetTraceGraphCommand({ TraceIds: [upload, randomTraceId(now)] }));
    expect(services!.map(({ Type }) => Type)).toEqual(['client', 'AWS::SNS', 'AWS::Lambda', 'AWS::Lambda::Function', 'AWS::DynamoDB::Table']);
  });

  test('GetTimeSeriesServiceStatistics counts by intervals, of services and of edges', async () => {
    const statistics = async (input: Partial<sdk.GetTimeSeriesServiceStatisticsCommandInput>): Promise<sdk.TimeSeriesServiceStatistics[]> => (
      (await client.send(new sdk.GetTimeSeriesServiceStatisticsCommand({ ...range, ...input }))).TimeSeriesServiceStatistics!
    );
    const total = (points: (sdk.ServiceStatistics | undefined)[]): number => points.reduce((sum, point) => sum + (point?.TotalCount ?? 0), 0);
    const lambda = await statistics({ EntitySelectorExpression: 'service(id(type: "AWS::Lambda"))' });
    expect(total(lambda.map((point) => point.ServiceSummaryStatistics))).toBe(2);
    expect(lambda.every((point) => point.Timestamp!.getTime() % 60_000 === 0 && point.EdgeSummaryStatistics === undefined)).toBe(true);
    const edge = await statistics({ EntitySelectorExpression: 'edge("incoming", "xraystarter-py") { fault }', Period: 300 });
    expect(total(edge.map((point) => point.EdgeSummaryStatistics))).toBe(1);
    expect(total((await statistics({})).map((point) => point.EdgeSummaryStatistics))).toBe(8);
    expect(total((await statistics({ EntitySelectorExpression: 'id(name: "items")' })).map((point) => point.ServiceSummaryStatistics))).toBe(2);
    expect((await failure(new sdk.GetTimeSeriesServiceStatisticsCommand({ ...range, Period: 7 }))).message).toMatch(/^Period must be 60 or 300/);
    expect((await failure(new sdk.GetTimeSeriesServiceStatisticsCommand({ ...range, EntitySelectorExpression: 'ok' }))).message).toMatch(/^EntitySelectorExpression must/);
  });
});

describe('groups', () => {
  test('can be created, got, listed, changed, used and deleted', async () => {
    const FilterExpression = 'service("xraystarter-py")';
    const { Group: created } = await client.send(new sdk.CreateGroupCommand({
      GroupName: 'python', FilterExpression, InsightsConfiguration: { InsightsEnabled: true }, Tags: [{ Key: 'stage', Value: 'test' }],
    }));
    expect(created).toMatchObject({
      GroupName: 'python', GroupARN: expect.stringMatching(/^arn:aws:xray:us-east-1:000000000000:group\/python\//), FilterExpression,
      InsightsConfiguration: { InsightsEnabled: true, NotificationsEnabled: false },
    });
    const arn = created!.GroupARN!;
    expect((await client.send(new sdk.GetGroupCommand({ GroupARN: arn }))).Group).toEqual(created);
    expect((await client.send(new sdk.GetGroupsCommand({}))).Groups!.map(({ GroupName }) => GroupName)).toEqual(['Default', 'python']);
    const inGroup = await client.send(new sdk.GetTraceSummariesCommand({ ...range, FilterExpression: 'group.name = "python"' }));
    expect(inGroup.TraceSummaries!.map(({ Id }) => Id)).toEqual([failed]);
    const graph = await client.send(new sdk.GetServiceGraphCommand({ ...range, GroupName: 'python' }));
    expect(graph.Services!.map(({ Name }) => Name)).not.toContain('xraystarter-ts');
    const updated = await client.send(new sdk.UpdateGroupCommand({ GroupName: 'python', FilterExpression: 'ok' }));
    expect(updated.Group).toMatchObject({ GroupARN: arn, FilterExpression: 'ok' });

    expect((await client.send(new sdk.ListTagsForResourceCommand({ ResourceARN: arn }))).Tags).toEqual([{ Key: 'stage', Value: 'test' }]);
    await client.send(new sdk.TagResourceCommand({ ResourceARN: arn, Tags: [{ Key: 'team', Value: 'a' }] }));
    await client.send(new sdk.UntagResourceCommand({ ResourceARN: arn, TagKeys: ['stage'] }));
    expect((await client.send(new sdk.ListTagsForResourceCommand({ ResourceARN: arn }))).Tags).toEqual([{ Key: 'team', Value: 'a' }]);

    await client.send(new sdk.DeleteGroupCommand({ GroupName: 'python' }));
    expect((await failure(new sdk.GetGroupCommand({ GroupName: 'python' }))).message).toBe("there is no group 'python'");
    expect(await failure(new sdk.ListTagsForResourceCommand({ ResourceARN: arn }))).toBeInstanceOf(sdk.ResourceNotFoundException);
  });

  test('are not left behind when their tags are refused', async () => {
    const tags = (count: number, prefix = 'k'): sdk.Tag[] => Array.from({ length: count }, (_, index) => ({ Key: `${prefix}${index}`, Value: 'v' }));
    expect(await failure(new sdk.CreateGroupCommand({ GroupName: 'tagged', Tags: tags(51) }))).toBeInstanceOf(sdk.TooManyTagsException);
    expect((await failure(new sdk.CreateGroupCommand({ GroupName: 'tagged', Tags: tags(1, 'aws:') }))).message).toBe("the key of a tag cannot begin with 'aws:', got 'aws:0'");
    expect((await client.send(new sdk.GetGroupsCommand({}))).Groups!.map(({ GroupName }) => GroupName)).not.toContain('tagged');
  });

  test('tell what insights they ask for, also the default one', async () => {
    const { Group: group } = await client.send(new sdk.UpdateGroupCommand({ GroupName: 'Default', InsightsConfiguration: { InsightsEnabled: true } }));
    expect(group!.InsightsConfiguration).toEqual({ InsightsEnabled: true, NotificationsEnabled: false });
    expect((await failure(new sdk.UpdateGroupCommand({ GroupName: 'Default', FilterExpression: 'ok' }))).message).toMatch(/^the group Default holds every trace/);
    expect((await failure(new sdk.CreateGroupCommand({ GroupName: 'x', InsightsConfiguration: { NotificationsEnabled: true } }))).message)
      .toBe('NotificationsEnabled needs InsightsEnabled');
  });

  test('refuse wrong names, filters and circles', async () => {
    expect((await failure(new sdk.CreateGroupCommand({ GroupName: 'a b' }))).message).toMatch(/^GroupName must be/);
    expect((await failure(new sdk.CreateGroupCommand({ GroupName: 'Default' }))).message).toMatch(/exists already/);
    expect((await failure(new sdk.CreateGroupCommand({ GroupName: 'x', FilterExpression: 'ok AND' }))).message).toMatch(/position 7/);
    expect((await failure(new sdk.DeleteGroupCommand({ GroupName: 'Default' }))).message).toMatch(/cannot be deleted/);
    await client.send(new sdk.CreateGroupCommand({ GroupName: 'one' }));
    await client.send(new sdk.CreateGroupCommand({ GroupName: 'two', FilterExpression: 'group.name = "one"' }));
    await client.send(new sdk.UpdateGroupCommand({ GroupName: 'one', FilterExpression: 'group.name = "two"' }));
    expect((await failure(new sdk.GetServiceGraphCommand({ ...range, GroupName: 'one' }))).message).toBe('the groups one -> two -> one refer to one another');
  });
});

describe('sampling', () => {
  const rule: sdk.SamplingRule = {
    RuleName: 'uploads', ResourceARN: '*', Priority: 10, FixedRate: 0.5, ReservoirSize: 3, ServiceName: 'xraystarter-*', ServiceType: '*', Host: '*',
    HTTPMethod: '*', URLPath: '*', Version: 1,
  };

  test('rules can be created, listed, changed and deleted', async () => {
    const { SamplingRuleRecord: created } = await client.send(new sdk.CreateSamplingRuleCommand({ SamplingRule: rule }));
    expect(created!.SamplingRule).toMatchObject({ ...rule, RuleARN: 'arn:aws:xray:us-east-1:000000000000:sampling-rule/uploads' });
    const { SamplingRuleRecords: records } = await client.send(new sdk.GetSamplingRulesCommand({}));
    expect(records!.map((record) => record.SamplingRule!.RuleName)).toEqual(['uploads', 'Default']);
    const updated = await client.send(new sdk.UpdateSamplingRuleCommand({ SamplingRuleUpdate: { RuleName: 'uploads', FixedRate: 1 } }));
    expect(updated.SamplingRuleRecord!.SamplingRule!.FixedRate).toBe(1);

    const targets = await client.send(new sdk.GetSamplingTargetsCommand({
      SamplingStatisticsDocuments: [
        { RuleName: 'uploads', ClientID: 'ABCDEF1234567890ABCDEF10', Timestamp: new Date(), RequestCount: 9, SampledCount: 4, BorrowCount: 1 },
        { RuleName: 'gone', ClientID: 'ABCDEF1234567890ABCDEF10', Timestamp: new Date(), RequestCount: 1, SampledCount: 1 },
      ],
    }));
    expect(targets.SamplingTargetDocuments).toMatchObject([{ RuleName: 'uploads', FixedRate: 1, ReservoirQuota: 3, Interval: 10 }]);
    expect(targets.SamplingTargetDocuments![0].ReservoirQuotaTTL!.getTime()).toBeGreaterThan(Date.now());
    expect(targets.LastRuleModification).toBeInstanceOf(Date);
    expect(targets.UnprocessedStatistics).toMatchObject([{ RuleName: 'gone' }]);
    expect((await client.send(new sdk.GetSamplingStatisticSummariesCommand({}))).SamplingStatisticSummaries)
      .toMatchObject([{ RuleName: 'uploads', RequestCount: 9, SampledCount: 4, BorrowCount: 1 }]);

    const deleted = await client.send(new sdk.DeleteSamplingRuleCommand({ RuleName: 'uploads' }));
    expect(deleted.SamplingRuleRecord!.SamplingRule!.RuleName).toBe('uploads');
    expect((await client.send(new sdk.GetSamplingRulesCommand({}))).SamplingRuleRecords).toHaveLength(1);
  });

  test('rules are refused with the reason', async () => {
    expect((await failure(new sdk.CreateSamplingRuleCommand({ SamplingRule: { ...rule, FixedRate: 2 } }))).message).toBe('SamplingRule.FixedRate must be <= 1');
    expect((await failure(new sdk.CreateSamplingRuleCommand({ SamplingRule: { ...rule, Version: 2 } }))).message).toBe('SamplingRule.Version must be 1');
    expect((await failure(new sdk.CreateSamplingRuleCommand({ SamplingRule: { ...rule, RuleName: 'n'.repeat(33) } }))).message)
      .toBe('SamplingRule.RuleName must NOT have more than 32 characters');
    expect((await failure(new sdk.DeleteSamplingRuleCommand({ RuleName: 'Default' }))).message).toMatch(/cannot be deleted/);
    expect((await failure(new sdk.UpdateSamplingRuleCommand({ SamplingRuleUpdate: { RuleName: 'gone' } }))).message).toMatch(/no sampling rule is named 'gone'/);
    const update = async (SamplingRuleUpdate: sdk.SamplingRuleUpdate): Promise<string> => (
      (await failure(new sdk.UpdateSamplingRuleCommand({ SamplingRuleUpdate }))).message
    );
    expect(await update({ RuleName: 'Default', Host: 'x' })).toBe('of the Default rule only FixedRate and ReservoirSize can be changed');
    await client.send(new sdk.CreateSamplingRuleCommand({ SamplingRule: rule }));
    expect(await update({ RuleName: 'uploads', Priority: 10_000 })).toBe("Priority must be 1 to 9999, got 10000: 10000 is the Default rule's");
    await client.send(new sdk.DeleteSamplingRuleCommand({ RuleName: 'uploads' }));
  });

  test('the Default rule takes what it has already, and another rate', async () => {
    const { SamplingRuleRecords: records } = await client.send(new sdk.GetSamplingRulesCommand({}));
    const { RuleARN: _, Version: _version, ...whole } = records![0].SamplingRule!;
    const updated = await client.send(new sdk.UpdateSamplingRuleCommand({ SamplingRuleUpdate: { ...whole, FixedRate: 0.1 } }));
    expect(updated.SamplingRuleRecord!.SamplingRule).toMatchObject({ RuleName: 'Default', FixedRate: 0.1, Priority: 10_000 });
    await client.send(new sdk.UpdateSamplingRuleCommand({ SamplingRuleUpdate: { RuleName: 'Default', FixedRate: 0.05 } }));
  });

  test('there are at most 25 rules of one\'s own', async () => {
    const { client: own } = await startWithClient();
    const create = (index: number): Promise<unknown> => (
      own.send(new sdk.CreateSamplingRuleCommand({ SamplingRule: { ...rule, RuleName: `rule-${index}` } }))
    );
    for (let index = 0; index < 25; index += 1) await create(index);
    await expect(create(25)).rejects.toBeInstanceOf(sdk.RuleLimitExceededException);
  });
});

describe('settings', () => {
  test('resource policies are kept, with revisions', async () => {
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: ['xray:PutTraceSegments'], Resource: '*' }] });
    const { ResourcePolicy: policy } = await client.send(new sdk.PutResourcePolicyCommand({ PolicyName: 'sns', PolicyDocument }));
    expect(policy).toMatchObject({ PolicyName: 'sns', PolicyDocument });
    expect((await client.send(new sdk.ListResourcePoliciesCommand({}))).ResourcePolicies).toEqual([policy]);
    expect(await failure(new sdk.PutResourcePolicyCommand({ PolicyName: 'sns', PolicyDocument, PolicyRevisionId: '9' }))).toBeInstanceOf(sdk.InvalidPolicyRevisionIdException);
    expect(await failure(new sdk.PutResourcePolicyCommand({ PolicyName: 'b', PolicyDocument: '{' }))).toBeInstanceOf(sdk.MalformedPolicyDocumentException);
    await client.send(new sdk.DeleteResourcePolicyCommand({ PolicyName: 'sns', PolicyRevisionId: policy!.PolicyRevisionId }));
    expect((await client.send(new sdk.ListResourcePoliciesCommand({}))).ResourcePolicies).toEqual([]);
  });

  test('encryption, destination and indexing are answered', async () => {
    expect((await client.send(new sdk.GetEncryptionConfigCommand({}))).EncryptionConfig).toEqual({ Type: 'NONE', Status: 'ACTIVE' });
    expect((await client.send(new sdk.PutEncryptionConfigCommand({ Type: 'KMS', KeyId: 'alias/aws/xray' }))).EncryptionConfig).toMatchObject({ KeyId: 'alias/aws/xray' });
    expect((await client.send(new sdk.GetTraceSegmentDestinationCommand({}))).Destination).toBe('XRay');
    expect((await client.send(new sdk.UpdateTraceSegmentDestinationCommand({ Destination: 'CloudWatchLogs' }))).Destination).toBe('CloudWatchLogs');
    await client.send(new sdk.UpdateIndexingRuleCommand({ Name: 'Default', Rule: { Probabilistic: { DesiredSamplingPercentage: 5 } } }));
    expect((await client.send(new sdk.GetIndexingRulesCommand({}))).IndexingRules)
      .toMatchObject([{ Rule: { Probabilistic: { DesiredSamplingPercentage: 5 } } }]);
    expect((await client.send(new sdk.GetInsightSummariesCommand(range))).InsightSummaries).toEqual([]);
    expect(await failure(new sdk.GetInsightCommand({ InsightId: 'x' }))).toBeInstanceOf(sdk.InvalidRequestException);
  });

  test('traces can be retrieved as from Transaction Search', async () => {
    const { RetrievalToken } = await client.send(new sdk.StartTraceRetrievalCommand({ TraceIds: [upload], ...range }));
    const { Traces: traces, RetrievalStatus: status } = await client.send(new sdk.ListRetrievedTracesCommand({ RetrievalToken }));
    expect([status, traces![0].Id, traces![0].Spans!.length]).toEqual(['COMPLETE', upload, 4]);
    expect((await client.send(new sdk.GetRetrievedTracesGraphCommand({ RetrievalToken }))).Services).toHaveLength(5);
    await client.send(new sdk.CancelTraceRetrievalCommand({ RetrievalToken }));
    expect(await failure(new sdk.ListRetrievedTracesCommand({ RetrievalToken }))).toBeInstanceOf(sdk.ResourceNotFoundException);
  });
});

describe('what is no operation', () => {
  test('gets the service\'s error shape', async () => {
    const response = await fetch(`${xray.url}/NoSuchOperation`, { method: 'POST', body: '{}' });
    expect([response.status, response.headers.get('x-amzn-errortype')]).toEqual([404, 'UnknownOperationException']);
    expect(response.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await response.json()).toMatchObject({ __type: 'UnknownOperationException', Message: 'X-Ray has no operation at /NoSuchOperation' });
  });

  test.each([
    ['no JSON', 'x', 'the body is not JSON'],
    ['a missing member', '{"StartTime":1}', "the request must have required property 'EndTime'"],
    ['a wrong type', '{"StartTime":1,"EndTime":[]}', 'EndTime must be number or string'],
    ['a value that is not allowed', '{"StartTime":1,"EndTime":2,"TimeRangeType":"x"}', 'TimeRangeType must be TraceId or Event or Service'],
    ['a list', '[]', 'the request must be object'],
  ])('gets told about %s', async (_, body, message) => {
    const response = await fetch(`${xray.url}/TraceSummaries`, { method: 'POST', body });
    expect([response.status, response.headers.get('x-amzn-errortype'), (await response.json() as { Message: string }).Message]).toEqual([400, 'InvalidRequestException', message]);
  });

  test('is refused to other hosts and origins', async () => {
    const status = async (headers: Record<string, string>): Promise<number> => (
      (await fetch(`${xray.url}/Groups`, { method: 'POST', body: '{}', headers })).status
    );
    expect(await status({ origin: xray.url })).toBe(200);
    expect(await status({ origin: 'http://evil.example.com' })).toBe(403);
    expect(await status({ origin: 'null' })).toBe(403);
    expect(await status({ 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await hostStatus(xray.httpPort, 'evil.example.com')).toBe(403);
    for (const mode of ['no-cors', 'navigate']) {
      const host = `localhost:${xray.httpPort}`;
      expect([mode, await hostStatus(xray.httpPort, host, { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': mode })])
        .toEqual([mode, mode === 'navigate' ? 200 : 403]);
    }
    expect(await hostStatus(xray.httpPort, `localhost:${xray.httpPort}`)).toBe(200);
  });
});

/** fetch does not let these headers be set. */
function hostStatus(port: number, host: string, others: Record<string, string> = {}): Promise<number> {
  const { request } = jest.requireActual<typeof import('node:http')>('node:http');
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', path: '/local/health', headers: { host, ...others } }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    }).on('error', reject).end();
  });
}

test('every operation of the service model is served', async () => {
  const commands = Object.entries(sdk).filter(([name, value]) => name.endsWith('Command') && typeof value === 'function');
  expect(commands.length).toBeGreaterThanOrEqual(38);
  for (const [name, Command] of commands) {
    const error = await failure(new (Command as new (input: object) => object)({})).catch(() => undefined);
    expect([name, error?.name]).not.toEqual([name, 'UnknownOperationException']);
  }
});

test('web traces tell their request and users', async () => {
  const trace = randomTraceId(now);
  const documents = webTrace(trace).map((document) => JSON.stringify(document).replaceAll('1700000', String(now).slice(0, 7)));
  await client.send(new sdk.PutTraceSegmentsCommand({ TraceSegmentDocuments: documents }));
  const { TraceSummaries: [summary] } = await client.send(new sdk.GetTraceSummariesCommand({
    StartTime: new Date(0), EndTime: new Date(Date.now() + 1e6), FilterExpression: 'user = "alice"',
  })) as { TraceSummaries: sdk.TraceSummary[] };
  expect(summary).toMatchObject({
    HasFault: true, Http: { HttpURL: 'http://shop.example.com/api/order', HttpStatus: 500, HttpMethod: 'POST', UserAgent: 'curl/8', ClientIp: '10.0.0.9' },
    Users: [{ UserName: 'alice', ServiceIds: [{ Name: 'shop' }] }], InstanceIds: [{ Id: 'i-1' }], AvailabilityZones: [{ Name: 'eu-west-1a' }],
    ResourceARNs: [{ ARN: 'arn:aws:ecs:eu-west-1:111122223333:task/1' }],
  });
  expect(summary.Annotations!.off).toMatchObject([{ AnnotationValue: { BooleanValue: false } }]);
});

test('pages through many traces, each once, while more come', async () => {
  const { client: pagingClient } = await startWithClient();
  const put = (index: number): Promise<unknown> => pagingClient.send(new sdk.PutTraceSegmentsCommand({
    TraceSegmentDocuments: [JSON.stringify({ trace_id: randomTraceId(now), id: hexId(1), name: 'shop', start_time: now + index / 1000, end_time: now + 1 })],
  }));
  for (let index = 0; index < 250; index += 1) await put(index);
  const ids: string[] = [];
  let pages = 0;
  for await (const page of sdk.paginateGetTraceSummaries({ client: pagingClient }, { ...range })) { // the SDK writes tokens into it
    pages += 1;
    ids.push(...page.TraceSummaries!.map(({ Id }) => Id!));
    await put(300 + pages); // newer than every page to come
  }
  expect([pages, ids.length, new Set(ids).size]).toEqual([3, 250, 250]);
});

test('pages go from the newest trace to the oldest, in whatever order they came', async () => {
  const { client: pagingClient } = await startWithClient();
  const starts = Array.from({ length: 450 }, (_, index) => now + ((index * 7919) % 450) / 1000);
  await pagingClient.send(new sdk.PutTraceSegmentsCommand({
    TraceSegmentDocuments: starts.map((start) => (
      JSON.stringify({ trace_id: randomTraceId(now), id: hexId(1), name: 'shop', start_time: start, end_time: now + 1 })
    )),
  }));
  const found: number[] = [];
  for await (const page of sdk.paginateGetTraceSummaries({ client: pagingClient }, { ...range, FilterExpression: 'service("shop")' })) {
    expect(page.TracesProcessedCount).toBe(450);
    found.push(...page.TraceSummaries!.map(({ StartTime }) => StartTime!.getTime()));
  }
  expect(found).toEqual(starts.sort((a, b) => b - a).map((start) => Math.round(start * 1000)));
});
