/** Values of a template: what JSON holds, intrinsic functions in their long form. */
export type Value = any;

/** Which tool a template was written for: it decides in what words a fix is given. */
export type Dialect = 'cdk' | 'cloudformation' | 'sam' | 'serverless';

/** A resource of a template, or one that SAM would make. */
export interface Resource {
  readonly id: string;
  readonly type: string;
  readonly properties: Record<string, Value>;
  readonly metadata: Record<string, Value>;
  readonly template: Template;
  /** What the reader knows it by: the construct's path, or the logical id. */
  readonly path: string;
  /** Of a resource that SAM makes: the one of the template that it comes from. */
  readonly madeFrom?: string;
}

export interface Place {
  readonly stackName?: string;
  readonly account?: string;
  readonly region?: string;
}

/** One template, with what leads from one of its values to a resource. */
export class Template {
  public readonly resources = new Map<string, Resource>();
  public readonly parameters: Record<string, Value>;
  public readonly outputs: Record<string, Value>;
  /** The stack of which this is a nested one, and the resource that makes it. */
  public parent?: Resource;
  private readonly byType = new Map<string, Resource[]>();

  constructor(
    public readonly file: string,
    /** As it was read, for the lines of findings. */
    public readonly source: string,
    public readonly body: Record<string, Value>,
    public readonly dialect: Dialect,
    public readonly place: Place,
  ) {
    this.parameters = objectOf(body.Parameters);
    this.outputs = objectOf(body.Outputs);
  }

  public add(id: string, body: Value, madeFrom?: string): void {
    if (!isObject(body) || typeof body.Type !== 'string') return;
    const metadata = objectOf(body.Metadata);
    const cdkPath = metadata['aws:cdk:path'];
    const resource: Resource = {
      id, type: body.Type, properties: objectOf(body.Properties), metadata, template: this, madeFrom,
      path: typeof cdkPath === 'string' ? cdkPath.replace(/\/(?:Resource|Default)$/, '') : madeFrom ?? id,
    };
    this.resources.set(id, resource);
    this.byType.set(resource.type, [...this.byType.get(resource.type) ?? [], resource]);
  }

  public ofType(type: string): readonly Resource[] {
    return this.byType.get(type) ?? [];
  }
}

export function isObject(value: unknown): value is Record<string, Value> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectOf(value: unknown): Record<string, Value> {
  return isObject(value) ? value : {};
}

export function listOf(value: unknown): Value[] {
  return Array.isArray(value) ? value : value === undefined || value === null ? [] : [value];
}
