import { isObject, listOf, Resource, Template, Value } from './template';

/** Attributes that hold the name which a person gave to a resource. */
const NAME_PROPERTIES = [
  'FunctionName', 'QueueName', 'TopicName', 'TableName', 'BucketName', 'StateMachineName', 'StreamName', 'DeliveryStreamName', 'RoleName', 'LogGroupName', 'Name',
];
/** Where a value may lead through resources, such as an alias of a version of a function. */
const MOST_STEPS = 20;

/** All templates of an app, with what leads from a value of one to a resource of the same or another. */
export class AppModel {
  private readonly exports = new Map<string, { value: Value; template: Template }>();
  private readonly named = new Map<string, Resource[]>();
  private readonly outputsByStack = new Map<string, Template>();
  private readonly all = new Map<string, Resource[]>();

  constructor(public readonly templates: readonly Template[]) {
    for (const template of templates) {
      for (const output of Object.values(template.outputs)) {
        const name = isObject(output) && isObject(output.Export) ? this.text(output.Export.Name, template) : undefined;
        if (name !== undefined) this.exports.set(name, { value: output.Value, template });
      }
      if (template.place.stackName) this.outputsByStack.set(template.place.stackName, template);
      for (const resource of template.resources.values()) {
        this.all.set(resource.type, [...this.all.get(resource.type) ?? [], resource]);
        for (const property of NAME_PROPERTIES) {
          const name = resource.properties[property];
          if (typeof name === 'string') this.named.set(name, [...this.named.get(name) ?? [], resource]);
        }
      }
    }
  }

  /** All resources of a type, of all templates. */
  public ofType(...types: string[]): readonly Resource[] {
    return types.length === 1 ? this.all.get(types[0]) ?? [] : types.flatMap(type => this.all.get(type) ?? []);
  }

  public get resources(): Resource[] {
    return this.templates.flatMap(template => [...template.resources.values()]);
  }

