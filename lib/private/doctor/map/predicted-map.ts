import { Stop, Stops } from './stop';
import { FunctionModel } from '../functions/function-model';
import { AppModel } from '../template/app-model';
import { isObject, listOf, objectOf, Resource, Value } from '../template/template';

/** `continues`: one trace. `link`: a trace of its own, with a link to that of the sender. `lost`: a trace of its own, and nothing tells from where. */
export type EdgeKind = 'continues' | 'link' | 'lost';

/** Kinds of places at which a trace does not simply go on. */
export type EdgeVia = 'queue' | 'stream' | 'pipe' | 'schedule' | 'bucket' | 'service event' | 'logs' | 'untraced';

export interface PredictedEdge {
  readonly from: Stop;
  readonly to: Stop;
  readonly kind: EdgeKind;
  readonly reason: string;
  readonly via?: EdgeVia;
  /** What joins the two, where it is a resource of its own. */
  readonly because?: Resource;
}

/** Actions by which an edge leads from a function to a resource of a type. Reading what an event source brings is Lambda's own work. */
const CALLS: Record<string, { readonly service: string; readonly actions: RegExp }> = {
  'AWS::DynamoDB::Table': { service: 'dynamodb', actions: /:(?!GetRecords|DescribeStream|GetShardIterator|ListStreams|DescribeTable$|ConditionCheckItem$)/i },
  'AWS::DynamoDB::GlobalTable': { service: 'dynamodb', actions: /:(?!GetRecords|DescribeStream|GetShardIterator|ListStreams|DescribeTable$)/i },
  'AWS::S3::Bucket': { service: 's3', actions: /./ },
  'AWS::SQS::Queue': { service: 'sqs', actions: /:(?:SendMessage|\*)/i },
  'AWS::SNS::Topic': { service: 'sns', actions: /:(?:Publish|\*)/i },
  'AWS::Lambda::Function': { service: 'lambda', actions: /:(?:Invoke|\*)/i },
  'AWS::StepFunctions::StateMachine': { service: 'states', actions: /:(?:Start|\*)/i },
  'AWS::Events::EventBus': { service: 'events', actions: /:(?:PutEvents|\*)/i },
  'AWS::Kinesis::Stream': { service: 'kinesis', actions: /:(?:PutRecord|\*)/i },
  'AWS::KinesisFirehose::DeliveryStream': { service: 'firehose', actions: /:(?:PutRecord|\*)/i },
  'AWS::SecretsManager::Secret': { service: 'secretsmanager', actions: /:(?:GetSecretValue|\*)/i },
  'AWS::SSM::Parameter': { service: 'ssm', actions: /:(?:Get|\*)/i },
  'AWS::ApiGateway::RestApi': { service: 'execute-api', actions: /./ },
};
/** Polling a queue by hand is a call, where no mapping does it. */
const POLLS = /:(?:ReceiveMessage|\*)/i;

/** Where the trace of a request goes, as far as templates tell: who calls whom, and whether the trace goes on. */
export class PredictedMap {
  public readonly edges: readonly PredictedEdge[];
  public readonly stops: Stops;
  private readonly into = new Map<Stop, PredictedEdge[]>();
  private readonly outOf = new Map<Stop, PredictedEdge[]>();

  constructor(private readonly app: AppModel, public readonly functions: readonly FunctionModel[], traceAll = false) {
    this.stops = new Stops(app, functions, traceAll);
    for (const { resource } of functions) this.stops.of(resource);
    const edges = new Map<string, PredictedEdge>();
    for (const edge of [...this.fromSources(), ...this.fromApis(), ...this.fromMachines(), ...this.fromFunctions()]) {
      const key = `${edge.from.key} > ${edge.to.key}`;
      if (!edges.has(key)) edges.set(key, edge);
    }
    this.edges = [...edges.values()];
    for (const edge of this.edges) {
      this.into.set(edge.to, [...this.into.get(edge.to) ?? [], edge]);
      this.outOf.set(edge.from, [...this.outOf.get(edge.from) ?? [], edge]);
    }
  }

  public edgesInto(stop: Stop): readonly PredictedEdge[] {
    return this.into.get(stop) ?? [];
  }

