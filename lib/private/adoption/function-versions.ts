import { FunctionResource } from './function-resource';
import { logicalIdOf, ownerOf, renderedProperties, resourcesOfType } from './resource-index';

/** Notes on versions of a function that are not made anew when it changes: what calls one of them goes on to call the function as it was. */
export function explicitVersions(fn: FunctionResource): string[] {
  const { stack } = fn.resource;
  if (fn.isSam) {
    return fn.properties.AutoPublishAlias !== undefined && fn.properties.AutoPublishAliasAllProperties !== true
      ? ['AutoPublishAlias publishes a new version only when the code changes; set AutoPublishAliasAllProperties to true, or the alias stays untraced'] : [];
  }
  const versions = resourcesOfType(fn.resource, 'AWS::Lambda::Version').filter(version => version.stack === stack && version.node.scope?.node.id !== 'CurrentVersion');
  const id = stack.resolve(fn.resource.logicalId);
  return versions.filter(version => logicalIdOf(renderedProperties(version).FunctionName) === id)
    .map(version => `the version '${ownerOf(version).node.path}' stays as it was published; use 'currentVersion', or give it a new id, and what calls it is traced`);
}
