import { CfnResource, IAspect } from 'aws-cdk-lib';
import { IConstruct, IMixin } from 'constructs';
import { Instrumentation } from './instrumentation';
import { FunctionResource } from './private/adoption/function-resource';
import { FunctionTracer } from './private/adoption/function-tracer';

/**
 * How a function gets the permission to send traces.
 */
export enum TracingPermissions {
  /** The AWS managed policy `AWSXRayDaemonWriteAccess`, attached to the role. */
  MANAGED_POLICY = 'MANAGED_POLICY',

  /** A statement in the role's own policy, for organisations that forbid managed policies. */
  INLINE_STATEMENT = 'INLINE_STATEMENT',
}

/**
 * Properties of `Traced`.
 */
export interface TracedProps {
  /**
   * What records the calls that functions make. Options that have no effect in a function's language are left out there.
   *
   * @default - OpenTelemetry. A function whose code calls the AWS X-Ray SDK keeps recording with that.
   */
  readonly instrumentation?: Instrumentation;

  /**
   * How roles get the permission to send traces.
   *
   * @default TracingPermissions.MANAGED_POLICY
   */
  readonly permissions?: TracingPermissions;

  /**
   * Whether functions with `Tracing.DISABLED` are traced, too.
   *
   * @default false
   */
  readonly override?: boolean;

  /**
   * Whether the handlers of CDK's own constructs are traced, too: custom resources, bucket deployments, log retention.
   *
   * @default false
   */
  readonly cdkHandlers?: boolean;
}

/**
 * Traces functions that were made without `TracedFunction`: by `lambda.Function`, an L1, an included template, another construct library.
 * Their packages stay as they are. A layer that all functions of a stack in the same language share records their calls; in languages
 * that cannot take it, and for container images, X-Ray shows Lambda's own segments.
 *
 * Apply it to one construct with `fn.with(new Traced())`, to many with `Mixins.of(scope).apply(new Traced())`, and to those that are made later
 * with `Aspects.of(scope).add(new Traced())`. `TracedFunctions.everywhere()` does more: it also bundles functions whose source it knows.
 */
export class Traced implements IAspect, IMixin {
  private readonly tracer: FunctionTracer;

  constructor(props: TracedProps = {}) {
    this.tracer = new FunctionTracer({
      instrumentation: props.instrumentation,
      inlinePermissions: props.permissions === TracingPermissions.INLINE_STATEMENT,
      override: props.override ?? false,
      cdkHandlers: props.cdkHandlers ?? false,
    });
  }

  /** Whether the construct is a function's resource: `AWS::Lambda::Function` or `AWS::Serverless::Function`. */
  public supports(construct: IConstruct): boolean {
    return FunctionResource.isFunction(construct);
  }

  /** Traces the function. */
  public applyTo(construct: IConstruct): void {
    this.tracer.trace(construct as CfnResource);
  }

  /** Traces the construct if it is a function's resource. */
  public visit(node: IConstruct): void {
    if (this.supports(node)) {
      this.applyTo(node);
    }
  }
}
