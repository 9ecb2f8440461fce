import { Duration, Names } from 'aws-cdk-lib';
import * as signals from 'aws-cdk-lib/aws-applicationsignals';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { validationError } from './private/validation-error';

/** What is promised of a function. */
export interface FunctionObjectiveProps {
  /** The function. */
  readonly fn: lambda.IFunction;
  /** Percentage of requests that have to succeed, above 0 and below 100: 99.9. */
  readonly goal: number;
  /**
   * Over which time it is counted: 1 to 365 days.
   *
   * @default Duration.days(30)
   */
  readonly interval?: Duration;
  /**
   * Name of the objective.
   *
   * @default - made from the construct's path
   */
  readonly objectiveName?: string;
}

/**
 * A service level objective of Application Signals: the part of a function's requests that end without an error. It is counted from the metrics that Lambda has anyway, so that
 * nothing has to be instrumented for it; the objective itself is billed.
 */
export class FunctionObjective extends Construct {
  /** ARN of the objective. */
  public readonly objectiveArn: string;
  /** Name of the objective. */
  public readonly objectiveName: string;

  /**
   * @throws for a goal or an interval out of range
   */
  constructor(scope: Construct, id: string, props: FunctionObjectiveProps) {
    super(scope, id);
    const { goal, fn, interval = Duration.days(30) } = props;
    if (!(goal > 0 && goal < 100)) {
      throw validationError(this, 'TF146', `'goal' is the percentage of requests that have to succeed, above 0 and below 100, got ${goal}`);
    }
    const days = interval.toDays({ integral: false });
    if (!Number.isInteger(days) || days < 1 || days > 365) {
      throw validationError(this, 'TF147', `'interval' has to be 1 to 365 whole days, got ${days}`);
    }
    this.objectiveName = props.objectiveName ?? Names.uniqueResourceName(this, { maxLength: 127, separator: '-' });
    const metric = (queryId: string, metricName: string): signals.CfnServiceLevelObjective.MetricDataQueryProperty => ({
      id: queryId, returnData: true,
      metricStat: { metric: { namespace: 'AWS/Lambda', metricName, dimensions: [{ name: 'FunctionName', value: fn.functionName }] }, period: 60, stat: 'Sum' },
    });
    const resource = new signals.CfnServiceLevelObjective(this, 'Resource', {
      name: this.objectiveName,
      description: `${goal} % of the requests of ${fn.node.path} succeed in ${days} days`,
      requestBasedSli: {
        requestBasedSliMetric: { totalRequestCountMetric: [metric('requests', 'Invocations')], monitoredRequestCountMetric: { badCountMetric: [metric('errors', 'Errors')] } },
      },
      goal: { attainmentGoal: goal, warningThreshold: 30, interval: { rollingInterval: { duration: days, durationUnit: 'DAY' } } },
    });
    this.objectiveArn = resource.attrArn;
  }
}
