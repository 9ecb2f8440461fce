"""
Records calls of botocore's clients, and so of boto3's, as spans with OpenTelemetry's attributes.
https://opentelemetry.io/docs/specs/semconv/cloud-providers/aws-sdk/
"""

import functools
from contextvars import ContextVar

from .guard import guarded, leave_out_frame
from .invocation import begin_span, running
from .settings import PAYLOADS, S3_KEYS
from .suppression import is_recorded_already, outer_call, reset

# What of a service's parameters is recorded, and under which name.
_PARAMETERS = {
    "Kinesis": {"StreamName": "aws.kinesis.stream_name"},
    "Lambda": {"FunctionName": "faas.invoked_name"},
    "S3": {"Bucket": "aws.s3.bucket", **({"Key": "aws.s3.key"} if S3_KEYS else {})},
    "SecretsManager": {"SecretId": "aws.secretsmanager.secret.arn"},
    "SFN": {"stateMachineArn": "aws.step_functions.state_machine.arn", "activityArn": "aws.step_functions.activity.arn"},
    "SNS": {"TopicArn": "aws.sns.topic.arn"},
    "SQS": {"QueueUrl": "aws.sqs.queue.url"},
}

# The span of the call that is being made.
_call = ContextVar("cdk_traced_function_aws_call", default=None)


def capture_botocore(client_module):
    """
    Outside of retries: one span for a call, whatever it takes.

    :param client_module: `botocore.client`
    """
    from botocore.endpoint import Endpoint

    client = client_module.BaseClient
    client._make_api_call = _traced(client._make_api_call, _of_client)
    prepare_request = Endpoint.prepare_request

    @functools.wraps(prepare_request)
    def traced_prepare(self, request):
        # After the signature, which the header is not part of, and for each attempt.
        span = _call.get()
        if span is not None:
            _add_header(request, span)
        try:
            return prepare_request(self, request)
        except BaseException as error:
            leave_out_frame(error)
            raise

    Endpoint.prepare_request = traced_prepare


def capture_aiobotocore(client_module):
    """:param client_module: `aiobotocore.client`"""
    client = client_module.AioBaseClient
    client._make_api_call = _traced_async(client._make_api_call, _of_client)


def capture_pynamodb(module):
    """
    It makes its requests below botocore's clients.

    :param module: `pynamodb.connection.base`
    """
    connection = module.Connection
    connection._make_api_call = _traced(connection._make_api_call, _of_pynamodb)


def _traced(make_api_call, describe):
    @functools.wraps(make_api_call)
    def traced_call(self, operation_name, *args, **kwargs):
        invocation = running()
        span = _begin(invocation, describe, self, operation_name, args, kwargs) if invocation is not None else None
        tokens = (_call.set(span), outer_call.set(span.span_id)) if span is not None else None
        if PAYLOADS and span is not None:
            args, kwargs = _carry(span, args, kwargs)
        try:
            answer = make_api_call(self, operation_name, *args, **kwargs)
        except BaseException as error:
            if span is not None:
                _fail(span, error)
            leave_out_frame(error)
            raise
        finally:
            if tokens is not None:
                reset(_call, tokens[0])
                reset(outer_call, tokens[1])
        if span is not None:
            _end(span, answer)
        return answer

    return traced_call


def _traced_async(make_api_call, describe):
    @functools.wraps(make_api_call)
    async def traced_call(self, operation_name, *args, **kwargs):
        invocation = running()
        span = _begin(invocation, describe, self, operation_name, args, kwargs) if invocation is not None else None
        tokens = (_call.set(span), outer_call.set(span.span_id)) if span is not None else None
        if PAYLOADS and span is not None:
            args, kwargs = _carry(span, args, kwargs)
        try:
            answer = await make_api_call(self, operation_name, *args, **kwargs)
        except BaseException as error:
            if span is not None:
                _fail(span, error)
            leave_out_frame(error)
            raise
        finally:
            if tokens is not None:
                reset(_call, tokens[0])
                reset(outer_call, tokens[1])
        if span is not None:
            _end(span, answer)
        return answer

    return traced_call


@guarded
def _add_header(request, span):
    header = span.invocation.header(span.span_id) + span.invocation.lineage
    del request.headers["X-Amzn-Trace-Id"]
    request.headers["X-Amzn-Trace-Id"] = header


@guarded
def _begin(invocation, describe, client, operation_name, args, kwargs):
    # What is not sampled gets Lambda's own header from botocore.
    if not invocation.is_sampled or is_recorded_already("aws-sdk"):
        return None
    service, endpoint, region, parameters = describe(client, args, kwargs)
    span = begin_span(invocation, f"{service}.{operation_name}")
    if span is None:
        return None
    span.remote = endpoint
    span.attributes = {
        "rpc.system": "aws-api",
        "rpc.service": service,
        "rpc.method": operation_name,
        "aws.region": region,
    }
    if service == "DynamoDB":
        span.attributes["db.system"] = "dynamodb"
    span.attributes.update(_describe(service, parameters))
    return span


def _carry(span, args, kwargs):
    from .payloads import carried

    service, operation = span.attributes["rpc.service"], span.attributes["rpc.method"]
    header = span.invocation.header(span.span_id)
    found = carried(service, operation, args[0] if args else kwargs.get("api_params"), header)
    if found is None:
        return args, kwargs
    return ((found, *args[1:]), kwargs) if args else (args, {**kwargs, "api_params": found})


def _of_client(client, args, kwargs):
    model = client.meta.service_model
    parameters = args[0] if args else kwargs.get("api_params")
    return model.service_id.replace(" ", ""), model.endpoint_prefix, client.meta.region_name, parameters


def _of_pynamodb(connection, args, kwargs):
    return "DynamoDB", "dynamodb", connection.region, args[0] if args else kwargs.get("operation_kwargs")


def _describe(service, parameters):
    if not isinstance(parameters, dict):
        return {}
    if service == "DynamoDB":
        table, tables = parameters.get("TableName"), parameters.get("RequestItems")
        if isinstance(table, str):
            return {"aws.dynamodb.table_names": [table]}
        return {"aws.dynamodb.table_names": [str(name) for name in tables]} if isinstance(tables, dict) else {}
    names = _PARAMETERS.get(service, {})
    described = {names[name]: parameters[name] for name in names if isinstance(parameters.get(name), str)}
    if service == "SQS" and "aws.sqs.queue.url" in described:
        from .messages import address

        described["aws.sqs.queue.url"] = address(described["aws.sqs.queue.url"])
    return described


@guarded
def _end(span, answer):
    _note(span, answer)
    span.end()


@guarded
def _fail(span, error):
    _note(span, getattr(error, "response", None))
    span.fail(error)


@guarded
def _note(span, answer):
    metadata = answer.get("ResponseMetadata") if isinstance(answer, dict) else None
    if not isinstance(metadata, dict):
        return
    headers = metadata.get("HTTPHeaders") or {}
    span.attributes.update({
        "http.status_code": metadata.get("HTTPStatusCode"),
        "aws.request_id": metadata.get("RequestId"),
        "aws.extended_request_id": metadata.get("HostId") or headers.get("x-amz-id-2"),
        "http.request.resend_count": metadata.get("RetryAttempts") or None,
    })
    length = headers.get("content-length", "")
    if length.isdecimal():
        span.attributes["http.response_content_length"] = int(length)
