/** The functions of the cloud's tests, small enough to stand in a template. */

// Reports a subsegment of its own as an X-Ray SDK does: below the segment that the trace header names.
const RECORD_PY = `
import json, os, socket, time
def record(name):
    header = dict(p.split("=", 1) for p in os.environ["_X_AMZN_TRACE_ID"].split(";"))
    if header["Sampled"] != "1": return header
    now = time.time()
    host, port = os.environ["AWS_XRAY_DAEMON_ADDRESS"].split(":")
    doc = {"name": name, "id": os.urandom(8).hex(), "trace_id": header["Root"], "parent_id": header["Parent"], "type": "subsegment",
           "start_time": now, "end_time": now}
    data = b'{"format":"json","version":1}\\n' + json.dumps(doc).encode()
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(data, (host, int(port)))
    return header
`;

export const PYTHON = `${RECORD_PY}
def handler(event, context):
    print("handling")
    return {"header": record("py-work"), "requestId": context.aws_request_id, "arn": context.invoked_function_arn}
`;

export const NODE = `
exports.handler = async (event, context) => {
  console.log('handling');
  if (event.fail) throw new TypeError('told to fail');
  return { header: process.env._X_AMZN_TRACE_ID, requestId: context.awsRequestId, daemon: process.env.AWS_XRAY_DAEMON_ADDRESS };
};
`;

// Fails as often as the event says: the count is kept in the environment, which a failing handler does not end.
export const FLAKY = `
let failed = 0;
exports.handler = async (event) => {
  const failures = event.failures ?? Infinity;
  if (failed < failures) { failed += 1; throw new RangeError('attempt ' + failed); }
  failed = 0;
  return 'done';
};
`;

// Calls another function with the AWS SDK of the runtime, which passes the header on.
export const CALLER = `
import boto3, os
client = boto3.client("lambda")
def handler(event, context):
    response = client.invoke(FunctionName=os.environ["CALLEE"], InvocationType=event.get("type", "RequestResponse"))
    return {"status": response["StatusCode"], "header": os.environ["_X_AMZN_TRACE_ID"]}
`;

type Mode = 'Active' | 'PassThrough';

function fn(runtime: string, code: string, mode: Mode, properties: Record<string, unknown> = {}): object {
  return {
    Type: 'AWS::Lambda::Function',
    Properties: {
      Runtime: runtime, Handler: 'index.handler', Code: { ZipFile: code }, Role: 'arn:aws:iam::000000000000:role/test', Timeout: 20,
      TracingConfig: { Mode: mode }, ...properties,
    },
  };
}

const arnOf = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });
const policyFor = (topic: string) => ({
  'Fn::Sub': JSON.stringify({
    Version: '2012-10-17',
    Statement: [{
      Effect: 'Allow', Principal: { Service: 'sns.amazonaws.com' }, Action: 'xray:PutTraceSegments', Resource: '*',
      Condition: { StringEquals: { 'aws:SourceAccount': '${AWS::AccountId}' }, StringLike: { 'aws:SourceArn': `\${${topic}}` } },
    }],
  }),
});

