"""
Writes spans down as the X-Ray SDK does: each is a subsegment, which is sent as soon as it ends.
https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
"""

import json
import os
import re
import sys

from .daemon_socket import DaemonSocket, daemon_address
from .guard import guarded, warn
from .redaction import has_patterns, redacted
from .span import ANNOTATIONS, CLIENT

# What joins what the handler records with the X-Ray SDK by itself, by the module whose import means that it does.
JOINED = {
    "aws_xray_sdk.core.daemon_config": ("recorder", "accept_daemon_address"),
    "aws_xray_sdk.core": ("recorder", "join_recorder"),
}

SENDS_AT_ONCE = True
SPEAKS_W3C = False

_PREFIX = b'{"format":"json","version":1}\n'
_LARGEST_DOCUMENT_BYTES = 64_000

_NAME = re.compile(r"[^\w\s.:/%&#=+\\\-@]")

# Which of a call's attributes X-Ray shows, under which name.
_AWS = {
    "rpc.method": "operation", "aws.region": "region", "aws.request_id": "request_id", "aws.extended_request_id": "id_2",
    "http.request.resend_count": "retries", "aws.s3.bucket": "bucket_name", "aws.s3.key": "key", "aws.sqs.queue.url": "queue_url",
    "aws.sns.topic.arn": "topic_arn", "faas.invoked_name": "function_name", "aws.kinesis.stream_name": "stream_name",
    "aws.secretsmanager.secret.arn": "secret_id", "aws.step_functions.state_machine.arn": "state_machine_arn",
    "aws.step_functions.activity.arn": "activity_arn",
}
_SQL = {"db.system": "database_type", "db.version": "database_version", "db.driver": "driver_version"}
_DATABASES = {"postgresql": "PostgreSQL", "mysql": "MySQL", "sqlite": "sqlite3", "mongodb": "MongoDB"}

_THROTTLED = {
    "ThrottlingException", "Throttling", "ThrottledException", "RequestThrottledException", "RequestThrottled", "TooManyRequestsException", "SlowDown",
    "ProvisionedThroughputExceededException", "RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException", "TransactionInProgressException",
    "PriorRequestNotComplete", "EC2ThrottledException",
}

_socket = DaemonSocket(daemon_address())


def begin(invocation):
    recorder = sys.modules.get(f"{__package__}.recorder")
    if recorder:
        recorder.begin()


def end(_invocation):
    pass


def export_spans(spans):
    for span in spans:
        _export(span)


@guarded
def _export(span):
    send_document(_document(span))


def send_document(document, daemon=None):
    """
    :param document: of a subsegment, whoever has made it
    :param daemon: where it goes, if not where all others do
    """
    data = _encode(document)
    if len(data) > _LARGEST_DOCUMENT_BYTES:
        metadata = document.pop("metadata", None)
        data = _encode({**document, "metadata": {"default": {"omitted": "too large"}}} if metadata else document)
    if len(data) > _LARGEST_DOCUMENT_BYTES or not (daemon or _socket).send(_PREFIX + data):
        warn(f"the subsegment '{str(document.get('name'))[:100]}' is lost, it is too large to send ({len(data)} bytes)")


def _encode(document):
    if has_patterns():
        document = _redacted(document)
    return json.dumps(document, default=str, separators=(",", ":"), skipkeys=True).encode("ascii")


def _redacted(value, depth=0):
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dict) and depth < 20:
        # Ids decide where the document belongs.
        return {key: item if depth == 0 and key in ("id", "trace_id", "parent_id", "type", "namespace") else _redacted(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and depth < 20:
        return [_redacted(item, depth + 1) for item in value]
    return value


def _document(span):
    invocation = span.invocation
    document = {
        "id": span.span_id,
        "name": _NAME.sub("", span.remote or span.name)[:200] or "unknown",
        "start_time": span.start_time / 1e9,
        "end_time": span.end_time / 1e9,
        "trace_id": f"1-{invocation.trace_id[:8]}-{invocation.trace_id[8:]}",
        "parent_id": span.parent_id,
        "type": "subsegment",
    }
    attributes = span.attributes
    if span.kind == CLIENT:
        if "rpc.system" in attributes:
            document["namespace"] = "aws"
            document["aws"] = _aws(attributes)
        else:
            document["namespace"] = "remote"
        if "http.url" in attributes:
            document["http"] = {"request": {"method": attributes["http.method"], "url": attributes["http.url"]}}
        if "db.system" in attributes and "rpc.system" not in attributes:
            document["sql"] = _sql(attributes)
        response = {"status": attributes.get("http.status_code"), "content_length": attributes.get("http.response_content_length")}
        response = {key: value for key, value in response.items() if value is not None}
        if response:
            document.setdefault("http", {})["response"] = response
    else:
        _describe_handler(document, attributes)
    if span.subsegment:
        for key, value in span.subsegment.items():
            document[key] = {**document.get(key, {}), **value}
    _flag(document, span, attributes.get("http.status_code"))
    return document


def _describe_handler(document, attributes):
    annotations = {key: attributes[key] for key in attributes.get(ANNOTATIONS, ())}
    metadata = {key: value for key, value in attributes.items() if key != ANNOTATIONS and key not in annotations}
    if annotations:
        document["annotations"] = annotations
    if metadata:
        document["metadata"] = {"default": metadata}


def _aws(attributes):
    described = {name: attributes[key] for key, name in _AWS.items() if attributes.get(key) is not None}
    tables = attributes.get("aws.dynamodb.table_names")
    if tables:
        described.update({"table_name": tables[0]} if len(tables) == 1 else {"table_names": tables})
    return described


def _sql(attributes):
    described = {name: attributes[key] for key, name in _SQL.items() if attributes.get(key) is not None}
    described["database_type"] = _DATABASES.get(attributes["db.system"], attributes["db.system"])
    if attributes.get("server.address"):
        port = attributes.get("server.port")
        described["url"] = f"{attributes['server.address']}{f':{port}' if port else ''}{'/' + attributes['db.name'] if attributes.get('db.name') else ''}"
    return described


def _flag(document, span, status):
    """What X-Ray calls an error is the caller's, and a fault is not."""
    exceptions = [values for name, _, values in span.events if name == "exception"]
    if status is not None and status >= 400:
        document["error" if status < 500 else "fault"] = True
        if status == 429 or any(values["exception.type"] in _THROTTLED for values in exceptions):
            document["throttle"] = True
            document["error"] = True
    elif exceptions or span.status:
        document["fault"] = True
    if exceptions and span.failure is not None:
        values = exceptions[-1]
        exception = {"id": os.urandom(8).hex(), "type": values["exception.type"], "stack": [
            {"path": os.path.basename(file), "line": line, "label": label} for file, line, label in reversed(span.failure[1])
        ]}
        if values["exception.message"] is not None:
            exception["message"] = values["exception.message"]
        if span.kind == CLIENT:
            exception["remote"] = True
        document["cause"] = {"working_directory": _working_directory(), "exceptions": [exception]}


def _working_directory():
    try:
        return os.getcwd()
    except OSError:  # removed
        return ""
