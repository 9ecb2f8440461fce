import { CfnResource, Token } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { IConstruct } from 'constructs';
import { ownerOf, renderedProperties } from './resource-index';

const TYPES = ['AWS::Lambda::Function', 'AWS::Serverless::Function'];

/** A function as CloudFormation sees it, whoever made it: `lambda.Function`, an L1, a template that was included, a generic `CfnResource`. */
export class FunctionResource {
  public static isFunction(construct: IConstruct): construct is CfnResource {
    return CfnResource.isCfnResource(construct) && TYPES.includes(construct.cfnResourceType);
  }

  /** The construct that people know it by: that of `lambda.Function`, else the resource itself. */
  public readonly owner: IConstruct;
  /** Present when the function was made by `lambda.Function` or a class made from it. */
  public readonly construct?: lambda.Function;
  public readonly isSam: boolean;
  private rendered?: Record<string, any>;

  constructor(public readonly resource: CfnResource) {
    const scope = resource.node.scope;
    this.owner = ownerOf(resource);
    this.construct = scope instanceof lambda.Function && this.owner === scope ? scope : undefined;
    this.isSam = resource.cfnResourceType === 'AWS::Serverless::Function';
  }

  public get path(): string {
    return this.owner.node.path;
  }

  /**
   * Its properties as the template will have them, with what was overridden. Bundles the function's package when that is one of this package's.
   */
  public get properties(): Record<string, any> {
    if (!this.rendered) {
      this.rendered = renderedProperties(this.resource);
    }
    return this.rendered;
  }

  /** `nodejs22.x`; undefined when it is only known at deployment, or the function is a container image. */
  public get runtime(): string | undefined {
    const { Runtime: runtime } = this.properties;
    return typeof runtime === 'string' ? runtime : undefined;
  }

  public get isImage(): boolean {
    const { PackageType, Code } = this.properties;
    return PackageType === 'Image' || Code?.ImageUri !== undefined || this.properties.ImageUri !== undefined;
  }

  /** The tracing mode; an object when it is only known at deployment. */
  public get tracingMode(): unknown {
    return this.isSam ? this.properties.Tracing : this.properties.TracingConfig?.Mode;
  }

  public set tracingMode(mode: string) {
    if (this.resource instanceof lambda.CfnFunction) {
      this.resource.tracingConfig = { mode };
    } else {
      this.resource.addPropertyOverride(this.isSam ? 'Tracing' : 'TracingConfig.Mode', mode);
    }
    this.rendered = undefined;
  }

  /** ARNs of its layers; undefined when only the deployment knows how many there are. */
  public get layers(): unknown[] | undefined {
    const { Layers: layers = [] } = this.properties;
    return Array.isArray(layers) ? layers : undefined;
  }

  /** Its environment variables; undefined when only the deployment knows which there are. */
  public get variables(): Record<string, unknown> | undefined {
    const { Environment: environment = {} } = this.properties;
    const variables = environment.Variables ?? {};
    const isPlain = (value: object) => !Object.keys(value).some(key => key === 'Ref' || key.startsWith('Fn::'));
    return isPlain(environment) && isPlain(variables) ? variables : undefined;
  }

  public addVariables(variables: Record<string, unknown>): void {
    for (const [name, value] of Object.entries(variables)) {
      if (this.construct) {
        this.construct.addEnvironment(name, Token.isUnresolved(value) || typeof value === 'string' ? value as string : Token.asString(value));
      } else {
        this.resource.addPropertyOverride(`Environment.Variables.${name}`, value);
      }
    }
    this.rendered = undefined;
  }

  public addLayer(layer: lambda.ILayerVersion): void {
    if (this.construct && !this.isOverridden('Layers')) {
      this.construct.addLayers(layer);
    } else {
      this.resource.addPropertyOverride('Layers', [...this.layers!, layer.layerVersionArn]);
    }
    this.rendered = undefined;
  }

  public set handler(handler: string) {
    if (this.resource instanceof lambda.CfnFunction && !this.isOverridden('Handler')) {
      this.resource.handler = handler;
    } else {
      this.resource.addPropertyOverride('Handler', handler);
    }
    this.rendered = undefined;
  }

  private isOverridden(property: string): boolean {
    const { rawOverrides } = this.resource as unknown as { rawOverrides?: { Properties?: Record<string, unknown> } };
    return rawOverrides?.Properties?.[property] !== undefined;
  }
}