  /** The resource that a value names by a reference, an import, an ARN or a name; undefined for what the templates do not hold. */
  public target(value: Value, template: Template, steps = 0): Resource | undefined {
    if (steps > MOST_STEPS) return undefined;
    const again = (next: Value, where = template) => this.target(next, where, steps + 1);
    if (typeof value === 'string') return this.byArnOrName(value);
    if (!isObject(value)) return undefined;
    if ('Ref' in value) return this.referred(String(value.Ref), template, steps);
    const attribute = attributeOf(value);
    if (attribute) {
      const resource = template.resources.get(attribute.id);
      const child = resource && attribute.name.startsWith('Outputs.') ? this.templates.find(({ parent }) => parent === resource) : undefined;
      return child ? again(child.outputs[attribute.name.slice('Outputs.'.length)]?.Value, child) : resource;
    }
    if ('Fn::ImportValue' in value) {
      const exported = this.exports.get(this.text(value['Fn::ImportValue'], template) ?? '');
      return exported && again(exported.value, exported.template);
    }
    if ('Fn::GetStackOutput' in value) {
      const { StackName: stack, OutputName: output } = value['Fn::GetStackOutput'] ?? {};
      const other = this.outputsByStack.get(String(stack));
      return other && again(other.outputs[String(output)]?.Value, other);
    }
    if ('Fn::Sub' in value) {
      const [text, variables] = subOf(value['Fn::Sub']);
      for (const [, name] of text.matchAll(/\$\{([^!}][^}]*)\}/g)) {
        if (name.startsWith('AWS::')) continue;
        const found = name in variables ? again(variables[name]) : again(name.includes('.') ? { 'Fn::GetAtt': name } : { Ref: name });
        if (found) return found;
      }
      return this.byArnOrName(this.text(value, template) ?? '');
    }
    if ('Fn::Join' in value) {
      const parts = listOf(listOf(value['Fn::Join'])[1]);
      for (const part of parts) {
        const found = isObject(part) ? again(part) : undefined;
        if (found) return found;
      }
      return this.byArnOrName(this.text(value, template) ?? '');
    }
    if ('Fn::If' in value) return again(value['Fn::If']?.[1]) ?? again(value['Fn::If']?.[2]);
    if ('Fn::Select' in value) {
      const [index, list] = listOf(value['Fn::Select']);
      return Array.isArray(list) ? again(list[Number(index)]) : again(list);
    }
    if ('Fn::Split' in value) return again(value['Fn::Split']?.[1]);
    return undefined;
  }

  private referred(id: string, template: Template, steps: number): Resource | undefined {
    const resource = template.resources.get(id);
    if (resource) return resource;
    const given = template.parent?.properties.Parameters?.[id];
    if (given !== undefined) return this.target(given, template.parent!.template, steps + 1);
    const standard = template.parameters[id]?.Default;
    return typeof standard === 'string' ? this.byArnOrName(standard) : undefined;
  }

  /** All resources that a value names anywhere in it. */
  public targets(value: Value, template: Template): Resource[] {
    const found = this.target(value, template);
    if (found) return [found];
    if (typeof value !== 'object' || value === null) return [];
    return Object.values(value).flatMap(part => this.targets(part, template));
  }

  /** The function behind an alias, a version, or itself. */
  public functionOf(value: Value, template: Template): Resource | undefined {
    let found = this.target(value, template);
    for (let steps = 0; found && steps < MOST_STEPS; steps += 1) {
      if (found.type !== 'AWS::Lambda::Alias' && found.type !== 'AWS::Lambda::Version') break;
      found = this.target(found.properties.FunctionName, found.template);
    }
    return found?.type === 'AWS::Lambda::Function' ? found : undefined;
  }

  private byArnOrName(text: string): Resource | undefined {
    if (text === '') return undefined;
    const arn = /^arn:[^:]*:([^:]*):[^:]*:[^:]*:(.+)$/.exec(text);
    if (!arn) return this.named.get(text)?.[0];
    const [, service, rest] = arn;
    const name = service === 'lambda' ? rest.split(':')[1] : service === 'iam' ? rest.split('/').pop()! : rest.split(/[:/]/).filter(Boolean)[/^(?:sqs|sns|s3)$/.test(service) ? 0 : 1];
    const candidates = this.named.get(name ?? '') ?? [];
    return candidates.find(({ type }) => type.split('::')[1]?.toLowerCase() === SERVICES[service]);
  }

  /** A value as text, with `${Id}` for what only a deployment knows; undefined for what is no text. */
  public text(value: Value, template: Template): string | undefined {
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
    if (!isObject(value)) return undefined;
    if ('Ref' in value) {
      const name = String(value.Ref);
      const { region, account, stackName } = template.place;
      const known: Record<string, string | undefined> = { 'AWS::Region': region, 'AWS::AccountId': account, 'AWS::StackName': stackName, 'AWS::Partition': 'aws', 'AWS::URLSuffix': 'amazonaws.com' };
      if (known[name] !== undefined) return known[name];
      if (template.resources.has(name)) return `\${${name}}`;
      const given = template.parent?.properties.Parameters?.[name];
      if (given !== undefined) return this.text(given, template.parent!.template);
      const standard = template.parameters[name]?.Default;
      return standard === undefined || /^AWS::SSM/.test(String(template.parameters[name]?.Type)) ? `\${${name}}` : String(standard);
    }
    const attribute = attributeOf(value);
    if (attribute) return `\${${attribute.id}.${attribute.name}}`;
    if ('Fn::Join' in value) {
      const [separator, parts] = listOf(value['Fn::Join']);
      return Array.isArray(parts) ? parts.map(part => this.text(part, template) ?? '').join(String(separator)) : undefined;
    }
    if ('Fn::Sub' in value) {
      const [text, variables] = subOf(value['Fn::Sub']);
      return text.replace(/\$\{([^!}][^}]*)\}/g, (whole, name: string) => (
        name in variables ? this.text(variables[name], template) : this.text(name.includes('.') ? { 'Fn::GetAtt': name } : { Ref: name }, template)) ?? whole);
    }
    if ('Fn::If' in value) return this.text(value['Fn::If']?.[1], template) ?? this.text(value['Fn::If']?.[2], template);
    if ('Fn::FindInMap' in value) return '${Fn::FindInMap}';
    if ('Fn::ImportValue' in value) {
      const exported = this.exports.get(this.text(value['Fn::ImportValue'], template) ?? '');
      return exported ? this.text(exported.value, exported.template) : '${Fn::ImportValue}';
    }
    return undefined;
  }

  /** All texts within a value, one after the other. */
  public texts(value: Value, template: Template): string {
    if (Array.isArray(value)) return value.map(part => this.texts(part, template)).join('\n');
    const text = this.text(value, template);
    if (text !== undefined || !isObject(value)) return text ?? '';
    return Object.entries(value).map(([key, part]) => `${key}\n${this.texts(part, template)}`).join('\n');
  }
}

/** How the services of ARNs are called in types of resources. */
const SERVICES: Record<string, string> = {
  lambda: 'lambda', sqs: 'sqs', sns: 'sns', s3: 's3', dynamodb: 'dynamodb', states: 'stepfunctions', kinesis: 'kinesis', firehose: 'kinesisfirehose', iam: 'iam', events: 'events', logs: 'logs',
};

export function attributeOf(value: Record<string, Value>): { id: string; name: string } | undefined {
  const attribute = value['Fn::GetAtt'];
  if (Array.isArray(attribute) && attribute.length > 1) return { id: String(attribute[0]), name: attribute.slice(1).map(String).join('.') };
  if (typeof attribute !== 'string') return undefined;
  const dot = attribute.indexOf('.');
  return dot < 0 ? undefined : { id: attribute.slice(0, dot), name: attribute.slice(dot + 1) };
}

function subOf(value: Value): [string, Record<string, Value>] {
  return Array.isArray(value) ? [String(value[0]), isObject(value[1]) ? value[1] : {}] : [String(value), {}];
}
