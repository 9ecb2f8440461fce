import { ArnFormat, Stack, Token, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as cr from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';
import { validationError } from './private/validation-error';

/** How Transaction Search is set. */
export interface TransactionSearchProps {
  /**
   * Percentage of spans that become traces of X-Ray, with summaries and filters, from 0 to 100. 1 % is free, more is billed.
   *
   * @default 1
   */
  readonly indexingPercentage?: number;
}

/** What the API says where it is on already. */
const IS_ON = 'AlreadyExistsException|ResourceAlreadyExistsException|ConflictException';
/** CDK's function that calls APIs at a deployment, one a stack. */
const CALLER = 'AWS679f53fac002430cb0da5b7982bd2287';

/**
 * Turns Transaction Search on: X-Ray keeps all spans in CloudWatch Logs (`aws/spans`), and takes them by OTLP.
 *
 * It is a setting of the account and region. `AWS::XRay::TransactionSearchConfig` fails where it is on already; this sets what is set already again.
 * It stays on when the stack goes, since others may rely on it. It was not run against AWS.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Transaction-Search.html
 */
export class TransactionSearch extends Construct {
  /**
   * @throws for a percentage out of range
   */
  constructor(scope: Construct, id: string, props: TransactionSearchProps = {}) {
    super(scope, id);
    const { indexingPercentage = 1 } = props;
    if (!(indexingPercentage >= 0 && indexingPercentage <= 100)) {
      throw validationError(this, 'TF144', `'indexingPercentage' has to be from 0 to 100, got ${indexingPercentage}`);
    }
    const stack = Stack.of(this);
    const groups = ['aws/spans', '/aws/application-signals/data'].map(name =>
      stack.formatArn({ service: 'logs', resource: 'log-group', resourceName: `${name}:*`, arnFormat: ArnFormat.COLON_RESOURCE_NAME }));
    const mayWrite = new logs.ResourcePolicy(this, 'SpansPolicy', {
      policyStatements: [new iam.PolicyStatement({
        principals: [new iam.ServicePrincipal('xray.amazonaws.com')],
        actions: ['logs:PutLogEvents'],
        resources: groups,
        conditions: {
          StringEquals: { 'aws:SourceAccount': stack.account },
          ArnLike: { 'aws:SourceArn': stack.formatArn({ service: 'xray', resource: '*', arnFormat: ArnFormat.NO_RESOURCE_NAME }) },
        },
      })],
    });
    const destination = this.call('Destination', 'updateTraceSegmentDestination', { Destination: 'CloudWatchLogs' }, [
      // What turning it on does on the caller's behalf. None but those of logs can be narrowed to a resource.
      new iam.PolicyStatement({
        actions: ['xray:GetTraceSegmentDestination', 'xray:UpdateTraceSegmentDestination', 'application-signals:StartDiscovery', 'cloudtrail:CreateServiceLinkedChannel'], resources: ['*'],
      }),
      new iam.PolicyStatement({ actions: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutRetentionPolicy'], resources: groups }),
      new iam.PolicyStatement({
        actions: ['iam:CreateServiceLinkedRole'], resources: ['*'], conditions: { StringLike: { 'iam:AWSServiceName': 'application-signals.cloudwatch.amazonaws.com' } },
      }),
    ]);
    destination.node.addDependency(mayWrite);
    const indexing = this.call('Indexing', 'updateIndexingRule', { Name: 'Default', Rule: { Probabilistic: { DesiredSamplingPercentage: indexingPercentage } } }, [
      new iam.PolicyStatement({ actions: ['xray:UpdateIndexingRule'], resources: ['*'] }),
    ]);
    indexing.node.addDependency(destination);
    this.acknowledge(stack);
  }

  /** What cdk-nag says of it, and cannot be otherwise. */
  private acknowledge(stack: Stack): void {
    const known = (value: string, name: string) => Token.isUnresolved(value) ? `<AWS::${name}>` : value;
    const prefix = `arn:${known(stack.partition, 'Partition')}:logs:${known(stack.region, 'Region')}:${known(stack.account, 'AccountId')}:log-group:`;
    for (const resource of ['*', `${prefix}aws/spans:*`, `${prefix}/aws/application-signals/data:*`]) {
      Validations.of(this).acknowledge({ id: `AwsSolutions-IAM5[Resource::${resource}]`, reason: 'Settings of the account have no resource; the log groups are those of X-Ray' });
    }
    const caller = stack.node.findChild(CALLER);
    const reason = "CDK's own function, which calls the API at a deployment and nothing else";
    for (const id of [
      'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]',
      'Serverless-LambdaDefaultMemorySize', 'Serverless-LambdaDLQ', 'Serverless-LambdaTracing',
    ]) {
      Validations.of(caller).acknowledge({ id, reason });
    }
  }

  private call(id: string, action: string, parameters: object, statements: iam.PolicyStatement[]): cr.AwsCustomResource {
    const call: cr.AwsSdkCall = {
      service: 'XRay', action, parameters, physicalResourceId: cr.PhysicalResourceId.of(`transaction-search-${id.toLowerCase()}`), outputPaths: ['ResponseMetadata'], ignoreErrorCodesMatching: IS_ON,
    };
    return new cr.AwsCustomResource(this, id, {
      resourceType: 'Custom::TransactionSearch', onCreate: call, onUpdate: call, installLatestAwsSdk: false, policy: cr.AwsCustomResourcePolicy.fromStatements(statements),
    });
  }
}