  public edgesFrom(stop: Stop): readonly PredictedEdge[] {
    return this.outOf.get(stop) ?? [];
  }

  /** Whether something that calls it, at once or through parts that hand the header on, sends segments. */
  public hasTracedCaller(resource: Resource): boolean {
    const seen = new Set<Stop>();
    const isTraced = (stop: Stop): boolean => {
      if (seen.has(stop)) return false;
      seen.add(stop);
      return this.edgesInto(stop).some(({ from, kind }) => kind !== 'lost' && (from.isTraced && from.fn?.mode !== 'PassThrough' || isTraced(from)));
    };
    const stop = this.stops.of(resource);
    return stop !== undefined && isTraced(stop);
  }

  /** Whether somebody hears what is sent to a resource. */
  public leadsOn(resource: Resource): boolean {
    const stop = this.stops.of(resource);
    return stop !== undefined && this.edgesFrom(stop).length > 0;
  }

  private* fromSources(): Generator<PredictedEdge> {
    const { app, stops } = this;
    for (const mapping of app.ofType('AWS::Lambda::EventSourceMapping')) {
      const { EventSourceArn: arn, FunctionName: name, SelfManagedEventSource: own } = mapping.properties;
      const to = stops.of(app.functionOf(name, mapping.template));
      const source = app.target(arn, mapping.template);
      const text = app.text(arn, mapping.template) ?? '';
      const from = stops.of(source) ?? stops.outside(own ? 'Kafka' : text || 'an event source', 'event source');
      if (!to) continue;
      yield source?.type === 'AWS::SQS::Queue' || /^arn:[^:]*:sqs:/.test(text)
        ? { from, to, kind: 'link', via: 'queue', reason: 'a batch of messages has a trace of its own, linked to those of the senders', because: mapping }
        : { from, to, kind: 'lost', via: 'stream', reason: 'records carry no trace header', because: mapping };
    }
    for (const subscription of app.ofType('AWS::SNS::Subscription')) {
      yield* this.subscription(app.target(subscription.properties.TopicArn, subscription.template), subscription.properties, subscription);
    }
    for (const topic of app.ofType('AWS::SNS::Topic')) {
      for (const subscription of listOf(topic.properties.Subscription)) yield* this.subscription(topic, objectOf(subscription), topic);
    }
    for (const bucket of app.ofType('AWS::S3::Bucket')) yield* this.notifications(bucket, bucket.properties.NotificationConfiguration, bucket);
    for (const custom of app.ofType('Custom::S3BucketNotifications', 'Custom::S3')) {
      const bucket = app.target(custom.properties.BucketName, custom.template);
      if (bucket) yield* this.notifications(bucket, custom.properties.NotificationConfiguration ?? custom.properties.BucketConfigs, custom);
    }
    for (const rule of app.ofType('AWS::Events::Rule')) yield* this.targetsOfRule(rule);
    for (const schedule of app.ofType('AWS::Scheduler::Schedule')) {
      const to = this.calledStop(objectOf(schedule.properties.Target).Arn, schedule);
      if (to) yield { from: stops.of(schedule)!, to, kind: 'lost', via: 'schedule', reason: 'EventBridge Scheduler sends no trace header' };
    }
    for (const pipe of app.ofType('AWS::Pipes::Pipe')) {
      const chain = ['Source', 'Enrichment', 'Target'].map(name => this.calledStop(pipe.properties[name], pipe)).filter(stop => stop !== undefined);
      for (let index = 1; index < chain.length; index += 1) {
        yield { from: chain[index - 1], to: chain[index], kind: 'lost', via: 'pipe', reason: 'EventBridge Pipes hands no trace header on', because: pipe };
      }
    }
    for (const filter of app.ofType('AWS::Logs::SubscriptionFilter')) {
      const { LogGroupName: name, DestinationArn: arn } = filter.properties;
      const to = this.calledStop(arn, filter);
      const from = stops.of(app.target(name, filter.template)) ?? stops.outside(app.text(name, filter.template) ?? 'a log group', 'AWS::Logs');
      if (to) yield { from, to, kind: 'lost', via: 'logs', reason: 'log lines come without the trace that they were written in', because: filter };
    }
  }

