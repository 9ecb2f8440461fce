import { FunctionModel } from '../functions/function-model';
import { AppModel } from '../template/app-model';
import { Resource } from '../template/template';

/** A part of an app that requests pass through: a function, a topic, a queue, a table... */
export interface Stop {
  readonly key: string;
  /** For people: path of the construct, or what is behind it. */
  readonly label: string;
  /** The type of its own segments, or of those that X-Ray infers from calls of it: `AWS::DynamoDB::Table`. */
  readonly type: string;
  /** What it is called on the map. */
  readonly name: PhysicalName;
  /** Sends segments of its own. */
  readonly isTraced: boolean;
  readonly resource?: Resource;
  readonly fn?: FunctionModel;
  readonly isOfTool?: boolean;
}

/** The name that a resource has when it is deployed: as the template gives it, or as CloudFormation makes it. */
export class PhysicalName {
  public static exact(name: string): PhysicalName {
    return new PhysicalName(name, new RegExp(`^${escaped(name)}$`));
  }

  /** @param text may hold `${...}` for what only the deployment knows */
  public static of(text: string | undefined, resource: Resource): PhysicalName {
    if (text !== undefined && !text.includes('${')) return PhysicalName.exact(text);
    if (text !== undefined) return new PhysicalName(text, new RegExp(`^${text.split(/\$\{[^}]*\}/).map(escaped).join('.+')}$`));
    const { stackName } = resource.template.place;
    // <stack>-<logical id>-<random>; what does not fit is cut off.
    const made = `${stackName === undefined ? '' : `${stackName}-`}${resource.id}`;
    return new PhysicalName(made, new RegExp(`^${stackName === undefined ? '(?:.*-)?' : ''}${escaped(made.slice(0, MOST_CHARACTERS))}`, 'i'));
  }

  private constructor(public readonly text: string, private readonly pattern: RegExp) {}

  public matches(name: string): boolean {
    return this.pattern.test(name);
  }
}

const MOST_CHARACTERS = 40;

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** Types of resources that are stops, with the property that names them and the type that X-Ray knows them by. */
const KINDS: Record<string, { readonly name: string; readonly type: string; readonly isTraced?: (resource: Resource) => boolean }> = {
  'AWS::SNS::Topic': { name: 'TopicName', type: 'AWS::SNS', isTraced: ({ properties }) => properties.TracingConfig === 'Active' },
  'AWS::SQS::Queue': { name: 'QueueName', type: 'AWS::SQS::Queue' },
  'AWS::S3::Bucket': { name: 'BucketName', type: 'AWS::S3::Bucket' },
  'AWS::DynamoDB::Table': { name: 'TableName', type: 'AWS::DynamoDB::Table' },
  'AWS::DynamoDB::GlobalTable': { name: 'TableName', type: 'AWS::DynamoDB::Table' },
  'AWS::Kinesis::Stream': { name: 'Name', type: 'AWS::Kinesis' },
  'AWS::KinesisFirehose::DeliveryStream': { name: 'DeliveryStreamName', type: 'AWS::Firehose' },
  'AWS::Events::EventBus': { name: 'Name', type: 'AWS::Events' },
  'AWS::Events::Rule': { name: 'Name', type: 'AWS::Events' },
  'AWS::Scheduler::Schedule': { name: 'Name', type: 'AWS::Scheduler' },
  'AWS::Logs::LogGroup': { name: 'LogGroupName', type: 'AWS::Logs' },
  'AWS::ApiGatewayV2::Api': { name: 'Name', type: 'AWS::ApiGatewayV2' },
  'AWS::AppSync::GraphQLApi': { name: 'Name', type: 'AWS::AppSync::GraphQLAPI', isTraced: ({ properties }) => properties.XrayEnabled === true },
  'AWS::StepFunctions::StateMachine': { name: 'StateMachineName', type: 'AWS::StepFunctions::StateMachine', isTraced: ({ properties }) => properties.TracingConfiguration?.Enabled === true },
  'AWS::SecretsManager::Secret': { name: 'Name', type: 'AWS::SecretsManager' },
  'AWS::SSM::Parameter': { name: 'Name', type: 'AWS::SSM' },
};

