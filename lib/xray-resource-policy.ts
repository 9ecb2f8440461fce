import { ArnFormat, Names, Stack, Token } from 'aws-cdk-lib';
import * as xray from 'aws-cdk-lib/aws-xray';
import { Construct, IConstruct } from 'constructs';
import { validationError } from './private/validation-error';

/** Who may send to X-Ray. */
export interface XRayResourcePolicyProps {
  /**
   * Principals of the services that may send.
   *
   * @default - sns.amazonaws.com, the one service that sends with its own identity and needs to be let
   */
  readonly services?: string[];
  /**
   * ARNs of the resources for which a service may send; `*` stands for any characters.
   *
   * @default - all topics of the stack's account and region
   */
  readonly sourceArns?: string[];
  /**
   * Name of the policy, of at most 128 letters, digits and `_+=,.@-`; it is unique in an account and region.
   *
   * @default - made from the construct's path
   */
  readonly policyName?: string;
}

const POLICY_NAME = /^[\w+=,.@-]{1,128}$/;
const ID = 'XRayTopicTraces';

/**
 * Lets SNS send the segments of topics with active tracing. Without it X-Ray refuses them, and no error says so.
 *
 * An account may have five such policies in a region: use `XRayResourcePolicy.forTopics()`, which makes one for a stack, however often it is called.
 *
 * @see https://docs.aws.amazon.com/sns/latest/dg/sns-active-tracing.html
 */
export class XRayResourcePolicy extends Construct {
  /** The policy of the stack that a scope belongs to (of the outermost one, for nested stacks), which is made when it is first asked for. */
  public static forTopics(scope: IConstruct): XRayResourcePolicy {
    let stack = Stack.of(scope);
    while (stack.nestedStackParent) {
      stack = stack.nestedStackParent;
    }
    return stack.node.tryFindChild(ID) as XRayResourcePolicy | undefined ?? new XRayResourcePolicy(stack, ID);
  }

  /** Name of the policy. */
  public readonly policyName: string;

  /**
   * @throws for a name that X-Ray does not take, and for an empty list
   */
  constructor(scope: Construct, id: string, props: XRayResourcePolicyProps = {}) {
    super(scope, id);
    const stack = Stack.of(this);
    this.policyName = props.policyName ?? Names.uniqueResourceName(this, { maxLength: 128, separator: '-' });
    if (!Token.isUnresolved(this.policyName) && !POLICY_NAME.test(this.policyName)) {
      throw validationError(this, 'TF137', `'policyName' has to have 1 to 128 letters, digits and '_+=,.@-', got '${this.policyName}'`);
    }
    const services = props.services ?? ['sns.amazonaws.com'];
    const sources = props.sourceArns ?? [stack.formatArn({ service: 'sns', resource: '*', arnFormat: ArnFormat.NO_RESOURCE_NAME })];
    if (services.length === 0 || sources.length === 0) {
      throw validationError(this, 'TF138', `'${services.length === 0 ? 'services' : 'sourceArns'}' is empty: the policy would let nobody send; leave it out for the default`);
    }
    new xray.CfnResourcePolicy(this, 'Resource', {
      policyName: this.policyName,
      policyDocument: stack.toJsonString({
        Version: '2012-10-17',
        Statement: [{
          Sid: 'SendSegments',
          Effect: 'Allow',
          Principal: { Service: services },
          Action: ['xray:PutTraceSegments', 'xray:GetSamplingRules', 'xray:GetSamplingTargets'],
          Resource: '*',
          Condition: { StringEquals: { 'aws:SourceAccount': stack.account }, ArnLike: { 'aws:SourceArn': sources } },
        }],
      }),
    });
  }
}
