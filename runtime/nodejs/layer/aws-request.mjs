// What a request of an AWS SDK is: service, operation and the resources that it names, read off the wire. So it does not matter which version of which
// SDK has made it, and whether that was bundled and minified.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html, https://smithy.io/2.0/aws/protocols/index.html

/** Names that the SDKs give to services, where they are not those that requests are signed for. */
const SERVICES = {
  'access-analyzer': 'AccessAnalyzer', 'apigateway': 'APIGateway', 'appconfig': 'AppConfigData', 'appsync': 'AppSync', 'athena': 'Athena', 'autoscaling': 'AutoScaling',
  'batch': 'Batch', 'bedrock': 'BedrockRuntime', 'cloudformation': 'CloudFormation', 'cloudfront': 'CloudFront', 'codebuild': 'CodeBuild', 'codepipeline': 'CodePipeline',
  'cognito-identity': 'CognitoIdentity', 'cognito-idp': 'CognitoIdentityProvider', 'comprehend': 'Comprehend', 'dynamodb': 'DynamoDB', 'ec2': 'EC2', 'ecr': 'ECR', 'ecs': 'ECS',
  'elasticache': 'ElastiCache', 'events': 'EventBridge', 'execute-api': 'ApiGatewayManagementApi', 'firehose': 'Firehose', 'glue': 'Glue', 'iam': 'IAM', 'iotdata': 'IoTDataPlane',
  'kinesis': 'Kinesis', 'kms': 'KMS', 'lambda': 'Lambda', 'logs': 'CloudWatchLogs', 'monitoring': 'CloudWatch', 'organizations': 'Organizations', 'polly': 'Polly', 'rds': 'RDS',
  'rds-data': 'RDSData', 'redshift-data': 'RedshiftData', 'rekognition': 'Rekognition', 'route53': 'Route53', 's3': 'S3', 's3express': 'S3', 'sagemaker': 'SageMakerRuntime',
  'scheduler': 'Scheduler', 'secretsmanager': 'SecretsManager', 'servicediscovery': 'ServiceDiscovery', 'ses': 'SES', 'sns': 'SNS', 'sqs': 'SQS', 'ssm': 'SSM', 'states': 'SFN',
  'sts': 'STS', 'textract': 'Textract', 'transcribe': 'Transcribe', 'translate': 'Translate', 'xray': 'XRay',
};

/** What of a call's parameters is recorded: those that `aws-clients.mjs` records, by the names that they have on the wire. */
const PARAMETERS = {
  Kinesis: { StreamName: 'aws.kinesis.stream_name' },
  SecretsManager: { SecretId: 'aws.secretsmanager.secret.arn' },
  SFN: { stateMachineArn: 'aws.step_functions.state_machine.arn', activityArn: 'aws.step_functions.activity.arn' },
  SNS: { TopicArn: 'aws.sns.topic.arn' },
  SQS: { QueueUrl: 'aws.sqs.queue.url' },
};

/** Bodies up to this are read as JSON; of larger ones, a parameter is looked for by its name. */
const LONGEST_JSON = 65_536;

/** Operations of S3 that their path and method do not tell, by what the query holds. */
const S3_QUERIES = [
  ['uploadId', { PUT: 'UploadPart', POST: 'CompleteMultipartUpload', DELETE: 'AbortMultipartUpload', GET: 'ListParts' }],
  ['uploads', { POST: 'CreateMultipartUpload', GET: 'ListMultipartUploads' }],
  ['delete', { POST: 'DeleteObjects' }],
  ['select', { POST: 'SelectObjectContent' }],
  ['list-type', { GET: 'ListObjectsV2' }],
  ['versions', { GET: 'ListObjectVersions' }],
  ['location', { GET: 'GetBucketLocation' }],
];
const S3_OBJECT = { GET: 'GetObject', PUT: 'PutObject', HEAD: 'HeadObject', DELETE: 'DeleteObject', POST: 'PostObject' };
const S3_BUCKET = { GET: 'ListObjects', PUT: 'CreateBucket', HEAD: 'HeadBucket', DELETE: 'DeleteBucket', POST: 'PostObject' };
const S3_SUBRESOURCES = { acl: 'Acl', tagging: 'Tagging', policy: 'Policy', lifecycle: 'LifecycleConfiguration', cors: 'Cors', website: 'Website', versioning: 'Versioning', notification: 'NotificationConfiguration', encryption: 'Encryption' };

