"""One matcher for event patterns of EventBridge and for filters of event sources and pipes: ministack's for EventBridge, which knows the whole language.

Its matcher for event sources knew neither `$or` nor `equals-ignore-case` nor arrays, and took what it did not know for a mismatch.
Sources: EventBridge User Guide, "Event patterns"; Lambda Developer Guide, "Control which events Lambda sends to your function".
"""
from __future__ import annotations

import base64
import json
import logging
from typing import Any

from .wrapping import wrap

Record = dict[str, Any]

logger = logging.getLogger("cdk_traced.event_patterns")


def install() -> None:
    from ministack.services import lambda_svc
    from ministack.services.cloudformation import provisioners

    @wrap(lambda_svc, "_apply_filter_criteria", "(records, esm)")
    def apply_filter_criteria(_original: Any, records: list[Record], esm: Record) -> list[Record]:
        kept = matching(records, esm)
        if kept and len(kept) < len(records) and ":sqs:" in esm.get("EventSourceArn", ""):
            # What a filter drops leaves the queue at once, and does not come back when the function fails with the rest.
            _delete_messages(esm, [record for record in records if record not in kept])
        return kept

    def refuse_bad_filters(props: Record) -> None:
        reason = bad_filter(props)
        if reason:
            raise ValueError(f"Invalid filter pattern definition. ({reason})")

    @wrap(provisioners, "_lambda_esm_create", "(logical_id, props, stack_name)")
    def create(original: Any, logical_id: str, props: Record, stack_name: str) -> Any:
        refuse_bad_filters(props)
        return original(logical_id, props, stack_name)

    @wrap(provisioners, "_lambda_esm_update", "(physical_id, old_props, new_props, stack_name)")
    def update(original: Any, physical_id: str, old_props: Record, new_props: Record, stack_name: str) -> Any:
        refuse_bad_filters(new_props)
        result = original(physical_id, old_props, new_props, stack_name)
        mapping = lambda_svc._esms.get(result[0])
        if mapping and "FilterCriteria" not in new_props:
            mapping.pop("FilterCriteria", None)
        return result

    # The registry holds the functions themselves.
    provisioners._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"].update(create=create, update=update)

    @wrap(lambda_svc, "_create_esm", "(data)")
    def create_mapping(original: Any, data: Record) -> Any:
        return _refusal(data) or original(data)

    @wrap(lambda_svc, "_update_esm", "(esm_id, data)")
    def update_mapping(original: Any, esm_id: str, data: Record) -> Any:
        return _refusal(data) or original(esm_id, data)


def matches(pattern: str, event: Any) -> bool:
    """Whether the event (any JSON object) matches a pattern (JSON text). A pattern that AWS would refuse matches nothing."""
    from ministack.services import eventbridge

    return any(eventbridge._matches_detail(event, alternative) for alternative in eventbridge._compiled_pattern(pattern) or [])


def patterns_of(mapping: Record) -> list[str]:
    """The patterns of an event source mapping or pipe, one of which a record has to match; none where it has no filter."""
    filters = (mapping.get("FilterCriteria") or {}).get("Filters") or []
    return [entry["Pattern"] for entry in filters if entry.get("Pattern")]


def bad_filter(mapping: Record) -> str | None:
    """Why AWS would refuse the filters of a mapping, or None where it would not."""
    from ministack.services import eventbridge

    return next((reason for pattern in patterns_of(mapping) if (reason := eventbridge._parse_pattern_text(pattern)[1])), None)


def matching(records: list[Record], mapping: Record) -> list[Record]:
    """The records that a mapping's filters let through. The others are dropped, as on AWS, and counted as FilteredOutEventCount."""
    patterns = patterns_of(mapping)
    kept = [record for record in records if not patterns or any(matches(pattern, filtered_view(record)) for pattern in patterns)]
    if len(kept) < len(records):
        from ministack.services import cloudwatch

        cloudwatch.record_metric("AWS/Lambda", "FilteredOutEventCount", len(records) - len(kept), "Count",
                                 {"EventSourceMappingUUID": str(mapping.get("UUID", ""))})
    return kept


def filtered_view(record: Record) -> Record:
    """A record as filters see it: the body of a message and the data of a stream's record as JSON where they are an object or a list."""
    if isinstance(record.get("kinesis"), dict):
        data = record["kinesis"].get("data") or ""
        flat = {**{key: value for key, value in record.items() if key != "kinesis"}, **record["kinesis"]}
        return {**flat, "data": _decoded(base64.b64decode(data).decode("utf-8", "replace"))}
    return {**record, "body": _decoded(record["body"])} if isinstance(record.get("body"), str) else record


def _decoded(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, (dict, list)) else text


def _refusal(data: Record) -> Any:
    from ministack.core.responses import error_response_json

    reason = bad_filter(data)
    return error_response_json("InvalidParameterValueException", f"Invalid filter pattern definition. ({reason})", 400) if reason else None


def _delete_messages(mapping: Record, records: list[Record]) -> None:
    from ministack.services import sqs

    queue = sqs._queue_by_arn(mapping["EventSourceArn"])
    if queue:
        sqs._delete_messages_for_esm(queue["url"], {record["receiptHandle"] for record in records})