  private* subscription(
    topic: Resource | undefined, { Endpoint: endpoint, Protocol: protocol }: Record<string, Value>, owner: Resource,
  ): Generator<PredictedEdge> {
    const from = this.stops.of(topic);
    const to = this.calledStop(endpoint, owner) ?? (/^https?$/.test(String(protocol)) ? this.stops.outside(this.app.text(endpoint, owner.template) ?? 'an HTTP endpoint', 'endpoint') : undefined);
    if (from && to) yield { from, to, kind: 'continues', reason: from.isTraced ? 'SNS sends a segment, and its header' : 'SNS hands the trace header on', because: owner === topic ? undefined : owner };
  }

  private* notifications(bucket: Resource, configuration: Value, owner: Resource): Generator<PredictedEdge> {
    const from = this.stops.of(bucket)!;
    for (const list of Object.values(objectOf(configuration))) {
      for (const entry of Array.isArray(list) ? list : []) {
        const values = objectOf(entry);
        const { Function: fn = values.LambdaFunctionArn, Topic: topic = values.TopicArn, Queue: queue = values.QueueArn } = values;
        const to = this.calledStop(fn ?? topic ?? queue, owner);
        if (!to) continue;
        yield { from, to, kind: 'continues', reason: 'S3 records nothing, and hands the trace header of a traced uploader on', ...to.fn ? { via: 'bucket' as const, because: bucket } : {} };
      }
    }
  }

  private* targetsOfRule(rule: Resource): Generator<PredictedEdge> {
    const { EventBusName: name, EventPattern: pattern, ScheduleExpression: schedule, Targets: targets } = rule.properties;
    const sources = listOf(objectOf(pattern).source);
    const isOfService = sources.length > 0 && sources.every(source => typeof source === 'string' && source.startsWith('aws.'));
    for (const target of listOf(targets)) {
      const to = this.calledStop(objectOf(target).Arn, rule);
      if (!to) continue;
      if (schedule !== undefined) yield { from: this.stops.of(rule)!, to, kind: 'lost', reason: 'a scheduled event carries no trace header' };
      else if (isOfService) yield { from: this.stops.of(rule)!, to, kind: 'lost', via: 'service event', reason: `events of ${sources.join(', ')} carry no trace header`, because: rule };
      else yield { from: this.bus(name, rule), to, kind: 'continues', reason: 'EventBridge hands the trace header of PutEvents on', because: rule };
    }
  }

  private bus(name: Value, owner: Resource): Stop {
    return this.stops.of(this.app.target(name, owner.template)) ?? this.stops.outside(this.app.text(name, owner.template) ?? 'default', 'AWS::Events');
  }

  private* fromApis(): Generator<PredictedEdge> {
    const { app, stops } = this;
    const continues = (from: Stop | undefined, to: Stop | undefined): PredictedEdge[] => from && to && from !== to
      ? [{ from, to, kind: 'continues', reason: from.isTraced ? 'the stage sends a segment, and its header' : 'the API sends no segment: the trace begins here' }] : [];
    for (const method of app.ofType('AWS::ApiGateway::Method')) {
      const from = stops.of(app.target(method.properties.RestApiId, method.template));
      for (const to of this.integrationTargets(method.properties.Integration, method)) yield* continues(from, to);
    }
    for (const authorizer of app.ofType('AWS::ApiGateway::Authorizer')) {
      const { RestApiId: api, AuthorizerUri: uri } = authorizer.properties;
      yield* continues(stops.of(app.target(api, authorizer.template)), this.calledStop(uri, authorizer));
    }
    for (const part of app.ofType('AWS::ApiGatewayV2::Integration', 'AWS::ApiGatewayV2::Authorizer')) {
      const from = stops.of(app.target(part.properties.ApiId, part.template));
      yield* continues(from, this.calledStop(part.properties.IntegrationUri ?? part.properties.AuthorizerUri, part));
    }
    // APIs that are written as OpenAPI: the functions in it.
    for (const api of app.ofType('AWS::ApiGateway::RestApi', 'AWS::ApiGatewayV2::Api')) {
      for (const target of app.targets(api.properties.Body, api.template)) {
        if (target.type.startsWith('AWS::Lambda::')) yield* continues(stops.of(api), stops.of(target));
      }
    }
    for (const source of app.ofType('AWS::AppSync::DataSource')) {
      const from = stops.of(app.target(source.properties.ApiId, source.template));
      for (const key of ['LambdaConfig', 'DynamoDBConfig', 'EventBridgeConfig']) {
        const to = app.targets(source.properties[key], source.template).map(target => stops.of(target)).find(Boolean);
        if (from && to) yield { from, to, kind: 'continues', reason: from.isTraced ? 'AppSync sends a segment, and its header' : 'AppSync sends no segment: the trace begins here' };
      }
    }
  }

