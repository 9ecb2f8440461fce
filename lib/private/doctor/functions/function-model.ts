import * as path from 'path';
import { FunctionPackages } from './function-package';
import { PackageContents } from './package-contents';
import { Recorder, recorderIn, recorderOfLayer, strongest } from './recorder';
import { Role, Roles } from './role';
import { isWithin } from '../../files/is-within';
import { AppModel } from '../template/app-model';
import { listOf, objectOf, Resource, Value } from '../template/template';

/** `unknown`: a parameter or a condition decides. */
export type TracingMode = 'Active' | 'PassThrough' | 'none' | 'unknown';

/** A function, and what of it decides whether and how it is traced. */
export interface FunctionModel {
  readonly resource: Resource;
  readonly mode: TracingMode;
  /** `nodejs22.x`; undefined for container images, and where only the deployment knows it. */
  readonly runtime: string | undefined;
  readonly isImage: boolean;
  readonly handler: string;
  /** Values as text, with `${...}` for what only the deployment knows. */
  readonly variables: Readonly<Record<string, string>>;
  /** ARNs of layers as text. */
  readonly layers: readonly string[];
  /** The layers cannot be counted before the deployment. */
  readonly hasUnknownLayers: boolean;
  readonly role: Role | undefined;
  readonly recorder: Recorder;
  /** Part of CDK, SAM or the Serverless Framework themselves, such as a handler of custom resources. */
  readonly isOfTool: boolean;
  /** Runs at locations of CloudFront. */
  readonly isEdge: boolean;
}

export interface FunctionModelOptions {
  /** Functions that say nothing about tracing are taken as active, as the local cloud's `--trace-all` does it. */
  readonly traceAll?: boolean;
}

/** Names that tools give to their own functions, in logical ids and paths. */
const TOOLS = new RegExp([
  'CustomResourceProvider', 'CustomResource[A-Z]?\\w*Handler', 'LogRetention[0-9a-f]{32}', 'BucketNotificationsHandler', 'AWS679f53fac002430cb0da5b7982bd2287', 'Custom(?:CDKBucketDeployment|S3AutoDeleteObjects|VpcRestrict|CrossRegionExport|ECRAutoDelete|AwsCliLayer)\\w*',
  'framework-(?:onEvent|isComplete|onTimeout)', 'SingletonLambda', 'AwsCustomResource', 'KubectlHandler', 'ClusterResourceHandler', 'Custom::\\w+CustomResourceProvider',
  '^CustomDashresource', 'CustomDashresource(?:Dash)?\\w*LambdaFunction', 'waiter-state-machine',
].join('|'));

export function functionsOf(app: AppModel, roles: Roles, { traceAll = false }: FunctionModelOptions = {}): FunctionModel[] {
  const packages = new FunctionPackages();
  const contents = new PackageContents();
  const edges = edgeFunctions(app);
  return app.ofType('AWS::Lambda::Function').map(resource => {
    const { properties, template } = resource;
    const variables = Object.fromEntries(Object.entries(objectOf(objectOf(properties.Environment).Variables)).map(([name, value]) => [name, app.text(value, template) ?? '']));
    const isImage = properties.PackageType === 'Image' || objectOf(properties.Code).ImageUri !== undefined;
    const layers = Array.isArray(properties.Layers) ? properties.Layers : listOf(properties.Layers);
    const layerTexts = layers.map(layer => app.text(layer, template) ?? '');
    const role = roles.of(properties.Role, resource);
    return {
      resource, variables, isImage, role,
      mode: modeOf(properties, app, resource, traceAll),
      runtime: isImage ? undefined : runtimeOf(properties.Runtime, app, resource),
      handler: app.text(properties.Handler, template) ?? '',
      layers: layerTexts,
      hasUnknownLayers: properties.Layers !== undefined && (!Array.isArray(properties.Layers) || layers.some(layer => 'Fn::If' in objectOf(layer))),
      recorder: recorderOf(resource, variables, isImage, layers, layerTexts, app, packages, contents),
      isOfTool: TOOLS.test(resource.id) || TOOLS.test(resource.path),
      isEdge: edges.has(resource) || /edgelambda\.amazonaws\.com/.test(JSON.stringify(role?.resource.properties.AssumeRolePolicyDocument ?? '')),
    };
  });
}

function modeOf(properties: Record<string, Value>, app: AppModel, { template }: Resource, traceAll: boolean): TracingMode {
  const mode = properties.TracingConfig === undefined ? undefined : objectOf(properties.TracingConfig).Mode ?? 'unknown';
  // Lambda's own word for no configuration is PassThrough; a template that says so has decided it.
  if (mode === undefined) return traceAll ? 'Active' : 'none';
  const text = app.text(mode, template);
  return text === 'Active' || text === 'PassThrough' ? text : 'unknown';
}

function runtimeOf(value: Value, app: AppModel, { template }: Resource): string | undefined {
  const text = app.text(value, template);
  return text === undefined || text.includes('${') ? undefined : text;
}

function recorderOf(
  resource: Resource, variables: Readonly<Record<string, string>>, isImage: boolean, layers: readonly Value[], layerTexts: readonly string[],
  app: AppModel, packages: FunctionPackages, contents: PackageContents,
): Recorder {
  const look = (owner: Resource, code: unknown): Recorder => {
    const found = packages.find(owner, code);
    if (found === undefined) return 'unknown';
    if ('text' in found) return recorderIn(found.text) ?? 'none';
    const recorder = contents.recorderOf(found.path);
    // A stack that was not selected is not bundled: what the assembly names then is the source, from which a package is still to be made.
    return recorder === 'none' && owner.template.dialect === 'cdk' && !isWithin(path.dirname(owner.template.file), found.path) ? 'unknown' : recorder;
  };
  const ofLayers = layers.map((layer, index) => {
    const target = app.target(layer, resource.template);
    const byName = recorderOfLayer(layerTexts[index]);
    if (byName !== undefined) return byName;
    return target?.type === 'AWS::Lambda::LayerVersion' ? look(target, target.properties.Content) : 'unknown';
  });
  const ofVariables = Object.keys(variables).some(name => name.startsWith('DD_')) && /datadog/i.test(`${Object.keys(variables).join()} ${String(resource.properties.Handler)}`) ? 'Datadog' : undefined;
  if (/datadog-lambda-js|datadog_lambda/.test(String(resource.properties.Handler))) return 'Datadog';
  const ofPackage = isImage ? 'unknown' : look(resource, resource.properties.Code);
  // A wrapper script of an ADOT layer is what records, whatever the package holds.
  return strongest([ofPackage, ...ofLayers, ofVariables]) ?? 'none';
}

/** Functions whose versions a distribution of CloudFront names. */
function edgeFunctions(app: AppModel): Set<Resource> {
  const found = new Set<Resource>();
  const visit = (value: Value, owner: Resource): void => {
    if (typeof value !== 'object' || value === null) return;
    if ('LambdaFunctionARN' in value) {
      const fn = app.functionOf(value.LambdaFunctionARN, owner.template);
      if (fn) found.add(fn);
    }
    Object.values(value).forEach(part => visit(part, owner));
  };
  for (const distribution of app.ofType('AWS::CloudFront::Distribution')) visit(distribution.properties, distribution);
  return found;
}

/** `nodejs`, `python`, `java`, `dotnet`, `ruby`, `go`, `provided`; undefined for images. */
export function familyOf(runtime: string | undefined): string | undefined {
  return runtime === undefined ? undefined : /^[a-z]+/.exec(runtime)?.[0];
}

