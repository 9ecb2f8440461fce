import { CfnResource, Stack } from 'aws-cdk-lib';
import { IConstruct } from 'constructs';
import { TracingReport } from './tracing-report';

/** The resources of a scope, looked up once for each synth: what is asked for each function must not walk the tree for each. */
class ResourceIndex {
  private readonly byType = new Map<string, CfnResource[]>();
  private readonly byLogicalId = new Map<Stack, Map<string, CfnResource>>();

  constructor(scope: IConstruct) {
    for (const construct of scope.node.findAll()) {
      if (CfnResource.isCfnResource(construct)) {
        this.byType.set(construct.cfnResourceType, [...this.byType.get(construct.cfnResourceType) ?? [], construct]);
      }
    }
  }

  public ofType(type: string): readonly CfnResource[] {
    return this.byType.get(type) ?? [];
  }

  public find(stack: Stack, logicalId: string): CfnResource | undefined {
    let known = this.byLogicalId.get(stack);
    if (!known) {
      const resources = [...this.byType.values()].flat().filter(resource => resource.stack === stack);
      known = new Map(resources.map(resource => [stack.resolve(resource.logicalId) as string, resource]));
      this.byLogicalId.set(stack, known);
    }
    return known.get(logicalId);
  }
}

const indexes = new WeakMap<IConstruct, { readonly synthesis: number; readonly index: ResourceIndex }>();

/** Between two syntheses the tree may change at any time. */
function indexOf({ node: { root } }: IConstruct): ResourceIndex {
  const { synthesis } = TracingReport.of(root);
  const known = indexes.get(root);
  if (known && synthesis !== undefined && known.synthesis === synthesis) {
    return known.index;
  }
  const index = new ResourceIndex(root);
  if (synthesis !== undefined) {
    indexes.set(root, { synthesis, index });
  }
  return index;
}

/** All resources of a type in the app. */
export function resourcesOfType(scope: IConstruct, type: string): readonly CfnResource[] {
  return indexOf(scope).ofType(type);
}

/** The resource that an intrinsic function of a template refers to: `Ref`, `Fn::GetAtt`, or a `Fn::Sub` that holds nothing else. */
export function referredResource(stack: Stack, value: any): CfnResource | undefined {
  const id = logicalIdOf(value);
  return id === undefined ? undefined : indexOf(stack).find(stack, id);
}

export function logicalIdOf(value: any): string | undefined {
  if (typeof value?.Ref === 'string') {
    return value.Ref;
  }
  const attribute = value?.['Fn::GetAtt'];
  if (attribute !== undefined) {
    return typeof attribute === 'string' ? attribute.split('.')[0] : attribute[0];
  }
  return typeof value?.['Fn::Sub'] === 'string' ? /^\$\{([A-Za-z0-9]+)(?:\.Arn)?\}$/.exec(value['Fn::Sub'])?.[1] : undefined;
}

/** Properties of a resource as the template will have them. */
export function renderedProperties(resource: CfnResource): Record<string, any> {
  const { Resources: resources } = resource.stack.resolve((resource as unknown as { _toCloudFormation(): object })._toCloudFormation());
  return (Object.values(resources)[0] as { Properties?: Record<string, any> }).Properties ?? {};
}

/** The construct that people know a resource by: the one around it when it is that one's only or main part. */
export function ownerOf(resource: CfnResource): IConstruct {
  const scope = resource.node.scope;
  return scope?.node.defaultChild === resource ? scope : resource;
}