  /** A function, or the resources of an AWS integration, whose templates may name them in any field. */
  private integrationTargets(integration: Value, owner: Resource): Stop[] {
    const { Uri: uri, RequestTemplates: templates, RequestParameters: parameters } = objectOf(integration);
    const direct = this.calledStop(uri, owner);
    if (direct) return [direct];
    const text = this.app.text(uri, owner.template) ?? '';
    if (!/:apigateway:/.test(text)) return [];
    const queue = /:sqs:path\/[^/]+\/([^/]+)$/.exec(text)?.[1];
    const byName = queue === undefined ? undefined : this.calledStop(queue, owner);
    const named = [...this.app.targets(templates, owner.template), ...this.app.targets(parameters, owner.template)];
    return [byName, ...named.map(target => this.stops.of(target))].filter(stop => stop !== undefined);
  }

  private* fromMachines(): Generator<PredictedEdge> {
    for (const machine of this.app.ofType('AWS::StepFunctions::StateMachine')) {
      const from = this.stops.of(machine)!;
      const { DefinitionString: text, Definition: definition, DefinitionSubstitutions: substitutions } = machine.properties;
      const named = [text, definition, substitutions].flatMap(value => [...this.everyTarget(value, machine)]);
      for (const target of new Set(named)) {
        const to = this.stops.of(target);
        if (!to || to === from) continue;
        yield from.isTraced
          ? { from, to, kind: 'continues', reason: 'Step Functions sends segments, and hands the trace on' }
          : { from, to, kind: 'lost', via: to.isTraced && this.hasCallers(machine) ? 'untraced' : undefined, reason: `the state machine '${from.label}' is not traced`, because: machine };
      }
    }
  }

  private hasCallers(machine: Resource): boolean {
    return this.functions.some(({ role, recorder, mode }) => mode !== 'none' && recorder !== 'none' && role?.resourcesFor('states').some(({ resource }) => resource === machine));
  }