/** Operations of services whose requests are told apart by their paths. */
const PATHS = {
  lambda: [
    ['POST', /^\/[\d-]+\/functions\/([^/]+)\/(?:invocations|response-streaming-invocations)$/, 'Invoke'],
    ['POST', /^\/[\d-]+\/functions\/([^/]+)\/invoke-async$/, 'InvokeAsync'],
    ['GET', /^\/[\d-]+\/functions\/([^/]+)$/, 'GetFunction'],
  ],
  bedrock: [
    ['POST', /^\/model\/[^/]+\/invoke$/, 'InvokeModel'],
    ['POST', /^\/model\/[^/]+\/invoke-with-response-stream$/, 'InvokeModelWithResponseStream'],
    ['POST', /^\/model\/[^/]+\/converse$/, 'Converse'],
    ['POST', /^\/model\/[^/]+\/converse-stream$/, 'ConverseStream'],
  ],
  ses: [['POST', /^\/v2\/email\/outbound-emails$/, 'SendEmail']],
  'execute-api': [['POST', /\/@connections\/[^/]+$/, 'PostToConnection']],
  'rds-data': [['POST', /^\/Execute$/, 'ExecuteStatement'], ['POST', /^\/BatchExecute$/, 'BatchExecuteStatement']],
  appconfig: [['GET', /^\/configuration$/, 'GetLatestConfiguration'], ['POST', /^\/configurationsessions$/, 'StartConfigurationSession']],
  iotdata: [['POST', /^\/topics\/.+$/, 'Publish']],
  scheduler: [['POST', /^\/schedules\/[^/]+$/, 'CreateSchedule'], ['DELETE', /^\/schedules\/[^/]+$/, 'DeleteSchedule']],
  xray: [['POST', /^\/TraceSegments$/, 'PutTraceSegments']],
};

/**
 * @param {{ method: string, path: string, host: string, header(name: string): unknown }} request
 * @returns {{ service: string, operation?: string, region?: string, attributes: object, hasBody: boolean } | undefined} undefined when no AWS SDK has signed it
 */
export function awsRequest({ method, path, host, header }) {
  const signed = signature(String(header('authorization') ?? ''), header) ?? unsigned(host, header);
  if (!signed) return undefined;
  const { signingName, region } = signed;
  const service = SERVICES[signingName] ?? signingName;
  const { pathname, searchParams } = new URL(path, 'http://aws');
  const attributes = {};
  const target = header('x-amz-target');
  let operation = target ? String(target).split('.').pop()
    : searchParams.get('x-id') ?? /\/service\/[^/]+\/operation\/([^/]+)$/.exec(pathname)?.[1] ?? searchParams.get('Action') ?? undefined;
  if (service === 'S3') operation = describeS3(operation, method, pathname, searchParams, host, attributes);
  for (const [verb, pattern, name] of PATHS[signingName] ?? []) {
    const found = verb === method && pattern.exec(pathname);
    if (!found) continue;
    operation = name;
    if (service === 'Lambda') attributes['faas.invoked_name'] = decoded(found[1]);
  }
  if (service === 'DynamoDB') attributes['db.system'] = 'dynamodb';
  return {
    service, region, attributes, operation,
    // What the body would add; without an operation it is a form that names it.
    hasBody: method === 'POST' && service !== 'S3' && (!operation || service === 'DynamoDB' || service in PARAMETERS),
  };
}

