import { Duration, Names } from 'aws-cdk-lib';
import * as xray from 'aws-cdk-lib/aws-xray';
import { Construct } from 'constructs';
import { validationError } from './private/validation-error';

/** How far X-Ray may raise the rate of a rule by itself when it sees an anomaly. */
export interface SamplingBoost {
  /** The highest rate, from 0 to 1, and not below the rule's own. */
  readonly maxRate: number;
  /**
   * So long after a boost there is no other: whole minutes.
   *
   * @default Duration.minutes(10)
   */
  readonly cooldown?: Duration;
}

/** Which requests a rule is for, and how many of them are traced. */
export interface SamplingRuleProps {
  /** Part of the requests beyond the reservoir that is traced, from 0 to 1. */
  readonly rate: number;
  /**
   * So many requests a second are traced in any case, together in all places that ask for it.
   *
   * @default 1
   */
  readonly reservoir?: number;
  /** From 1 to 9999: of the rules that match, the one with the lowest number decides. */
  readonly priority: number;
  /**
   * Name of the rule, of at most 32 letters, digits and signs.
   *
   * @default - made from the construct's path
   */
  readonly ruleName?: string;
  /**
   * Name of the service, as it stands on the map: `<API>/<stage>`. `*` and `?` are wildcards, here and in the others.
   *
   * @default '*'
   */
  readonly serviceName?: string;
  /**
   * Type of the service, such as `AWS::ApiGateway::Stage` or `AWS::ECS::Container`. Lambda takes no notice of rules.
   *
   * @default '*'
   */
  readonly serviceType?: string;
  /**
   * Host of the request.
   *
   * @default '*'
   */
  readonly host?: string;
  /**
   * Method of the request.
   *
   * @default '*'
   */
  readonly httpMethod?: string;
  /**
   * Path of the request.
   *
   * @default '*'
   */
  readonly urlPath?: string;
  /**
   * ARN of the resource on which the service runs.
   *
   * @default '*'
   */
  readonly resourceArn?: string;
  /**
   * Attributes of the segment that have to match: at most 5.
   *
   * @default - none
   */
  readonly attributes?: { readonly [key: string]: string };
  /**
   * Lets X-Ray raise the rate for a while.
   *
   * @default - the rate is fixed
   */
  readonly boost?: SamplingBoost;
}

/**
 * A sampling rule of X-Ray. Rules work where the decision is taken: at stages of API Gateway and in SDKs outside of Lambda. What is passed on to a
 * function with the request, the function follows.
 */
export class SamplingRule extends Construct {
  /** Name of the rule. */
  public readonly ruleName: string;
  /** ARN of the rule. */
  public readonly ruleArn: string;

  /**
   * @throws for numbers out of range, and for a rule for Lambda, which would have no effect
   */
  constructor(scope: Construct, id: string, props: SamplingRuleProps) {
    super(scope, id);
    const { rate, reservoir = 1, priority, boost } = props;
    this.ruleName = props.ruleName ?? Names.uniqueResourceName(this, { maxLength: 32, separator: '-' });
    if (/^AWS::Lambda(?:$|::)/.test(props.serviceType ?? '')) {
      throw validationError(this, 'TF139', `'serviceType' is '${props.serviceType}', and Lambda takes no notice of sampling rules: it samples one request a second and 5 % of the others; ` +
        "give the type of what takes the decision, such as 'AWS::ApiGateway::Stage'");
    }
    this.check('rate', rate, 0, 1, false);
    this.check('reservoir', reservoir, 0, Number.MAX_SAFE_INTEGER, true);
    this.check('priority', priority, 1, 9999, true);
    if (boost) {
      this.check('boost.maxRate', boost.maxRate, rate, 1, false);
    }
    const resource = new xray.CfnSamplingRule(this, 'Resource', {
      samplingRule: {
        ruleName: this.ruleName, fixedRate: rate, reservoirSize: reservoir, priority, version: 1,
        serviceName: props.serviceName ?? '*', serviceType: props.serviceType ?? '*', host: props.host ?? '*', httpMethod: props.httpMethod ?? '*', urlPath: props.urlPath ?? '*',
        resourceArn: props.resourceArn ?? '*', attributes: props.attributes,
        samplingRateBoost: boost && { maxRate: boost.maxRate, cooldownWindowMinutes: (boost.cooldown ?? Duration.minutes(10)).toMinutes() },
      },
    });
    this.ruleArn = resource.attrRuleArn;
  }

  private check(name: string, value: number, least: number, most: number, isWhole: boolean): void {
    if (!(value >= least && value <= most) || isWhole && !Number.isInteger(value)) {
      const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `from ${least} to ${most}`;
      throw validationError(this, 'TF140', `'${name}' has to be ${isWhole ? 'a whole number ' : ''}${range}, got ${value}`);
    }
  }
}
