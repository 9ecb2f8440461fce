import { App, Duration, NestedStack, Stack, Validations } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import {
  FunctionObjective, SamplingRule, TracedDashboard, TraceFilter, TraceGroup, TracingChecks, TracingCheckSeverity, TransactionSearch,
  XRayResourcePolicy,
} from '../lib';
import { testApp, testStack, WITHOUT_BUNDLING } from './test-app';
import { parseFilter } from '../local/src/xray/filter/parse-filter';

function fn(stack: Stack, id = 'Fn', props: Partial<lambda.FunctionProps> = {}): lambda.Function {
  return new lambda.Function(stack, id, { runtime: lambda.Runtime.NODEJS_24_X, handler: 'index.handler', code: lambda.Code.fromInline('exports.handler = async () => {};'), ...props });
}

describe('TraceFilter', () => {
  const filters: [TraceFilter, string][] = [
    [TraceFilter.fault(), 'fault'], [TraceFilter.error(), 'error'], [TraceFilter.throttle(), 'throttle'], [TraceFilter.ok(), 'ok'],
    [TraceFilter.responseTimeAbove(Duration.millis(1500)), 'responsetime > 1.5'], [TraceFilter.durationAbove(Duration.minutes(1)), 'duration > 60'],
    [TraceFilter.service({ name: 'a "b" \\c' }), 'service(id(name: "a \\"b\\" \\\\c"))'], [TraceFilter.service({}), 'service()'],
    [TraceFilter.edge({ name: 'a', type: 'AWS::Lambda' }, { name: 'b' }), 'edge(id(name: "a", type: "AWS::Lambda"), id(name: "b"))'],
    [TraceFilter.annotation('game.id', 'x'), 'annotation[game.id] = "x"'], [TraceFilter.hasAnnotation('user'), 'annotation[user]'],
    [TraceFilter.urlBeginsWith('https://a/'), 'http.url BEGINSWITH "https://a/"'], [TraceFilter.not(TraceFilter.ok()), '!(ok)'],
    [TraceFilter.all(TraceFilter.fault(), TraceFilter.any(TraceFilter.error(), TraceFilter.throttle())), '(fault) AND ((error) OR (throttle))'],
    [TraceFilter.of('service("shop") { fault = true }'), 'service("shop") { fault = true }'],
  ];

  test.each(filters)('makes what the parser of the local X-Ray reads: %#', (filter, expression) => {
    expect(filter.expression).toBe(expression);
    expect(() => parseFilter(filter.expression)).not.toThrow();
  });

  test.each([
    ['', /is empty/], ['service("a"', /does not close '\('/], ['http.url = "a', /does not close a quote/], ['fault)', /position 6: '\)' closes nothing/], ['x'.repeat(2049), /2049 characters/],
  ])('refuses %j', (expression, message) => {
    expect(() => TraceFilter.of(expression)).toThrow(message);
  });

  test('refuses the key of an annotation that is none', () => expect(() => TraceFilter.hasAnnotation('a]')).toThrow(/got 'a\]'/));
});

test('TraceGroup has its filter, metrics and alarms', () => {
  const stack = testStack();
  const group = new TraceGroup(stack, 'Slow', { filter: TraceFilter.responseTimeAbove(Duration.seconds(3)), groupName: 'slow' });
  group.addFaultAlarm('Faults', { threshold: 5 });
  group.addResponseTimeAlarm('Slowness', { threshold: 3, evaluationPeriods: 2 });
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::XRay::Group', { GroupName: 'slow', FilterExpression: 'responsetime > 3', InsightsConfiguration: { InsightsEnabled: false } });
  template.hasResourceProperties('AWS::CloudWatch::Alarm', { Namespace: 'AWS/X-Ray', MetricName: 'FaultRate', Dimensions: [{ Name: 'GroupName', Value: 'slow' }], Threshold: 5, TreatMissingData: 'notBreaching' });
  template.hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: 'ResponseTime', ExtendedStatistic: 'p99', EvaluationPeriods: 2 });
  expect(() => new TraceGroup(stack, 'Default', { filter: TraceFilter.ok(), groupName: 'Default' })).toThrow(/TraceGroup 'Stack\/Default'.*got 'Default' \(TF143\)/);
});

