"""EventBridge Pipes: every source that is here (queues, Kinesis, tables), filters, enrichment, input templates, and the targets that are here.

ministack knew tables as sources, and topics and state machines as targets. Source: EventBridge User Guide, "Amazon EventBridge Pipes".
A pipe records no segment; the trace goes on through it as through an event source mapping.
"""
from __future__ import annotations

import json
import logging
import time
from typing import Any

from .async_invocations import invoke_asynchronously
from .event_patterns import matching
from .failure_destinations import deliver_to
from .lambda_invocations import trace_links
from .message_propagation import batch_header, links_of
from .pipe_inputs import resolve, transform
from .queue_batches import is_due
from .stream_batches import Outcome, StreamRecord
from .stream_event_sources import anchor, consume, discard_record, forget
from .trace_context import trace_context
from .trace_header import TraceHeader
from .wrapping import wrap

Pipe = dict[str, Any]
Record = dict[str, Any]

_EXTRA = ("SourceParameters", "Enrichment", "EnrichmentParameters", "TargetParameters")
_SOURCES = {"sqs": "SqsQueueParameters", "kinesis": "KinesisStreamParameters", "dynamodb": "DynamoDBStreamParameters"}
_BACKOFF = 1.0  # seconds between polls of a queue whose target fails

logger = logging.getLogger("cdk_traced.pipes")

_polling: set[str] = set()
_paused: dict[str, float] = {}
_warned: set[str] = set()


class _Failed(Exception):
    """Why a stage did not take its events; `items` are the places of those that failed, None for all."""

    def __init__(self, message: str, items: list[int] | None = None) -> None:
        super().__init__(message)
        self.items = items


def install() -> None:
    from ministack.services import pipes
    from ministack.services.cloudformation import provisioners

    @wrap(pipes, "_poll_pipe", "(_ddb, pipe, pipe_account_id)")
    def poll_pipe(_original: Any, _ddb: Any, pipe: Pipe, pipe_account_id: str) -> None:
        if pipe.get("CurrentState") == "RUNNING":
            _poll(pipe)

    @wrap(pipes, "delete_pipe", "(name)")
    def delete_pipe(original: Any, name: str) -> None:
        pipe = pipes._pipes.get(name)
        original(name)
        if pipe:
            forget(pipe["Arn"])

    @wrap(pipes, "_create_pipe", "(name, body)")
    def create_pipe(original: Any, name: str, body: Record) -> Any:
        response = original(name, body)
        if response[0] == 200:
            _keep(pipes, name, body)
        return response

    @wrap(pipes, "_update_pipe", "(name, body)")
    def update_pipe(original: Any, name: str, body: Record) -> Any:
        response = original(name, body)
        if response[0] == 200:
            _keep(pipes, name, body)
        return response

    @wrap(pipes, "_describe_response", "(pipe)")
    def describe(original: Any, pipe: Pipe) -> Record:
        return {**original(pipe), **{key: pipe[key] for key in _EXTRA if pipe.get(key)}}

    @wrap(provisioners, "_pipes_pipe_create", "(logical_id, props, stack_name)")
    def create(original: Any, logical_id: str, props: Record, stack_name: str) -> Any:
        name, attributes = original(logical_id, props, stack_name)
        _keep(pipes, name, props)
        return name, attributes

    @wrap(provisioners, "_pipes_pipe_update", "(physical_id, old_props, new_props, stack_name, logical_id=None)")
    def update(original: Any, physical_id: str, old_props: Record, new_props: Record, stack_name: str, logical_id: str | None = None) -> Any:
        name, attributes = original(physical_id, old_props, new_props, stack_name, logical_id)
        _keep(pipes, name, new_props)
        return name, attributes

    provisioners._RESOURCE_HANDLERS["AWS::Pipes::Pipe"].update(create=create, update=update)


