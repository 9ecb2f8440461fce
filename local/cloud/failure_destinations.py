"""Where the outcome of an asynchronous invocation goes: destinations and the dead-letter queue.

Formats: Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations" and "Adding a dead-letter queue".
"""
from __future__ import annotations

import datetime
import json
import logging
from typing import Any

from .invocation import Invocation

logger = logging.getLogger("cdk_traced.destinations")


def deliver_outcome(func: dict[str, Any], settings: dict[str, Any], event: Any, invocation: Invocation, result: dict[str, Any],
                    condition: str | None) -> None:
    """Sends a finished event to every place that is configured for it. `condition` is None for success."""
    destinations = settings.get("DestinationConfig") or {}
    name = "OnFailure" if condition else "OnSuccess"
    destination = (destinations.get(name) or {}).get("Destination")
    if destination:
        record = destination_record(func, event, invocation, result, condition)
        _deliver(destination, json.dumps(record), {}, invocation, record)
    dead_letter_target = ((func.get("config") or {}).get("DeadLetterConfig") or {}).get("TargetArn")
    if condition and dead_letter_target:
        _deliver(dead_letter_target, json.dumps(event), dead_letter_attributes(invocation), invocation, None)
    if condition and not destination and not dead_letter_target:
        logger.warning("event of request %s dropped: %s has neither a dead-letter queue nor an on-failure destination",
                       invocation.request_id, invocation.function_name)


def destination_record(func: dict[str, Any], event: Any, invocation: Invocation, result: dict[str, Any],
                       condition: str | None) -> dict[str, Any]:
    """The record that a destination gets."""
    version = (func.get("config") or {}).get("Version", "$LATEST")
    response: dict[str, Any] = {"statusCode": 200, "executedVersion": version}
    if condition:
        response["functionError"] = result.get("function_error") or "Unhandled"
    body = result.get("body")
    return {
        "version": "1.0",
        "timestamp": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
        "requestContext": {
            "requestId": invocation.request_id,
            "functionArn": f"{':'.join(invocation.function_arn.split(':')[:7])}:{version}",
            "condition": condition or "Success",
            "approximateInvokeCount": len(invocation.attempts),
        },
        "requestPayload": event,
        "responseContext": response,
        "responsePayload": body.decode("utf-8", "replace") if isinstance(body, bytes) else body,
    }


def dead_letter_attributes(invocation: Invocation) -> dict[str, dict[str, str]]:
    """Message attributes of an event in the dead-letter queue; the error message is cut to 1 KB as Lambda does."""
    error = invocation.attempts[-1].error if invocation.attempts else None
    attributes = {
        "RequestID": {"DataType": "String", "StringValue": invocation.request_id},
        "ErrorCode": {"DataType": "Number", "StringValue": "200" if error else "429"},
    }
    if error and error.message:
        attributes["ErrorMessage"] = {"DataType": "String", "StringValue": error.message[:1024]}
    return attributes


def _deliver(target_arn: str, body: str, attributes: dict[str, Any], invocation: Invocation, record: dict[str, Any] | None) -> None:
    now = datetime.datetime.now(datetime.timezone.utc)
    key = f"aws/lambda/async/{invocation.function_name}/{now:%Y/%m/%d}/{now:%Y-%m-%dT%H.%M.%S}-{invocation.request_id}"
    deliver_to(target_arn, body, f"event of request {invocation.request_id} of {invocation.function_name}", key, attributes, record)


def deliver_to(target_arn: str, body: str, what: str, object_key: str, attributes: dict[str, Any] | None = None,
               record: dict[str, Any] | None = None) -> None:
    """Sends a body to a queue, topic, function, event bus or bucket. A failure is logged with `what` was sent; `object_key` is for buckets."""
    service = target_arn.split(":")[2] if target_arn.count(":") >= 5 else ""
    try:
        if service == "s3":
            delivered = _to_bucket(target_arn, body, object_key)
        else:
            delivered = _TARGETS[service](target_arn, body, attributes or {}, record) if service in _TARGETS else False
    except Exception as error:
        logger.error("%s not delivered to %s: %s", what, target_arn, error)
        return
    if not delivered:
        logger.error("%s not delivered: %s does not exist or cannot be a target", what, target_arn)


def _to_bucket(target_arn: str, body: str, object_key: str) -> bool:
    from ministack.services import s3

    status, *_rest = s3._put_object(target_arn.rsplit(":", 1)[-1], object_key, body.encode(), {"content-type": "application/json"})
    return status == 200


def to_queue(target_arn: str, body: str, attributes: dict[str, Any], _record: Any = None) -> bool:
    """Sends a message to the queue with this ARN; False if there is none."""
    from ministack.services import sqs

    queue = sqs._queue_by_arn(target_arn)
    if queue is None:
        return False
    sqs._act_send_message({"QueueUrl": queue["url"], "MessageBody": body, "MessageAttributes": attributes}, queue["url"])
    return True


def _to_topic(target_arn: str, body: str, attributes: dict[str, Any], _record: Any) -> bool:
    from ministack.services import sns

    return sns.publish_internal(target_arn, body, message_attributes=attributes) is not None


def _to_function(target_arn: str, body: str, _attributes: Any, record: Any) -> bool:
    from ministack.services import lambda_svc

    func, config, _name = lambda_svc._get_func_record_for_ref(target_arn)
    if not func or not config:
        return False
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(func, config), record or json.loads(body))
    return True


def _to_event_bus(target_arn: str, body: str, _attributes: Any, record: Any) -> bool:
    from ministack.services import eventbridge

    succeeded = bool(record) and record["requestContext"]["condition"] == "Success"
    status, _headers, response = eventbridge._put_events({"Entries": [{
        "Source": "lambda",
        "DetailType": f"Lambda Function Invocation Result - {'Success' if succeeded else 'Failure'}",
        "Detail": body,
        "EventBusName": target_arn,
        "Resources": [target_arn] + ([record["requestContext"]["functionArn"]] if record else []),
    }]})
    return status == 200 and json.loads(response).get("FailedEntryCount") == 0


_TARGETS = {"sqs": to_queue, "sns": _to_topic, "lambda": _to_function, "events": _to_event_bus}
