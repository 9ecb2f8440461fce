// Records calls of AWS SDK v3 clients as spans, with OpenTelemetry's attributes.
// https://opentelemetry.io/docs/specs/semconv/cloud-providers/aws-sdk/
import { encodeAttributes } from './otlp.mjs';
import { CLIENT } from './span.mjs';

const MIDDLEWARE = 'cdkTracedFunction';

/** What of a service's parameters is recorded, and under which name. */
const PARAMETERS = {
  Kinesis: { StreamName: 'aws.kinesis.stream_name' },
  Lambda: { FunctionName: 'faas.invoked_name' },
  S3: { Bucket: 'aws.s3.bucket', Key: 'aws.s3.key' },
  SecretsManager: { SecretId: 'aws.secretsmanager.secret.arn' },
  SFN: { StateMachineArn: 'aws.step_functions.state_machine.arn', ActivityArn: 'aws.step_functions.activity.arn' },
  SNS: { TopicArn: 'aws.sns.topic.arn' },
  SQS: { QueueUrl: 'aws.sqs.queue.url' },
};

/** Registers what each copy of the clients' base class calls when it is loaded: the calls are appended while bundling. */
export function captureAwsClients(recorder) {
  const captured = new WeakSet();

  globalThis[Symbol.for('cdk-traced-function.captureClient')] = Client => {
    const { send } = Client.prototype;
    if (send.name === 'tracedSend') return; // two clients of the runtime's SDK share one base class
    Client.prototype.send = function tracedSend(...args) {
      if (!captured.has(this)) {
        captured.add(this);
        // Outside of retries and before the signature, as the X-Ray SDK does.
        this.middlewareStack.add(middlewareOf(this.config, recorder), { step: 'build', name: MIDDLEWARE, override: true });
      }
      return send.apply(this, args);
    };
  };
}

function middlewareOf(config, recorder) {
  const commands = new Map();
  let region;
  return (next, { clientName = 'Client', commandName = 'Command' }) => args => {
    const invocation = recorder.running();
    // What is not sampled gets Lambda's own header from the AWS SDK.
    if (!invocation?.isSampled) return next(args);
    let command = commands.get(commandName);
    if (!command) commands.set(commandName, command = describe(clientName, commandName));
    const span = invocation.begin(command.name, CLIENT);
    span.fixed = command.fixed;
    const attributes = span.attributes = parametersOf(command.service, args.input);
    attributes['aws.region'] = region;
    if (region === undefined) {
      Promise.resolve(config.region?.()).then(found => {
        region = found;
        attributes['aws.region'] = found;
      }, () => { /* the call itself fails of it */ });
    }
    if (args.request?.headers) args.request.headers['X-Amzn-Trace-Id'] = span.invocation.header(span.id) + invocation.lineage;
    return next(args).then(result => {
      note(attributes, result.output?.$metadata, result.response?.headers);
      span.end();
      return result;
    }, error => {
      note(attributes, error?.$metadata, error?.$response?.headers);
      span.fail(error);
      throw error;
    });
  };
}

/** `DynamoDBClient` and `PutItemCommand` to what all calls of the command have in common. */
function describe(clientName, commandName) {
  const service = clientName.replace(/Client$/, '');
  const method = commandName.replace(/Command$/, '');
  return {
    service,
    name: `${service}.${method}`,
    fixed: encodeAttributes({ 'rpc.system': 'aws-api', 'rpc.service': service, 'rpc.method': method, 'db.system': service === 'DynamoDB' ? 'dynamodb' : undefined }),
  };
}

function parametersOf(service, input = {}) {
  const attributes = {};
  if (service === 'DynamoDB') {
    const tables = typeof input.TableName === 'string' ? [input.TableName] : input.RequestItems && Object.keys(input.RequestItems);
    if (tables) attributes['aws.dynamodb.table_names'] = tables;
    return attributes;
  }
  const names = PARAMETERS[service];
  for (const name in names) {
    if (typeof input[name] === 'string') attributes[names[name]] = input[name];
  }
  return attributes;
}

function note(attributes, metadata, headers) {
  if (!metadata) return;
  const { httpStatusCode, requestId, extendedRequestId, attempts } = metadata;
  attributes['http.status_code'] = httpStatusCode;
  attributes['aws.request_id'] = requestId;
  if (extendedRequestId) attributes['aws.extended_request_id'] = extendedRequestId;
  if (attempts > 1) attributes['http.request.resend_count'] = attempts - 1;
  const length = headers?.['content-length'];
  if (length !== undefined) attributes['http.response_content_length'] = Number(length);
}