def _keep(pipes: Any, name: str, given: Record) -> None:
    """Keeps what ministack drops, and takes the starting position of a stream."""
    pipe = pipes._pipes[name]
    pipe.update({key: given.get(key) for key in _EXTRA if key in given})
    mapping = mapping_of(pipe)
    if _service(pipe["Source"]) in ("kinesis", "dynamodb"):
        anchor(pipe["Arn"], mapping)
    problem = _unsupported(pipe)
    if problem and name not in _warned:
        _warned.add(name)
        logger.warning("the pipe %s moves nothing: %s", name, problem)


def mapping_of(pipe: Pipe) -> Record:
    """A pipe's settings, with the names of an event source mapping."""
    source = pipe.get("SourceParameters") or {}
    own = source.get(_SOURCES.get(_service(pipe["Source"]), "")) or {}
    return {
        **own, "UUID": pipe["Arn"], "EventSourceArn": pipe["Source"], "FunctionName": pipe["Name"], "FilterCriteria": source.get("FilterCriteria") or {},
        "BisectBatchOnFunctionError": own.get("OnPartialBatchItemFailure") == "AUTOMATIC_BISECT", "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "StartingPosition": own.get("StartingPosition") or "LATEST",
    }


def _poll(pipe: Pipe) -> None:
    if _unsupported(pipe):
        return
    if _service(pipe["Source"]) == "sqs":
        _poll_queue(pipe)
    else:
        consume(_StreamPipe(pipe), mapping_of(pipe))


def _unsupported(pipe: Pipe) -> str | None:
    if _service(pipe["Source"]) not in _SOURCES:
        return f"sources like {pipe['Source']} are not here"
    if _service(pipe["Target"]) not in _TARGETS:
        return f"targets like {pipe['Target']} are not here"
    if pipe.get("Enrichment") and _service(pipe["Enrichment"]) not in ("lambda", "states"):
        return f"enrichment by {pipe['Enrichment']} is not here"
    return None


# Queues

def _poll_queue(pipe: Pipe) -> None:
    from ministack.services import lambda_svc, sqs

    arn = pipe["Arn"]
    queue = sqs._queue_by_arn(pipe["Source"])
    if not queue or arn in _polling or _paused.get(arn, 0) > time.monotonic():
        return
    mapping = mapping_of(pipe)
    size, window = int(mapping.get("BatchSize") or 10), float(mapping.get("MaximumBatchingWindowInSeconds") or 0)
    if window and not is_due(queue["messages"], size, window, time.time()):
        return
    messages = sqs._receive_messages_for_esm(queue["url"], size)
    if not messages:
        return
    _polling.add(arn)

    def work() -> None:
        batch = messages
        try:
            while batch:
                if not _take_messages(pipe, mapping, queue, batch):
                    _paused[arn] = time.monotonic() + _BACKOFF
                    return
                batch = [] if window else sqs._receive_messages_for_esm(queue["url"], size)
        finally:
            _polling.discard(arn)

    lambda_svc.spawn_background(work, thread_name=f"pipe-{pipe['Name']}")


def _take_messages(pipe: Pipe, mapping: Record, queue: Record, messages: list[Record]) -> bool:
    """Whether all went well. What fails stays in the queue until it is visible again, and goes to the queue's dead-letter queue in the end."""
    from ministack.services import sqs

    records = [_message_record(message, pipe["Source"]) for message in messages]
    kept = matching(records, mapping)
    headers = [TraceHeader.parse(record["attributes"].get("AWSTraceHeader")) for record in kept]
    failed: set[str] = set()
    token = trace_links.set(links_of(headers))
    try:
        with trace_context(batch_header(headers)):
            if kept:
                _run(pipe, kept)
    except _Failed as failure:
        logger.warning("the pipe %s failed on %d messages of %s: %s", pipe["Name"], len(kept), pipe["Source"], failure)
        failed = {record["messageId"] for index, record in enumerate(kept) if failure.items is None or index in failure.items}
    finally:
        trace_links.reset(token)
    sqs._delete_messages_for_esm(queue["url"], {record["receiptHandle"] for record in records if record["messageId"] not in failed})
    return not failed


