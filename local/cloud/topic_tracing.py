"""SNS: a segment for topics with active tracing, the trace header for all, and deliveries to functions that lose nothing.

X-Ray Developer Guide, "Amazon SNS and AWS X-Ray": a topic with `TracingConfig` Active sends a segment where an X-Ray
resource policy lets SNS do so, and a topic with PassThrough only passes the header on.
A local choice: where the publisher sent no header, an active topic takes the sampling decision, so that a message to
several functions is one trace.
"""
from __future__ import annotations

import json
import logging
import time
import uuid
from dataclasses import replace
from typing import Any

from .async_invocations import invoke_asynchronously
from .failure_destinations import to_queue
from .sampling import sampler
from .segment_sender import send_segment
from .trace_context import current_header, trace_context
from .trace_header import TraceHeader, new_segment_id, new_trace_id
from .wrapping import wrap
from .xray_policies import sns_may_send_segments

logger = logging.getLogger("cdk_traced.topics")


def install() -> None:
    from ministack.services import lambda_svc, sns

    @wrap(sns, "_fanout", "(topic_arn, msg_id, message, subject, message_structure='', message_attributes=None, "
                          "message_group_id='', message_dedup_id='')")
    def fanout(original: Any, topic_arn: str, msg_id: str, *args: Any, **kwargs: Any) -> None:
        topic = sns._topic_by_arn_any_scope(topic_arn)
        mode = (topic or {}).get("attributes", {}).get("TracingConfig", "PassThrough")
        if mode != "Active" or not sns_may_send_segments(topic_arn):
            original(topic_arn, msg_id, *args, **kwargs)
            return
        header = publish_header(current_header(), lambda: sampler.decide(topic_arn))
        segment_id = new_segment_id()
        started = time.time()
        with trace_context(header.child_of(segment_id) if header.sampled else header):
            original(topic_arn, msg_id, *args, **kwargs)
        if header.sampled:
            send_segment(topic_segment(topic_arn, msg_id, header, segment_id, started, time.time()))

    @wrap(sns, "_deliver_to_lambda", "(endpoint, envelope, topic_arn, sub_arn, msg_id, raw_message, message_attributes)")
    def deliver_to_lambda(_original: Any, endpoint: str, envelope: str, topic_arn: str, sub_arn: str, msg_id: str,
                          _raw_message: str, _message_attributes: Any) -> None:
        func, config, name = lambda_svc._get_func_record_for_ref(endpoint)
        if not func or not config:
            _redrive(sns._find_subscription(topic_arn, sub_arn) or {}, envelope, msg_id, f"function {name} does not exist")
            return
        invoke_asynchronously(lambda_svc._execution_record_for_config(func, config), {"Records": [{
            "EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": sub_arn, "Sns": json.loads(envelope),
        }]})


def publish_header(inbound: TraceHeader | None, sample: Any) -> TraceHeader:
    """The header of a message to an active topic: the publisher's, or a new trace; `sample()` decides where nobody has."""
    header = inbound or TraceHeader(new_trace_id())
    return header if header.sampled is not None else replace(header, sampled=bool(sample()))


def topic_segment(topic_arn: str, message_id: str, header: TraceHeader, segment_id: str, started: float, ended: float) -> dict[str, Any]:
    """The segment of one published message. Times in seconds since 1970."""
    region, account_id, name = topic_arn.split(":")[3:6]
    document: dict[str, Any] = {
        "id": segment_id,
        "name": name,
        "start_time": started,
        "end_time": ended,
        "trace_id": header.trace_id,
        "http": {"response": {"status": 200}},
        "aws": {
            "operation": "Publish",
            "account_id": account_id,
            "region": region,
            "topic_arn": topic_arn,
            "message_id": message_id,
            "request_id": str(uuid.uuid4()),
            "resource_names": [topic_arn],
        },
        "origin": "AWS::SNS",
        "resource_arn": topic_arn,
    }
    if header.parent_id:
        document["parent_id"] = header.parent_id
    return document


def _redrive(subscription: dict[str, Any], envelope: str, message_id: str, reason: str) -> None:
    """A message that cannot be delivered at all goes to the subscription's dead-letter queue."""
    policy = (subscription.get("attributes") or {}).get("RedrivePolicy") or "{}"
    target = (json.loads(policy) if isinstance(policy, str) else policy).get("deadLetterTargetArn")
    if target and to_queue(target, envelope, {}):
        logger.warning("message %s sent to the subscription's dead-letter queue: %s", message_id, reason)
        return
    logger.error("message %s is lost: %s, and the subscription has no dead-letter queue (RedrivePolicy)%s", message_id, reason,
                 f" that exists: {target}" if target else "")
