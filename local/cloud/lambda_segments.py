"""The two segments that Lambda itself records for each traced invocation, as documents. Pure functions.

Shapes: X-Ray Developer Guide ("Segment documents", BatchGetTraces examples) and the Lambda Developer Guide ("Using AWS
Lambda with AWS X-Ray"): `AWS::Lambda` is the service, `AWS::Lambda::Function` the function.
"""
from __future__ import annotations

from typing import Any

from .invocation import Attempt, FunctionError, Invocation
from .trace_header import new_segment_id

_MAX_MESSAGE = 2_048  # characters of an exception's message; a datagram must hold the document
_MAX_FRAMES = 50


def service_segment(invocation: Invocation) -> dict[str, Any]:
    """The `AWS::Lambda` segment.

    Synchronous: from the request to the response. Asynchronous: from the request to the 202 response, with `Dwell Time`
    (until the first attempt starts) and an `Attempt #n` for each execution so far, which lie after the segment's end.
    """
    document: dict[str, Any] = {
        "id": invocation.segment_id,
        "name": invocation.function_name,
        "start_time": invocation.received,
        "end_time": invocation.responded,
        "trace_id": invocation.header.trace_id,
        "http": {"response": {"status": _status(invocation)}},
        "aws": {"request_id": invocation.request_id},
        "origin": "AWS::Lambda",
        "resource_arn": invocation.function_arn,
    }
    if invocation.header.parent_id:
        document["parent_id"] = invocation.header.parent_id
    if invocation.links:
        document["links"] = [
            {"trace_id": link.trace_id, "id": link.segment_id, "attributes": {"ReferenceType": "parent"}}
            for link in invocation.links
        ]
    if invocation.throttled:
        document.update(error=True, throttle=True)
    finished = [a for a in invocation.attempts if a.executed and a.ended is not None]
    if invocation.asynchronous:
        document["subsegments"] = _attempts(invocation, finished)
    elif finished and finished[-1].error:
        document["fault"] = True
    return document


def function_segment(invocation: Invocation, attempt: Attempt) -> dict[str, Any]:
    """The `AWS::Lambda::Function` segment of one attempt.

    It starts when the event reaches the function, so `Initialization`, where there is one, lies before its start: that
    is how X-Ray shows a cold start. Its parent is the attempt's subsegment, or the service segment of a synchronous call.
    """
    started = attempt.began
    handler_ended = attempt.handler_ended or attempt.ended or started
    ended = max(attempt.environment_ready or handler_ended, handler_ended)
    aws = {"function_arn": invocation.function_arn}
    invocation_part: dict[str, Any] = _part("Invocation", started, handler_ended, aws)
    document: dict[str, Any] = {
        "id": attempt.function_segment_id,
        "name": invocation.function_name,
        "start_time": started,
        "end_time": ended,
        "trace_id": invocation.header.trace_id,
        "parent_id": attempt.subsegment_id if invocation.asynchronous else invocation.segment_id,
        "aws": {
            "account_id": invocation.account_id,
            "function_arn": invocation.function_arn,
            "resource_names": [invocation.function_name],
        },
        "origin": "AWS::Lambda::Function",
    }
    if attempt.error:
        document.update(fault=True, cause=cause(attempt.error))
        # A cause may be the id of an exception that is described elsewhere in the trace.
        invocation_part.update(fault=True, cause=document["cause"]["exceptions"][0]["id"])
    parts = [invocation_part, _part("Overhead", handler_ended, ended, aws)]
    if attempt.initialization:
        parts.insert(0, _part("Initialization", *attempt.initialization, aws))
    document["subsegments"] = parts
    return document


def cause(error: FunctionError) -> dict[str, Any]:
    """X-Ray's description of an exception."""
    exception: dict[str, Any] = {"id": new_segment_id(), "type": error.type, "message": error.message[:_MAX_MESSAGE]}
    if error.stack:
        exception["stack"] = error.stack[:_MAX_FRAMES]
        if len(error.stack) > _MAX_FRAMES:
            exception["truncated"] = len(error.stack) - _MAX_FRAMES
    return {"working_directory": "/var/task", "exceptions": [exception]}


def _attempts(invocation: Invocation, finished: list[Attempt]) -> list[dict[str, Any]]:
    if not finished:
        return []
    subsegments = [_part("Dwell Time", invocation.received, finished[0].started, subsegment_id=invocation.dwell_time_id)]
    for attempt in finished:
        part = _part(f"Attempt #{attempt.number}", attempt.started, attempt.ended, subsegment_id=attempt.subsegment_id)
        part["http"] = {"response": {"status": 200}}
        if attempt.error:
            part["fault"] = True
        subsegments.append(part)
    return subsegments


def _part(name: str, start: float, end: float | None, aws: dict[str, Any] | None = None,
          subsegment_id: str | None = None) -> dict[str, Any]:
    part: dict[str, Any] = {"id": subsegment_id or new_segment_id(), "name": name, "start_time": start, "end_time": end}
    if aws:
        part["aws"] = aws
    return part


def _status(invocation: Invocation) -> int:
    if invocation.throttled:
        return 429
    return 202 if invocation.asynchronous else 200
