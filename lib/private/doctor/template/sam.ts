import * as fs from 'fs';
import * as path from 'path';
import { attributeOf } from './app-model';
import { readYaml } from './read-yaml';
import { isObject, listOf, objectOf, Template, Value } from './template';

/** Names of the resources that SAM makes for functions with events of an API that the template does not hold. */
const REST_API = 'ServerlessRestApi';
const HTTP_API = 'ServerlessHttpApi';
/** Where an event source of a mapping stands. */
const MAPPED: Record<string, string> = { SQS: 'Queue', Kinesis: 'Stream', DynamoDB: 'Stream', MSK: 'Stream', MQ: 'Broker', SelfManagedKafka: 'KafkaBootstrapServers', DocumentDB: 'Cluster' };
/** What a policy template of SAM allows, by its name's beginning. Source: AWS SAM Developer Guide, "Policy template list". */
const POLICY_TEMPLATES: readonly (readonly [RegExp, string[]])[] = [
  [/^SQSPoller/, ['sqs:ReceiveMessage', 'sqs:DeleteMessage']], [/^SQSSend/, ['sqs:SendMessage']], [/^SNS/, ['sns:Publish']], [/^LambdaInvoke/, ['lambda:InvokeFunction']],
  [/^DynamoDBStreamRead/, ['dynamodb:GetRecords']], [/^DynamoDBRead/, ['dynamodb:GetItem', 'dynamodb:Query']], [/^DynamoDB/, ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem']],
  [/^S3Read/, ['s3:GetObject']], [/^S3/, ['s3:GetObject', 's3:PutObject']], [/^StepFunctions/, ['states:StartExecution']], [/^KinesisStreamRead/, ['kinesis:GetRecords']],
  [/^Kinesis/, ['kinesis:PutRecord']], [/^EventBridge/, ['events:PutEvents']], [/^SSMParameter/, ['ssm:GetParameter']], [/^AWSSecretsManager/, ['secretsmanager:GetSecretValue']],
];
/** What a connector allows its source to do with a destination of a type. */
const CONNECTED: Record<string, string[]> = {
  DynamoDB: ['dynamodb:GetItem', 'dynamodb:PutItem'], SQS: ['sqs:SendMessage'], SNS: ['sns:Publish'], S3: ['s3:GetObject', 's3:PutObject'], Lambda: ['lambda:InvokeFunction'],
  StepFunctions: ['states:StartExecution'], Events: ['events:PutEvents'], Serverless: ['lambda:InvokeFunction'],
};

export function isSam(body: Record<string, Value>): boolean {
  return listOf(body.Transform).some(transform => /^AWS::Serverless/.test(typeof transform === 'string' ? transform : String(objectOf(transform).Name)))
    || Object.values(objectOf(body.Resources)).some(resource => /^AWS::Serverless::/.test(String(objectOf(resource).Type)));
}

/** Adds the resources of a template, those of SAM as what SAM makes of them. */
export function addResources(template: Template): void {
  new SamExpansion(template).run();
}

class SamExpansion {
  private readonly globals: Record<string, Value>;
  private readonly resources: Record<string, Value>;
  private readonly made: [string, Value, string][] = [];
  /** Functions for whose sake SAM makes an API. */
  private restApiFor?: string;
  private httpApiFor?: string;

  /** What SAM makes of each of its types. */
  private readonly kinds: Record<string, (id: string, properties: Record<string, Value>, body: Record<string, Value>) => object> = {
    Function: (id, properties) => this.functionOf(id, properties),
    Api: (id, properties) => {
      this.addStage(id, properties, id);
      return { Type: 'AWS::ApiGateway::RestApi', Properties: { ...properties, Body: properties.DefinitionBody } };
    },
    HttpApi: (_id, properties) => ({ Type: 'AWS::ApiGatewayV2::Api', Properties: { ProtocolType: 'HTTP', ...properties, Body: properties.DefinitionBody } }),
    WebSocketApi: (_id, properties) => ({ Type: 'AWS::ApiGatewayV2::Api', Properties: { ProtocolType: 'WEBSOCKET', ...properties } }),
    GraphQLApi: (_id, properties) => ({ Type: 'AWS::AppSync::GraphQLApi', Properties: properties }),
    SimpleTable: (_id, properties) => ({ Type: 'AWS::DynamoDB::Table', Properties: properties }),
    LayerVersion: (_id, properties) => ({ Type: 'AWS::Lambda::LayerVersion', Properties: { ...properties, Content: codeOf(properties.ContentUri) } }),
    Application: (_id, properties) => ({ Type: 'AWS::CloudFormation::Stack', Properties: { ...properties, TemplateURL: properties.Location } }),
    StateMachine: (id, properties) => this.stateMachineOf(id, properties),
  };

  constructor(private readonly template: Template) {
    this.globals = objectOf(template.body.Globals);
    this.resources = structuredClone(objectOf(template.body.Resources));
  }

  public run(): void {
    for (const [id, body] of Object.entries(this.resources)) {
      if (!isObject(body)) continue;
      const kind = /^AWS::Serverless::(\w+)$/.exec(String(body.Type))?.[1];
      const expand = kind === undefined ? undefined : this.kinds[kind];
      if (expand) this.resources[id] = { ...body, ...expand(id, withGlobals(objectOf(this.globals[kind!]), objectOf(body.Properties)), body) };
    }
    this.addConnectors();
    if (this.restApiFor) this.addRestApi(REST_API, { StageName: 'Prod', ...objectOf(this.globals.Api) }, this.restApiFor);
    if (this.httpApiFor) this.make(HTTP_API, 'AWS::ApiGatewayV2::Api', { ProtocolType: 'HTTP', Name: HTTP_API }, this.httpApiFor);
    for (const [id, body] of Object.entries(this.resources)) this.template.add(id, body);
    for (const [id, body, madeFrom] of this.made) {
      if (!this.template.resources.has(id)) this.template.add(id, body, madeFrom);
    }
  }

  private functionOf(id: string, properties: Record<string, Value>): object {
    const {
      Tracing, CodeUri, InlineCode, ImageUri, Policies, Events, FunctionUrlConfig, EventInvokeConfig, DeadLetterQueue, Role, ...rest
    } = properties;
    const code = InlineCode !== undefined ? { ZipFile: InlineCode } : ImageUri !== undefined || properties.PackageType === 'Image' ? { ImageUri: ImageUri ?? '(built by SAM)' } : codeOf(CodeUri ?? '.');
    if (Role === undefined) this.addRole(id, 'lambda.amazonaws.com', Policies, Tracing !== undefined && Tracing !== 'Disabled');
    this.addEvents(id, Events);
    if (FunctionUrlConfig !== undefined) this.make(`${id}Url`, 'AWS::Lambda::Url', { TargetFunctionArn: { Ref: id } }, id);
    if (isObject(EventInvokeConfig)) this.make(`${id}EventInvokeConfig`, 'AWS::Lambda::EventInvokeConfig', { ...EventInvokeConfig, FunctionName: { Ref: id }, Qualifier: '$LATEST' }, id);
    return {
      Type: 'AWS::Lambda::Function',
      Properties: {
        ...rest, Code: code, Role: Role ?? { 'Fn::GetAtt': [`${id}Role`, 'Arn'] },
        ...Tracing === undefined || Tracing === 'Disabled' ? {} : { TracingConfig: { Mode: Tracing } },
        ...isObject(DeadLetterQueue) ? { DeadLetterConfig: { TargetArn: DeadLetterQueue.TargetArn } } : {},
      },
    };
  }

  private stateMachineOf(id: string, properties: Record<string, Value>): object {
    const { Tracing, Definition, DefinitionUri, Policies, Events, Role, Name, Type, ...rest } = properties;
    if (Role === undefined) this.addRole(id, 'states.amazonaws.com', Policies, objectOf(Tracing).Enabled === true);
    this.addEvents(id, Events);
    return {
      Type: 'AWS::StepFunctions::StateMachine',
      Properties: {
        ...rest, StateMachineName: Name, StateMachineType: Type, RoleArn: Role ?? { 'Fn::GetAtt': [`${id}Role`, 'Arn'] },
        DefinitionString: Definition ?? this.fileAt(DefinitionUri), ...Tracing === undefined ? {} : { TracingConfiguration: Tracing },
      },
    };
  }

  /** A definition in a file of its own, beside the template. */
  private fileAt(uri: Value): Value {
    const file = typeof uri === 'string' ? path.resolve(path.dirname(this.template.file), uri) : undefined;
    if (file === undefined || !fs.existsSync(file)) return undefined;
    try {
      return readYaml(fs.readFileSync(file, 'utf8'), file);
    } catch {
      return undefined; // what is in it is not known; the deployment will tell
    }
  }

  private addRole(id: string, service: string, policies: Value, isTraced: boolean): void {
    const managed: Value[] = [`arn:aws:iam::aws:policy/service-role/${service === 'lambda.amazonaws.com' ? 'AWSLambdaBasicExecutionRole' : 'None'}`];
    if (isTraced) managed.push('arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess');
    const statements: Value[] = [];
    for (const policy of listOf(policies)) {
      if (typeof policy === 'string') managed.push(policy.startsWith('arn:') ? policy : `arn:aws:iam::aws:policy/${policy}`);
      else if (isObject(policy) && policy.Statement !== undefined) statements.push(...listOf(policy.Statement));
      else if (isObject(policy) && ('Ref' in policy || Object.keys(policy).some(key => key.startsWith('Fn::')))) managed.push(policy);
      else if (isObject(policy)) statements.push(...Object.entries(policy).map(([name, parameters]) => statementOf(name, parameters)));
    }
    this.make(`${id}Role`, 'AWS::IAM::Role', {
      AssumeRolePolicyDocument: { Statement: [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }] },
      ManagedPolicyArns: managed, Policies: [{ PolicyName: 'Policies', PolicyDocument: { Statement: statements } }],
    }, id);
  }

  private addEvents(id: string, events: Value): void {
    const arn = { 'Fn::GetAtt': [id, 'Arn'] };
    for (const [name, event] of Object.entries(objectOf(events))) {
      const { Type: type, Properties: given } = objectOf(event);
      const properties = objectOf(given);
      const make = (madeType: string, made: object) => this.make(`${id}${name}`, madeType, made, id);
      if (type === 'Api') {
        const api = properties.RestApiId ?? { Ref: REST_API };
        if (properties.RestApiId === undefined) this.restApiFor ??= id;
        make('AWS::ApiGateway::Method', { RestApiId: api, HttpMethod: properties.Method, Integration: { Type: 'AWS_PROXY', Uri: arn } });
      } else if (type === 'HttpApi') {
        if (properties.ApiId === undefined) this.httpApiFor ??= id;
        make('AWS::ApiGatewayV2::Integration', { ApiId: properties.ApiId ?? { Ref: HTTP_API }, IntegrationUri: arn });
      } else if (MAPPED[type]) {
        make('AWS::Lambda::EventSourceMapping', { FunctionName: { Ref: id }, EventSourceArn: properties[MAPPED[type]], ...type === 'SelfManagedKafka' ? { EventSourceArn: undefined, SelfManagedEventSource: {} } : {} });
      } else if (type === 'SNS') {
        this.addTopicEvent(id, name, properties, arn);
      } else if (type === 'S3') {
        this.notify(properties.Bucket, arn);
      } else if (type === 'Schedule' || type === 'CloudWatchEvent' || type === 'EventBridgeRule') {
        make('AWS::Events::Rule', { ScheduleExpression: properties.Schedule, EventPattern: properties.Pattern, EventBusName: properties.EventBusName, Targets: [{ Id: 'Target', Arn: arn }] });
      } else if (type === 'ScheduleV2') {
        make('AWS::Scheduler::Schedule', { ScheduleExpression: properties.ScheduleExpression, Target: { Arn: arn } });
      } else if (type === 'CloudWatchLogs') {
        make('AWS::Logs::SubscriptionFilter', { LogGroupName: properties.LogGroupName, DestinationArn: arn });
      }
    }
  }

  private addTopicEvent(id: string, name: string, properties: Record<string, Value>, arn: Value): void {
    const { SqsSubscription: queue, Topic: topic } = properties;
    if (queue === undefined || queue === false) {
      this.make(`${id}${name}`, 'AWS::SNS::Subscription', { TopicArn: topic, Protocol: 'lambda', Endpoint: arn }, id);
      return;
    }
    const queueArn = objectOf(queue).QueueArn ?? { 'Fn::GetAtt': [`${id}${name}Queue`, 'Arn'] };
    if (objectOf(queue).QueueArn === undefined) this.make(`${id}${name}Queue`, 'AWS::SQS::Queue', {}, id);
    this.make(`${id}${name}`, 'AWS::SNS::Subscription', { TopicArn: topic, Protocol: 'sqs', Endpoint: queueArn }, id);
    this.make(`${id}${name}EventSourceMapping`, 'AWS::Lambda::EventSourceMapping', { FunctionName: { Ref: id }, EventSourceArn: queueArn }, id);
  }

  /** SAM writes a notification into the bucket, which the same template has to hold. */
  private notify(bucket: Value, arn: Value): void {
    const body = this.resources[String(objectOf(bucket).Ref)];
    if (!isObject(body)) return;
    const properties = body.Properties = objectOf(body.Properties);
    const configuration = properties.NotificationConfiguration = objectOf(properties.NotificationConfiguration);
    configuration.LambdaConfigurations = [...listOf(configuration.LambdaConfigurations), { Function: arn }];
  }

  private addRestApi(id: string, properties: Record<string, Value>, madeFrom: string): void {
    this.make(id, 'AWS::ApiGateway::RestApi', { ...properties, Name: properties.Name ?? { Ref: 'AWS::StackName' } }, madeFrom);
    this.addStage(id, properties, madeFrom);
  }

  private addStage(id: string, { StageName, TracingEnabled }: Record<string, Value>, madeFrom: string): void {
    this.make(`${id}${typeof StageName === 'string' ? StageName : ''}Stage`, 'AWS::ApiGateway::Stage', { RestApiId: { Ref: id }, StageName, TracingEnabled }, madeFrom);
  }

  /** Connectors of their own, and those that stand in their source. */
  private addConnectors(): void {
    for (const [id, body] of Object.entries(this.resources)) {
      if (!isObject(body)) continue;
      if (body.Type === 'AWS::Serverless::Connector') this.connect(objectOf(objectOf(body.Properties).Source).Id, objectOf(body.Properties).Destination);
      for (const connector of Object.values(objectOf(body.Connectors))) this.connect(id, objectOf(objectOf(connector).Properties).Destination);
    }
  }

  private connect(source: Value, destinations: Value): void {
    const role = this.made.find(([id]) => id === `${String(source)}Role`)?.[1];
    if (!role) return;
    for (const destination of listOf(destinations)) {
      const id = objectOf(destination).Id;
      const service = String(objectOf(this.resources[id]).Type ?? objectOf(destination).Type).split('::')[1];
      const arn = destination.Arn ?? (id === undefined ? '*' : { 'Fn::GetAtt': [id, 'Arn'] });
      role.Properties.Policies[0].PolicyDocument.Statement.push({ Effect: 'Allow', Action: CONNECTED[service] ?? [], Resource: arn });
    }
  }

  private make(id: string, type: string, properties: object, madeFrom: string): void {
    this.made.push([id, { Type: type, Properties: properties }, madeFrom]);
  }
}

/** Maps are merged, lists appended, as SAM does it with `Globals`. */
function withGlobals(globals: Value, own: Value): Value {
  if (isObject(globals) && isObject(own)) {
    return Object.fromEntries([...new Set([...Object.keys(globals), ...Object.keys(own)])].map(key => [key, withGlobals(globals[key], own[key])]));
  }
  if (Array.isArray(globals) && Array.isArray(own)) return [...globals, ...own];
  return own ?? globals;
}

function statementOf(name: string, parameters: Value): object {
  const actions = POLICY_TEMPLATES.find(([pattern]) => pattern.test(name))?.[1] ?? [];
  return { Effect: 'Allow', Action: actions, Resource: Object.values(objectOf(parameters)).map(value => isObject(value) && attributeOf(value) ? { Ref: attributeOf(value)!.id } : value) };
}

/** A folder beside the template, or what was uploaded. */
function codeOf(uri: Value): object {
  return isObject(uri) && !('Bucket' in uri) ? { Uri: uri } : isObject(uri) ? { S3Bucket: uri.Bucket, S3Key: uri.Key } : { Uri: uri };
}