  /** Unlike `targets`, all parts of a joined text. */
  private* everyTarget(value: Value, owner: Resource): Generator<Resource> {
    if (Array.isArray(value)) {
      for (const part of value) yield* this.everyTarget(part, owner);
    } else if (isObject(value)) {
      if ('Fn::Join' in value) {yield* this.everyTarget(value['Fn::Join'], owner);} else {
        const found = this.app.target(value, owner.template);
        if (found) yield found;
        else for (const part of Object.values(value)) yield* this.everyTarget(part, owner);
      }
    } else if (typeof value === 'string') {
      for (const [arn] of value.matchAll(/arn:aws[\w-]*:[\w-]+:[^"\s]+/g)) {
        const found = this.app.target(arn, owner.template);
        if (found) yield found;
      }
    }
  }

  private* fromFunctions(): Generator<PredictedEdge> {
    const destinations = new Map<Stop, Set<Stop>>();
    for (const { from, to, owner } of this.destinations()) {
      destinations.set(from, (destinations.get(from) ?? new Set()).add(to));
      yield { from, to, kind: 'continues', reason: "Lambda sends what became of the event, with the event's trace header", because: owner };
    }
    const polled = new Map<Stop, Set<Stop>>();
    for (const mapping of this.app.ofType('AWS::Lambda::EventSourceMapping')) {
      const fn = this.stops.of(this.app.functionOf(mapping.properties.FunctionName, mapping.template));
      const source = this.stops.of(this.app.target(mapping.properties.EventSourceArn, mapping.template));
      if (fn && source) polled.set(fn, (polled.get(fn) ?? new Set()).add(source));
    }
    for (const fn of this.functions) {
      const from = this.stops.of(fn.resource)!;
      for (const to of this.called(fn, destinations.get(from) ?? new Set(), polled.get(from) ?? new Set())) {
        if (to === from) continue;
        yield { from, to, ...this.callOf(fn, from, to) };
      }
    }
  }

  private callOf(fn: FunctionModel, from: Stop, to: Stop): Pick<PredictedEdge, 'kind' | 'reason' | 'via' | 'because'> {
    if (!from.isTraced) return { kind: 'lost', reason: `the function '${from.label}' is not traced` };
    if (fn.recorder === 'none') {
      return { kind: 'lost', reason: `nothing records the calls of the function '${from.label}'`, ...to.isTraced && !fn.isOfTool ? { via: 'untraced' as const, because: fn.resource } : {} };
    }
    return { kind: 'continues', reason: fn.recorder === 'unknown' ? 'if its package records calls: it is not here to be looked into' : `${fn.recorder} records the call` };
  }

  private* destinations(): Generator<{ from: Stop; to: Stop; owner: Resource }> {
    for (const config of this.app.ofType('AWS::Lambda::EventInvokeConfig')) {
      const from = this.stops.of(this.app.functionOf(config.properties.FunctionName, config.template));
      for (const key of ['OnFailure', 'OnSuccess']) {
        const to = this.calledStop(objectOf(objectOf(config.properties.DestinationConfig)[key]).Destination, config);
        if (from && to) yield { from, to, owner: config };
      }
    }
    for (const mapping of this.app.ofType('AWS::Lambda::EventSourceMapping')) {
      const from = this.stops.of(this.app.functionOf(mapping.properties.FunctionName, mapping.template));
      const to = this.calledStop(objectOf(objectOf(mapping.properties.DestinationConfig).OnFailure).Destination, mapping);
      if (from && to) yield { from, to, owner: mapping };
    }
    for (const { resource } of this.functions) {
      const to = this.calledStop(objectOf(resource.properties.DeadLetterConfig).TargetArn, resource);
      if (to) yield { from: this.stops.of(resource)!, to, owner: resource };
    }
  }

  /** What a function may call and knows of. */
  private called({ resource, role }: FunctionModel, destinations: ReadonlySet<Stop>, polled: ReadonlySet<Stop>): Set<Stop> {
    const variables = objectOf(objectOf(resource.properties.Environment).Variables);
    const told = Object.values(variables).flatMap(value => [...this.everyTarget(value, resource), this.app.target(value, resource.template)]);
    const known = new Set(told.map(target => this.stops.of(target)).filter(stop => stop !== undefined));
    const found = new Set<Stop>();
    for (const [type, { service, actions }] of Object.entries(CALLS)) {
      for (const { resource: target, actions: allowed } of role?.resourcesFor(service) ?? []) {
        const stop = this.stops.of(target);
        if (!stop || (target.type !== type && !(service === 'lambda' && stop.fn))) continue;
        if (destinations.has(stop) && !known.has(stop)) continue;
        const isCall = allowed.some(action => actions.test(action)) || service === 'sqs' && !polled.has(stop) && allowed.some(action => POLLS.test(action));
        if (isCall) found.add(stop);
      }
      // A role that is not in the templates, or that may do it with everything: what the function was told of counts.
      const isOpen = role === undefined || role.hasUnknown && role.statements.length === 0 || role.statements.some(({ isAllowed, actions: all, resources }) => isAllowed && resources.includes('*')
        && all.some(action => action === '*' || action.toLowerCase().startsWith(`${service}:`) && actions.test(action)));
      if (isOpen) {
        for (const stop of known) {
          if ((stop.resource?.type === type || type === 'AWS::Lambda::Function' && stop.fn) && !polled.has(stop)) found.add(stop);
        }
      }
    }
    return found;
  }

  /** The stop that a value names. */
  private calledStop(value: Value, owner: Resource): Stop | undefined {
    return value === undefined ? undefined : this.stops.of(this.app.functionOf(value, owner.template) ?? this.app.target(value, owner.template));
  }
}
