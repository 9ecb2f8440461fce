import { CfnResource, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { FunctionResource } from './function-resource';
import { referredResource, renderedProperties, resourcesOfType } from './resource-index';

/** Lambda@Edge has neither X-Ray nor layers nor variables. https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-at-edge-function-restrictions.html */
export function isEdgeFunction(fn: FunctionResource): boolean {
  return isAssumedByEdge(fn.construct?.role)
    || resourcesOfType(fn.resource, 'AWS::CloudFront::Distribution').filter(isOfTemplate).some(distribution => functionsOf(distribution).includes(fn.resource));
}

/** CDK lets Lambda@Edge assume the role as soon as a distribution uses a version of the function. */
export function isAssumedByEdge(role: iam.IRole | undefined): boolean {
  return role instanceof iam.Role && role.assumeRolePolicy !== undefined
    && JSON.stringify(Stack.of(role).resolve(role.assumeRolePolicy)).includes('edgelambda.amazonaws.com');
}

/** Not one of CDK's own `Distribution`, which tells by the role. */
function isOfTemplate(distribution: CfnResource): boolean {
  return distribution.node.scope?.node.defaultChild !== distribution;
}

/** Functions whose versions a distribution names. */
function functionsOf(distribution: CfnResource): (CfnResource | undefined)[] {
  const { stack } = distribution;
  return associations(renderedProperties(distribution)).map(version => {
    const resource = referredResource(stack, version);
    return resource?.cfnResourceType === 'AWS::Lambda::Version' ? referredResource(stack, renderedProperties(resource).FunctionName) : resource;
  });
}

function associations(value: any): unknown[] {
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  return [...'LambdaFunctionARN' in value ? [value.LambdaFunctionARN] : [], ...Object.values(value).flatMap(associations)];
}
