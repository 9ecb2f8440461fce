import { CfnResource, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { IConstruct } from 'constructs';
import { ownerOf, renderedProperties } from './resource-index';
import { TracingReport } from './tracing-report';
import { allowTracing, allowTracingOfReference } from '../tracing-permission';

/** Resources that pass a trace on, or begin one, only when they are told to. */
interface EventSource {
  /** The property as CloudFormation names it, and its value when tracing is on. */
  readonly property: string;
  readonly on: unknown;
  /** Property of the typed L1, which other tools read; of those with more than a value, the whole. */
  readonly l1: { readonly name: string; readonly value: unknown };
  /** What keeps this one from being traced. */
  readonly impossible?: (properties: Record<string, any>) => string | undefined;
  /** What it needs beside the property. @returns changes */
  readonly also?: (resource: CfnResource, properties: Record<string, any>, inline: boolean) => (string | undefined)[];
}

const SOURCES: Record<string, EventSource> = {
  'AWS::SNS::Topic': {
    property: 'TracingConfig',
    on: 'Active',
    l1: { name: 'tracingConfig', value: 'Active' },
    // https://docs.aws.amazon.com/sns/latest/dg/sns-active-tracing.html
    impossible: properties => properties.FifoTopic === true ? 'SNS traces no FIFO topics' : undefined,
    also: resource => [letSnsSend(resource)],
  },
  'AWS::ApiGateway::Stage': { property: 'TracingEnabled', on: true, l1: { name: 'tracingEnabled', value: true } },
  'AWS::Serverless::Api': { property: 'TracingEnabled', on: true, l1: { name: 'tracingEnabled', value: true } },
  'AWS::AppSync::GraphQLApi': { property: 'XrayEnabled', on: true, l1: { name: 'xrayEnabled', value: true } },
  'AWS::StepFunctions::StateMachine': {
    property: 'TracingConfiguration.Enabled',
    on: true,
    l1: { name: 'tracingConfiguration', value: { enabled: true } },
    also: (resource, properties, inline) => {
      const role = (resource.node.scope as { role?: iam.IRole } | undefined)?.role;
      return [role ? allowTracing(resource, role, inline) : allowTracingOfReference(resource, properties.RoleArn, inline)];
    },
  },
  'AWS::Serverless::StateMachine': { property: 'Tracing.Enabled', on: true, l1: { name: 'tracing', value: { enabled: true } } },
};

export function isEventSource(construct: IConstruct): construct is CfnResource {
  return CfnResource.isCfnResource(construct) && construct.cfnResourceType in SOURCES;
}

/** Turns tracing on, unless somebody has decided about it. */
export function traceEventSource(resource: CfnResource, inlinePermissions: boolean): void {
  const { property, on, l1, impossible, also } = SOURCES[resource.cfnResourceType];
  const { path } = ownerOf(resource).node;
  const report = TracingReport.of(resource);
  if (report.has(path)) {
    return;
  }
  const properties = renderedProperties(resource);
  const [first, second] = property.split('.');
  const chosen = second === undefined ? properties[first] : properties[first]?.[second];
  const reason = impossible?.(properties);
  if (chosen !== undefined || reason) {
    const isOn = JSON.stringify(chosen) === JSON.stringify(on);
    report.add({ path, level: 'event-source', reason: reason ?? (isOn ? 'traced already' : `${property} is ${JSON.stringify(chosen)}, as set: the trace does not go on here`), changes: [] });
    return;
  }
  if (l1.name in resource) {
    Reflect.set(resource, l1.name, l1.value);
  } else {
    resource.addPropertyOverride(property, on);
  }
  const changes = [`${property}: ${String(on)}`, ...also?.(resource, properties, inlinePermissions) ?? []].filter(change => change !== undefined);
  report.add({ path, level: 'event-source', changes });
}

const POLICY_ID = 'TopicTraces';

/**
 * Without a resource policy SNS records nothing. An account may have five of them in a region, so the app has one for each account and region.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-active-tracing.html
 */
function letSnsSend(topic: CfnResource): string | undefined {
  const { stack } = topic;
  const here = `${stack.account} ${stack.region}`;
  const policies = topic.node.root.node.findAll().filter((construct): construct is CfnResource =>
    CfnResource.isCfnResource(construct) && construct.cfnResourceType === 'AWS::XRay::ResourcePolicy' && `${construct.stack.account} ${construct.stack.region}` === here);
  if (policies.some(policy => /sns\.amazonaws\.com/.test(JSON.stringify(renderedProperties(policy))))) {
    return undefined;
  }
  const { account, partition, region } = stack;
  // A nested stack may go away by itself.
  const home = rootOf(stack);
  const policy = new CfnResource(home, POLICY_ID, {
    type: 'AWS::XRay::ResourcePolicy',
    properties: {
      PolicyName: `${home.stackName}-${POLICY_ID}`,
      PolicyDocument: home.toJsonString({
        Version: '2012-10-17',
        Statement: [{
          Effect: 'Allow',
          Principal: { Service: 'sns.amazonaws.com' },
          Action: ['xray:PutTraceSegments', 'xray:GetSamplingRules', 'xray:GetSamplingTargets'],
          Resource: '*',
          Condition: {
            StringEquals: { 'aws:SourceAccount': account },
            ArnLike: { 'aws:SourceArn': `arn:${partition}:sns:${region}:${account}:*` },
          },
        }],
      }),
    },
  });
  return `${policy.node.path}: lets SNS send`;
}

function rootOf(stack: Stack): Stack {
  return stack.nestedStackParent ? rootOf(stack.nestedStackParent) : stack;
}
