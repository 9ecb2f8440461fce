"""EventBridge Scheduler: what a schedule hands to its target, and the targets that are not those of EventBridge's rules.

ministack looked every 10 seconds, knew no context attributes and no universal targets. Source: EventBridge Scheduler User Guide, "Adding context attributes",
"Using universal targets", "Using templated targets".
"""
from __future__ import annotations

import json
import logging
import time
import uuid
from typing import Any

from .failure_destinations import to_queue
from .wrapping import wrap

Record = dict[str, Any]

_TICK = 1  # seconds
_UNIVERSAL = "arn:aws:scheduler:::aws-sdk:"

logger = logging.getLogger("cdk_traced.schedules")


def install() -> None:
    from ministack.services import eventbridge, scheduler

    scheduler._SCHEDULE_TICK_INTERVAL = _TICK

    @wrap(eventbridge, "_invoke_target", "(target, event, rule, view=None)")
    def invoke_target(original: Any, target: Record, event: Record, rule: Record, view: Any = None) -> None:
        if event.get("Source") != "aws.scheduler" or "ScheduleExpression" not in rule:
            original(target, event, rule, view)
            return
        arn = target.get("Arn", "")
        text = with_attributes(target.get("Input") or "", rule.get("Arn", ""), event.get("Time") or time.time())
        try:
            if not _deliver(arn, target, text):
                original({**target, **({"Input": text} if text else {})}, event, rule, view)
        except Exception as error:
            logger.warning("the schedule %s did not reach %s: %s", rule.get("Name"), arn, error)
            dead = (target.get("DeadLetterConfig") or {}).get("Arn")
            if dead:
                to_queue(dead, text or "{}", {
                    "ERROR_MESSAGE": {"DataType": "String", "StringValue": str(error)[:1024] or "failed"},
                    "SCHEDULE_ARN": {"DataType": "String", "StringValue": rule.get("Arn", "")},
                    "TARGET_ARN": {"DataType": "String", "StringValue": arn},
                })


def with_attributes(text: str, schedule_arn: str, scheduled: float) -> str:
    values = {
        "schedule-arn": schedule_arn, "scheduled-time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(scheduled)), "execution-id": str(uuid.uuid4()),
        "attempt-number": "1",
    }
    for name, value in values.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text


def _deliver(arn: str, target: Record, text: str) -> bool:
    """Delivers to what a rule cannot have as its target in this way; False for all others."""
    service = arn.split(":")[2] if arn.count(":") > 4 else ""
    if arn.startswith(_UNIVERSAL):
        from ministack.services import stepfunctions

        try:
            stepfunctions._invoke_aws_sdk_integration(arn.replace(":scheduler:", ":states:"), json.loads(text or "{}"))
        except stepfunctions._ExecutionError as error:
            raise RuntimeError(f"{error.error}: {error.cause}") from error
        return True
    if service == "events" and ":event-bus/" in arn:
        from ministack.services import eventbridge

        own = target.get("EventBridgeParameters") or {}
        status, _headers, body = eventbridge._put_events({"Entries": [{
            "EventBusName": arn, "Source": own.get("Source", ""), "DetailType": own.get("DetailType", ""), "Detail": text or "{}"}]})
        if status != 200 or json.loads(body).get("FailedEntryCount"):
            raise RuntimeError(body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body))
        return True
    if service == "kinesis":
        import base64

        from ministack.services import kinesis

        key = (target.get("KinesisParameters") or {}).get("PartitionKey") or "schedule"
        status, _headers, body = kinesis._put_record({
            "StreamName": arn.rsplit("/", 1)[-1], "StreamARN": arn, "PartitionKey": key, "Data": base64.b64encode(text.encode()).decode("ascii")})
        if status >= 400:
            raise RuntimeError(body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body))
        return True
    return False
