"""
Records calls of botocore's clients, and so of boto3's, as spans with OpenTelemetry's attributes.
https://opentelemetry.io/docs/specs/semconv/cloud-providers/aws-sdk/
"""

from contextvars import ContextVar

from .invocation import running

# What of a service's parameters is recorded, and under which name.
_PARAMETERS = {
    "Kinesis": {"StreamName": "aws.kinesis.stream_name"},
    "Lambda": {"FunctionName": "faas.invoked_name"},
    "S3": {"Bucket": "aws.s3.bucket", "Key": "aws.s3.key"},
    "SecretsManager": {"SecretId": "aws.secretsmanager.secret.arn"},
    "SFN": {"stateMachineArn": "aws.step_functions.state_machine.arn", "activityArn": "aws.step_functions.activity.arn"},
    "SNS": {"TopicArn": "aws.sns.topic.arn"},
    "SQS": {"QueueUrl": "aws.sqs.queue.url"},
}

# The span of the call that is being made.
_call = ContextVar("cdk_traced_function_call", default=None)


def capture_botocore(client_module):
    """
    Outside of retries: one span for a call, whatever it takes.

    :param client_module: `botocore.client`
    """
    from botocore.endpoint import Endpoint

    client = client_module.BaseClient
    make_api_call = client._make_api_call
    prepare_request = Endpoint.prepare_request

    def traced_call(self, operation_name, api_params):
        span = _begin(self, operation_name, api_params)
        if span is None:
            return make_api_call(self, operation_name, api_params)
        token = _call.set(span)
        try:
            answer = make_api_call(self, operation_name, api_params)
        except BaseException as error:
            _fail(span, error)
            raise
        finally:
            _call.reset(token)
        _end(span, answer)
        return answer

    def traced_prepare(self, request):
        # After the signature, which the header is not part of, and for each attempt.
        span = _call.get()
        if span is not None:
            del request.headers["X-Amzn-Trace-Id"]
            request.headers["X-Amzn-Trace-Id"] = span.invocation.header(span.span_id) + span.invocation.lineage
        return prepare_request(self, request)

    client._make_api_call = traced_call
    Endpoint.prepare_request = traced_prepare


def capture_aiobotocore(client_module):
    """:param client_module: `aiobotocore.client`"""
    client = client_module.AioBaseClient
    make_api_call = client._make_api_call

    async def traced_call(self, operation_name, api_params):
        span = _begin(self, operation_name, api_params)
        if span is None:
            return await make_api_call(self, operation_name, api_params)
        token = _call.set(span)
        try:
            answer = await make_api_call(self, operation_name, api_params)
        except BaseException as error:
            _fail(span, error)
            raise
        finally:
            _call.reset(token)
        _end(span, answer)
        return answer

    client._make_api_call = traced_call


def _begin(client, operation_name, parameters):
    invocation = running()
    # What is not sampled gets Lambda's own header from botocore.
    if invocation is None or not invocation.is_sampled:
        return None
    service = client.meta.service_model.service_id.replace(" ", "")
    span = invocation.begin(f"{service}.{operation_name}")
    span.attributes = {
        "rpc.system": "aws-api",
        "rpc.service": service,
        "rpc.method": operation_name,
        "aws.region": client.meta.region_name,
    }
    if service == "DynamoDB":
        span.attributes["db.system"] = "dynamodb"
    span.attributes.update(_describe(service, parameters))
    return span


def _describe(service, parameters):
    if not isinstance(parameters, dict):
        return {}
    if service == "DynamoDB":
        table, tables = parameters.get("TableName"), parameters.get("RequestItems")
        if isinstance(table, str):
            return {"aws.dynamodb.table_names": [table]}
        return {"aws.dynamodb.table_names": [str(name) for name in tables]} if isinstance(tables, dict) else {}
    names = _PARAMETERS.get(service, {})
    return {names[name]: parameters[name] for name in names if isinstance(parameters.get(name), str)}


def _end(span, answer):
    _note(span, answer)
    span.end()


def _fail(span, error):
    _note(span, getattr(error, "response", None))
    span.fail(error)


def _note(span, answer):
    metadata = answer.get("ResponseMetadata") if isinstance(answer, dict) else None
    if not metadata:
        return
    headers = metadata.get("HTTPHeaders", {})
    span.attributes.update({
        "http.status_code": metadata.get("HTTPStatusCode"),
        "aws.request_id": metadata.get("RequestId"),
        "aws.extended_request_id": metadata.get("HostId") or headers.get("x-amz-id-2"),
        "http.request.resend_count": metadata.get("RetryAttempts") or None,
    })
    length = headers.get("content-length", "")
    if length.isdecimal():
        span.attributes["http.response_content_length"] = int(length)
