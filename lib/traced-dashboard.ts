import { Duration, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { validationError } from './private/validation-error';

/** What a dashboard shows. */
export interface TracedDashboardProps {
  /** Its functions, a row each. */
  readonly functions: lambda.IFunction[];
  /**
   * Name of the dashboard; it is unique in an account.
   *
   * @default - CloudFormation makes one
   */
  readonly dashboardName?: string;
  /**
   * How far back it looks at first.
   *
   * @default Duration.hours(3)
   */
  readonly defaultInterval?: Duration;
}

/** Requests, errors and latency of functions, with links to their traces and to the map. */
export class TracedDashboard extends Construct {
  /** The dashboard of CloudWatch, to which more can be added. */
  public readonly dashboard: cloudwatch.Dashboard;

  /**
   * @throws for no functions
   */
  constructor(scope: Construct, id: string, props: TracedDashboardProps) {
    super(scope, id);
    if (props.functions.length === 0) {
      throw validationError(this, 'TF145', "'functions' is empty: the dashboard would show nothing");
    }
    const { region } = Stack.of(this);
    const console = `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#xray:`;
    this.dashboard = new cloudwatch.Dashboard(this, 'Resource', { dashboardName: props.dashboardName, defaultInterval: props.defaultInterval ?? Duration.hours(3) });
    this.dashboard.addWidgets(new cloudwatch.TextWidget({ width: 24, height: 1, background: cloudwatch.TextWidgetBackground.TRANSPARENT, markdown: `[Trace map](${console}service-map/map) [Traces](${console}traces/query)` }));
    for (const fn of props.functions) {
      const traces = `${console}traces/query?~(query~(expression~'service*28id*28name*3a*22${fn.functionName}*22*29*29))`;
      this.dashboard.addWidgets(
        new cloudwatch.TextWidget({ width: 4, height: 5, markdown: `**${fn.functionName}**\n\n[Traces](${traces})` }),
        new cloudwatch.GraphWidget({ title: 'Requests', width: 6, height: 5, left: [fn.metricInvocations(), fn.metricThrottles()] }),
        new cloudwatch.GraphWidget({ title: 'Errors', width: 6, height: 5, left: [fn.metricErrors({ color: cloudwatch.Color.RED })] }),
        new cloudwatch.GraphWidget({
          title: 'Latency', width: 8, height: 5,
          left: [50, 90, 99].map(percentile => fn.metricDuration({ statistic: cloudwatch.Stats.percentile(percentile), label: `p${percentile}` })),
        }),
      );
    }
  }
}