def _message_record(message: Record, source_arn: str) -> Record:
    from ministack.services import lambda_svc

    attributes = {
        "ApproximateReceiveCount": str(message.get("receive_count", 1)), "SentTimestamp": str(int(message["sent_at"] * 1000)),
        "SenderId": source_arn.split(":")[4], "ApproximateFirstReceiveTimestamp": str(int((message.get("first_receive_at") or time.time()) * 1000)),
    }
    for key, name in (("group_id", "MessageGroupId"), ("dedup_id", "MessageDeduplicationId"), ("seq", "SequenceNumber")):
        if message.get(key) is not None:
            attributes[name] = str(message[key])
    header = (message.get("sys") or {}).get("AWSTraceHeader")
    if header:
        attributes["AWSTraceHeader"] = header
    return {
        "messageId": message["id"], "receiptHandle": message["receipt_handle"], "body": message["body"], "attributes": attributes,
        "messageAttributes": lambda_svc._sqs_message_attributes_to_camel_case(message.get("message_attributes", {})),
        "md5OfBody": message.get("md5_body") or message.get("md5") or "", "eventSource": "aws:sqs", "eventSourceARN": source_arn,
        "awsRegion": source_arn.split(":")[3],
    }


# Streams

class _StreamPipe:
    """A pipe as the consumer of a stream."""

    def __init__(self, pipe: Pipe) -> None:
        self.id = pipe["Arn"]
        self._name = pipe["Name"]

    def _pipe(self) -> Pipe | None:
        from ministack.services import pipes

        pipe = pipes._pipes.get(self._name)
        return pipe if pipe and pipe["Arn"] == self.id and pipe.get("CurrentState") == "RUNNING" else None

    def mapping(self) -> Record | None:
        pipe = self._pipe()
        return mapping_of(pipe) if pipe else None

    def invoke(self, records: list[StreamRecord], window: Record | None = None) -> Outcome:
        pipe = self._pipe()
        if pipe is None:
            return Outcome()
        kept = matching([record.event for record in records], mapping_of(pipe))
        if not kept:
            return Outcome()
        try:
            _run(pipe, [_flat(event, pipe["Source"]) for event in kept])
        except _Failed as failure:
            logger.warning("the pipe %s failed on %d records of %s: %s", pipe["Name"], len(kept), pipe["Source"], failure)
            if failure.items is None:
                return Outcome(failed=True)
            numbers = [record.sequence_number for record in records if record.event in kept]
            return Outcome(payload={"batchItemFailures": [{"itemIdentifier": numbers[index]} for index in failure.items]})
        return Outcome()

    def give_up(self, shard_id: str, records: list[StreamRecord], condition: str, invocations: int) -> None:
        current = self.mapping()
        destination = ((current or {}).get("DeadLetterConfig") or {}).get("Arn")
        logger.warning("%d records of %s are discarded by the pipe %s (%s)%s", len(records), (current or {}).get("EventSourceArn"), self._name, condition,
                       f", told to {destination}" if destination else "; it has no dead-letter queue")
        if current and destination:
            record = discard_record(current, self.id, shard_id, records, condition, invocations, {})
            deliver_to(destination, json.dumps({"context": {"partnerResourceArn": self.id, "condition": condition}, **{
                key: value for key, value in record.items() if key.endswith("BatchInfo") or key in ("version", "timestamp")}}), f"records of {self._name}", "")


def _flat(event: Record, source_arn: str) -> Record:
    """A pipe's Kinesis record has no part of its own for what is Kinesis's."""
    if isinstance(event.get("kinesis"), dict):
        event = {**event["kinesis"], **{key: value for key, value in event.items() if key != "kinesis"}}
    return {**event, "eventSourceARN": event.get("eventSourceARN") or source_arn}


# Stages

def _run(pipe: Pipe, events: list[Any]) -> None:
    """Sends events that passed the filter through enrichment to the target; _Failed says what did not arrive."""
    if pipe.get("Enrichment"):
        template = (pipe.get("EnrichmentParameters") or {}).get("InputTemplate")
        answer = _ask(pipe["Enrichment"], [_parsed(transform(template, event, _variables(pipe))) for event in events])
        if answer in (None, "", [], {}):
            return
        events = answer if isinstance(answer, list) else [answer]
    parameters = pipe.get("TargetParameters") or {}
    texts = [transform(parameters.get("InputTemplate"), event, _variables(pipe)) for event in events]
    _TARGETS[_service(pipe["Target"])](pipe, parameters, events, texts)