describe('SamplingRule', () => {
  test('has everything that CloudFormation wants', () => {
    const stack = testStack();
    new SamplingRule(stack, 'Rule', { rate: 0.1, priority: 10, serviceType: 'AWS::ApiGateway::Stage', urlPath: '/pay/*', boost: { maxRate: 0.5, cooldown: Duration.minutes(20) } });
    Template.fromStack(stack).hasResourceProperties('AWS::XRay::SamplingRule', {
      SamplingRule: {
        FixedRate: 0.1, ReservoirSize: 1, Priority: 10, Version: 1, ServiceName: '*', ServiceType: 'AWS::ApiGateway::Stage', Host: '*', HTTPMethod: '*', URLPath: '/pay/*', ResourceARN: '*',
        RuleName: Match.stringLikeRegexp('^.{1,32}$'), SamplingRateBoost: { MaxRate: 0.5, CooldownWindowMinutes: 20 },
      },
    });
  });

  test.each([
    [{ rate: 1.5, priority: 1 }, /'rate' has to be from 0 to 1, got 1.5 \(TF140\)/], [{ rate: NaN, priority: 1 }, /'rate'.*got NaN/], [{ rate: 0, priority: 0 }, /'priority' has to be a whole number from 1 to 9999, got 0/],
    [{ rate: 0, priority: 1, reservoir: 0.5 }, /'reservoir' has to be a whole number 0 or more/], [{ rate: 0.5, priority: 1, boost: { maxRate: 0.2 } }, /'boost.maxRate' has to be from 0.5 to 1/],
    [{ rate: 0.5, priority: 1, serviceType: 'AWS::Lambda::Function' }, /Lambda takes no notice of sampling rules.*\(TF139\)/],
  ])('refuses %j', (props, message) => {
    expect(() => new SamplingRule(testStack(), 'Rule', props)).toThrow(message);
  });
});

test('XRayResourcePolicy.forTopics() is one for a stack with its nested stacks', () => {
  const stack = testStack();
  const nested = new NestedStack(stack, 'Nested');
  expect(XRayResourcePolicy.forTopics(nested)).toBe(XRayResourcePolicy.forTopics(stack));
  const [policy, ...others] = Object.values(Template.fromStack(stack).findResources('AWS::XRay::ResourcePolicy'));
  expect(others).toEqual([]);
  const text = policy.Properties.PolicyDocument['Fn::Join'][1].map((part: any) => typeof part === 'string' ? part : `<${part.Ref}>`).join('');
  expect(JSON.parse(text).Statement[0]).toMatchObject({
    Principal: { Service: ['sns.amazonaws.com'] }, Action: ['xray:PutTraceSegments', 'xray:GetSamplingRules', 'xray:GetSamplingTargets'],
    Condition: { StringEquals: { 'aws:SourceAccount': '<AWS::AccountId>' }, ArnLike: { 'aws:SourceArn': ['arn:<AWS::Partition>:sns:<AWS::Region>:<AWS::AccountId>:*'] } },
  });
  expect(() => new XRayResourcePolicy(stack, 'Bad', { policyName: 'a b' })).toThrow(/got 'a b' \(TF137\)/);
  expect(() => new XRayResourcePolicy(stack, 'Nobody', { services: [] })).toThrow(/'services' is empty/);
});

test('TransactionSearch takes it as done where it is on', () => {
  const stack = testStack();
  new TransactionSearch(stack, 'Search', { indexingPercentage: 5 });
  const template = Template.fromStack(stack);
  const calls = Object.values(template.findResources('Custom::TransactionSearch')).map(({ Properties }) => JSON.parse(typeof Properties.Create === 'string' ? Properties.Create : '{}'));
  expect(calls).toEqual(expect.arrayContaining([
    expect.objectContaining({ service: 'XRay', action: 'updateTraceSegmentDestination', parameters: { Destination: 'CloudWatchLogs' }, ignoreErrorCodesMatching: expect.stringContaining('AlreadyExists') }),
    expect.objectContaining({ action: 'updateIndexingRule', parameters: { Name: 'Default', Rule: { Probabilistic: { DesiredSamplingPercentage: 5 } } } }),
  ]));
  template.hasResource('AWS::Logs::ResourcePolicy', Match.anyValue());
  expect(() => new TransactionSearch(stack, 'Bad', { indexingPercentage: 101 })).toThrow(/got 101 \(TF144\)/);
});

test('TracedDashboard has a row for each function, with links', () => {
  const stack = testStack();
  new TracedDashboard(stack, 'Board', { functions: [fn(stack, 'One'), fn(stack, 'Two')] });
  const [{ Properties: { DashboardBody: body } }] = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Dashboard'));
  const text = body['Fn::Join'][1].map((part: any) => typeof part === 'string' ? part : 'x').join('');
  expect(JSON.parse(text).widgets.map(({ properties }: any) => properties.title ?? 'text')).toEqual(['text', ...['text', 'Requests', 'Errors', 'Latency'], ...['text', 'Requests', 'Errors', 'Latency']]);
  expect(text).toMatch(/xray:service-map\/map/);
  expect(() => new TracedDashboard(stack, 'Empty', { functions: [] })).toThrow(/\(TF145\)/);
});