/** The region and the service that a request is signed for. */
function signature(authorization, header) {
  const found = /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request/.exec(authorization);
  if (found) return { region: found[1], signingName: found[2] };
  const every = /^AWS4-ECDSA-P256-SHA256 Credential=[^/]+\/\d{8}\/([^/]+)\/aws4_request/.exec(authorization);
  return every ? { region: header('x-amz-region-set'), signingName: every[1] } : undefined;
}

/** Some calls carry no signature, such as those with which users sign in. */
function unsigned(host, header) {
  if (!header('x-amz-target') && !/^aws-sdk-/.test(String(header('user-agent') ?? ''))) return undefined;
  const found = /^([\w-]+)\.([a-z]{2}(?:-[a-z]+)+-\d)\.(?:amazonaws\.com(?:\.cn)?|api\.aws)(?::\d+)?$/.exec(host);
  return found ? { signingName: found[1], region: found[2] } : undefined;
}

function describeS3(known, method, pathname, searchParams, host, attributes) {
  const virtual = /^(.+?)\.s3(?:express-[\w-]+)?[.-]/.exec(host)?.[1];
  const [, first, ...rest] = pathname.split('/');
  const bucket = virtual ?? decoded(first);
  const key = decoded((virtual ? [first, ...rest] : rest).join('/'));
  if (bucket) attributes['aws.s3.bucket'] = bucket;
  if (key) attributes['aws.s3.key'] = key;
  if (known) return known;
  if (!bucket) return 'ListBuckets';
  for (const [name, operations] of S3_QUERIES) {
    if (searchParams.has(name) && operations[method]) return operations[method];
  }
  const verb = { GET: 'Get', PUT: 'Put', DELETE: 'Delete' }[method];
  const subresource = Object.keys(S3_SUBRESOURCES).find(name => searchParams.has(name));
  if (verb && subresource) return `${verb}${key ? 'Object' : 'Bucket'}${S3_SUBRESOURCES[subresource]}`;
  return (key ? S3_OBJECT : S3_BUCKET)[method];
}

/**
 * Adds what the body says.
 *
 * @param {{ service: string, operation?: string, attributes: object }} call
 */
export function readBody(call, text) {
  const { service, attributes } = call;
  const names = PARAMETERS[service] ?? {};
  if (text[0] === '{') {
    const body = text.length <= LONGEST_JSON ? JSON.parse(text) : undefined;
    const parameter = name => body ? body[name] : new RegExp(`"${name}":"([^"\\\\]+)"`).exec(text)?.[1];
    if (service === 'DynamoDB') {
      const table = parameter('TableName');
      const tables = table ? [table] : body?.RequestItems && Object.keys(body.RequestItems);
      if (tables) attributes['aws.dynamodb.table_names'] = tables;
    }
    for (const name in names) {
      if (typeof parameter(name) === 'string') attributes[names[name]] = parameter(name);
    }
    return;
  }
  // The query protocol puts the operation first; what is behind may be a long message.
  const form = new URLSearchParams(text.slice(0, LONGEST_JSON));
  call.operation ??= form.get('Action') ?? undefined;
  for (const name in names) {
    if (form.get(name)) attributes[names[name]] = form.get(name);
  }
}

/**
 * What an answer says went wrong.
 *
 * @param {string} type header `x-amzn-errortype`, which the protocols with REST have
 * @param {string} text the beginning of the body
 */
export function awsError(status, type, text) {
  let name = type;
  let message;
  if (text[0] === '{') {
    name ||= /"(?:__type|code|Code)"\s*:\s*"([^"]+)"/.exec(text)?.[1];
    message = /"[mM]essage"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(text)?.[1]?.replace(/\\(["\\/])/g, '$1');
  } else {
    name ||= /<Code>([^<]+)<\/Code>/.exec(text)?.[1];
    message = /<Message>([^<]*)<\/Message>/.exec(text)?.[1];
  }
  name = name?.split(':')[0].split('#').pop();
  return { name: name || 'UnknownError', message: message ?? `HTTP ${status}` };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