def _variables(pipe: Pipe) -> Record:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {
        "aws.pipes.pipe-arn": pipe["Arn"], "aws.pipes.pipe-name": pipe["Name"], "aws.pipes.source-arn": pipe["Source"], "aws.pipes.target-arn": pipe["Target"],
        "aws.pipes.enrichment-arn": pipe.get("Enrichment") or "", "aws.pipes.event.ingestion-time": now,
    }


def _ask(arn: str, payload: Any) -> Any:
    """Calls a function or an express workflow, and waits for its answer."""
    if _service(arn) == "states":
        from ministack.services import stepfunctions

        status, _headers, body = stepfunctions._start_sync_execution({"stateMachineArn": arn, "input": json.dumps(payload)})
        answer = json.loads(body)
        if status != 200 or answer.get("status") != "SUCCEEDED":
            raise _Failed(f"{arn}: {answer.get('error') or answer.get('message') or answer.get('__type') or answer.get('status')}")
        return _parsed(answer.get("output") or "null")
    from ministack.services import lambda_svc

    func, config, _name = lambda_svc._get_func_record_for_ref(arn)
    if not func or not config:
        raise _Failed(f"{arn} does not exist")
    result = lambda_svc._execute_function(lambda_svc._execution_record_for_config(func, config), payload)
    body = result.get("body")
    if isinstance(body, (bytes, str)):
        body = _parsed(body.decode("utf-8", "replace") if isinstance(body, bytes) else body)
    if result.get("error") or result.get("throttle"):
        raise _Failed(f"{arn}: {(body or {}).get('errorMessage', '') if isinstance(body, dict) else body}")
    return body


def _whole(pipe: Pipe, parameters: Record, kind: str, default: str, texts: list[str]) -> tuple[bool, list[Any]]:
    asked = ((parameters.get(kind) or {}).get("InvocationType") or default) == "REQUEST_RESPONSE"
    return asked, [_parsed(text) for text in texts]


def _to_function(pipe: Pipe, parameters: Record, _events: list[Any], texts: list[str]) -> None:
    from ministack.services import lambda_svc

    waits, payload = _whole(pipe, parameters, "LambdaFunctionParameters", "REQUEST_RESPONSE", texts)
    if waits:
        _report_items(_ask(pipe["Target"], payload), _events)
        return
    func, config, _name = lambda_svc._get_func_record_for_ref(pipe["Target"])
    if not func or not config:
        raise _Failed(f"{pipe['Target']} does not exist")
    invoke_asynchronously(lambda_svc._execution_record_for_config(func, config), payload)


def _to_workflow(pipe: Pipe, parameters: Record, _events: list[Any], texts: list[str]) -> None:
    from ministack.services import stepfunctions

    waits, payload = _whole(pipe, parameters, "StepFunctionStateMachineParameters", "REQUEST_RESPONSE", texts)
    base = stepfunctions._resolve_state_machine_arn(pipe["Target"])
    if waits and base and stepfunctions._state_machines[base]["type"] == "EXPRESS":
        _report_items(_ask(pipe["Target"], payload), _events)
        return
    _check(stepfunctions._start_execution({"stateMachineArn": pipe["Target"], "input": json.dumps(payload)}))


def _report_items(answer: Any, events: list[Any]) -> None:
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    if failures and isinstance(failures, list):
        names = [_identifier(event) for event in events]
        reported = [names.index(entry.get("itemIdentifier")) if isinstance(entry, dict) and entry.get("itemIdentifier") in names else None for entry in failures]
        raise _Failed("the target reported failed items", None if None in reported else [index for index in reported if index is not None])


def _identifier(event: Any) -> str | None:
    if not isinstance(event, dict):
        return None
    return event.get("messageId") or event.get("sequenceNumber") or (event.get("dynamodb") or {}).get("SequenceNumber")


