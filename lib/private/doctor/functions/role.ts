import { AppModel } from '../template/app-model';
import { isObject, listOf, objectOf, Resource, Value } from '../template/template';

export interface Statement {
  readonly actions: readonly string[];
  readonly resources: readonly Value[];
  readonly isAllowed: boolean;
  /** Of the template that holds it. */
  readonly owner: Resource;
}

/** What a role may do, as far as the templates say it. */
export class Role {
  public readonly statements: readonly Statement[];
  /** Names and ARNs of managed policies that are not in the templates. */
  public readonly managed: readonly string[];
  /** A policy is only known at deployment, or stands in the account. */
  public readonly hasUnknown: boolean;

  constructor(private readonly app: AppModel, public readonly resource: Resource, attached: readonly Resource[]) {
    const statements = listOf(resource.properties.Policies).flatMap(policy => statementsOf(objectOf(policy).PolicyDocument, resource));
    const managed: string[] = [];
    let hasUnknown = false;
    for (const arn of listOf(resource.properties.ManagedPolicyArns)) {
      const target = app.target(arn, resource.template);
      const text = app.text(arn, resource.template) ?? '';
      if (target) statements.push(...statementsOf(target.properties.PolicyDocument, target));
      else if (/(?:iam::aws:policy\/|^arn:[^:]+:iam::aws:)/.test(text)) managed.push(text);
      else hasUnknown = true;
    }
    for (const policy of attached) statements.push(...statementsOf(policy.properties.PolicyDocument, policy));
    this.statements = statements;
    this.managed = managed;
    this.hasUnknown = hasUnknown;
  }

  public allows(action: string): boolean {
    return this.statements.some(({ isAllowed, actions }) => isAllowed && actions.some(pattern => matches(pattern, action)));
  }

  /** Whether it may send traces; undefined when a policy is not known. */
  public get maySendTraces(): boolean | undefined {
    if (this.allows('xray:PutTraceSegments') || this.managed.some(arn => SENDING.test(arn))) return true;
    return this.hasUnknown ? undefined : false;
  }

  /** Resources that some of these actions are allowed on, with the actions. */
  public resourcesFor(service: string): { resource: Resource; actions: readonly string[] }[] {
    return this.statements.filter(({ isAllowed }) => isAllowed).flatMap(({ actions, resources, owner }) => {
      const fitting = actions.filter(action => action.toLowerCase().startsWith(`${service}:`));
      const named = fitting.length === 0 ? [] : resources.flatMap(value => this.app.targets(value, owner.template));
      return named.map(resource => ({ resource, actions: fitting }));
    });
  }
}

/** Managed policies of AWS with xray:PutTraceSegments. */
const SENDING = /\/(?:AWSXRayDaemonWriteAccess|AWSXrayWriteOnlyAccess|AWSXrayFullAccess|AWSXRayFullAccess|AdministratorAccess|PowerUserAccess|CloudWatchLambdaApplicationSignalsExecutionRolePolicy|CloudWatchAgentServerPolicy|CloudWatchApplicationSignalsFullAccess|AWSLambda_FullAccess)$/;

function statementsOf(document: Value, owner: Resource): Statement[] {
  return listOf(objectOf(document).Statement).filter(isObject).map(statement => ({
    isAllowed: statement.Effect !== 'Deny', actions: listOf(statement.Action).filter(action => typeof action === 'string'), resources: listOf(statement.Resource), owner,
  }));
}

function matches(pattern: string, action: string): boolean {
  const expression = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*').replace(/\?/g, '.');
  return new RegExp(`^${expression}$`, 'i').test(action);
}

/** Roles of an app, each read once. */
export class Roles {
  private readonly attached = new Map<Resource, Resource[]>();
  private readonly known = new Map<Resource, Role>();

  constructor(private readonly app: AppModel) {
    for (const policy of app.ofType('AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::RolePolicy')) {
      for (const value of [...listOf(policy.properties.Roles), ...listOf(policy.properties.RoleName)]) {
        const role = app.target(value, policy.template);
        if (role) this.attached.set(role, [...this.attached.get(role) ?? [], policy]);
      }
    }
  }

  /** Undefined for a role that is not in the templates. */
  public of(value: Value, owner: Resource): Role | undefined {
    const resource = this.app.target(value, owner.template);
    if (resource?.type !== 'AWS::IAM::Role') return undefined;
    let role = this.known.get(resource);
    if (!role) this.known.set(resource, role = new Role(this.app, resource, this.attached.get(resource) ?? []));
    return role;
  }
}
