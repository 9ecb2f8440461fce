import { CfnResource, IResolveContext, Lazy } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import {
  ASSET_RESOURCE_METADATA_ENABLED_CONTEXT, ASSET_RESOURCE_METADATA_IS_BUNDLED_KEY, ASSET_RESOURCE_METADATA_PATH_KEY,
  ASSET_RESOURCE_METADATA_PROPERTY_KEY,
} from 'aws-cdk-lib/cx-api';
import { Construct } from 'constructs';
import { JobRequest } from './bundling-job';
import { BundlingPlan } from './bundling-plan';
import type { PackageSize } from './package-size';
import { withFiles } from '../validation-error';

/** Code that is bundled when the template is resolved, with all other code of the app. */
export class BundledCode extends lambda.Code {
  public readonly isInline = false;
  private locate?: (attribute: 'bucketName' | 'objectKey' | 'path', context: IResolveContext) => string;

  private planned?: { readonly plan: BundlingPlan; readonly scope: Construct; readonly key: string };

  constructor(private readonly request: JobRequest) {
    super();
  }

  /** Bundles what is pending, unless the stack needs no packages. @returns what went wrong with this package */
  public failure(): string | undefined {
    const { plan, scope, key } = this.planned!;
    return withFiles(scope, () => plan.failure(scope, key));
  }

  /** Of the finished package; undefined where its stack needs none, or it could not be made. */
  public size(): PackageSize | undefined {
    const { plan, scope, key } = this.planned!;
    return withFiles(scope, () => plan.size(scope, key));
  }

  /** The package is not wanted any more: the construct has been given other code. */
  public withdraw(): void {
    const { plan, scope, key } = this.planned!;
    plan.withdraw(scope, key);
  }

  public bind(scope: Construct): lambda.CodeConfig {
    const plan = BundlingPlan.of(scope);
    const key = plan.request(scope, this.request);
    this.planned = { plan, scope, key };
    // CDK resolves everything once before it validates, and hides an error of that time behind its own words and source.
    let failure: unknown;
    scope.node.addValidation({
      validate: () => {
        if (failure) {
          throw failure;
        }
        return [];
      },
    });
    this.locate = (attribute, context) => {
      try {
        failure = undefined;
        return withFiles(scope, () => plan.locate(scope, key)[attribute]);
      } catch (error) {
        if (!context.preparing) {
          throw error;
        }
        failure = error;
        return 'not-bundled';
      }
    };
    return {
      s3Location: {
        bucketName: Lazy.uncachedString({ produce: context => this.locate!('bucketName', context) }),
        objectKey: Lazy.uncachedString({ produce: context => this.locate!('objectKey', context) }),
      },
    };
  }

  /** Tells SAM and the CDK CLI where the package lies, as `Code.fromAsset` does. */
  public bindToResource(resource: CfnResource, options?: lambda.ResourceBindOptions): void {
    if (!resource.node.tryGetContext(ASSET_RESOURCE_METADATA_ENABLED_CONTEXT)) {
      return;
    }
    resource.addMetadata(ASSET_RESOURCE_METADATA_PATH_KEY, Lazy.uncachedString({ produce: context => this.locate!('path', context) }));
    resource.addMetadata(ASSET_RESOURCE_METADATA_IS_BUNDLED_KEY, true);
    resource.addMetadata(ASSET_RESOURCE_METADATA_PROPERTY_KEY, options?.resourceProperty ?? 'Code');
  }
}
