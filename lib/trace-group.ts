import { Names } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as xray from 'aws-cdk-lib/aws-xray';
import { Construct } from 'constructs';
import { validationError } from './private/validation-error';
import { TraceFilter } from './trace-filter';

/** Which traces belong to a group. */
export interface TraceGroupProps {
  /** Traces of the group are those for which this holds. */
  readonly filter: TraceFilter;
  /**
   * Name of the group, of at most 32 characters; it is unique in an account and region.
   *
   * @default - made from the construct's path
   */
  readonly groupName?: string;
  /**
   * Whether X-Ray looks for anomalies in the group, at a price of its own.
   *
   * @default false
   */
  readonly insights?: boolean;
}

/** A metric of a group that an alarm watches. */
export interface TraceGroupAlarmProps {
  /** From so much on there is an alarm: a percentage for rates, seconds for response times. */
  readonly threshold: number;
  /**
   * So many periods of five minutes in a row.
   *
   * @default 1
   */
  readonly evaluationPeriods?: number;
}

/** A group of traces, of which X-Ray publishes metrics: traces, rates of faults, errors and throttles, response time. */
export class TraceGroup extends Construct {
  /** Name of the group. */
  public readonly groupName: string;
  /** ARN of the group. */
  public readonly groupArn: string;

  /**
   * @throws for a name that X-Ray does not take
   */
  constructor(scope: Construct, id: string, props: TraceGroupProps) {
    super(scope, id);
    this.groupName = props.groupName ?? Names.uniqueResourceName(this, { maxLength: 32, separator: '-' });
    if (this.groupName.length > 32 || this.groupName === 'Default') {
      throw validationError(this, 'TF143', `'groupName' has to have at most 32 characters and not to be 'Default', which X-Ray has itself, got '${this.groupName}'`);
    }
    const resource = new xray.CfnGroup(this, 'Resource', {
      groupName: this.groupName, filterExpression: props.filter.expression,
      insightsConfiguration: { insightsEnabled: props.insights ?? false, notificationsEnabled: false },
    });
    this.groupArn = resource.attrGroupArn;
  }

  /** Traces of the group: their number in each period of a minute, by default. */
  public metricTraces(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('ApproximateTraceCount', cloudwatch.Stats.SUM, props);
  }

  /** Percentage of traces with a fault. */
  public metricFaultRate(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('FaultRate', cloudwatch.Stats.AVERAGE, props);
  }

  /** Percentage of traces with an error of the client. */
  public metricErrorRate(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('ErrorRate', cloudwatch.Stats.AVERAGE, props);
  }

  /** Percentage of traces that were throttled. */
  public metricThrottleRate(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('ThrottleRate', cloudwatch.Stats.AVERAGE, props);
  }

  /** Response time in seconds, by default the time in which 99 of 100 were answered. */
  public metricResponseTime(props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return this.metric('ResponseTime', cloudwatch.Stats.percentile(99), props);
  }

  /** An alarm when the percentage of traces with a fault reaches the threshold. */
  public addFaultAlarm(id: string, props: TraceGroupAlarmProps): cloudwatch.Alarm {
    return this.alarm(id, this.metricFaultRate(), props, `${props.threshold} % of the traces of ${this.groupName} have a fault`);
  }

  /** An alarm when the response time reaches the threshold. */
  public addResponseTimeAlarm(id: string, props: TraceGroupAlarmProps): cloudwatch.Alarm {
    return this.alarm(id, this.metricResponseTime(), props, `1 of 100 traces of ${this.groupName} takes ${props.threshold} s`);
  }

  private metric(metricName: string, statistic: string, props?: cloudwatch.MetricOptions): cloudwatch.Metric {
    return new cloudwatch.Metric({ namespace: 'AWS/X-Ray', metricName, statistic, dimensionsMap: { GroupName: this.groupName }, ...props }).attachTo(this);
  }

  private alarm(
    id: string, metric: cloudwatch.Metric, { threshold, evaluationPeriods = 1 }: TraceGroupAlarmProps, alarmDescription: string,
  ): cloudwatch.Alarm {
    return metric.createAlarm(this, id, {
      alarmDescription, threshold, evaluationPeriods,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
  }
}
