import type { Attributes } from './attributes';

/** The `aws` block: what was called for a subsegment, where the code ran and with which SDK for a segment. */
export function awsOf(attributes: Attributes, resource: Attributes, isSegment: boolean): Record<string, unknown> | undefined {
  const aws: Record<string, unknown> = {};
  const put = (key: string, value: unknown): void => {
    if (value !== undefined) aws[key] = value;
  };
  const isAwsCall = attributes.peek('rpc.system') === 'aws-api' || attributes.peek('aws.service') !== undefined
    || attributes.peek('rpc.system.name') === 'aws.api';
  put('operation', attributes.text('aws.operation', ...(isAwsCall ? ['rpc.method'] : [])));
  put('region', attributes.text('aws.region', ...(isAwsCall ? ['cloud.region'] : [])));
  put('request_id', attributes.text('aws.request_id', 'aws.requestId', 'aws.request.id'));
  put('queue_url', attributes.text('aws.sqs.queue.url', 'aws.queue_url', 'aws.queue.url', ...(isAwsCall ? ['messaging.url'] : [])));
  put('topic_arn', attributes.text('aws.sns.topic.arn', 'aws.topic_arn'));
  put('bucket_name', attributes.text('aws.s3.bucket', 'aws.bucket.name'));
  put('key', attributes.text('aws.s3.key'));
  put('function_name', attributes.text('faas.invoked_name', 'aws.lambda.function.name'));
  put('retries', attributes.number('aws.request_attempts_retries', 'http.request.resend_count'));
  const tables = attributes.list('aws.dynamodb.table_names', 'aws.table_name', 'aws.table.name');
  if (tables?.length === 1) put('table_name', tables[0]);
  else put('table_names', tables);
  put('account_id', attributes.text('aws.account_id') ?? (isSegment ? resource.text('cloud.account.id') : undefined));
  if (isSegment) placeOfRun(aws, resource);
  return Object.keys(aws).length === 0 ? undefined : aws;
}

function placeOfRun(aws: Record<string, unknown>, resource: Attributes): void {
  const sdk = resource.text('telemetry.sdk.name');
  if (sdk !== undefined) {
    const language = resource.text('telemetry.sdk.language');
    aws.xray = {
      sdk: language === undefined ? sdk : `${sdk} for ${language}`,
      sdk_version: resource.text('telemetry.sdk.version'),
      auto_instrumentation: resource.text('telemetry.distro.version', 'telemetry.auto.version') !== undefined,
    };
  }
  const logGroups = resource.list('aws.log.group.names');
  if (logGroups !== undefined) aws.cloudwatch_logs = logGroups.map((group) => ({ log_group: group }));
  const instance = resource.text('host.id');
  if (instance !== undefined) {
    aws.ec2 = { instance_id: instance, availability_zone: resource.text('cloud.availability_zone'), instance_size: resource.text('host.type') };
  }
}