/** S3 -> SNS -> two functions; a topic without permission; SQS, EventBridge and API Gateway in front of functions; failing functions. */
export const TEMPLATE = {
  Resources: {
    Py: fn('python3.11', PYTHON, 'Active', { FunctionName: 'py' }),
    Js: fn('nodejs20.x', NODE, 'Active', { FunctionName: 'js' }),
    Passive: fn('nodejs20.x', NODE, 'PassThrough', { FunctionName: 'passive' }),
    Flaky: fn('nodejs20.x', FLAKY, 'Active', { FunctionName: 'flaky', DeadLetterConfig: { TargetArn: arnOf('DeadLetters') } }),
    FlakyConfig: {
      Type: 'AWS::Lambda::EventInvokeConfig',
      Properties: {
        FunctionName: { Ref: 'Flaky' }, Qualifier: '$LATEST', MaximumRetryAttempts: 2,
        DestinationConfig: { OnFailure: { Destination: arnOf('Failures') }, OnSuccess: { Destination: arnOf('Successes') } },
      },
    },
    NoModulePy: fn('python3.11', 'import aws_xray_sdk_that_is_missing\n', 'Active', { FunctionName: 'no-module-py' }),
    NoModuleJs: fn('nodejs20.x', "require('aws-xray-sdk-that-is-missing');\n", 'Active', { FunctionName: 'no-module-js' }),
    SlowPy: fn('python3.11', 'import time\ndef handler(event, context): time.sleep(30)\n', 'Active', { FunctionName: 'slow', Timeout: 1 }),
    CallerPy: fn('python3.11', CALLER, 'Active', { FunctionName: 'caller', Environment: { Variables: { CALLEE: 'js' } } }),
    DeadLetters: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'dead-letters' } },
    Failures: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'failures' } },
    Successes: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'successes' } },
    Lost: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'lost' } },

    Uploads: {
      Type: 'AWS::SNS::Topic',
      Properties: {
        TopicName: 'uploads', TracingConfig: 'Active',
        Subscription: [{ Protocol: 'lambda', Endpoint: arnOf('Py') }, { Protocol: 'lambda', Endpoint: arnOf('Js') }],
      },
    },
    MayTrace: { Type: 'AWS::XRay::ResourcePolicy', Properties: { PolicyName: 'sns', PolicyDocument: policyFor('Uploads') } },
    Bucket: {
      Type: 'AWS::S3::Bucket',
      Properties: { BucketName: 'incoming', NotificationConfiguration: { TopicConfigurations: [{ Event: 's3:ObjectCreated:*', Topic: { Ref: 'Uploads' } }] } },
    },
    Unpermitted: {
      Type: 'AWS::SNS::Topic',
      Properties: { TopicName: 'unpermitted', TracingConfig: 'Active', Subscription: [{ Protocol: 'lambda', Endpoint: arnOf('Js') }] },
    },
    UnpermittedBucket: {
      Type: 'AWS::S3::Bucket',
      Properties: {
        BucketName: 'unpermitted', NotificationConfiguration: { TopicConfigurations: [{ Event: 's3:ObjectCreated:*', Topic: { Ref: 'Unpermitted' } }] },
      },
    },
    Gone: {
      Type: 'AWS::SNS::Subscription',
      Properties: {
        TopicArn: { Ref: 'Unpermitted' }, Protocol: 'lambda', Endpoint: 'arn:aws:lambda:us-east-1:000000000000:function:gone',
        RedrivePolicy: { deadLetterTargetArn: arnOf('Lost') },
      },
    },

    Work: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'work' } },
    WorkSource: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: { EventSourceArn: arnOf('Work'), FunctionName: { Ref: 'Passive' }, BatchSize: 1 },
    },
    Rule: {
      Type: 'AWS::Events::Rule',
      Properties: { EventPattern: { source: ['test'] }, Targets: [{ Id: 'js', Arn: arnOf('Js') }, { Id: 'queue', Arn: arnOf('Work') }] },
    },

    Api: { Type: 'AWS::ApiGateway::RestApi', Properties: { Name: 'api' } },
    Any: {
      Type: 'AWS::ApiGateway::Method',
      Properties: {
        RestApiId: { Ref: 'Api' }, ResourceId: { 'Fn::GetAtt': ['Api', 'RootResourceId'] }, HttpMethod: 'ANY', AuthorizationType: 'NONE',
        Integration: {
          Type: 'AWS_PROXY', IntegrationHttpMethod: 'POST',
          Uri: { 'Fn::Sub': 'arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Js.Arn}/invocations' },
        },
      },
    },
    Deployment: { Type: 'AWS::ApiGateway::Deployment', DependsOn: 'Any', Properties: { RestApiId: { Ref: 'Api' } } },
    Stage: {
      Type: 'AWS::ApiGateway::Stage',
      Properties: { RestApiId: { Ref: 'Api' }, DeploymentId: { Ref: 'Deployment' }, StageName: 'prod', TracingEnabled: true },
    },
    Group: { Type: 'AWS::XRay::Group', Properties: { GroupName: 'faulty', FilterExpression: 'fault = true' } },
    Sampling: {
      Type: 'AWS::XRay::SamplingRule',
      Properties: { SamplingRule: { RuleName: 'all', Priority: 1, FixedRate: 1, ReservoirSize: 1, ServiceName: '*', ServiceType: '*', Host: '*', HTTPMethod: '*', URLPath: '*', ResourceARN: '*', Version: 1 } },
    },
    Search: { Type: 'AWS::XRay::TransactionSearchConfig', Properties: { IndexingPercentage: 5 } },
  },
  Outputs: {
    ApiId: { Value: { Ref: 'Api' } },
    GroupArn: { Value: { 'Fn::GetAtt': ['Group', 'GroupARN'] } },
    PolicyName: { Value: { Ref: 'MayTrace' } },
    RuleArn: { Value: { 'Fn::GetAtt': ['Sampling', 'RuleARN'] } },
  },
};
