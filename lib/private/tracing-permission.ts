import { Annotations, CfnResource, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Construct, IConstruct } from 'constructs';
import { logicalIdOf, referredResource, renderedProperties } from './adoption/resource-index';

export const XRAY_POLICY = 'AWSXRayDaemonWriteAccess';
const ACTIONS = ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'];

/** What says that a role may send already. */
const SENDS = /xray:PutTraceSegments|AWSXRayDaemonWriteAccess|AWSXrayWriteOnlyAccess|xray:\*|AdministratorAccess/i;

/** Attaches an AWS managed policy, or warns on the function when nothing can be attached to its role. */
export function attachManagedPolicy(fn: IConstruct, role: iam.IRole, name: string): void {
  if (!iam.Role.isRole(role) && !(role instanceof iam.LazyRole)) {
    const roleName = Token.isUnresolved(role.roleName) ? role.node.path : role.roleName;
    warnOfRole(fn, `the role '${roleName}'`, name);
    return;
  }
  role.addManagedPolicy(iam.ManagedPolicy.fromAwsManagedPolicyName(name));
}

function warnOfRole(fn: IConstruct, role: string, name: string): void {
  Annotations.of(fn).addWarningV2('cdk-traced-function:importedRole',
    `${role} is imported or closed to changes, so ${name} cannot be attached to it; attach it there, or no trace arrives`);
}

/**
 * Lets a role send traces, unless it may already.
 *
 * @returns what was changed, for the report
 */
export function allowTracing(fn: IConstruct, role: iam.IRole, inline: boolean): string | undefined {
  if (maySend(role)) {
    return undefined;
  }
  if (inline) {
    const { statementAdded } = role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: ACTIONS, resources: ['*'] }));
    if (!statementAdded) {
      warnOfRole(fn, `the role '${role.node.path}'`, `a statement with ${ACTIONS.join(' and ')}`);
    }
    return statementAdded ? `role: statement with ${ACTIONS.join(', ')}` : undefined;
  }
  attachManagedPolicy(fn, role, XRAY_POLICY);
  return iam.Role.isRole(role) || role instanceof iam.LazyRole ? `role: ${XRAY_POLICY}` : undefined;
}

/** The same for a role that is only known by an intrinsic function, as in an included template. */
export function allowTracingOfReference(resource: CfnResource, reference: any, inline: boolean): string | undefined {
  const role = referredResource(resource.stack, reference);
  const owner = role?.node.scope as IConstruct | undefined;
  if (owner instanceof iam.Role && owner.node.defaultChild === role) {
    return allowTracing(resource, owner, inline);
  }
  if (role?.cfnResourceType !== 'AWS::IAM::Role') {
    const name = typeof reference === 'string' ? reference : logicalIdOf(reference) ?? JSON.stringify(reference);
    warnOfRole(resource, `the role '${name}'`, inline ? `a statement with ${ACTIONS.join(' and ')}` : XRAY_POLICY);
    return undefined;
  }
  const { ManagedPolicyArns: arns = [], Policies: policies = [] } = renderedProperties(role);
  if (SENDS.test(JSON.stringify([arns, policies]))) {
    return undefined;
  }
  if (inline) {
    const statement = { Effect: 'Allow', Action: ACTIONS, Resource: '*' };
    role.addPropertyOverride('Policies', [...policies, { PolicyName: 'Tracing', PolicyDocument: { Version: '2012-10-17', Statement: [statement] } }]);
    return `role: statement with ${ACTIONS.join(', ')}`;
  }
  role.addPropertyOverride('ManagedPolicyArns', [...arns, { 'Fn::Sub': `arn:\${AWS::Partition}:iam::aws:policy/${XRAY_POLICY}` }]);
  return `role: ${XRAY_POLICY}`;
}

function maySend(role: iam.IRole): boolean {
  const defaultPolicy = (role as Construct).node.tryFindChild('DefaultPolicy');
  return defaultPolicy instanceof iam.Policy && SENDS.test(JSON.stringify(Stack.of(role).resolve(defaultPolicy.document) ?? {}));
}
