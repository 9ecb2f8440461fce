import { isObject, SegmentDocument, SubsegmentDocument } from '../wire/segment-document';

/** A node of the service map: nodes with the same name and different types are different nodes. */
export interface ServiceIdentity {
  name: string;
  /** Such as `AWS::Lambda`; absent for a service that says nothing about where it runs. */
  type?: string;
}

export const REMOTE = 'remote';
export const DATABASE = 'Database::SQL';

/** Names of AWS services as the SDKs write them (lower case), and as X-Ray shows them. Python writes endpoint prefixes. */
const AWS_SERVICES = new Map(Object.entries({
  'dynamodb': 'DynamoDB',
  's3': 'S3',
  'sns': 'SNS',
  'sqs': 'SQS',
  'lambda': 'Lambda',
  'ssm': 'SSM',
  'secretsmanager': 'SecretsManager',
  'secrets manager': 'SecretsManager',
  'kinesis': 'Kinesis',
  'firehose': 'Firehose',
  'events': 'Events',
  'eventbridge': 'Events',
  'states': 'StepFunctions',
  'sfn': 'StepFunctions',
  'sts': 'STS',
  'kms': 'KMS',
  'logs': 'CloudWatchLogs',
  'cloudwatch logs': 'CloudWatchLogs',
  'monitoring': 'CloudWatch',
  'xray': 'XRay',
}));

/** The service that a segment of BatchGetTraces belongs to on the map. An inferred AWS segment is named by its resource: each table is a node. */
export function serviceOf(segment: SegmentDocument): ServiceIdentity {
  const origin = text(segment.origin);
  if (segment.inferred !== true) return origin === undefined ? { name: segment.name } : { name: segment.name, type: origin };
  const type = origin ?? REMOTE;
  return { name: resourceNameOf(type, segment.aws) ?? segment.name, type };
}

/** One name for an AWS service, however an SDK writes it. */
export function awsServiceName(name: string): string {
  return AWS_SERVICES.get(name.toLowerCase()) ?? name;
}

/** The type that X-Ray gives to the service behind a call: `AWS::DynamoDB::Table`, `Database::SQL`, or nothing for a plain remote service. */
export function originOfCall(subsegment: SubsegmentDocument): string | undefined {
  if (subsegment.namespace !== 'aws') return isObject(subsegment.sql) ? DATABASE : undefined;
  const aws = isObject(subsegment.aws) ? subsegment.aws : {};
  const service = awsServiceName(subsegment.name);
  if (service === 'DynamoDB' && tableOf(aws) !== undefined) return 'AWS::DynamoDB::Table';
  if (service === 'S3' && text(aws.bucket_name) !== undefined) return 'AWS::S3::Bucket';
  if (service === 'SQS' && text(aws.queue_url) !== undefined) return 'AWS::SQS::Queue';
  return `AWS::${service}`;
}

/** The name that a called service goes by on the map: of its table, bucket, queue or function; undefined for the name of the call. */
export function resourceNameOf(type: string, block: unknown): string | undefined {
  const aws = isObject(block) ? block : {};
  switch (type) {
    case 'AWS::DynamoDB::Table': return tableOf(aws);
    case 'AWS::S3::Bucket': return text(aws.bucket_name);
    case 'AWS::SQS::Queue': return text(aws.queue_url)?.split('/').pop();
    case 'AWS::Lambda': return text(aws.function_name)?.replace(/^arn:.*:function:([^:]+).*$/, '$1');
    default: return type.startsWith('AWS::') && !type.slice(5).includes('::') ? type.slice(5) : undefined;
  }
}

/** The one table of a call; a batch over several tables belongs to the service as a whole. */
export function tableOf(aws: Record<string, unknown>): string | undefined {
  const single = text(aws.table_name);
  if (single !== undefined) return single;
  const names = Array.isArray(aws.table_names) ? aws.table_names : aws.resource_names;
  return Array.isArray(names) && names.length === 1 ? text(names[0]) : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