def _each(send: Any) -> Any:
    """A target that takes one event after the other."""
    def to(pipe: Pipe, parameters: Record, events: list[Any], texts: list[str]) -> None:
        failed: list[int] = []
        reason = ""
        for index, (event, text) in enumerate(zip(events, texts)):
            try:
                send(pipe, parameters, event, text)
            except _Failed as failure:
                failed.append(index)
                reason = str(failure)
        if failed:
            raise _Failed(reason, failed)

    return to


def _to_queue(pipe: Pipe, parameters: Record, event: Any, text: str) -> None:
    from ministack.services import sqs

    queue = sqs._queue_by_arn(pipe["Target"])
    if queue is None:
        raise _Failed(f"{pipe['Target']} does not exist")
    own = parameters.get("SqsQueueParameters") or {}
    message = {"QueueUrl": queue["url"], "MessageBody": text, **{key: resolve(own[key], event) for key in ("MessageGroupId", "MessageDeduplicationId") if key in own}}
    sqs._act_send_message(message, queue["url"])


def _to_topic(pipe: Pipe, _parameters: Record, _event: Any, text: str) -> None:
    from ministack.services import sns

    if sns.publish_internal(pipe["Target"], text) is None:
        raise _Failed(f"{pipe['Target']} does not exist")


def _to_events(pipe: Pipe, parameters: Record, event: Any, text: str) -> None:
    from ministack.core.arn import parse_arn
    from ministack.services import eventbridge

    spec = parse_arn(pipe["Target"])
    if spec.resource.startswith("api-destination/"):
        eventbridge._dispatch_to_api_destination(spec, text, {"HttpParameters": parameters.get("HttpParameters") or {}})
        return
    own = parameters.get("EventBridgeEventBusParameters") or {}
    source = event.get("eventSource", "aws:pipes") if isinstance(event, dict) else "aws:pipes"
    entry = {
        "EventBusName": pipe["Target"], "Detail": text, "Source": resolve(own.get("Source"), event) or f"Pipe {pipe['Name']}",
        "DetailType": resolve(own.get("DetailType"), event) or f"Event from {source}", "Resources": own.get("Resources") or [],
    }
    response = eventbridge._put_events({"Entries": [entry]})
    _check(response)
    if json.loads(response[2]).get("FailedEntryCount"):
        raise _Failed(str(json.loads(response[2])["Entries"][0].get("ErrorMessage")))


def _to_stream(pipe: Pipe, parameters: Record, event: Any, text: str) -> None:
    import base64

    from ministack.services import kinesis

    key = resolve((parameters.get("KinesisStreamParameters") or {}).get("PartitionKey"), event) or pipe["Name"]
    _check(kinesis._put_record({"StreamARN": pipe["Target"], "StreamName": pipe["Target"].rsplit("/", 1)[-1], "PartitionKey": str(key),
                                "Data": base64.b64encode(text.encode()).decode("ascii")}))


def _to_logs(pipe: Pipe, parameters: Record, event: Any, text: str) -> None:
    from ministack.services import cloudwatch_logs

    group = pipe["Target"].split(":log-group:")[-1].removesuffix(":*")
    stream = str(resolve((parameters.get("CloudWatchLogsParameters") or {}).get("LogStreamName"), event) or pipe["Name"])
    if group not in cloudwatch_logs._log_groups:
        raise _Failed(f"{pipe['Target']} does not exist")
    if stream not in cloudwatch_logs._log_groups[group]["streams"]:
        cloudwatch_logs._create_log_stream({"logGroupName": group, "logStreamName": stream})
    cloudwatch_logs._put_log_events({"logGroupName": group, "logStreamName": stream, "logEvents": [{"timestamp": int(time.time() * 1000), "message": text}]})


_TARGETS = {"lambda": _to_function, "states": _to_workflow, "sqs": _each(_to_queue), "sns": _each(_to_topic), "events": _each(_to_events),
            "kinesis": _each(_to_stream), "logs": _each(_to_logs)}


def _check(response: Any) -> None:
    status, _headers, body = response
    if status >= 400:
        raise _Failed(body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body))


def _service(arn: str) -> str:
    return arn.split(":")[2] if arn.count(":") > 4 else ""


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
