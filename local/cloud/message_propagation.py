"""Carries the trace header through SQS and EventBridge. Neither records a segment.

SQS keeps it with the message as the system attribute `AWSTraceHeader`; a function that takes messages from a queue gets a
trace of its own, linked to the senders' (X-Ray Developer Guide, "Tracing event-driven applications").
"""
from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from .async_invocations import invoke_asynchronously
from .invocation import TraceLink
from .lambda_invocations import trace_links
from .trace_context import current_header, trace_context
from .trace_header import TraceHeader, new_trace_id
from .wrapping import wrap

logger = logging.getLogger("cdk_traced.messages")


def install() -> None:
    from ministack.services import eventbridge, lambda_svc, sqs

    _wrap_queues(sqs, eventbridge)
    _wrap_event_sources(lambda_svc)
    _wrap_event_bus(eventbridge, lambda_svc)


_batch: ContextVar[Iterator[dict[str, Any]] | None] = ContextVar("cdk_traced_batch", default=None)
"""The entries of a batch that are still to be sent."""


def _wrap_queues(sqs: Any, eventbridge: Any) -> None:
    @wrap(sqs, "_act_send_message_batch", "(data, qurl)")
    def send_message_batch(original: Any, data: dict[str, Any], qurl: str) -> Any:
        token = _batch.set(iter(data.get("Entries", [])))
        try:
            return original(data, qurl)
        finally:
            _batch.reset(token)

    sqs._HANDLERS["SendMessageBatch"] = sqs._act_send_message_batch

    @wrap(sqs, "_act_send_message", "(data, qurl)")
    def send_message(original: Any, data: dict[str, Any], qurl: str) -> Any:
        # ministack leaves the system attributes of a batch's entries out.
        attributes = next(_batch.get() or iter(()), {}).get("MessageSystemAttributes")
        return original({**data, "MessageSystemAttributes": attributes} if attributes else data, qurl)

    @wrap(sqs, "_build_send_sys_attrs", "(now, sys_attrs_input)")
    def build_send_sys_attrs(original: Any, now: float, sys_attrs_input: dict[str, Any]) -> dict[str, Any]:
        return _with_header(original(now, sys_attrs_input))

    @wrap(sqs, "_ensure_msg_fields", "(m)")
    def ensure_msg_fields(original: Any, m: dict[str, Any]) -> None:
        # Messages that S3 and SNS put into a queue have no system attributes yet; all others passed a sender.
        fresh = "sys" not in m
        original(m)
        if fresh:
            _with_header(m["sys"])

    @wrap(eventbridge, "_dispatch_to_sqs", "(spec, payload, sqs_parameters=None)")
    def dispatch_to_sqs(original: Any, spec: Any, payload: str, sqs_parameters: Any = None) -> None:
        original(spec, payload, sqs_parameters)
        queue = sqs._queue_by_arn(str(spec))
        for message in reversed(queue["messages"] if queue else []):
            if message.get("body") == payload:
                _with_header(message.setdefault("sys", {}))
                break


def _with_header(attributes: dict[str, Any]) -> dict[str, Any]:
    header = current_header()
    if header:
        attributes.setdefault("AWSTraceHeader", str(header))
    return attributes


def _wrap_event_sources(lambda_svc: Any) -> None:
    @wrap(lambda_svc, "_run_sqs_batch", "(esm, func_rec, event, batch, queue_url, queue_name)")
    def run_sqs_batch(original: Any, esm: Any, func_rec: Any, event: Any, batch: Any, queue_url: str, queue_name: str) -> None:
        handled = {record["messageId"] for record in event["Records"]}  # a filter may have dropped others
        headers = [TraceHeader.parse((message.get("sys") or {}).get("AWSTraceHeader")) for message in batch if message["id"] in handled]
        token = trace_links.set(links_of(headers))
        try:
            with trace_context(batch_header(headers)):
                original(esm, func_rec, event, batch, queue_url, queue_name)
        finally:
            trace_links.reset(token)


def links_of(headers: list[TraceHeader | None]) -> list[TraceLink]:
    """One link for each sampled sender of a batch."""
    links = [TraceLink(h.trace_id, h.parent_id) for h in headers if h and h.sampled and h.parent_id]
    return list(dict.fromkeys(links))


def batch_header(headers: list[TraceHeader | None]) -> TraceHeader | None:
    """A new trace for a batch, traced if any sender was; None where no sender took a decision: the function's mode decides."""
    decisions = {h.sampled for h in headers if h and h.sampled is not None}
    return TraceHeader(new_trace_id(), sampled=True in decisions) if decisions else None


def _wrap_event_bus(eventbridge: Any, lambda_svc: Any) -> None:
    @wrap(eventbridge, "_dispatch_to_lambda", "(arn, payload)")
    def dispatch_to_lambda(_original: Any, arn: str, payload: str) -> None:
        func, config, name = lambda_svc._get_func_record_for_ref(arn)
        if not func or not config:
            logger.error("event for %s is lost: EventBridge's target function %s does not exist", arn, name)
            return
        try:
            event = json.loads(payload)
        except (json.JSONDecodeError, TypeError):
            event = {"body": payload}
        invoke_asynchronously(lambda_svc._execution_record_for_config(func, config), event)

    @wrap(eventbridge, "_put_events", "(data, allow_aws_source=False)")
    def put_events(original: Any, data: dict[str, Any], allow_aws_source: bool = False) -> Any:
        entries = data.get("Entries", [])
        if not any(entry.get("TraceHeader") for entry in entries) or len(entries) > 10:
            return original(data, allow_aws_source)
        # An entry may name a trace of its own, so each is put under its own header.
        results: list[Any] = []
        response: Any = None
        for entry in entries:
            with trace_context(TraceHeader.parse(entry.get("TraceHeader")) or current_header()):
                response = original({**data, "Entries": [entry]}, allow_aws_source)
            results += json.loads(response[2])["Entries"]
        failed = sum(1 for result in results if result.get("ErrorCode"))
        return response[0], response[1], json.dumps({"FailedEntryCount": failed, "Entries": results}).encode()
