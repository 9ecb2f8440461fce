"""
Carries the trace in payloads, for services that have no place of their own for it: for functions whose instrumentation names such a service.
"""

import base64
import json
import re

from .guard import guarded
from .settings import PAYLOADS

# Name of the header in a payload, as SQS has it among the attributes of a message.
_FIELD = "AWSTraceHeader"

# Characters of a payload that gets no header: a service refuses what is too large, and that must not be because of this.
_LARGEST = 200_000

_TYPES = {"S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"}


@guarded
def carried(service, operation, parameters, header):
    """
    :return: the parameters of a call with the header in them, or None. A call that a service would take for another one, because it compares
        parameters, stays as it is.
    """
    write = _WRITERS.get((service, operation))
    return write(parameters, header) if write is not None and isinstance(parameters, dict) and _KINDS[service] in PAYLOADS else None


def header_in(event):
    """In what a function is given: an event, or a record of one."""
    if not isinstance(event, dict):
        return None
    for kind in PAYLOADS:
        found = _read(kind, event)
        if isinstance(found, str):
            return found
    return None


@guarded
def _read(kind, event):
    if kind == "eventbridge":
        return _member(event.get("detail"), _FIELD)
    if kind == "kinesis":
        if event.get("eventSource") != "aws:kinesis":
            return None
        data = _member(event.get("kinesis"), "data") or event.get("data") or ""
        return _member(_parsed(base64.b64decode(data)), _FIELD)
    if kind == "dynamodb":
        return _member(_member(_member(event.get("dynamodb"), "NewImage"), _FIELD), "S")
    return event.get(_FIELD)


def _member(value, name):
    return value.get(name) if isinstance(value, dict) else None


def _events(parameters, header):
    entries = parameters["Entries"]
    if sum(len(entry.get("Detail") or "") for entry in entries) > _LARGEST:
        return None
    return {**parameters, "Entries": [{**entry, "Detail": _json(entry["Detail"], header)} if "Detail" in entry else entry for entry in entries]}


def _record(parameters, header):
    return {**parameters, "Data": _bytes(parameters["Data"], header)}


def _records(parameters, header):
    return {**parameters, "Records": [_record(record, header) for record in parameters["Records"]]}


def _put(parameters, header):
    return {**parameters, "Item": _item(parameters["Item"], header)}


def _batch(parameters, header):
    def write(request):
        return {**request, "PutRequest": _put(request["PutRequest"], header)} if "PutRequest" in request else request

    return {**parameters, "RequestItems": {table: [write(request) for request in requests] for table, requests in parameters["RequestItems"].items()}}


def _transaction(parameters, header):
    if "ClientRequestToken" in parameters:
        return None
    return {**parameters, "TransactItems": [{**part, "Put": _put(part["Put"], header)} if "Put" in part else part for part in parameters["TransactItems"]]}


def _execution(parameters, header):
    return None if "name" in parameters else {**parameters, "input": _json(parameters.get("input", "{}"), header)}


def _schedule(parameters, header):
    target = parameters.get("Target") or {}
    if "ClientToken" in parameters or "Input" not in target:
        return None
    return {**parameters, "Target": {**target, "Input": _json(target["Input"], header)}}


_WRITERS = {
    ("EventBridge", "PutEvents"): _events,
    ("Kinesis", "PutRecord"): _record,
    ("Kinesis", "PutRecords"): _records,
    ("DynamoDB", "PutItem"): _put,
    ("DynamoDB", "BatchWriteItem"): _batch,
    ("DynamoDB", "TransactWriteItems"): _transaction,
    ("SFN", "StartExecution"): _execution,
    ("SFN", "StartSyncExecution"): _execution,
    ("Scheduler", "CreateSchedule"): _schedule,
    ("Scheduler", "UpdateSchedule"): _schedule,
}
# By the names of the construct's `PayloadContext`.
_KINDS = {"EventBridge": "eventbridge", "Kinesis": "kinesis", "DynamoDB": "dynamodb", "SFN": "step-functions", "Scheduler": "scheduler"}


def _parsed(text):
    try:
        return json.loads(text)
    except (ValueError, UnicodeDecodeError):
        return None


def _json(text, header):
    """Anything but an object stays as it is, and so does one that carries a header."""
    if not isinstance(text, str) or len(text) > _LARGEST or not text.lstrip().startswith("{"):
        return text
    value = _parsed(text)
    if not isinstance(value, dict) or _FIELD in value:
        return text
    # Numbers of any length, and the order of members, are kept: the text is not written anew.
    field = f"{json.dumps(_FIELD)}:{json.dumps(header)}"
    return re.sub(r"\}\s*\Z", lambda _: f",{field}}}" if value else f"{field}}}", text)


def _bytes(data, header):
    if isinstance(data, str):
        return _json(data, header)
    if not isinstance(data, (bytes, bytearray)):
        return data
    try:
        text = bytes(data).decode("utf-8")
    except UnicodeDecodeError:
        return data
    carrying = _json(text, header)
    return data if carrying == text else carrying.encode("utf-8")


def _item(values, header):
    """Of a client, or of boto3's tables, which take plain values."""
    if _FIELD in values:
        return values
    is_typed = all(isinstance(value, dict) and len(value) == 1 and next(iter(value)) in _TYPES for value in values.values())
    return {**values, _FIELD: {"S": header} if is_typed else header}
