// Records calls of AWS SDK v3 clients as spans, with OpenTelemetry's attributes.
// https://opentelemetry.io/docs/specs/semconv/cloud-providers/aws-sdk/
import { guard } from '../capture/guard.mjs';
import { redact } from '../capture/redaction.mjs';
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

/** Where a call's options, which the AWS SDK passes on to the request handler, hold its span. */
export const SPAN = Symbol('span');

/** What all calls of a command have in common, by the command's class. */
const commands = new WeakMap();

/**
 * Registers what each copy of the clients' base class calls when it is loaded: the calls are appended while bundling.
 *
 * A middleware that stays would be put in its place anew at every call, sampled or not. So the span begins and ends around `send`, and the header is
 * set where the request leaves: it is none of those that are signed.
 */
export function captureAwsClients(recorder) {
  const TRACED = Symbol('traced'); // and not the function's name, which is gone when the package is minified
  globalThis[Symbol.for('cdk-traced-function.captureClient')] = Client => {
    const { send } = Client.prototype;
    if (send[TRACED]) return; // two clients of the runtime's SDK share one base class
    Client.prototype.send = function tracedSend(command, ...rest) {
      let invocation;
      try {
        invocation = recorder.running();
      } catch (error) {
        return tell(rest, Promise.reject(error));
      }
      // What is not sampled gets Lambda's own header from the AWS SDK.
      return invocation?.isSampled && command ? record(this, send, invocation, command, rest) : send.call(this, command, ...rest);
    };
    Client.prototype.send[TRACED] = true;
  };
  recorder.aws = { addParameters, describe, note }; // for AWS SDK v2
}

/** `send(command, options?, callback?)` */
function tell(rest, result) {
  if (rest.length === 0) return result;
  const callback = rest.find(argument => typeof argument === 'function');
  if (!callback) return result;
  result.then(value => callback(null, value), error => callback(error)).catch(() => { /* as the AWS SDK does */ });
  return undefined;
}

function record(client, send, invocation, command, rest) {
  const { config } = client;
  const begun = guard(() => {
    traceRequests(config.requestHandler);
    const span = invocation.begin('', CLIENT);
    span.attributes = {};
    return { span, forget: commands.has(command.constructor) ? undefined : learn(client.middlewareStack, command.constructor) };
  });
  if (!begun) return send.call(client, command, ...rest);
  const { span, forget } = begun;
  const { attributes } = span;
  let sent;
  try {
    sent = send.call(client, command, { ...typeof rest[0] === 'object' ? rest[0] : undefined, [SPAN]: span });
  } finally {
    if (forget) guard(forget);
  }
  if (typeof sent?.then !== 'function') return sent; // a client that was replaced in a test
  guard(() => {
    const known = commands.get(command.constructor) ?? describe('Client', 'Command');
    span.name = known.name;
    span.fixed = known.fixed;
    addParameters(attributes, known.service, command.input);
    addRegion(attributes, config);
  });
  return tell(rest, sent.then(output => {
    guard(() => {
      note(attributes, output?.$metadata);
      span.end();
    });
    return output;
  }, error => {
    guard(() => {
      note(attributes, error?.$metadata);
      span.fail(error);
    });
    throw error;
  }));
}

/**
 * The names of client and command are in the context that middleware gets, and nowhere else once names have been made short. The AWS SDK puts its
 * middleware together before it waits for anything, so what is returned here is called as soon as `send` returns.
 */
function learn(middlewareStack, commandClass) {
  middlewareStack.add((next, { clientName = 'Client', commandName = 'Command' }) => {
    commands.set(commandClass, describe(clientName, commandName));
    return next;
  }, { step: 'initialize', name: MIDDLEWARE, override: true });
  return () => middlewareStack.remove(MIDDLEWARE);
}

const traced = new WeakSet();

/** Sets the header on each attempt of a call, and looks at its answer. */
function traceRequests(requestHandler) {
  if (traced.has(requestHandler)) return;
  traced.add(requestHandler);
  const { handle } = requestHandler;
  Reflect.set(requestHandler, 'handle', function tracedHandle(request, options) { // a frozen one stays as it is
    const span = options?.[SPAN];
    if (!span) return handle.call(this, request, options);
    const { invocation } = span;
    request.headers['X-Amzn-Trace-Id'] = invocation.header(span.id) + invocation.lineage;
    return handle.call(this, request, options).then(result => {
      const length = result?.response?.headers?.['content-length'];
      if (length !== undefined) span.attributes['http.response_content_length'] = Number(length);
      return result;
    });
  });
}

const regions = new WeakMap();

/** The region of a client is known from its second call on; at the first, it is added when it is. */
function addRegion(attributes, config) {
  const region = regions.get(config);
  attributes['aws.region'] = region;
  if (region !== undefined) return;
  Promise.resolve(config.region?.()).then(found => {
    regions.set(config, found);
    attributes['aws.region'] = found;
  }, () => { /* the call itself fails of it */ });
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

function addParameters(attributes, service, input = {}) {
  if (service === 'DynamoDB') {
    const tables = typeof input.TableName === 'string' ? [input.TableName] : input.RequestItems && Object.keys(input.RequestItems);
    if (tables) attributes['aws.dynamodb.table_names'] = tables;
    return;
  }
  const names = PARAMETERS[service];
  for (const name in names) {
    if (typeof input[name] === 'string' && (redact.s3Keys || names[name] !== 'aws.s3.key')) attributes[names[name]] = name === 'QueueUrl' ? redact.resource(input[name]) : input[name];
  }
}

function note(attributes, metadata) {
  if (!metadata) return;
  const { httpStatusCode, requestId, extendedRequestId, attempts } = metadata;
  attributes['http.status_code'] = httpStatusCode;
  attributes['aws.request_id'] = requestId;
  if (extendedRequestId) attributes['aws.extended_request_id'] = extendedRequestId;
  if (attempts > 1) attributes['http.request.resend_count'] = attempts - 1;
}
