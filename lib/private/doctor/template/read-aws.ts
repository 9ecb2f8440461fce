import { spawnSync } from 'child_process';
import { AppModel } from './app-model';
import { templateOf } from './read-app';
import { ReadError } from './read-error';
import { isObject, listOf, Template } from './template';

/** Calls of the AWS CLI, all of which read. */
type Ask = (...args: string[]) => any;

/**
 * Reads stacks that are deployed, by the AWS CLI, which knows where credentials come from: their templates, what the account has that templates
 * need not hold (resource policies of X-Ray, Transaction Search), and the tracing mode that each function really has.
 */
export function readDeployedStacks(names: readonly string[], ask: Ask = aws): AppModel {
  const policies = ask('xray', 'list-resource-policies');
  const destination = ask('xray', 'get-trace-segment-destination');
  const templates = names.map(name => {
    const { TemplateBody: body } = ask('cloudformation', 'get-template', '--stack-name', name, '--template-stage', 'Processed') ?? {};
    if (body === undefined) throw new ReadError(`the stack '${name}' has no template that can be read; is its name right, and the region?`);
    const template = templateOf(typeof body === 'string' ? body : JSON.stringify(body), `${name}.deployed.json`, { stackName: name });
    for (const { LogicalResourceId: id, PhysicalResourceId: physical, ResourceType: type } of listOf(ask('cloudformation', 'describe-stack-resources', '--stack-name', name)?.StackResources)) {
      if (type === 'AWS::Lambda::Function' && template.resources.has(id)) takeConfiguration(template, id, ask('lambda', 'get-function-configuration', '--function-name', physical));
    }
    return template;
  });
  const [first] = templates;
  for (const [index, policy] of listOf(policies?.ResourcePolicies).entries()) {
    first?.add(`AccountPolicy${index}`, { Type: 'AWS::XRay::ResourcePolicy', Properties: { PolicyName: policy.PolicyName, PolicyDocument: policy.PolicyDocument } });
  }
  if (destination?.Destination === 'CloudWatchLogs') first?.add('AccountTransactionSearch', { Type: 'AWS::XRay::TransactionSearchConfig' });
  return new AppModel(templates);
}

/** What somebody has changed by hand counts more than the template. */
function takeConfiguration(template: Template, id: string, configuration: any): void {
  if (!isObject(configuration)) return;
  const { properties } = template.resources.get(id)!;
  const { TracingConfig: tracing, Layers: layers, Runtime: runtime, FunctionName: name, LoggingConfig: logging } = configuration;
  // Lambda answers PassThrough where nothing was said.
  if (tracing?.Mode === 'Active') properties.TracingConfig = { Mode: 'Active' };
  else if (properties.TracingConfig?.Mode === 'Active') delete properties.TracingConfig;
  if (layers !== undefined) properties.Layers = listOf(layers).map(({ Arn }) => Arn);
  if (logging) properties.LoggingConfig = { LogFormat: logging.LogFormat, LogGroup: properties.LoggingConfig?.LogGroup };
  Object.assign(properties, { Runtime: runtime ?? properties.Runtime, FunctionName: name ?? properties.FunctionName });
}

function aws(...args: string[]): any {
  const { status, stdout, stderr, error } = spawnSync('aws', [...args, '--output', 'json', '--no-cli-pager'], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, shell: process.platform === 'win32' });
  if (error) throw new ReadError(`the AWS CLI cannot be started (${error.message}); install it, or give templates instead of --aws`);
  if (status !== 0) {
    // An account without a right to ask, or a region without the operation: what depends on it is not known.
    if (args[0] !== 'cloudformation' && /AccessDenied|UnknownOperation|Invalid choice|NotImplemented|Unrecognized/i.test(stderr)) return undefined;
    throw new ReadError(`'aws ${args.slice(0, 2).join(' ')}' ended with status ${status}: ${stderr.trim().split('\n').pop()}`);
  }
  return JSON.parse(stdout || '{}');
}