/** All stops of an app, each made when it is first asked for. */
export class Stops {
  private readonly known = new Map<string, Stop>();
  private readonly functions = new Map<Resource, FunctionModel>();

  constructor(private readonly app: AppModel, functions: readonly FunctionModel[], private readonly traceAll: boolean) {
    for (const fn of functions) this.functions.set(fn.resource, fn);
  }

  public get all(): Stop[] {
    return [...this.known.values()];
  }

  /** The stop of a resource; undefined for one that no request passes through. */
  public of(resource: Resource | undefined): Stop | undefined {
    if (resource === undefined) return undefined;
    if (resource.type === 'AWS::ApiGateway::RestApi') return this.restApi(resource);
    if (resource.type === 'AWS::ApiGateway::Stage') return this.restApi(this.app.target(resource.properties.RestApiId, resource.template) ?? resource);
    if (/^AWS::Lambda::(?:Alias|Version)$/.test(resource.type)) {
      return this.of(this.app.functionOf(resource.properties.FunctionName, resource.template));
    }
    const fn = this.functions.get(resource);
    const kind = KINDS[resource.type];
    if (!fn && !kind) return undefined;
    return this.keep(keyOf(resource), () => fn ? {
      label: resource.path, type: 'AWS::Lambda', name: PhysicalName.of(this.named(resource, 'FunctionName'), resource), isTraced: fn.mode === 'Active' || fn.mode === 'PassThrough' || fn.mode === 'unknown',
      resource, fn, isOfTool: fn.isOfTool,
    } : {
      label: resource.path, type: kind.type, name: PhysicalName.of(this.named(resource, kind.name), resource),
      isTraced: kind.isTraced?.(resource) ?? false, resource,
    });
  }

  /** Something that is no resource of the templates: the bus `default`. */
  public outside(label: string, type: string): Stop {
    return this.keep(`${type} ${label}`, () => ({ label, type, name: PhysicalName.exact(label), isTraced: false }));
  }

  /** An API is on the map by its stage; of several the first stands for all. */
  private restApi(api: Resource): Stop {
    return this.keep(keyOf(api), () => {
      const stages = [...this.app.ofType('AWS::ApiGateway::Stage')].filter(stage => this.app.target(stage.properties.RestApiId, stage.template) === api);
      const deployment = this.app.ofType('AWS::ApiGateway::Deployment').find(candidate => candidate.properties.StageName !== undefined && this.app.target(candidate.properties.RestApiId, candidate.template) === api);
      const stage = stages.find(candidate => candidate.properties.TracingEnabled === true) ?? stages[0];
      const stageName = this.app.text((stage ?? deployment)?.properties.StageName, api.template) ?? '${Stage}';
      const apiName = this.named(api, 'Name') ?? (api.properties.Body?.info?.title as string | undefined) ?? '${Api}';
      const { TracingEnabled: isOn } = (stage ? stage.properties : deployment?.properties.StageDescription) ?? {};
      const isTraced = this.traceAll || isOn === true;
      return { label: api.path, type: 'AWS::ApiGateway::Stage', name: PhysicalName.of(`${apiName}/${stageName}`, api), isTraced, resource: stage ?? deployment ?? api };
    });
  }

  private named(resource: Resource, property: string): string | undefined {
    return this.app.text(resource.properties[property], resource.template);
  }

  private keep(key: string, make: () => Omit<Stop, 'key'>): Stop {
    let stop = this.known.get(key);
    if (!stop) this.known.set(key, stop = { key, ...make() });
    return stop;
  }
}

function keyOf({ id, template }: Resource): string {
  return `${template.place.stackName ?? template.file}/${id}`;
}