test('FunctionObjective counts errors among requests', () => {
  const stack = testStack();
  new FunctionObjective(stack, 'Objective', { fn: fn(stack), goal: 99.9 });
  Template.fromStack(stack).hasResourceProperties('AWS::ApplicationSignals::ServiceLevelObjective', {
    RequestBasedSli: { RequestBasedSliMetric: { MonitoredRequestCountMetric: { BadCountMetric: [Match.objectLike({ MetricStat: Match.objectLike({ Metric: Match.objectLike({ MetricName: 'Errors' }) }) })] } } },
    Goal: { AttainmentGoal: 99.9, Interval: { RollingInterval: { Duration: 30, DurationUnit: 'DAY' } } },
  });
  expect(() => new FunctionObjective(stack, 'All', { fn: fn(stack, 'B'), goal: 100 })).toThrow(/got 100 \(TF146\)/);
  expect(() => new FunctionObjective(stack, 'Long', { fn: fn(stack, 'C'), goal: 99, interval: Duration.hours(30) })).toThrow(/got 1.25 \(TF147\)/);
});

/** What the plugins say of an app: rule ids. */
function violations(build: (stack: Stack) => void, plugins: any[]): string[] {
  const app = testApp(WITHOUT_BUNDLING);
  const stack = new Stack(app, 'Stack');
  build(stack);
  const assembly = app.synth();
  const context = {
    templatePaths: [`${assembly.directory}/Stack.template.json`], appConstruct: app,
    stackTemplates: [{ stackConstructPath: 'Stack', templatePath: `${assembly.directory}/Stack.template.json`, account: undefined, region: undefined }],
  };
  return plugins.flatMap(plugin => plugin.validate(context).violations.map(({ ruleName }: any) => ruleName));
}

test('constructs around tracing are clean for cdk-nag', () => {
  const found = violations(stack => {
    new TraceGroup(stack, 'Group', { filter: TraceFilter.fault() }).addFaultAlarm('Alarm', { threshold: 1 });
    new SamplingRule(stack, 'Rule', { rate: 0.1, priority: 1 });
    XRayResourcePolicy.forTopics(stack);
    const traced = lambda.Function.fromFunctionName(stack, 'Fn', 'fn');
    new TracedDashboard(stack, 'Board', { functions: [traced] });
    new FunctionObjective(stack, 'Objective', { fn: traced, goal: 99 });
    new TransactionSearch(stack, 'Search');
  }, [new AwsSolutionsChecks(), new ServerlessChecks()]);
  expect(found).toEqual([]);
});

describe('TracingChecks', () => {
  const build = (stack: Stack) => { fn(stack); };

  test('says what doctor says, under ids that can be acknowledged', () => {
    expect(violations(build, [new TracingChecks()])).toEqual(['TracedFunction-TF001']);
    expect(violations(build, [new TracingChecks({ ignore: ['TF001'] })])).toEqual([]);
    expect(violations(stack => Validations.of(fn(stack)).acknowledge({ id: 'TracedFunction-TF001', reason: 'on purpose' }), [new TracingChecks()])).toEqual([]);
  });

  test('leaves out what is below its severity', () => {
    const traced = (stack: Stack) => { fn(stack, 'Fn', { tracing: lambda.Tracing.ACTIVE }); };
    const calling = (stack: Stack) => { fn(stack, 'Fn', { tracing: lambda.Tracing.ACTIVE, initialPolicy: [new iam.PolicyStatement({ actions: ['s3:GetObject'], resources: ['*'] })] }); };
    expect(violations(traced, [new TracingChecks()])).toEqual([]);
    expect(violations(calling, [new TracingChecks()])).toEqual(['TracedFunction-TF003']);
    expect(violations(calling, [new TracingChecks({ minimumSeverity: TracingCheckSeverity.ERROR })])).toEqual([]);
    expect(violations(traced, [new TracingChecks({ minimumSeverity: TracingCheckSeverity.NOTE })])).toEqual(['TracedFunction-TF003', 'TracedFunction-TF016']);
  });

  test('fails a synth, beside packs of cdk-nag', () => {
    const app = new App({ outdir: testApp().outdir, context: WITHOUT_BUNDLING, analyticsReporting: false });
    build(new Stack(app, 'Stack'));
    Validations.of(app).addPlugins(new TracingChecks(), new ServerlessChecks());
    const said: string[] = [];
    const error = jest.spyOn(console, 'error').mockImplementation(text => { said.push(String(text)); });
    const log = jest.spyOn(console, 'log').mockImplementation(text => { said.push(String(text)); });
    const before = process.exitCode;
    try {
      app.synth();
    } catch (caught) {
      said.push(String(caught));
    } finally {
      process.exitCode = before;
      error.mockRestore();
      log.mockRestore();
    }
    expect(said.join('\n')).toContain('TracedFunction-TF001');
    expect(said.join('\n')).toMatch(/Serverless-Lambda/);
  });

  test('refuses a rule that is none', () => {
    expect(() => new TracingChecks({ ignore: ['TF999'] })).toThrow(/'TF999', which is no rule/);
  });
});
